"""`import rushlight` stays light: nothing that NumPy does not import anyway and that costs time."""

import subprocess
import sys

import pytest

HEAVY = ["llvmlite", "ml_dtypes", "rich", "multiprocessing", "json", "logging", "dataclasses", "inspect", "argparse"]


def modules_after(statement):
    code = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def added():
    return modules_after("import rushlight") - modules_after("import numpy")


def test_nothing_heavy(added):
    assert "rushlight.tensor" in added
    assert not added & set(HEAVY)


@pytest.mark.parametrize(
    "part",
    ["nn", "optim", "linalg", "fft", "distributions", "utils", "compat", "bench", "cli", "explain", "watching", "init"],
)
def test_parts_wait_for_their_first_use(added, part):
    assert not {name for name in added if name.startswith(f"rushlight.{part}")}

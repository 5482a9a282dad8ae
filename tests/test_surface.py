"""Small programs, one for each corner of torch's surface, print what PyTorch printed (``parity/record_surface.py``).

Each runs twice: with `import torch` meaning Rushlight, and with `import rushlight as torch`.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROGRAMS = sorted(path.stem for path in (HERE / "surface").glob("*.py"))
GOLDEN = json.loads((HERE / "golden" / "surface.json").read_text())


def run(*command, folder):
    done = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_under_the_alias(name, tmp_path):
    assert run("-W", "ignore", "-m", "rushlight", HERE / "surface" / f"{name}.py", folder=tmp_path) == GOLDEN[name]


# What libraries name of torch's inside ("libraries") is found by torch's names, under the alias.
@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "libraries"])
def test_by_its_own_name(name, tmp_path):
    text = (HERE / "surface" / f"{name}.py").read_text()
    text = text.replace("import torch\n", "import rushlight as torch\n")
    text = re.sub(r"^(from|import) torch\.utils\.data\b", r"\1 rushlight.data", text, flags=re.M)
    text = re.sub(r"^(from|import) torch\b", r"\1 rushlight", text, flags=re.M)
    program = tmp_path / f"{name}.py"
    program.write_text(text)
    printed = run("-W", "ignore", program, folder=tmp_path)
    assert re.sub(r"\b(rushlight)\b", "torch", printed) == GOLDEN[name]

"""The worker pool: every chunk done once, whoever asks, after a fork, with any number of threads."""

import os
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

import rushlight as torch
from rushlight.kernels import llvm

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

from rushlight.kernels import threads
from rushlight.kernels.kernel import compiled
from rushlight.kernels.source import from_text
from rushlight.kernels.words import i64, write

COUNT = from_text(
    "def count(start, stop, out: write[i64]):\n    for i in range(start, stop):\n        out[i] = out[i] + 1",
    {"write": write, "i64": i64},
)


@pytest.fixture
def count():
    before = torch.get_num_threads()
    yield compiled(COUNT)
    torch.set_num_threads(before)


@pytest.mark.parametrize("number", [1, 2, 3, 8])
@pytest.mark.parametrize(("size", "grain"), [(0, 1), (1, 1), (7, 3), (1000, 1), (100_000, 999)])
def test_each_unit_is_done_once(count, number, size, grain):
    torch.set_num_threads(number)
    out = np.zeros(max(size, 1), np.int64)
    for times in range(1, 20):
        assert count(size, grain, out)
        assert (out[:size] == times).all()
    assert threads.pool().words[threads.layout.PENDING] == 0


def test_threads_of_python_may_ask_at_once(count):
    torch.set_num_threads(2)
    outs = [np.zeros(50_000, np.int64) for _ in range(6)]

    def ask(out):
        for _ in range(50):
            assert count(out.size, 500, out)

    askers = [threading.Thread(target=ask, args=(out,)) for out in outs]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert all((out == 50).all() for out in outs)


def in_a_process(program, **environment):
    """What a program of its own prints; it must end by itself."""
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**os.environ, "RUSHLIGHT_KERNELS": "now", "PYTHONPATH": path, **environment},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_has_threads_of_its_own():
    program = """
        import os
        import rushlight as torch
        from rushlight.kernels import threads
        torch.set_num_threads(2)
        x = torch.ones(1_000_000)
        assert (x * 2).sum() == 2e6
        child = os.fork()
        if child == 0:
            assert threads.pool().words[threads.layout.WORKERS] == 1
            os._exit(0 if (x * 3).sum() == 3e6 else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert (x * 4).sum() == 4e6
        print("both")
    """
    assert in_a_process(program) == "both\n"


@pytest.mark.parametrize("spins", [0, 2000, 1_000_000_000])
def test_the_process_ends_whatever_the_workers_do(spins):
    program = f"""
        from rushlight.kernels import threads
        threads.SPINS = {spins}
        import rushlight as torch
        torch.set_num_threads(3)
        x = torch.ones(1_000_000)
        print((x * 2 + 1).sum().item())
    """
    assert in_a_process(program) == "3000000.0\n"


def test_the_number_of_threads_is_the_environments_until_it_is_set():
    program = """
        import rushlight as torch
        from rushlight.kernels import threads
        print(torch.get_num_threads(), threads.pool().words[threads.layout.WORKERS])
        torch.set_num_threads(1)
        print(torch.get_num_threads(), threads.pool().words[threads.layout.WORKERS])
    """
    assert in_a_process(program, OMP_NUM_THREADS="3") == "3 2\n1 0\n"

"""Code compiled on another core before it is asked for: taken, waited for, given up; and the guesses about what follows."""

import importlib
import os
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rushlight.kernels import kernel, llvm
from rushlight.kernels.ahead import Ahead
from rushlight.kernels.following import following
from rushlight.kernels.words import f32, f64

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)


class Compiler:
    """Makes ``name!`` of a name, when it is let."""

    def __init__(self):
        self.begun, self.let, self.names = threading.Semaphore(0), threading.Semaphore(0), []

    def __call__(self, name, text):
        self.names.append(name)
        self.begun.release()
        assert self.let.acquire(timeout=60)
        return text().encode()


@pytest.fixture
def compiler():
    return Compiler()


@pytest.fixture
def ahead(compiler):
    made = Ahead(compiler)
    yield made
    for _ in range(10):
        compiler.let.release()
    made.stop()


def test_what_was_made_is_taken_once(ahead, compiler):
    ahead.begin("a", lambda: "a!")
    ahead.begin("a", lambda: "again")
    compiler.let.release()
    ahead.thread.join(60)
    assert (ahead.take("a"), ahead.take("a"), compiler.names, ahead.thread) == (b"a!", None, ["a"], None)


def test_what_is_being_made_is_waited_for(ahead, compiler):
    ahead.begin("a", lambda: "a!")
    assert compiler.begun.acquire(timeout=60)
    threading.Timer(0.05, compiler.let.release).start()
    assert ahead.take("a") == b"a!"


def test_what_waits_is_left_to_who_asks(ahead, compiler):
    ahead.begin("a", lambda: "a!")
    assert compiler.begun.acquire(timeout=60)
    ahead.begin("b", lambda: "b!")
    ahead.begin("c", lambda: "c!")
    assert ahead.take("b") is None
    compiler.let.release()
    compiler.let.release()
    ahead.thread.join(60)
    assert compiler.names == ["a", "c"] and ahead.take("c") == b"c!"


def test_an_error_is_met_by_who_asks(ahead, compiler):
    ahead.begin("a", lambda: 1 / 0)
    ahead.begin("b", lambda: "b!")
    compiler.let.release()
    compiler.let.release()
    ahead.thread.join(60)
    assert ahead.take("a") is None and ahead.take("b") == b"b!"


def test_at_the_end_only_the_piece_at_hand_is_finished(ahead, compiler):
    ahead.begin("a", lambda: "a!")
    ahead.begin("b", lambda: "b!")
    assert compiler.begun.acquire(timeout=60)
    compiler.let.release()
    ahead.stop()
    assert compiler.names == ["a"] and ahead.take("b") is None


def test_without_a_thread_nothing_waits(ahead, monkeypatch):
    """As when the interpreter ends."""
    monkeypatch.setattr(threading.Thread, "start", lambda self: (_ for _ in ()).throw(RuntimeError("no more threads")))
    ahead.begin("a", lambda: "a!")
    assert ahead.thread is None and ahead.take("a") is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_waits_and_the_child_asks_for_nothing_in_vain(tmp_path):
    """Forks while LLVM is at work: the child compiles what it needs itself, and computes the same."""
    program = """
        import os, warnings
        import rushlight as torch
        from rushlight.kernels import llvm
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork with threads
        torch.set_num_threads(2)
        x, w = torch.ones(4, 8, 64, 64), torch.ones(8, 8, 3, 3)
        y = torch.nn.functional.conv2d(x, w).sum().item()
        assert llvm._ahead.thread is not None  # on its guesses
        child = os.fork()
        a = torch.ones(64, 300)
        assert (a @ a.T).sum().item() == 64 * 64 * 300
        assert torch.nn.functional.conv2d(x, w).sum().item() == y
        if not child:
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        print("done")
    """
    assert run(program, tmp_path) == "done\n"


def run(program, folder):
    environment = dict(os.environ, RUSHLIGHT_CACHE_DIR=str(folder / "kept"), RUSHLIGHT_KERNELS="")
    environment.pop("OMP_NUM_THREADS", None)
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_network_asks_for_all_that_was_guessed(tmp_path):
    program = """
        import rushlight as torch
        from rushlight.bench.programs import ROWS
        from rushlight.kernels import kernel, llvm
        torch.set_num_threads(2)
        begun, asked, begin, code = set(), set(), llvm.begin, llvm.code
        llvm.begin = lambda parts, text: (begun.add(parts), begin(parts, text))
        llvm.code = lambda parts, *more: (asked.add(parts), code(parts, *more))[1]
        ROWS["cnn"].program(torch)()
        print(len(begun) >= 8, sorted(begun - asked))
    """
    assert run(program, tmp_path) == "True []\n"


BOUND = [
    ("streams", "fill", {}),
    ("convolution", "correlate", {"T": f32, "L": 8, "M": 4, "V": 3}),
    ("convolution", "correlate", {"T": f64, "L": 4, "M": 1, "V": 8}),
    ("pooling", "pool", {"T": f32, "KIND": 0}),
    ("pooling", "pool", {"T": f32, "KIND": 1}),
    ("pooling", "pool", {"T": f64, "KIND": 2}),
    ("gemm", "products", {"FUSED": True}),
    ("softmax", "softmax_rows", {}),
    ("softmax", "log_softmax_rows", {}),
    ("normalization", "layer_norm", {"T": f32, "W": 8}),
    ("batch_norm", "train", {}),
    ("attention", "forward", {}),
    ("gate_products", "products", {}),
    ("lstm", "lstm_forward", {}),
    ("gated", "forward", {"GRU": True, "V": 3, "RELU": False}),
]


@pytest.mark.parametrize(("module", "name", "bound"), BOUND)
def test_what_follows_can_be_written(module, name, bound):
    assert hasattr(importlib.import_module(f"rushlight.kernels.code.{module}"), name)
    for file, other, bindings in following(module, name, bound):
        python = getattr(importlib.import_module(f"rushlight.kernels.code.{file}"), other)
        _, parameters = kernel._told_apart(python, bindings)
        assert "define void @body" in kernel._write(python, parameters, bindings)


def test_nothing_is_expected_after_a_kernel_from_elsewhere():
    assert following("rushlight.kernels.words", "loop", {}) == following("mine.softmax", "softmax_rows", {}) == []


def test_threads_that_compile_at_once_make_the_same():
    def text(n):
        lines = [f"%v{i} = fadd <16 x float> {f'%v{i - 1}' if i else '%x'}, splat (float {i}.0)" for i in range(n)]
        return (
            "define void @body(ptr %p) {\n%x = load <16 x float>, ptr %p\n"
            + "\n".join(lines)
            + f"\nstore <16 x float> %v{n - 1}, ptr %p\nret void\n}}\n"
        )

    texts = [text(n) for n in range(100, 130)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(llvm.compiled, texts))
    assert together == [llvm.compiled(text) for text in texts]

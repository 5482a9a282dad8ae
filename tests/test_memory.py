"""Memory of large results: blocks are used again, no two arrays share one, and the user's own arrays are NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.kernels import llvm, memory

if not llvm.available() or memory._context() is None:
    pytest.skip("compiled code is not available here", allow_module_level=True)

from rushlight.kernels.code import allocator
from rushlight.kernels.words import i64

F32 = np.dtype(np.float32)
name_of = np._core.multiarray.get_handler_name


@pytest.fixture(autouse=True)
def ready(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)


@pytest.fixture
def state(monkeypatch):
    words = next(thing for thing in memory._kept if hasattr(thing, "__len__"))
    cap = words[allocator.CAP]
    yield words
    words[allocator.CAP] = cap


def test_only_large_results_are_ours():
    assert name_of(memory.empty((1 << 20,), F32)) == "rushlight"
    assert name_of(memory.empty((10,), F32)) != "rushlight"
    assert name_of(np.empty(1 << 20, F32)) != "rushlight"


def test_a_block_is_used_again(state):
    kept = state[allocator.KEPT]
    a = memory.empty((3_000_001,), F32)
    address = a.ctypes.data
    view = a[5:]
    del a
    assert memory.empty((3_000_001,), F32).ctypes.data != address, "a view holds it"
    del view
    b = memory.empty((1500, 2000), F32)
    assert b.ctypes.data == address and state[allocator.KEPT] >= kept


def test_arrays_never_share_memory():
    generator = np.random.default_rng(0)
    held = []
    for i in range(1500):
        array = memory.empty((int(2 ** generator.uniform(16, 23)),), F32)
        array[:: len(array) // 7] = i
        array[-1] = i
        held.append((array, i))
        if len(held) > 12:
            array, mark = held.pop(int(generator.integers(len(held))))
            assert (array[:: len(array) // 7] == mark).all() and array[-1] == mark


def test_no_more_is_kept_than_may_be(state):
    state[allocator.CAP] = state[allocator.KEPT] + (8 << 20)
    arrays = [memory.empty((5 << 18,), F32) for _ in range(10)]
    del arrays
    assert state[allocator.KEPT] <= state[allocator.CAP]
    other = memory.empty((7 << 18,), F32)
    address = other.ctypes.data
    del other
    assert state[allocator.KEPT] <= state[allocator.CAP]
    assert memory.empty((7 << 18,), F32).ctypes.data == address, "others made room"


def test_growing_and_zeros_keep_whole_blocks():
    run = memory._context()
    a = run(np.zeros, 1 << 20, F32)
    assert not a.any()
    a[:] = 7
    a.resize(3 << 20, refcheck=False)
    assert (a[: 1 << 20] == 7).all() and not a[1 << 20 :].any()
    a[:] = 1
    del a
    assert not run(np.zeros, 3 << 20, F32).any()


@pytest.mark.parametrize(
    "size", [0, 1, (1 << 17) - 1, 1 << 17, (1 << 17) + 1, 1179648, 1179649, (1 << 21) + 1, 1 << 26, (1 << 34) + 1]
)
def test_a_block_is_as_large_as_its_array(size):
    import ctypes

    from rushlight.kernels.emit import Module
    from rushlight.kernels.language import function

    def written():
        module = Module()
        function(module, "whole", whole)
        return str(module)

    kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)
    found = kind(llvm.code(("whole",), written, {})["whole"])(size)
    assert found == -1 if size <= 1 << 17 or size > 1 << 34 else size <= found <= size * 1.125 + 1


def whole(size: i64):
    step = allocator.step_of(size)
    found = allocator.size_of(step)
    if step < 0:
        found = i64(-1)
    return found

"""Copies between any two layouts: the native code against NumPy."""

import importlib
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight as torch
from rushlight.kernels import copies, llvm

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=4)


def dtype_of(name):
    """By the kernels' name for it; None for bfloat16 where ml_dtypes is missing."""
    if name != "bf16":
        return np.dtype(copies.DTYPES[name])
    return np.dtype(importlib.import_module("ml_dtypes").bfloat16) if find_spec("ml_dtypes") else None


PAIRS = [(np.dtype(name),) * 2 for name in ("f4", "f8", "?", "i8", "i2", "c8")] + [
    pair for pair in (tuple(map(dtype_of, names.split())) for names in copies.CONVERTED) if None not in pair
]


@st.composite
def layouts(draw, shape):
    """A way to lie in memory: ``made(dtype)`` is an array of a shape in a larger one, turned, with steps, perhaps backwards."""
    order = draw(st.permutations(range(len(shape))))
    steps = [draw(st.sampled_from([1, 1, 1, 2, -1])) for _ in shape]
    margins = [draw(st.integers(0, 2)) for _ in shape]

    def made(dtype):
        outer = tuple(shape[d] * abs(steps[d]) + margins[d] for d in order)
        whole = np.random.default_rng(0).integers(0, 100, outer).astype(dtype)
        part = whole.transpose(np.argsort(order))
        return whole, part[tuple(slice(None, n * abs(s), abs(s)) for n, s in zip(shape, steps, strict=True))][
            tuple(slice(None, None, 1 if s > 0 else -1) for s in steps)
        ]

    return made


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_as_numpy_copies(data):
    shape = data.draw(SIZES)
    to_dtype, dtype = data.draw(st.sampled_from(PAIRS))
    whole, to = data.draw(layouts(shape))(to_dtype)
    x = data.draw(layouts(shape))(dtype)[1]
    if data.draw(st.booleans()):
        x = x[tuple(slice(0, 1) if data.draw(st.booleans()) else slice(None) for _ in shape)]  # broadcast
    expected = whole.copy()
    whole[...] = 77
    before = whole.copy()
    done = copies.with_threads(to, x)
    if not done:
        assert np.array_equal(whole, before)
        return
    assert np.array_equal(to, np.broadcast_to(x, to.shape).astype(to_dtype))
    to[...] = 77
    assert np.array_equal(whole, before) and expected.shape == whole.shape  # nothing else was written


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_repeated_and_rolled_are_numpys(data):
    shape = data.draw(st.lists(st.integers(1, 20), min_size=1, max_size=3))
    x = data.draw(layouts(shape))("f4")[1]
    times = tuple(data.draw(st.lists(st.integers(0, 3), min_size=len(shape), max_size=4)))
    dims = data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, max_size=3))
    shifts = [data.draw(st.integers(-25, 25)) for _ in dims]
    for least in (1, copies.LARGE):  # by native code and by NumPy
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(copies, "LARGE", least)
            np.testing.assert_array_equal(copies.repeated(x, times), np.tile(x, times), strict=True)
            rolled = copies.rolled(x, shifts, dims)
        np.testing.assert_array_equal(rolled, np.roll(x, shifts, dims), strict=True)
        assert rolled.flags.c_contiguous


@pytest.mark.parametrize(
    ("name", "copied"),
    {
        "clone": lambda x: x.clone(),
        "turned": lambda x: x.t().contiguous(),
        "cat": lambda x: torch.cat([x, x * 2], 1),
        "pad": lambda x: torch.nn.functional.pad(x, (1, 2, 3, 4), value=2.5),
        "double": lambda x: x.double(),
        "copy_": lambda x: torch.empty(x.shape[::-1]).copy_(x.t()),
        "flip": lambda x: x.flip(1),
        "half": lambda x: x.half(),
        "a slice": lambda x: torch.zeros_like(x)[:, 5:300].copy_(x[:, 5:300]),
    }.items(),
)
def test_large_ones_are_copied_by_native_code(name, copied, monkeypatch):
    x = torch.randn(300, 400)
    llvm.patience.over_or_large(1 << 30, 100, 0)
    calls = []
    original = copies.with_threads
    monkeypatch.setattr(copies, "with_threads", lambda to, x: calls.append(original(to, x)) or calls[-1])
    native = np.array(copied(x))
    assert any(calls), name
    monkeypatch.setattr(copies, "with_threads", lambda to, x: False)
    assert np.array_equal(native, np.array(copied(x)))


@pytest.mark.parametrize("names", [x for x in copies.CONVERTED if x.split()[0] in ("i64", "i32", "boolean")])
def test_what_no_integer_can_be_becomes_what_numpy_makes_of_it(names):
    to, kind = map(dtype_of, names.split())
    x = np.array([0.0, -0.0, 0.5, -0.5, 1.9, -1.9, 300, -300, 2.0**31, -(2.0**31), 2.0**40, -(2.0**40)])
    if kind.kind == "f":
        x = np.append(x, [1e30, -1e30, np.inf, -np.inf, np.nan, 1e-40])
    with np.errstate(all="ignore"):
        x = np.resize(x, 500).astype(kind)
    found = np.empty(x.shape, to)
    assert copies.with_threads(found, x)
    with np.errstate(all="ignore"):
        assert np.array_equal(found, x.astype(to))


@pytest.mark.parametrize("name", ["f16", "bf16"])
def test_16_bit_floats_are_rounded_as_numpy_rounds(name):
    """All of them become float32; numbers beside each of them, half-way between two and at random become them."""
    half = dtype_of(name)
    if half is None:
        pytest.skip("ml_dtypes is missing")
    every = np.arange(1 << 16, dtype=np.uint16).view(half)
    wide = np.empty(every.shape, np.float32)
    assert copies.with_threads(wide, every)
    with np.errstate(all="ignore"):
        expected = every.astype(np.float32)
    assert np.array_equal(wide, expected, equal_nan=True) and np.array_equal(np.signbit(wide), np.signbit(expected))
    bits = expected.view(np.int32)
    step = 13 if name == "f16" else 16
    near = [bits, bits + 1, bits - 1, bits + (1 << step - 1), bits + (1 << step - 1) + 1, bits + (1 << step - 1) - 1]
    near.append(np.random.default_rng(0).integers(-(1 << 31), 1 << 31, 1 << 16).astype(np.int32))
    given = np.concatenate(near).view(np.float32)
    found = np.empty(given.shape, half)
    assert copies.with_threads(found, given)
    with np.errstate(all="ignore"):
        expected = given.astype(half)
    there = ~np.isnan(given)
    assert np.array_equal(found.view(np.int16)[there], expected.view(np.int16)[there])
    assert np.isnan(found[~there].astype(np.float32)).all()

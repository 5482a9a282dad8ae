"""Running sums, products and extremes: native code against NumPy, bit for bit."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight as torch
from rushlight.kernels import llvm, scans

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

few = settings(deadline=None, max_examples=60)
SIDES = st.one_of(st.integers(1, 6), st.sampled_from([15, 16, 17, 33, 255, 256, 257, 300]))


@contextlib.contextmanager
def kernels(ready):
    old = llvm.patience.ready
    llvm.patience.ready = ready
    try:
        yield
    finally:
        llvm.patience.ready = old


def bits(x):
    """Its bytes, of NaN only that it is one, and without the sign of zero."""
    a = x.numpy()
    return np.where(np.isnan(a), np.nan, a + 0) if a.dtype.kind == "f" else a


def assert_same(f):
    with np.errstate(all="ignore"):
        with kernels(True):
            native = f()
        with kernels(False):
            reference = f()
    for x, y in zip(native, reference, strict=True):
        assert x.dtype is y.dtype and x.shape == y.shape
        np.testing.assert_array_equal(bits(x), bits(y))


@few
@given(
    kind=st.sampled_from(["f4", "f8", "i8", "i4", "f2"]), shape=st.lists(SIDES, min_size=1, max_size=3).filter(lambda s: np.prod(s) < 1e5),
    special=st.sampled_from([None, np.nan, np.inf, -np.inf, -0.0]), transposed=st.booleans(), seed=st.integers(0, 99), data=st.data(),
)  # fmt: skip
def test_running(kind, shape, special, transposed, seed, data):
    rng = np.random.default_rng(seed)
    dim = data.draw(st.integers(0, len(shape) - 1))
    a = rng.integers(-3, 4, shape).astype(kind) if kind[0] == "i" else rng.standard_normal(shape).astype(kind)
    if special is not None and kind[0] == "f":
        a.reshape(-1)[rng.integers(0, a.size, 2)] = special
    x = torch.tensor(a)
    x = x.transpose(0, -1) if transposed else x
    dim = len(shape) - 1 - dim if transposed and dim in (0, len(shape) - 1) else dim
    assert_same(lambda: (torch.cumsum(x, dim), torch.cumprod(x, dim)))
    if kind != "f2":
        assert_same(lambda: (*torch.cummax(x, dim), *torch.cummin(x, dim)))


@few
@given(
    kind=st.sampled_from(["f4", "f8", "i8"]), rows=st.integers(1, 70), n=st.one_of(st.integers(1, 70), st.sampled_from([1023, 1024, 1025])),
    special=st.sampled_from([None, np.nan, np.inf, -np.inf]), keepdim=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
def test_extremes_of_rows(kind, rows, n, special, keepdim, seed):
    rng = np.random.default_rng(seed)
    a = rng.integers(-9, 9, (rows, n)).astype(kind) if kind == "i8" else rng.standard_normal((rows, n)).astype(kind)
    if special is not None and kind != "i8":
        a[rng.integers(rows), rng.integers(n)] = special
    x = torch.tensor(a)
    assert_same(lambda: (torch.amax(x, 1, keepdim), torch.amin(x, -1, keepdim), torch.amax(x.view(1, rows, n), 2)))


def test_native_code_is_used():
    """The comparison above would also pass if nothing were native."""
    a = np.ones((3, 4), np.float32)
    with kernels(True):
        assert scans.running("sums", a, 1) is not None and scans.running("products", a, 0) is not None
        assert scans.extremes("maxima", a, 1) is not None and scans.extremes("minima", a, 0) is not None
        assert scans.of_rows("maxima", a) is not None and scans.of_rows("minima", a) is not None
        assert scans.running("sums", a.T, 1) is None
    with kernels(False):
        assert scans.running("sums", a, 1) is None


@pytest.mark.parametrize("ready", [True, False])
def test_zeros_and_ties(ready):
    """As PyTorch has them: a sum begins with 0; of equals the last counts; a NaN stays, and the last one counts."""
    with kernels(ready):
        x = torch.tensor([-0.0, -0.0])
        assert not torch.cumsum(x, 0).signbit().any()
        assert torch.cumprod(x, 0).signbit().tolist() == [True, False]
        nan = float("nan")
        values, places = torch.cummin(torch.tensor([0.0, 0.0, 1.0, nan, -1.0, nan, 2.0]), 0)
        assert places.tolist() == [0, 1, 1, 3, 3, 5, 5] and values.isnan().tolist() == [False] * 3 + [True] * 4


def test_threads_change_nothing():
    a = np.random.default_rng(0).standard_normal((301, 1003)).astype(np.float32)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            with kernels(True):
                found.append(
                    [scans.running("sums", a, 0), scans.running("sums", a, 1), *scans.extremes("maxima", a, 1)]
                )
    finally:
        torch.set_num_threads(before)
    for arrays in found[1:]:
        for x, y in zip(arrays, found[0], strict=True):
            np.testing.assert_array_equal(x, y)


@few
@given(
    kind=st.sampled_from(["f4", "f8", "i8"]), shape=st.lists(SIDES, min_size=2, max_size=3).filter(lambda x: np.prod(x) < 200_000),
    seed=st.integers(0, 99), data=st.data(),
)  # fmt: skip
def test_first_extremes_down_columns(kind, shape, seed, data):
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, shape).astype(kind)
    if kind != "i8":
        x[rng.random(shape) < 0.02] = np.nan
        x[rng.random(shape) < 0.1] = -0.0
    dim = data.draw(st.integers(0, len(shape) - 2))
    for name, find in (("first_maxima", np.argmax), ("first_minima", np.argmin)):
        with kernels(True):
            values, places = scans.first_extremes(name, x, dim)
        expected = find(x, dim)
        np.testing.assert_array_equal(places, expected)
        np.testing.assert_array_equal(values, np.take_along_axis(x, np.expand_dims(expected, dim), dim).squeeze(dim))
    with kernels(True):
        largest, where = torch.tensor(x).max(dim, keepdim=True)
        np.testing.assert_array_equal(where.squeeze(dim).numpy(), np.argmax(x, dim))
        np.testing.assert_array_equal(torch.tensor(x).argmax(dim).numpy(), np.argmax(x, dim))
        assert largest.shape == where.shape == tuple(1 if d == dim else n for d, n in enumerate(shape))
        assert scans.first_extremes("first_maxima", x, len(shape) - 1) is None

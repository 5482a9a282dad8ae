"""Sorted rows, the first of rows, sums of integers, variances and products of rows: native code against NumPy, bit for bit."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight as torch
from rushlight.kernels import integer_sums, llvm, moments, reduce, rows, sorting, topk_order

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

few = settings(deadline=None, max_examples=80)
#: Short rows are sorted by insertion, longer ones by their bytes.
SIDES = st.one_of(st.integers(1, 9), st.sampled_from([39, 40, 41, 64, 300, 1025]))
SHAPES = st.lists(SIDES, min_size=1, max_size=3).filter(lambda shape: np.prod(shape) < 200_000)


@contextlib.contextmanager
def kernels(ready):
    old = llvm.patience.ready
    llvm.patience.ready = ready
    try:
        yield
    finally:
        llvm.patience.ready = old


def numbers(seed, shape, kind):
    """Many equal ones, zeros of both signs, NaN, infinities; integers to the limits of their dtype."""
    rng = np.random.default_rng(seed)
    if kind == "?":
        return rng.random(shape) > 0.5
    if kind[0] == "f":
        x = (rng.standard_normal(shape) * 3).astype(kind)
        x = np.where(rng.random(shape) < 0.3, np.round(x), x).astype(kind)
        odd = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], shape).astype(kind)
        return np.where(rng.random(shape) < rng.choice([0, 0.1]), odd, x)
    info = np.iinfo(kind)
    low, high = (int(info.min), int(info.max)) if rng.random() < 0.5 else (0, 20)
    return rng.integers(low, high, shape, dtype=kind, endpoint=True)


def laid_out(x, data):
    """The same elements in another layout."""
    order = data.draw(st.permutations(range(x.ndim)))
    return np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))


@few
@given(shape=SHAPES, kind=st.sampled_from("f4 f8 i8 i4 i2 i1 u1 ?".split()), seed=st.integers(0, 99), data=st.data())
def test_sort(shape, kind, seed, data):
    x = laid_out(numbers(seed, shape, kind), data)
    dim, descending = data.draw(st.integers(0, len(shape) - 1)), data.draw(st.booleans())
    with kernels(True):
        found = sorting.ordered(x, dim, descending)
        values, places = torch.sort(torch.tensor(x), dim, descending)
    assert found is not None
    with kernels(False):
        expected = torch.sort(torch.tensor(x), dim, descending)
    assert np.array_equal(places.numpy(), expected[1].numpy()) and np.array_equal(found[1], places.numpy())
    assert np.array_equal(values.numpy(), expected[0].numpy(), equal_nan=kind[0] == "f")
    assert np.array_equal(np.signbit(found[0]), np.signbit(expected[0].numpy())) if kind[0] == "f" else True
    assert [y.strides for y in found] == [np.empty_like(x).strides, np.empty_like(x, np.int64).strides]


@few
@given(
    count=st.integers(1, 9), n=st.sampled_from([1, 7, 33, 40, 200, 1000]), kind=st.sampled_from(["f4", "f8"]), k=st.integers(1, 33),
    largest=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
def test_first(count, n, kind, k, largest, seed):
    x = numbers(seed, (count, n), kind)
    with kernels(True):
        run = rows.first(x, 1, k, largest)
    if not 0 < k <= min(n, 32):
        assert run is None
        return
    values, places = run(x)
    assert np.array_equal(places, topk_order.topk_rows(x, k, largest))
    assert np.array_equal(values, np.take_along_axis(x, places, 1), equal_nan=True)


@few
@given(
    count=st.integers(1, 4), n=st.sampled_from([1, 2, 3, 4, 17, 40, 100, 300, 1000]), share=st.sampled_from([0.01, 0.3, 1.0]),
    kind=st.sampled_from("f4 f8 i8 i4 i2 u1".split()), few_values=st.sampled_from([2, 20, 500]), in_order=st.booleans(),
    largest=st.booleans(), rising=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
def test_first_among_equals(count, n, share, kind, few_values, in_order, largest, rising, seed):
    """Which of equal values are taken, and in which order, is the C++ library's choice."""
    x, k = (np.random.default_rng(seed).integers(0, few_values, (count, n)) % 120).astype(kind), max(1, int(n * share))
    x = np.sort(x, 1) if rising else x
    if kind[0] == "f":
        x[:, 3::7], x[:, 5::9] = np.nan, -0.0
    with kernels(True):
        found = sorting.first(x, k, largest, in_order)
        values, places = torch.topk(torch.tensor(x), k, 1, largest, in_order)
    expected = np.array([topk_order._order_with_ties(row, k, largest, in_order) for row in x])
    assert np.array_equal(found, expected) and np.array_equal(
        places.numpy(), topk_order.topk_rows(x, k, largest, in_order)
    )
    assert np.array_equal(values.numpy(), np.take_along_axis(x, places.numpy(), 1), equal_nan=kind[0] == "f")


@few
@given(
    shape=SHAPES, kind=st.sampled_from("i8 i4 i2 i1 u1 u4 u8 ?".split()), seed=st.integers(0, 99), keepdims=st.booleans(),
    data=st.data(),
)  # fmt: skip
def test_sums_of_integers(shape, kind, seed, keepdims, data):
    x = numbers(seed, [*shape[:-1], shape[-1] + 1100 // int(np.prod(shape[:-1])) + 1], kind)
    first = data.draw(st.integers(0, x.ndim - 1))
    axes = tuple(range(first, data.draw(st.integers(first, x.ndim - 1)) + 1))
    with kernels(True):
        found = integer_sums.total(x, axes, keepdims)
        summed = torch.tensor(x).sum(axes, keepdim=keepdims) if kind not in ("u4", "u8") else None
    expected = np.add.reduce(x, axis=axes, dtype=np.int64, keepdims=keepdims)
    assert found is not None and found.dtype == np.int64 and found.shape == expected.shape
    assert np.array_equal(found, expected)
    assert summed is None or np.array_equal(summed.numpy(), expected)


def test_sums_of_integers_of_which_some_are_numpys():
    with kernels(True):
        x = np.ones((30, 40, 50), np.int32)
        assert integer_sums.total(x, (0, 2), False) is None  # no neighbours
        assert integer_sums.total(x.T, (0,), False) is None
        assert torch.tensor(x).sum((0, 2)).tolist() == [1500] * 40
        assert torch.tensor(x).T.sum(0).tolist() == np.full((40, 30), 50).tolist()
    with kernels(False):
        assert integer_sums.total(x[0], (0,), False) is None


@pytest.mark.parametrize("kind", ["i1", "u1", "i2"])
def test_lanes_do_not_overflow(kind):
    for number in (np.iinfo(kind).min, np.iinfo(kind).max):
        x = np.full(3_000_000, number, kind)
        with kernels(True):
            assert integer_sums.total(x, (0,), False) == x.size * int(number)
            assert integer_sums.total(x.reshape(-1, 3), (0,), False).tolist() == [x.size // 3 * int(number)] * 3


@few
@given(
    count=st.integers(1, 20), n=st.sampled_from([1, 2, 9, 31, 256, 1000]), kind=st.sampled_from(["f4", "f8"]), root=st.booleans(),
    correction=st.integers(0, 2), seed=st.integers(0, 99),
)  # fmt: skip
def test_variances_of_rows_are_those_of_the_recurrence(count, n, kind, root, correction, seed):
    x = numbers(seed, (count, n), kind)
    with kernels(True), np.errstate(all="ignore"):
        found = rows.spread(x, (1,), False, correction, root)(x)
        if count == 1 or n == 1:
            expected = (moments.std if root else moments.var)(x, (1,), False, correction)
        else:
            squares, _ = moments._welford(x, (1,), False, n)
            expected = moments.finish(squares, n - correction, root, x.dtype)
    assert np.array_equal(found, expected, equal_nan=True)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("n", [32_767, 32_769, 100_003, 500_000])
def test_all_elements(kind, n, threads):
    """Of so many each thread takes a share, as PyTorch's do."""
    x = np.random.default_rng(n).standard_normal(n).astype(kind)
    close = (1 + x / 1000).reshape(1, n)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with kernels(True):
            found = [
                f(y) for f, y in ((rows.spread(x, (0,), True, 1, False), x), (rows.prod(close, (0, 1), False), close))
            ]
        expected = moments.var(x, (0,), True, 1), reduce.prod(close, (0, 1), False, close.dtype)
    finally:
        torch.set_num_threads(before)
    for y, e in zip(found, expected, strict=True):
        assert np.array_equal(y, e) and y.shape == e.shape and y.dtype == e.dtype


@pytest.mark.parametrize("shape", [(300, 1000), (5, 40_000), (20_000, 7)])
def test_products_of_rows(shape):
    x = (1 + np.random.default_rng(0).standard_normal(shape) / 1000).astype(np.float32)
    with kernels(True):
        found = rows.prod(x, (1,), True)(x)
    assert np.array_equal(found, reduce.prod(x, (1,), True, x.dtype))

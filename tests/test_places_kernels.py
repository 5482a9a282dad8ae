"""Slices and elements by index: native code against NumPy, bit for bit, and what it refuses."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight as torch
from rushlight.kernels import llvm, places

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

few = settings(deadline=None, max_examples=60)
KINDS = st.sampled_from(["f4", "f8", "i8", "i4", "i1", "?", "f2"])
SIDES = st.one_of(st.integers(1, 5), st.sampled_from([31, 32, 33, 64, 70]))


@contextlib.contextmanager
def kernels(ready):
    old = llvm.patience.ready
    llvm.patience.ready = ready
    try:
        yield
    finally:
        llvm.patience.ready = old


def numbers(rng, shape, kind):
    if kind in ("f4", "f8", "f2"):
        x = rng.standard_normal(shape).astype(kind)
        x.reshape(-1)[:: max(1, x.size // 3)] = rng.choice([np.nan, np.inf, -np.inf, 6e4], 1).astype(kind)
        return x
    return rng.integers(0, 2 if kind == "?" else 100, shape).astype(kind)


def same(f):
    with np.errstate(all="ignore"):
        with kernels(True):
            native = f()
        with kernels(False):
            reference = f()
    for x, y in zip(native, reference, strict=True):
        x, y = x.detach(), y.detach()
        assert x.dtype is y.dtype and x.shape == y.shape
        np.testing.assert_array_equal(x.numpy(), y.numpy())


@few
@given(
    kind=KINDS,
    shape=st.lists(SIDES, min_size=1, max_size=3),
    m=st.integers(1, 40),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_slices(kind, shape, m, seed, data):
    rng = np.random.default_rng(seed)
    dim = data.draw(st.integers(0, len(shape) - 1))
    x = torch.tensor(numbers(rng, shape, kind))
    index = torch.tensor(rng.integers(0, shape[dim], m).astype(rng.choice(["i4", "i8"])))
    back = torch.tensor(rng.integers(-shape[dim], shape[dim], (m, 2)))
    source = torch.tensor(numbers(rng, (*shape[:dim], m, *shape[dim + 1 :]), kind))
    same(lambda: (torch.index_select(x, dim, index), x[(slice(None),) * dim + (back,)]))
    same(lambda: (torch.index_add(x, dim, index, source),))
    same(lambda: (torch.index_add(x, dim, index, source.transpose(0, -1).contiguous().transpose(0, -1)),))
    if kind in ("f4", "f8"):
        same(lambda: gradients(x, lambda x: torch.index_select(x, dim, index), source))
        same(lambda: gradients(x, lambda x: x[(slice(None),) * dim + (back,)], None))


def gradients(x, f, g):
    x = x.clone().requires_grad_()
    y = f(x)
    y.backward(torch.tensor(np.cos(y.detach().numpy())) if g is None else g)
    return y, x.grad


@few
@given(
    kind=KINDS,
    shape=st.lists(SIDES, min_size=1, max_size=3),
    m=st.integers(1, 40),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_elements(kind, shape, m, seed, data):
    rng = np.random.default_rng(seed)
    dim = data.draw(st.integers(0, len(shape) - 1))
    x = torch.tensor(numbers(rng, shape, kind))
    smaller = [m if d == dim else data.draw(st.sampled_from([n, max(1, n - 1)])) for d, n in enumerate(shape)]
    index = torch.tensor(rng.integers(0, shape[dim], smaller).astype(rng.choice(["i4", "i8"])))
    source = torch.tensor(numbers(rng, smaller, kind))
    same(lambda: (torch.gather(x, dim, index),))
    same(lambda: (torch.scatter(x, dim, index, source), torch.scatter(x, dim, index, 3)))
    same(lambda: (torch.scatter_add(x, dim, index, source),))
    if kind in ("f4", "f8"):
        same(lambda: gradients(x, lambda x: torch.gather(x, dim, index), source))


@few
@given(
    rows=st.integers(1, 40), width=SIDES, count=st.integers(0, 200), seed=st.integers(0, 99), padding=st.booleans(),
    by_frequency=st.booleans(), kind=st.sampled_from(["f4", "f8"]),
)  # fmt: skip
def test_embeddings(rows, width, count, seed, padding, by_frequency, kind):
    rng = np.random.default_rng(seed)
    weight = torch.tensor(numbers(rng, (rows, width), kind))
    index = torch.tensor(rng.integers(0, rows, count))
    arguments = (rows - 1 if padding else None, None, 2.0, by_frequency)
    same(lambda: gradients(weight, lambda w: torch.nn.functional.embedding(index, w, *arguments), None))


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize("rows", [1, 7, 300])
@pytest.mark.parametrize("by_frequency", [False, True])
def test_gradients_of_an_embedding_are_added_one_after_another(ready, rows, by_frequency):
    """As PyTorch adds them: it was found by comparing its bits."""
    rng = np.random.default_rng(rows)
    index, g = rng.integers(0, rows, 500), rng.standard_normal((500, 9)).astype(np.float32)
    share = (1 / np.bincount(index, minlength=rows).clip(1)).astype(np.float32)[index] if by_frequency else np.ones(500)
    expected = np.zeros((rows, 9), np.float32)
    for i, row, s in zip(index, g, share, strict=True):
        expected[i] = (expected[i].astype(np.float64) + row.astype(np.float64) * s).astype(np.float32)
    weight = torch.zeros(rows, 9, requires_grad=True)
    with kernels(ready):
        found = torch.nn.functional.embedding(torch.tensor(index), weight, scale_grad_by_freq=by_frequency)
        found.backward(torch.tensor(g))
    np.testing.assert_array_equal(weight.grad.numpy(), expected)


def test_native_code_is_used():
    """The comparisons above would also pass if nothing were native."""
    x, index = np.ones((5, 40), np.float32), np.array([4, 0, 0])
    with kernels(True):
        np.testing.assert_array_equal(places.take(x, index, 0), x[index])
        assert places.add_slices(np.zeros((5, 40), np.float32), x[:3], index, 0)
        along = np.zeros((5, 40), np.int64)
        assert places.gather(x, along, 1) is not None
        assert places.scatter(x.copy(), x, along, 1, True) and places.scatter(x.copy(), x, along, 1, False)
    with kernels(False):
        assert places.take(x, index, 0) is None


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize("wrong", [5, -1, 1 << 40])
def test_an_index_that_is_not_there_is_refused_in_the_same_words(ready, wrong):
    x = torch.arange(15.0).reshape(5, 3)
    index = torch.tensor([0, wrong])
    along = torch.tensor([[0, wrong, 0]])
    with kernels(ready):
        for call, kind, text in [
            (lambda: torch.index_select(x, 0, index), IndexError, "index out of range in self"),
            (lambda: torch.nn.functional.embedding(index, x), IndexError, "index out of range in self"),
            (lambda: torch.gather(x, 0, along), RuntimeError, "out of bounds for dimension 0 with size 5"),
            (lambda: torch.scatter(x, 0, along, x[:1]), RuntimeError, "out of bounds for dimension 0 with size 5"),
            (lambda: torch.scatter_add(x, 0, along, x[:1]), RuntimeError, "out of bounds for dimension 0 with size 5"),
            (lambda: torch.index_add(x, 0, index, x[:2]), RuntimeError, "out of bounds for dimension 0 with size 5"),
        ]:
            before = x.clone()
            with pytest.raises(kind, match=text):
                call()
            assert torch.equal(x, before)
        if wrong != -1:
            with pytest.raises(IndexError, match="out of bounds"):
                x[index]


def test_code_never_follows_a_bad_index():
    """The last line of defence, below the checks of the ops."""
    x, index = np.zeros((5, 3), np.float32), np.array([1, 1 << 40])
    with kernels(True):
        assert places.take(x, index, 0) is None
        assert places.take(x, np.array([-1]), 0) is None
        assert places.take(x, np.array([-6]), 0, from_end=True) is None
        assert places.gather(x, np.array([[0, -1, 0]]), 0) is None
        with pytest.raises(IndexError, match="index out of range in self"):
            places.add_slices(x.copy(), np.ones((2, 3), np.float32), index, 0)
        with pytest.raises(IndexError, match="index out of range in self"):
            places.scatter(x.copy(), np.ones((1, 3), np.float32), np.array([[0, 7, 0]]), 0, True)


def test_shapes_that_do_not_fit_are_left_to_numpy():
    x = np.zeros((5, 3), np.float32)
    with kernels(True):
        assert not places.add_slices(x, np.ones((2, 4), np.float32), np.array([0, 1]), 0)
        assert not places.add_slices(x, np.ones((1, 3), np.float32), np.array([0, 1]), 0)
        assert not places.scatter(x, np.ones((2, 3), np.float32), np.zeros((1, 3), np.int64), 0, True)
        assert places.take(x.T, np.array([0]), 0) is None


def test_threads_change_nothing():
    rng = np.random.default_rng(0)
    index, rows = rng.integers(0, 50, 6000), rng.standard_normal((6000, 130)).astype(np.float32)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            with kernels(True):
                out = np.zeros((50, 130), np.float32)
                assert places.add_slices(out, rows, index, 0)
                found.append((out, places.take(out, index, 0)))
    finally:
        torch.set_num_threads(before)
    for out, taken in found[1:]:
        np.testing.assert_array_equal(out, found[0][0])
        np.testing.assert_array_equal(taken, found[0][1])


@few
@given(
    shape=st.lists(SIDES, min_size=1, max_size=3), kind=st.sampled_from(["f4", "f8", "i8"]), turned=st.booleans(),
    shared=st.booleans(), seed=st.integers(0, 99), data=st.data(),
)  # fmt: skip
def test_in_place_is_as_out_of_place(shape, kind, turned, shared, seed, data):
    """Also into other layouts, and where what is added is the target itself or a part of it."""
    rng = np.random.default_rng(seed)
    dim = data.draw(st.integers(0, len(shape) - 1))
    a = numbers(rng, shape[::-1], kind).transpose() if turned else numbers(rng, shape, kind)
    index = torch.tensor(rng.integers(0, shape[dim], shape))
    vector = torch.tensor(rng.integers(0, shape[dim], shape[dim]))
    calls = [
        ("scatter", (dim, index)), ("scatter_add", (dim, index)), ("index_add", (dim, vector)),
        ("scatter", (dim, index, 3)),
    ]  # fmt: skip
    for name, arguments in calls:
        with kernels(True), np.errstate(all="ignore"):
            target = torch.tensor(a)
            source = [] if len(arguments) > 2 else [torch.tensor(a.copy())]
            expected = getattr(target.clone(), name)(*arguments, *source)
            if shared and source:
                source = [target.detach()]
            try:
                found = getattr(target, name + "_")(*arguments, *source)
            except RuntimeError as error:  # what PyTorch refuses
                assert shared and "overlap" in str(error)
                continue
        assert found is target and target.stride() == torch.tensor(a).stride()
        np.testing.assert_array_equal(target.numpy(), expected.numpy())


@pytest.mark.parametrize("size", [1, 31, 32, 33, 8191, 8192, 20_000, 100_000])
def test_bounds(size):
    index = np.random.default_rng(size).integers(-(1 << 62), 1 << 62, size)
    for x in (index, index.astype(np.int32), np.repeat(index, 2)[::2]):
        with kernels(True):
            assert places.bounds(x) == (x.min(), x.max())

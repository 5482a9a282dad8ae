"""Pools and batch norm as native code: the bits, places and rules of the NumPy path."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight as torch
from rushlight.kernels import llvm

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

F = torch.nn.functional


def both(monkeypatch, call):
    """What a call gives by native code and by NumPy."""
    found = []
    for ready in (True, False):
        with monkeypatch.context() as patch:
            patch.setattr(llvm.patience, "ready", ready)
            if not ready:
                patch.setattr(llvm, "available", lambda: False)
            found.append(call())
    return found


def same(pairs):
    for mine, numpys in zip(*pairs, strict=True):
        assert mine.dtype == numpys.dtype
        np.testing.assert_array_equal(mine, numpys)
        np.testing.assert_array_equal(np.signbit(mine), np.signbit(numpys))


@st.composite
def pools(draw):
    n = draw(st.integers(1, 3))
    size = tuple(draw(st.integers(5, 40 if n < 3 else 9)) for _ in range(n))
    kernel = tuple(draw(st.integers(1, 4)) for _ in range(n))
    stride = tuple(draw(st.integers(1, 3)) for _ in range(n))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    images, channels = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    return (images, channels, *size), kernel, stride, padding, draw(st.booleans())


def image(shape, seed, dtype, kind):
    """Numbers with many ties, or with NaN and infinities, or none of these."""
    rng = np.random.default_rng(seed)
    x = (rng.integers(-2, 3, shape) if kind == "ties" else rng.standard_normal(shape)).astype(dtype)
    if kind == "special":
        x.flat[rng.integers(0, x.size, max(x.size // 8, 1))] = np.nan
        x.flat[rng.integers(0, x.size, max(x.size // 3, 1))] = -np.inf
    return x


def run(call, x):
    """Results and the gradient of a pool."""
    t = torch.from_numpy(x.copy()).requires_grad_()
    results = call(t)
    results = results if isinstance(results, tuple) else (results,)
    g = np.random.default_rng(1).standard_normal(tuple(results[0].shape)).astype(x.dtype)
    results[0].backward(torch.from_numpy(g))
    return [*(r.detach().numpy() for r in results), t.grad.numpy()]


@pytest.mark.parametrize("kind", ["ties", "special", "plain"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_largest(kind, dtype, monkeypatch):
    @settings(max_examples=40, deadline=None)
    @given(pools(), st.integers(1, 2), st.booleans(), st.integers(0, 999))
    def check(case, apart, places, seed):
        shape, kernel, stride, padding, up = case
        n = len(kernel)
        if any(apart * (k - 1) + 1 > m + 2 * p for k, m, p in zip(kernel, shape[2:], padding, strict=True)):
            return
        pool = getattr(F, f"max_pool{n}d")
        x = image(shape, seed, dtype, kind)
        same(both(monkeypatch, lambda: run(lambda t: pool(t, kernel, stride, padding, apart, up, places), x)))

    check()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mean(dtype, monkeypatch):
    @settings(max_examples=60, deadline=None)
    @given(pools(), st.booleans(), st.sampled_from([None, 3, -2]), st.integers(0, 999))
    def check(case, count_pad, divisor, seed):
        shape, kernel, stride, padding, up = case
        n = len(kernel)
        more = {} if n == 1 else {"divisor_override": divisor}
        pool = getattr(F, f"avg_pool{n}d")
        x = image(shape, seed, dtype, "plain")
        same(both(monkeypatch, lambda: run(lambda t: pool(t, kernel, stride, padding, up, count_pad, **more), x)))

    check()


def test_places_outside_are_refused_as_numpy_refuses_them(monkeypatch):
    from rushlight.kernels import pooling

    values, places = np.ones((2, 3), np.float32), np.array([[0, 1, 1], [2, 3, 4]])
    np.testing.assert_array_equal(pooling.scatter(values, places, (2, 5), 1), [[1, 2, 0, 0, 0], [0, 0, 1, 1, 1]])
    for wrong in (5, -1, 1 << 40):
        assert pooling.scatter(values, np.where(places == 4, wrong, places), (2, 5), 1) is None
    assert pooling.scatter(values, places[:1], (2, 5), 1) is None


def normalise(shape, seed, training, weighted):
    rng = np.random.default_rng(seed)
    c = shape[1]
    x = torch.from_numpy((rng.standard_normal(shape) * 2 + 1).astype(np.float32)).requires_grad_()
    mean, weight, bias = (torch.from_numpy(rng.standard_normal(c).astype(np.float32)) for _ in range(3))
    var = torch.from_numpy((rng.random(c) + 0.5).astype(np.float32))
    own = [weight.requires_grad_(), bias.requires_grad_()] if weighted else []
    out = F.batch_norm(x, mean, var, *(own or (None, None)), training, 0.3, 1e-4)
    out.backward(torch.from_numpy(rng.standard_normal(shape).astype(np.float32)))
    return [a.detach().numpy() for a in (out, mean, var, x.grad, *(v.grad for v in own))]


def test_batch_norm_has_the_same_bits(monkeypatch):
    @settings(max_examples=60, deadline=None)
    @given(
        st.tuples(st.integers(1, 5), st.integers(1, 9)), st.lists(st.integers(1, 30), min_size=1, max_size=2),
        st.booleans(), st.booleans(), st.integers(0, 999),
    )  # fmt: skip
    def check(lead, space, training, weighted, seed):
        if np.prod(space) > 1:
            same(both(monkeypatch, lambda: normalise((*lead, *space), seed, training, weighted)))

    check()


def test_threads_do_not_matter():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((8, 24, 30, 31)).astype(np.float32)
    threads, found = torch.get_num_threads(), []
    try:
        for n in (1, 2):
            torch.set_num_threads(n)
            found.append([
                *run(lambda t: F.max_pool2d(t, 3, 2, 1, return_indices=True), x), *run(lambda t: F.avg_pool2d(t, 3, 2, 1), x),
                *normalise(x.shape, 0, True, True),
            ])  # fmt: skip
    finally:
        torch.set_num_threads(threads)
    same(found)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size, out", [((40, 33), (7, 5)), ((7, 9), (20, 9)), ((50,), (13,)), ((9, 8, 7), (2, 3, 4))])
def test_adaptive_mean(size, out, dtype, monkeypatch):
    pool = getattr(F, f"adaptive_avg_pool{len(size)}d")
    x = image((3, 5, *size), 0, dtype, "plain")
    same(both(monkeypatch, lambda: run(lambda t: pool(t, out), x)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic", "linear", "trilinear"])
@pytest.mark.parametrize("factor", [0.4, 1.7])
def test_interpolation(mode, factor, dtype, monkeypatch):
    n = {"linear": 1, "trilinear": 3}.get(mode, 2)
    x = image((2, 3, *(31, 19, 11)[:n]), 0, dtype, "plain")
    more = {} if mode == "nearest" else {"align_corners": False}
    same(both(monkeypatch, lambda: run(lambda t: F.interpolate(t, scale_factor=factor, mode=mode, **more), x)))

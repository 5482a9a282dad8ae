"""Products of float64: the orders of ``kernels.double_products`` beside sums written out term by term."""

from fractions import Fraction

import numpy as np
import pytest

import rushlight
from rushlight.kernels import double_products, llvm

if double_products.kernel(True) is None:
    pytest.skip("compiled code is not available here", allow_module_level=True)


def fused(x, y, begin=0.0):
    """One chain of fused multiply-adds, each rounded once."""
    total = begin
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        total = float(Fraction(a) * Fraction(b) + Fraction(total))
    return total


def chain(x, y, begin=None):
    total = begin
    for p in x * y:
        total = p if total is None else total + p
    return total


def in_lanes(x, y, head, lanes, unit):
    p, end = x * y, head + (len(x) - head) // unit * unit
    if end == head:
        return chain(x, y)
    parts = p[head:end].reshape(-1, lanes)
    if head:
        parts[0, 0] += chain(x[:head], y[:head])
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    pairs = total.reshape(-1, 2)
    if lanes == 8:
        pairs = np.stack([pairs[0] + pairs[1], pairs[2] + pairs[3]])
    pair = pairs[0] + pairs[1] if len(pairs) > 1 else pairs[0]
    total = pair[0] + pair[1]
    for q in p[end:]:
        total += q
    return total


def factors(m, k, n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((m, k)), rng.standard_normal((k, n))


def test_tiles_are_fused_chains_that_begin_with_the_source():
    a, b = factors(4, 9, 12)
    source = np.random.default_rng(1).standard_normal((4, 12))
    for given in (None, source):
        found = double_products.product(a, b) if given is None else double_products.added(given, a, b)
        wanted = [[fused(a[i], b[:, j], 0.0 if given is None else given[i, j]) for j in range(12)] for i in range(4)]
        assert found.tolist() == wanted


def test_small_products_round_twice():
    a, b = factors(3, 7, 4)
    assert double_products.product(a, b).tolist() == [[chain(a[i], b[:, j]) for j in range(4)] for i in range(3)]
    source = np.arange(4.0)
    wanted = [[chain(a[i], b[:, j], source[j]) for j in range(4)] for i in range(3)]
    assert double_products.added(source, a, b).tolist() == wanted


@pytest.mark.parametrize("k", [5, 8, 17, 40])
def test_factors_along_the_terms_add_in_lanes(k):
    a, b = factors(3, k, 5)
    b = np.ascontiguousarray(b.T).T
    found = double_products.product(a, b)
    for i in range(3):
        head = i * k % 2
        for j in range(5):
            assert found[i, j] == in_lanes(a[i], b[:, j], head, *((2, 2) if j < 4 else (8, 8)))


def test_inner_products():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal(21), rng.standard_normal(21)
    whole = (x * y)[:16].reshape(2, 4, 2)
    lanes = whole[0] + whole[1]
    for at in (16, 18):
        lanes[0] += (x * y)[at : at + 2]
    lanes[0, 0] += x[20] * y[20]
    pair = lanes[0] + lanes[1] + lanes[2] + lanes[3]
    assert double_products.inner_product(x, y) == pair[0] + pair[1]


@pytest.mark.parametrize("layouts", range(4))
@pytest.mark.parametrize("sizes", [(1, 5, 1), (1, 300, 30), (30, 9, 1), (7, 300, 40), (50, 520, 13), (200, 20, 200)])
def test_any_layout(sizes, layouts):
    m, k, n = sizes
    a, b = factors(m, k, n)
    if layouts & 1:
        a = np.ascontiguousarray(a.T).T
    if layouts & 2:
        b = np.ascontiguousarray(b.T).T
    np.testing.assert_allclose(double_products.product(a, b), a @ b, rtol=1e-12, atol=1e-13 * k)
    np.testing.assert_allclose(
        double_products.product(a[:, ::2], b[::2]), a[:, ::2] @ b[::2], rtol=1e-12, atol=1e-13 * k
    )
    batch = np.stack([a, a + 1]), np.stack([b, b - 1])
    np.testing.assert_allclose(double_products.products(*batch), np.matmul(*batch), rtol=1e-12, atol=1e-12 * k)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_outer_products(dtype, monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(301).astype(dtype), rng.standard_normal(259).astype(dtype)
    a[0], b[0] = -0.0, np.inf
    x, y = rushlight.from_numpy(a), rushlight.from_numpy(b)
    for first, second in ((x, y), (x[1::2], y.flip(0)), (x, x)):
        with np.errstate(invalid="ignore"):
            wanted = first.numpy()[:, None] * second.numpy()
        out = rushlight.outer(first, second)
        np.testing.assert_array_equal(out.numpy(), wanted)
        assert out.grad_fn is None and (np.signbit(out.numpy()) == np.signbit(wanted)).all()
    x.requires_grad_()
    assert type(rushlight.outer(x, y).grad_fn).__name__ == "MulBackward0"
    with rushlight.no_grad():
        assert not rushlight.outer(x, y).requires_grad

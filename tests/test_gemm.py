"""Products of matrices by tiles: every element is the sum that PyTorch's BLAS adds, in its order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushlight.kernels import gemm
from rushlight.kernels.fused import fma
from rushlight.kernels.products import small_product

if gemm._kernel() is None:
    pytest.skip("compiled code is not available here", allow_module_level=True)


def one_after_another(a, b):
    """The sum of the terms, each fused with the sum before it."""
    total = np.zeros((a.shape[0], b.shape[1]), np.float32)
    for i in range(a.shape[1]):
        column, row = np.broadcast_arrays(a[:, i : i + 1], b[i : i + 1])
        total = fma(column, row, total)
    return total


def in_blocks(a, b):
    """Up to 192 terms at once; two halves and what is odd; then blocks of 192."""
    n = a.shape[1]
    size = n if n <= 192 else n // 2 if n < 384 else 192
    parts = [one_after_another(a[:, i : i + size], b[i : i + size]) for i in range(0, n, size)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def matrix(rows, columns, layout, seed):
    rng = np.random.default_rng(seed)
    if layout == "transposed":
        return rng.standard_normal((columns, rows)).astype(np.float32).T
    if layout == "part":
        return rng.standard_normal((rows + 2, columns + 3)).astype(np.float32)[1:-1, 2:-1]
    return rng.standard_normal((rows, columns)).astype(np.float32)


layouts = st.sampled_from(["plain", "transposed", "part"])


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 9),
    st.integers(12, 60),
    st.one_of(st.integers(2, 60), st.integers(185, 210), st.integers(370, 420)),
    layouts,
    layouts,
)
def test_order(tiles, columns, inner, left, right):
    a, b = matrix(4 * tiles, inner, left, inner), matrix(inner, columns, right, columns)
    np.testing.assert_array_equal(gemm.product(a, b), in_blocks(a, b))


def test_rows_that_are_left_over_are_a_small_product():
    a, b = matrix(11, 40, "plain", 0), matrix(40, 20, "plain", 1)
    out = gemm.product(a, b)
    np.testing.assert_array_equal(out[:8], in_blocks(a[:8], b))
    np.testing.assert_array_equal(out[8:], small_product(a[8:], b))


def test_what_is_not_for_tiles():
    a, b = matrix(8, 8, "plain", 0), matrix(8, 16, "plain", 1)
    assert gemm.product(a[:3], b) is None
    assert gemm.product(a, b[:, :11]) is None
    assert gemm.product(matrix(1000, 1000, "plain", 2), matrix(1000, 1000, "plain", 3)) is None
    kernel, out = gemm._kernel(), np.empty((8, 16), np.float32)
    for wrong in (
        (out, a, b[:7]),
        (out, a[:6], b),
        (out, a, b.T),
        (out, a.astype(np.float64), b),
        (out[:4], a, b),
        (out, a),
    ):
        assert kernel(*wrong) is False
    assert kernel(out, a, b)


def test_infinities_and_nan():
    a, b = matrix(4, 6, "plain", 0), matrix(6, 12, "plain", 1)
    a[0, 0], a[1, 1], b[2, 3] = np.inf, np.nan, -np.inf
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(gemm.product(a, b), in_blocks(a, b))

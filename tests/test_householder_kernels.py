"""QR of small matrices by ``kernels.householder``: the textbook's algorithm, step by step."""

import numpy as np
import pytest

from rushlight.kernels import householder, llvm

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (5, 3), (3, 5), (20, 20), (2, 7, 4)])
def test_factors_multiply_to_the_matrix(shape, dtype):
    a = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    m, n = shape[-2:]
    vectors, tau = householder.factors(a)
    for columns in {min(m, n), m}:
        q = householder.orthogonal(vectors, tau, columns)
        eps = np.finfo(dtype).eps * 30
        np.testing.assert_allclose(
            q.swapaxes(-1, -2) @ q, np.broadcast_to(np.eye(columns), (*shape[:-2], columns, columns)), atol=eps
        )
        np.testing.assert_allclose(q @ np.triu(vectors[..., :columns, :]), a, atol=eps * 5)


def test_first_reflection_to_the_bit():
    a = np.array([[3.0, 1.0], [1.0, 5.0], [2.0, 7.0]])
    vectors, tau = householder.factors(a)
    scaled = (1.0 / 2.0) ** 2  # of the rest of the column by its largest number
    beta = -3.0 * np.sqrt(1.0 + (2.0 * np.sqrt(1.0 + scaled) / 3.0) ** 2)
    assert vectors[0, 0] == beta and tau[0] == (beta - 3.0) / beta
    v = a[1:, 0] * (1.0 / (3.0 - beta))
    assert vectors[1:, 0].tolist() == v.tolist()
    assert vectors[0, 1] == 1.0 - tau[0] * (1.0 + v[0] * 5.0 + v[1] * 7.0)


@pytest.mark.parametrize(
    "a", [np.zeros((3, 3)), np.full((2, 2), np.nan), np.eye(2) * 1e200, np.eye(21), np.eye(2, dtype=complex)]
)
def test_what_lapack_is_asked_for(a):
    assert householder.factors(a) is None

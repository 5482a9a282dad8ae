"""``torch.distributions.utils``: what writers of distributions use."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .distribution import (
    broadcast_all,
    call,
    clamp_probs,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
    sum_rightmost,
)

__all__ = [
    "broadcast_all", "clamp_probs", "euler_constant", "lazy_property", "logits_to_probs", "probs_to_logits", "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]  # fmt: skip

#: The name by which libraries of distributions import it.
_sum_rightmost = sum_rightmost


def _standard_normal(shape: Any, dtype: Any, device: Any) -> Tensor:
    """Numbers of the standard normal distribution, as the distributions here draw them."""
    zeros = call("zeros", shape, dtype=dtype, device=device)
    drawn: Tensor = call("normal", zeros, call("ones", shape, dtype=dtype, device=device))
    return drawn


#: What the harmonic numbers exceed the logarithm by, in the limit.
euler_constant: float = float(np.euler_gamma)


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The lower triangle of matrices (*, n, n) up to the diagonal ``diag``, row by row: (*, m).

    Raises:
        ValueError: for a diagonal outside the matrices.
    """
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    rows, columns = np.tril_indices(n, diag)
    return mat[..., call("from_numpy", rows), call("from_numpy", columns)]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """Matrices (*, n, n) whose lower triangles up to the diagonal ``diag`` are vectors (*, m), zero elsewhere.

    Raises:
        ValueError: if ``m`` is the size of no such triangle.
    """
    n = (-(1 + 2 * diag) + ((1 + 2 * diag) ** 2 + 8 * vec.shape[-1] + 4 * abs(diag) * (diag + 1)) ** 0.5) / 2
    size = round(n)
    if size - n >= np.finfo(np.float32).eps:
        raise ValueError(
            f"The size of last dimension is {vec.shape[-1]} which cannot be expressed as the lower triangular part of a square "
            "D x D matrix."
        )
    rows, columns = np.tril_indices(size, diag)
    mat: Tensor = vec.new_zeros((*vec.shape[:-1], size, size))
    mat[..., call("from_numpy", rows), call("from_numpy", columns)] = vec
    return mat

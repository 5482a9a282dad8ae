"""Determinants and their logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..functions import function
from ..kernels import elimination, reduce
from ..op import opaque
from ..readers import REGISTRY
from ..return_types import named
from ..tensor import Tensor
from ..writing import write_out
from .lu import eliminated
from .matrices import NO_0D, check_floats, check_kernel, check_matrix, positive, square_samples, well
from .solving import scaled_inverse


def _samples(m: Any) -> list[Any]:
    return [*square_samples(m), m(well(m, n=17)), m(m.c(3, 3))]


SMALL = 16  # up to here our elimination gives MKL's digits


def _pivots(A: Any) -> tuple[Any, Any]:
    """The diagonal of U and the sign of the permutation, of a small matrix."""
    # PyTorch eliminates in the transposed matrix, which is the one that lies in memory as LAPACK wants it
    LU, rows, _ = eliminated(A if A.dtype.kind == "c" else A.swapaxes(-1, -2))
    swaps = (rows != np.arange(1, A.shape[-1] + 1)).sum(-1)
    return np.diagonal(LU, axis1=-2, axis2=-1), np.where(swaps % 2, -1, 1).astype(A.dtype)


@opaque(
    torch_name="linalg.det",
    aliases="det",
    methods="det",
    grad_name="LinalgDetBackward0",
    samples=_samples,
    errors=lambda m: [
        m.error(
            RuntimeError, "linalg.det: A must be batches of square matrices, but they are 2 by 3 matrices", m.f(2, 3)
        )
    ],
)
def det(k, A):
    """The determinant of a square matrix, or of each of a batch.

    Gradient of ``A``: ``g * det(A) * inv(A).T``.
    """
    if A.shape[-1] > SMALL:
        return np.asarray(np.linalg.det(A)).astype(A.dtype, copy=False)
    if A.dtype.kind != "c":
        found = elimination.determinants(A)
        if found is not None:
            return found
    pivots, sign = _pivots(A)
    out = np.ones(A.shape[:-2], A.dtype)
    for i in range(A.shape[-1]):  # one after the other, as PyTorch's product
        out = out * pivots[..., i]
    return out * sign


@det.check
def _(A):
    check_matrix("linalg.det", A)
    check_kernel("lu_cpu", A)
    return (A,), {}


@det.vjp("A")
def _(k, g, A, out):
    if not (out._a if isinstance(out, Tensor) else np.asarray(out)).all():
        return k.reshape_gradient(g, size=(*g.shape, 1, 1)) * k.cofactors(A)
    return scaled_inverse(k, A, g * k.conj(out))


@opaque(public=False)
def cofactors(k, A):
    """The matrix of cofactors, through the singular values: it exists for singular matrices too."""
    u, s, vh = np.linalg.svd(A)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)
    sign = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    return np.conjugate(sign) * (u * others[..., None, :]) @ vh


cofactors.unsupported("A", "the second derivative of a determinant at a singular matrix")


@opaque(public=False, outputs=("sign", "logabsdet"), n_diff=2, grad_name="LinalgSlogdetBackward0")
def slogdet_pair(k, A):
    """The sign and the logarithm of the size of the determinant.

    Gradient of ``A``: ``g * inv(A).T``.
    """
    if A.shape[-1] <= SMALL:
        pivots, sign = _pivots(A)
        size = np.abs(pivots)
        signs = np.multiply.reduce(np.where(size == 0, 0, pivots / np.where(size == 0, 1, size)), -1, dtype=A.dtype)
        return signs * sign, reduce.sum_axes(k.log(size), (A.ndim - 2,), False, size.dtype)
    sign, size = np.linalg.slogdet(A)
    return np.asarray(sign).astype(A.dtype, copy=False), np.asarray(size).astype(A.real.dtype, copy=False)


@slogdet_pair.vjp("A")
def _(k, g, A, sign):
    turn, wide = g
    if k.is_complex(A) and turn is not None:  # the sign turns with the imaginary part of the logarithm
        z = k.conj(turn) * sign
        turn = (k.conj(z) - z) * 0.5
        wide = turn if wide is None else wide + turn
    if wide is None:
        return A * 0.0
    return scaled_inverse(k, A, wide)


def _slogdet(name: str, result: str) -> None:
    def public(A: Tensor, *, out: Any = None) -> Any:
        """The sign and the logarithm of the size of the determinant."""
        check_matrix("linalg.slogdet", A)
        check_floats("linalg.slogdet", A, low=False)
        pair = named(result, ("sign", "logabsdet"))(*slogdet_pair.public(A))
        return pair if out is None else write_out(name, out, pair, (), "exact")

    function(
        name=name,
        methods="slogdet" if name == "slogdet" else "",
        samples=_samples,
        errors=lambda m: [
            m.error(
                RuntimeError,
                "linalg.slogdet: A must be batches of square matrices, but they are 2 by 3 matrices",
                m.f(2, 3),
            )
        ],
    )(public)


_slogdet("linalg.slogdet", "linalg_slogdet")
_slogdet("slogdet", "slogdet")


@function(
    methods="logdet",
    samples=lambda m: [
        m(positive(m)),
        m(positive(m, 2)),
        m(m.f(0, 2, 2)),
        m(positive(m).t()),
        m(m.c(2, 2)),
        m(m.c(2, 3, 3)),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "logdet: A must be batches of square matrices, but they are 2 by 3 matrices", m.f(2, 3))
    ],
)
def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant; NaN where that is negative, complex for complex matrices."""
    check_matrix("logdet", input)
    check_floats("logdet", input, low=False)
    sign, size = slogdet_pair.public(input)
    if input.is_complex():
        return size + sign.log()
    return REGISTRY["where"].public(sign == -1, float("nan"), size)  # type: ignore[no-any-return]

"""Determinants and their logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..functions import function
from ..op import opaque
from ..readers import REGISTRY
from ..return_types import named
from ..tensor import Tensor
from ..writing import write_out
from .matrices import NO_0D, adjoint, check_matrix, positive, square_samples


@opaque(
    torch_name="linalg.det",
    aliases="det",
    methods="det",
    grad_name="LinalgDetBackward0",
    samples=square_samples,
    errors=lambda m: [
        m.error(
            RuntimeError, "linalg.det: A must be batches of square matrices, but they are 2 by 3 matrices", m.f(2, 3)
        )
    ],
)
def det(k, A):
    """The determinant of a square matrix, or of each of a batch."""
    return np.asarray(np.linalg.det(A)).astype(A.dtype, copy=False)


@det.prepare
def _(A):
    check_matrix("linalg.det", A)
    return (A,), {}


@det.vjp("A")
def _(k, g, A, out):
    wide = k.reshape_gradient(g, size=(*g.shape, 1, 1))
    if not (out._a if isinstance(out, Tensor) else np.asarray(out)).all():
        return wide * k.cofactors(A)
    return wide * k.conj(k.reshape_gradient(out, size=(*out.shape, 1, 1))) * adjoint(k, k.inv(A))


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
    """The sign and the logarithm of the size of the determinant."""
    sign, size = np.linalg.slogdet(A)
    return np.asarray(sign).astype(A.dtype, copy=False), np.asarray(size).astype(A.real.dtype, copy=False)


@slogdet_pair.vjp("A")
def _(k, g, A):
    wide = g[1]
    if wide is None:
        return A * 0.0
    return k.reshape_gradient(wide, size=(*wide.shape, 1, 1)) * adjoint(k, k.inv(A))


def _slogdet(name: str, result: str) -> None:
    def public(A: Tensor, *, out: Any = None) -> Any:
        """The sign and the logarithm of the size of the determinant."""
        check_matrix("linalg.slogdet", A)
        pair = named(result, ("sign", "logabsdet"))(*slogdet_pair.public(A))
        return pair if out is None else write_out(name, out, pair)

    function(
        name=name,
        methods="slogdet" if name == "slogdet" else "",
        samples=square_samples,
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
    samples=lambda m: [m(positive(m)), m(positive(m, 2)), m(m.f(0, 2, 2)), m(positive(m).t()), m.without(*NO_0D)],
    errors=lambda m: [
        m.error(RuntimeError, "logdet: A must be batches of square matrices, but they are 2 by 3 matrices", m.f(2, 3))
    ],
)
def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant; NaN where that is negative."""
    check_matrix("logdet", input)
    sign, size = slogdet_pair.public(input)
    return REGISTRY["where"].public(sign == -1, float("nan"), size)  # type: ignore[no-any-return]

"""Powers and the exponential of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..functions import function
from ..op import opaque
from ..readers import REGISTRY
from ..tensor import Tensor, wrap
from ..writing import write_out
from .matmul import _product
from .matrices import NO_0D, adjoint, check_matrix, check_square, check_tensor, square_samples, well
from .products import power
from .solving import inv


@function(
    name="linalg.matrix_power",
    aliases="matrix_power",
    methods="matrix_power",
    samples=lambda m: [
        m(well(m), 2),
        m(well(m), 3),
        m(well(m), -1),
        m(well(m), -2),
        m(well(m), 0).value_only("a constant"),
        m(well(m), 1).other_nodes("itself"),
        m(well(m, 2), 5).other_nodes("bmm"),
        m(m.f(0, 2, 2), 2).other_nodes("bmm"),
        m(well(m).t(), 4),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "linalg.matrix_power: A must be batches of square matrices, but they are 2 by 3 matrices",
            m.f(2, 3),
            2,
        )
    ],
)
def matrix_power(A: Tensor, n: int, *, out: Any = None) -> Tensor:
    """The matrix multiplied n times with itself; its inverse for negative n."""
    check_tensor("linalg.matrix_power", "input", 1, A)
    if not isinstance(n, int) or isinstance(n, bool):
        raise errors.type_(
            f"linalg_matrix_power(): argument 'n' (position 2) must be int, not {type(n).__name__}",
            "Only whole powers of matrices are products.",
        )
    check_square("linalg.matrix_power", A)
    if n == 0:
        eye = wrap(np.array(np.broadcast_to(np.eye(A._a.shape[-1], dtype=A._a.dtype), A._a.shape)))
        result = REGISTRY["copy"].public(A, eye)
    else:
        result = power(A if n > 0 else inv(A), n if n > 0 else -n)
        result = REGISTRY["clone"].public(A) if result is A else result
    return result if out is None else write_out("linalg_matrix_power", out, result, (), "exact")


# --- exp --------------------------------------------------------------------------------------------------------------
# Bader, Blanes and Casas, "Computing the matrix exponential with an optimized Taylor polynomial approximation" (2019):
# Taylor's polynomials of degree 1, 2, 4, 8, 12 and 18 in few products. Up to which 1-norm each is good enough:
_DEGREES = {
    np.dtype(np.float32): (
        1.192092800768788e-07, 5.978858893805233e-04, 5.116619363445086e-02, 5.800524627688768e-01, 1.461661507209034e00,
        3.010066362817634e00,
    ),
    np.dtype(np.float64): (
        2.220446049250313e-16, 2.580956802971767e-08, 3.397168839976962e-04, 4.991228871115323e-02, 2.996158913811580e-01,
        1.090863719290036e00,
    ),
}  # fmt: skip
_TWELVE = (
    (9.0198e-16, 0.46932117595418237389, -0.20099424927047284052, -0.04623946134063071740),
    (5.31597895759871264183, 1.19926790417132231573, 0.01179296240992997031, 0.01108844528519167989),
    (0.18188869982170434744, 0.05502798439925399070, 0.09351590770535414968, 0.00610700528898058230),
    (-2.0861320e-13, -0.13181061013830184015, -0.02027855540589259079, -0.00675951846863086359),
)
_EIGHTEEN = (
    (0.0, -1.00365581030144618291e-01, -8.02924648241156932449e-03, -8.92138498045729985177e-04, 0.0),
    (0.0, 3.97849749499645077844e-01, 1.36783778460411720168, 4.98289622525382669416e-01, -6.37898194594723280150e-04),
    (-1.09676396052962061844e01, 1.68015813878906206114, 5.71779846478865511061e-02, -6.98210122488052056106e-03,
     3.34975017086070470649e-05),
    (-9.04316832390810593223e-02, -6.76404519071381882256e-02, 6.75961301770459654925e-02, 2.95552570429315521194e-02,
     -1.39180257516060693404e-05),
    (0.0, 0.0, -9.23364619367118555360e-02, -1.69364939002081722752e-02, -1.40086798182036094347e-05),
)  # fmt: skip


def _combined(powers: Any, weights: Any) -> Any:
    total = None
    for power_, weight in zip(powers, weights, strict=True):
        term = power_ * power_.dtype.type(weight)
        total = term if total is None else total + term
    return total


def _taylor(A: Any, degree: int) -> Any:
    """Taylor's polynomial of exp of a batch of matrices."""
    eye = np.broadcast_to(np.eye(A.shape[-1], dtype=A.dtype), A.shape)
    if degree == 1:
        return A + eye
    A2 = _product(A, A)
    if degree == 2:
        return eye + A + A2 / 2
    if degree == 4:
        return eye + A + _product(A2, _combined((eye, A, A2), (1 / 2, 1 / 6, 1 / 24)))
    if degree == 8:
        s = 177.0**0.5
        x3 = 2 / 3
        A4 = _product(A2, _combined((A, A2), (x3 * (1 + s) / 88, x3 * (1 + s) / 352)))
        weights = (
            (-271 + 29 * s) / (315 * x3),
            11 * (s - 1) / (1260 * x3),
            11 * (s - 9) / (5040 * x3),
            (89 - s) / (5040 * x3 * x3),
        )
        A8 = _product(x3 * A2 + A4, _combined((eye, A, A2, A4), weights))
        return eye + A + A2 * A.dtype.type((857 - 58 * s) / 630) + A8
    A3 = _product(A, A2)
    if degree == 12:
        B = [_combined((eye, A, A2, A3), weights) for weights in _TWELVE]
        A6 = B[2] + _product(B[3], B[3])
        return B[0] + _product(B[1] + A6, A6)
    A6 = _product(A3, A3)
    B = [_combined((eye, A, A2, A3, A6), weights) for weights in _EIGHTEEN]
    A9 = _product(B[0], B[4]) + B[3]
    return B[1] + _product(B[2] + A9, A9)


def _exponential(A: Any) -> Any:
    """exp of matrices: one by the polynomial that its norm asks for, several by the longest, as PyTorch; large ones are halved
    and the result squared."""
    if A.dtype.itemsize < 4:
        return _exponential(A.astype(np.float32)).astype(A.dtype)
    n = A.shape[-1]
    if n <= 1:
        return np.exp(A)
    a = A.reshape(int(np.prod(A.shape[:-2])), n, n)
    limits = _DEGREES[a.real.dtype]
    size = np.abs(a).sum(-2).max(-1)
    if len(a) == 1 and size[0] <= limits[-1]:
        return _taylor(a, (1, 2, 4, 8, 12, 18)[np.searchsorted(limits, size[0])]).reshape(A.shape)
    halvings = np.maximum(0, np.frexp(size / limits[-1])[1])
    out = _taylor(a * np.ldexp(a.real.dtype.type(1), -halvings)[:, None, None], 18)
    for i in range(int(halvings.max(initial=0))):
        more = halvings > i
        out[more] = _product(out[more], out[more])
    return out.reshape(A.shape)


@opaque(
    torch_name="linalg.matrix_exp",
    aliases="matrix_exp",
    methods="matrix_exp",
    grad_name="LinalgMatrixExpBackward0",
    samples=square_samples,
    errors=lambda m: [
        m.error(
            RuntimeError,
            "linalg.matrix_exp: A must be batches of square matrices, but they are 2 by 3 matrices",
            m.f(2, 3),
        )
    ],
)
def matrix_exp(k, A):
    """The exponential of a square matrix, or of each of a batch.

    Gradient of ``A``: the upper right block of ``matrix_exp([[A.T, g], [0, A.T]])``.
    """
    return _exponential(A)


@matrix_exp.check
def _(A):
    check_matrix("linalg.matrix_exp", A)
    return (A,), {}


@matrix_exp.vjp("A")
def _(k, g, A):
    # the derivative in a direction is a block of the exponential of a matrix of twice the size
    h = adjoint(k, A)
    n = A.shape[-1]
    top, bottom = k.cat([h, g], -1), k.cat([h * 0.0, h], -1)
    whole = k.matrix_exp(k.cat([top, bottom], -2))
    return k.basic_slice(whole, where=(Ellipsis, slice(0, n), slice(n, 2 * n)))

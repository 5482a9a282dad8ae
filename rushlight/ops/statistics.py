"""Covariance, correlation, areas under samples, distances of all pairs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors, levels, types
from ..errors import check_dim
from ..functions import function
from ..kernels import norm as norm_kernel
from ..kernels.iteration import is_half
from ..kernels.strides import broadcast_shapes
from ..op import opaque
from ..readers import REGISTRY, arrays
from ..tensor import Tensor
from .reduction import need_tensor


# --- areas --------------------------------------------------------------------------------------------------------------
def _trapezoids(name: str, y: Tensor, x: Any, dx: Any, dim: int) -> tuple[Tensor, int, Any]:
    """Twice the height of each trapezoid along ``dim``, the dimension, and the widths."""
    need_tensor(name, y, "y")
    if not y._a.ndim:
        raise errors.index(f"Dimension specified as {dim} but tensor has no dimensions")
    dim = check_dim(dim, y._a.ndim)
    n = y._a.shape[dim]
    sums = y.narrow(dim, 1, max(n - 1, 0)) + y.narrow(dim, 0, max(n - 1, 0)) if n else y
    if x is None:
        return sums, dim, dx
    m = x._a.shape[-1] if x._a.ndim == 1 else x._a.shape[dim]
    if x._a.ndim == 1:
        if m != n:
            raise errors.runtime(f"{name}: There must be one `x` value for each sample point")
        widths = x.narrow(0, 1, m - 1) - x.narrow(0, 0, m - 1)
        widths = widths.reshape([-1 if i == dim else 1 for i in range(y._a.ndim)])
    else:
        widths = x.narrow(dim, 1, m - 1) - x.narrow(dim, 0, m - 1)
    return sums, dim, widths


def _areas(m: Any) -> list[Any]:
    calls = [
        m(m.f(4)),
        m(m.f(2, 4), dx=0.5),
        m(m.f(3, 2), dim=0),
        m(m.f(4), m.f(4)),
        m(m.f(2, 4), m.f(4)),
        m(m.f(2, 4), m.f(2, 4)),
        m(m.nc(3, 4)),
        m(m.f(0, 3)),
    ]
    return [*[c.other_nodes("composed in another order") for c in calls], m.without("0-d", "samples")]


@function(
    aliases="trapz",
    samples=_areas,
    errors=lambda m: [m.error(IndexError, "Dimension specified as -1 but tensor has no dimensions", m.f())],
)
def trapezoid(y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The area under samples by the trapezoidal rule along ``dim``, ``x`` or steps of ``dx`` apart."""
    sums, dim, widths = _trapezoids("trapezoid", y, x, 1.0 if dx is None else dx, dim)
    return (sums * widths).sum(dim) / 2.0 if isinstance(widths, Tensor) else sums.sum(dim) * (widths / 2.0)  # type: ignore[no-any-return]


@function(
    samples=_areas,
    errors=lambda m: [m.error(IndexError, "cannot be applied to a 0-dim tensor.", m.f())],
)
def cumulative_trapezoid(y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The running area under samples by the trapezoidal rule along ``dim``."""
    if not y._a.ndim:
        raise errors.index("slice() cannot be applied to a 0-dim tensor.")
    sums, dim, widths = _trapezoids("cumulative_trapezoid", y, x, 1.0 if dx is None else dx, dim)
    return (sums * widths / 2.0).cumsum(dim) if isinstance(widths, Tensor) else (sums * (widths / 2.0)).cumsum(dim)  # type: ignore[no-any-return]


# --- covariance -----------------------------------------------------------------------------------------------------------
def _cov_samples(m: Any) -> list[Any]:
    calls = [m(m.f(3, 4)), m(m.f(4)), m(m.nc(3, 4))]
    return [*[c.other_nodes("composed in another order") for c in calls], m.without("empty", "nan with a warning")]


@function(
    methods="cov",
    samples=lambda m: [
        *_cov_samples(m),
        m(m.f(3, 4), correction=0).other_nodes("composed"),
        m(m.f(2, 3), fweights=m.a([1, 2, 1])).other_nodes("composed"),
        m(m.f(2, 3), aweights=m.f(3, lo=0.5)).other_nodes("composed"),
        m(m.f(), correction=0).other_nodes("composed"),
        m(m.i(2, 3)),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "cov(): expected input to have two or fewer dimensions but got an input with 3 dimensions",
            m.f(2, 2, 2),
        ),
        m.error(RuntimeError, "cov(): bool dtype is not supported for input", m.b(2, 2)),
        m.error(RuntimeError, "expected fweights to have integral dtype", m.f(2), fweights=m.f(2)),
        m.error(RuntimeError, "expected aweights to have floating point dtype", m.f(2), aweights=m.i(2)),
        m.error(RuntimeError, "cov(): aweights cannot be negative", m.f(2), aweights=m.a([-1.0, 1.0])),
        m.error(RuntimeError, "got 3 != 2", m.f(2), fweights=m.i(3)),
    ],
)
@levels.by_example
def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
) -> Tensor:
    """The covariances of the rows, each an observed variable; columns may be weighted by counts (``fweights``) or importance."""
    need_tensor("cov", input)
    if input._a.ndim > 2:
        raise errors.runtime(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input._a.ndim} dimensions"
        )
    if input._a.dtype.kind == "b":
        raise errors.runtime("cov(): bool dtype is not supported for input")
    x = input.reshape(1, -1) if input._a.ndim < 2 else input
    _check_weights("fweights", fweights, types.INTEGER, x._a.shape[1])
    _check_weights("aweights", aweights, types.FLOATING, x._a.shape[1])
    w: Any = None
    if fweights is not None:
        w = fweights
    if aweights is not None:
        w = aweights if w is None else w * aweights
    n = x._a.shape[1]
    if w is None:
        total: Any = n
        mean = x.sum(1, keepdim=True) / n
        norm: Any = n - correction
    else:
        total = w.sum()
        mean = (x * w).sum(1, keepdim=True) / total
        norm = (
            total - correction
            if aweights is None or not correction
            else total - correction * (w * aweights).sum() / total
        )
    if not isinstance(norm, Tensor):
        norm = max(norm, 0)
    centred = x - mean
    weighted = centred if w is None else centred * w
    result = centred.matmul(weighted.conj().t() if centred._a.dtype == weighted._a.dtype else weighted.t()) / norm
    return result.squeeze()  # type: ignore[no-any-return]


def _check_weights(name: str, weights: Tensor | None, category: int, n: int) -> None:
    """Refuse weights that do not fit ``n`` observations, are negative, or of another kind of dtype."""
    if weights is None:
        return
    a = weights._a
    if a.ndim > 1:
        raise errors.runtime(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with {a.ndim} dimensions"
        )
    if weights.dtype.category != category:
        kind = "integral" if category == types.INTEGER else "floating point"
        raise errors.runtime(
            f"cov(): expected {name} to have {kind} dtype but got {name} with {types.scalar_name(weights.dtype)} dtype"
        )
    if a.size != n:
        raise errors.runtime(
            f"cov(): expected {name} to have the same numel as there are observations in the input but got {a.size} != {n}"
        )
    if (a < 0).any():
        raise errors.runtime(f"cov(): {name} cannot be negative")


@function(
    methods="corrcoef",
    samples=lambda m: [*_cov_samples(m), m(m.a([[1, 2, 4], [3, 1, 1]])), m.without("0-d", "nan")],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "corrcoef(): expected input to have two or fewer dimensions but got an input with 3 dimensions",
            m.f(2, 2, 2),
        )
    ],
)
def corrcoef(input: Tensor) -> Tensor:
    """The correlations of the rows: covariances divided by both standard deviations, kept within -1 and 1."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("corrcoef", "input", 1, input)
    if input._a.ndim > 2:
        raise errors.runtime(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input._a.ndim} dimensions"
        )
    c = cov(input)
    if not c._a.ndim:
        return c / c  # type: ignore[no-any-return]
    if not c.dtype.is_complex:
        d = c.diagonal().sqrt()
        return (c / d.unsqueeze(1) / d).clamp(-1, 1)  # type: ignore[no-any-return]
    d = c.diagonal().real.sqrt()
    c = c / d.unsqueeze(1) / d
    return REGISTRY["complex"].public(c.real.clamp(-1, 1), c.imag.clamp(-1, 1))  # type: ignore[no-any-return]


# --- distances ----------------------------------------------------------------------------------------------------------
def _cdist_samples(m: Any) -> list[Any]:
    calls = [
        *[m(m.f(3, 2), m.f(4, 2), p) for p in (2.0, 1.0, 3.0, float("inf"), 0.0, 1.5)],
        m(m.f(2, 3, 2), m.f(4, 2)),
        m(m.nc(3, 2), m.f(4, 2)),
        m(m.f(0, 2), m.f(3, 2)),
        m(m.f(26, 2), m.f(2, 2), compute_mode="donot_use_mm_for_euclid_dist"),
    ]
    by_product = [
        m(m.f(26, 2), m.f(2, 2)),
        m(m.f(3, 2), m.f(4, 2), compute_mode="use_mm_for_euclid_dist"),
        m(m.f(2, 1, 3, 2), m.f(2, 4, 2), compute_mode="use_mm_for_euclid_dist"),
        m(m.f(3, 2), m.f(1, 4, 2), compute_mode="use_mm_for_euclid_dist"),
        m(m.a([[1.0, 2.0], [0.0, 0.0]]), m.a([[1.0, 2.0]]), compute_mode="use_mm_for_euclid_dist").first_order(
            "NaN in PyTorch"
        ),
    ]
    return [
        *[c.first_order("torch has no second derivative") for c in calls],
        *by_product,
        m.without("0-d", "matrices"),
    ]


@opaque(public=False, grad_name="CdistBackward0", torch_name="cdist")
def pair_distances(k, x1, x2, *, p):
    """The p-norm distances of all pairs of rows of two batches.

    Gradient of ``x1``: ``g * sign(d) * (abs(d) / out) ** (p - 1)`` summed over the rows of ``x2``, ``d = x1 - x2``.
    Gradient of ``x2``: ``-g * sign(d) * (abs(d) / out) ** (p - 1)`` summed over the rows of ``x1``, ``d = x1 - x2``.
    """
    difference = np.asarray(x1[..., :, None, :] - x2[..., None, :, :])
    return norm_kernel.norm(difference, p, (difference.ndim - 1,), False)


@pair_distances.vjp_joint
def _(k, g, x1, x2, out, p, needs):
    difference = k.unsqueeze(x1, -2) - k.unsqueeze(x2, -3)
    slope = _slope(k, k.unsqueeze(g, -1), difference, k.unsqueeze(out, -1), p)
    return (k.sum(slope, -2) if needs[0] else None, -k.sum(slope, -3) if needs[1] else None)


@opaque(public=False, torch_name="cdist")
def euclidean_dist(k, x1, x2):
    """The distances of all pairs of rows by one product: the root of ``x1 ** 2 - 2 * x1 @ x2.T + x2 ** 2``.

    Gradient of ``x1``: ``x1 * r.sum(-1) - r @ x2``, ``r = g / out``, 0 where out is.
    Gradient of ``x2``: ``x2 * r.sum(-2) - r.T @ x1``, ``r = g / out``, 0 where out is.
    """
    product = k.bmm if x1.ndim == 3 else k.mm
    squares = [k.sum(x * x, -1, True) for x in (x1, x2)]
    ones = [np.ones_like(x) for x in squares]
    # No Python numbers, beside which NumPy 2.0 makes float32 of bfloat16.
    left = k.cat((-(x1 + x1), squares[0], ones[0]), -1)
    right = k.cat((x2, ones[1], squares[1]), -1)
    found = product(left, right.swapaxes(-1, -2))
    return k.sqrt(np.maximum(found, np.zeros((), found.dtype)))


@euclidean_dist.vjp_joint
def _(k, g, x1, x2, out, needs):
    zero = out == 0
    ratio = k.where(zero, out, g / (out if k is arrays else k.where(zero, 1, out)))  # which is differentiated again
    product = k.bmm if len(x1.shape) == 3 else k.mm
    return (
        x1 * k.sum(ratio, -1, True) - product(ratio, x2) if needs[0] else None,
        x2 * k.unsqueeze(k.sum(ratio, -2), -1) - product(k.transpose(ratio, -1, -2), x1) if needs[1] else None,
    )


_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")
_FEW_ROWS = 25  # up to which PyTorch subtracts row from row unless it is told otherwise


@function(
    samples=_cdist_samples,
    errors=lambda m: [
        m.error(RuntimeError, "X1 and X2 must have the same number of columns. X1: 4 X2: 3", m.f(2, 4), m.f(2, 3)),
        m.error(RuntimeError, "cdist only supports non-negative p values", m.f(2, 2), m.f(2, 2), -1.0),
        m.error(RuntimeError, "cdist only supports at least 2D tensors, X1 got: 1D", m.f(2), m.f(2)),
        m.error(ValueError, "mm is not a valid value for compute_mode", m.f(2, 2), m.f(2, 2), compute_mode="mm"),
        m.error(RuntimeError, "expected m1 and m2 to have the same dtype, but got: c10::Half != double",
                m.f(26, 2).half(), m.f(2, 2).double()),
    ],
)  # fmt: skip
@levels.by_example
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = _MODES[0]) -> Tensor:
    """The p-norm distances of all pairs of rows of two batches.

    Args:
        x1: (..., P, M). x2: (..., R, M), of which the leading dimensions broadcast. The result is (..., P, R).
        p: the norm, 0 to infinity.
        compute_mode: how distances for p = 2 are computed. By a matrix product, which is fast, but loses the digits in which
            rows agree (the distance of a row to itself may come out as 1e-3): ``"use_mm_for_euclid_dist"``, or beyond 25 rows
            ``"use_mm_for_euclid_dist_if_necessary"``. From the differences: ``"donot_use_mm_for_euclid_dist"``.
    """
    if compute_mode not in _MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    for position, (name, x) in enumerate((("x1", x1), ("x2", x2)), 1):
        need_tensor("cdist", x, name, position)
    for name, x in (("X1", x1), ("X2", x2)):
        if x.ndim < 2:
            raise errors.runtime(f"cdist only supports at least 2D tensors, {name} got: {x.ndim}D")
    for name, x in (("X1", x1), ("X2", x2)):
        if x.dtype.category != types.FLOATING:
            raise errors.runtime(f"cdist only supports floating-point dtypes, {name} got: {types.scalar_name(x.dtype)}")
    if x1.shape[-1] != x2.shape[-1]:
        raise errors.runtime(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    if p < 0:
        raise errors.runtime("cdist only supports non-negative p values")
    batch = broadcast_shapes(tuple(x1.shape[:-2]), tuple(x2.shape[:-2]))
    is_large = max(x1.shape[-2], x2.shape[-2]) > _FEW_ROWS
    if 0 in (*x1.shape, *x2.shape):
        return pair_distances.public(x1, x2, p=float(p))  # type: ignore[no-any-return]
    if p == 2 and (compute_mode == _MODES[1] or compute_mode == _MODES[0] and is_large):
        return _by_product(x1, x2, batch)
    if is_half(x1._a.dtype):
        raise NotImplementedError(f"\"cdist\" not implemented for '{types.scalar_name(x1.dtype)}'")
    if x1.dtype is not x2.dtype:
        names = [types.scalar_name(x.dtype) for x in (x1, x2)]
        raise errors.runtime(f"expected scalar type {names[0]} but found {names[1]}", "Convert one of them.")
    return pair_distances.public(x1, x2, p=float(p))  # type: ignore[no-any-return]


def _by_product(x1: Tensor, x2: Tensor, batch: tuple[int, ...]) -> Tensor:
    if x1.dtype is not x2.dtype:
        names = [types.c_name(x.dtype) for x in (x1, x2)]
        raise errors.runtime(
            f"expected m1 and m2 to have the same dtype, but got: {names[0]} != {names[1]}", "Convert one of them."
        )
    rows = x1.shape[-2], x2.shape[-2]
    count = math.prod(batch)
    if batch:
        lead = (count,) if count != 1 else ()
        x1, x2 = (x.expand(*batch, *x.shape[-2:]).reshape(*lead, *x.shape[-2:]) for x in (x1, x2))
    return euclidean_dist.public(x1, x2).view(*batch, *rows)  # type: ignore[no-any-return]


def _slope(k, g, difference, size, p):
    """The gradient of a p-norm; 0 where the norm is 0, whatever ``g`` is there."""
    if p == 0:
        return k.zeros_of(difference)
    if p == 1:
        return g * k.sgn(difference)
    if p == float("inf"):
        return g * k.where(k.abs(difference) == size, k.sgn(difference), 0.0)
    zero = size == 0.0
    safe = k.where(zero, size + 1.0, size)
    if p == 2:
        return k.where(zero, 0.0, g * difference / safe)
    powers = k.sgn(difference) * k.pow(k.abs(difference), p - 1)
    if p > 2:
        powers = difference * k.pow(k.abs(difference), p - 2)
    return k.where(zero, 0.0, powers * g / k.pow(safe, p - 1))

"""Norms of vectors: along dimensions, of differences, as a bound."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..errors import check_dim, check_dims
from ..functions import function
from ..kernels import norm as norm_kernel
from ..kernels import rows
from ..kernels.iteration import is_half
from ..kernels.strides import broadcast_shapes
from ..op import opaque, reduction
from ..promotion import result_type
from ..routes import routed
from ..tensor import Tensor
from ..writing import in_order, write_out
from .reduction import _keep, need_tensor


@reduction(
    torch_name="linalg.vector_norm",
    grad_name="LinalgVectorNormBackward0",
    samples=lambda m: [
        m(m.f(4)),
        m(m.f(2, 3), 1),
        m(m.f(2, 3), 3.0, dim=1),
        m(m.f(2, 3), float("inf"), 0),
        m(m.f(2, 3), -float("inf"), 1, True),
        m(m.f(4), 0),
        m(m.f()),
        m(m.f(0, 2)),
        m(m.nc(3, 2), 2, (0, 1)),
        m(m.f(3), 0.5),
        m(m.f(3), -1),
        m(m.i(2)),
        m(m.c(3)).value_only("complex"),
        m(m.f(3), dtype=m.torch.float64).value_only("another dtype"),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError, "linalg.vector_norm: Expected a floating point or complex tensor as input. Got Long", m.i(2)
        ),
        m.error(
            RuntimeError,
            "norm on an empty tensor because the operation does not have an identity",
            m.f(0),
            float("inf"),
        ),
        m.error(TypeError, "linalg_vector_norm(): argument 'ord' (position 2) must be Number, not str", m.f(2), "x"),
        m.error(RuntimeError, "without narrowing to the specified dtype (Float)", m.f(2), dtype=m.torch.float32),
        m.error(
            RuntimeError, "dtype should be real for real inputs, but got ComplexFloat", m.f(2), dtype=m.torch.complex64
        ),
        m.error(RuntimeError, "dtype should be floating point or complex, but got Long", m.f(2), dtype=m.torch.int64),
        m.error(IndexError, "Dimension out of range", m.f(2), 2, 3),
    ],
)
def vector_norm(k, input, *, ord, dim, keepdim):
    """``(sum of |x|^ord)^(1/ord)``; the largest |x| for inf, the number of nonzeros for 0.

    Gradient of ``input`` (ord 0.0): 0.
    Gradient of ``input`` (ord 1.0): ``g * sgn(input)``.
    Gradient of ``input`` (ord 2.0): ``g * input / out``; 0 where ``out`` is.
    Gradient of ``input`` (ord inf): ``g * sgn(input)`` at the largest elements, shared among equals; 0 elsewhere.
    Gradient of ``input`` (ord -inf): ``g * sgn(input)`` at the smallest elements, shared among equals; 0 elsewhere.
    Gradient of ``input``: ``g * sgn(input) * (abs(input) / out) ** (ord - 1)``; 0 where ``out`` is.
    """
    return in_order(norm_kernel.norm(input, ord, dim, keepdim))


@vector_norm.plan
def _(input, ord, dim, keepdim):
    return rows.norm(input, dim, keepdim) if ord == 2 else None


@vector_norm.prepare
def _(input, ord=2, dim=None, keepdim=False, *, dtype=None):  # noqa: A002
    if isinstance(ord, str):
        raise errors.type_("linalg_vector_norm(): argument 'ord' (position 2) must be Number, not str")
    if isinstance(input, Tensor) and input.dtype.category < types.FLOATING:
        raise errors.runtime(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            + types.scalar_name(input.dtype),
            "Convert first: x.float().",
        )
    if isinstance(input, Tensor) and (ord < 0 or ord == float("inf")):
        _check_not_empty(input, ord, dim)
    axes = tuple(sorted(check_dims(dim, input.ndim)))
    if isinstance(input, Tensor):
        if dtype is not None and dtype is not input.dtype:
            _check_norm_dtype(input.dtype, dtype)
            input = input.to(dtype)
    return (input,), {"ord": float(ord), "dim": axes, "keepdim": keepdim}


def _check_not_empty(x: Tensor, order: float, dim: Any) -> None:
    """Refuse a norm of no elements that has no value; dimensions are looked at one after the other, as PyTorch does."""
    if x._a.size:
        return
    every = dim is None or dim in ((), [])
    for d in range(x._a.ndim) if every else dim if isinstance(dim, (tuple, list)) else (dim,):
        if x._a.ndim and x._a.shape[check_dim(d, x._a.ndim)] == 0:
            raise errors.runtime(
                f"linalg.vector_norm cannot compute the {order} norm on an empty tensor because the operation does not have an "
                "identity",
                f"Dimension {d} of {list(x._a.shape)} has no elements.",
            )


def _check_norm_dtype(here: types.dtype, to: types.dtype) -> None:
    """Refuse a dtype of a norm that is no float, or that holds less than the input's."""
    what, said = "linalg.vector_norm: dtype should be", f"but got {types.scalar_name(to)}"
    if to.category < types.FLOATING:
        raise errors.runtime(f"{what} floating point or complex, {said}")
    if to.is_complex != here.is_complex:
        kind = "complex" if here.is_complex else "real"
        raise errors.runtime(f"{what} {kind} for {kind} inputs, {said}")
    if types.promote_types(here, to) is not to:
        raise errors.runtime(
            f"linalg.vector_norm: the dtype of the input ({types.scalar_name(here)}) should be convertible without narrowing to "
            f"the specified dtype ({types.scalar_name(to)})",
            "Convert the result instead.",
        )


@vector_norm.vjp("input")
def _(k, g, input, out, ord, dim, keepdim):
    shape = tuple(input.shape)
    g, size = _keep(k, g, dim, keepdim, shape), _keep(k, out, dim, keepdim, shape)
    if ord == 0:
        return None  # as far as PyTorch is concerned nothing has come from the input
    if ord == 1:
        return g * k.sgn(input)
    if ord in (float("inf"), float("-inf")):
        hit = (k.length(input) == size) | (k.isnan(input) & k.isnan(size))
        return k.sgn(input) * (g / k.sum(hit, dim, True) * hit)
    zero = size == 0.0
    safe = size + zero  # a Python number would make float32 of bfloat16, here and below
    if ord == 2:  # the factors in PyTorch's order, here and below, whose digits these are
        return g * k.where(zero, k.zeros_of(input), input / safe)
    if ord < 1:
        powers = k.sgn(input) * k.where(k.eq(input, 0), k.zeros_of(size), k.pow(k.abs(input), ord - 1))
        return powers * g * k.pow(size, 1 - ord)
    powers = k.sgn(input) * k.pow(k.abs(input), ord - 1) if ord < 2 else input * k.pow(k.abs(input), ord - 2)
    return powers * k.where(zero, k.zeros_of(g), g / k.pow(safe, ord - 1))


def _norm_samples(m: Any) -> list[Any]:
    return [
        m(m.f(4)),
        m(m.f(2, 3), 1),
        m(m.f(2, 3), 3.0, 1),
        m(m.f(2, 3), float("inf"), 0),
        m(m.f(2, 3), "fro"),
        m(m.f(2, 3), "fro", (0, 1)),
        m(m.f(3, 2), "nuc"),
        m(m.f(2, 3, 2), "nuc", (0, 2), True),
        m(m.f()),
        m(m.f(0, 2)),
        m(m.nc(3, 2), 2, 0, True),
        m(m.f(2, 3, 2), 2, (0, 1)),
    ]


@function(
    methods="norm",
    samples=_norm_samples,
    errors=lambda m: [
        m.error(
            RuntimeError, "linalg.vector_norm: Expected a floating point or complex tensor as input. Got Long", m.i(2)
        ),
        m.error(RuntimeError, "Order x not supported", m.f(2, 2), "x"),
        m.error(IndexError, "Dimension out of range", m.f(2), 2, 3),
    ],
)
@routed
def norm(
    input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None, dtype: Any = None
) -> Tensor:
    """The p-norm of all elements, or along dimensions; "fro" is the 2-norm of the elements, "nuc" the nuclear norm of matrices."""
    if p is None or p == "fro":
        p = 2
    if p == "nuc":
        dims = (0, 1) if dim is None else tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
        from .matrix_norms import matrix_norm  # a family that stands on this one

        result = matrix_norm(input, "nuc", dims, keepdim, dtype=dtype)
    elif isinstance(p, str):
        raise errors.runtime(f"linalg.matrix_norm: Order {p} not supported.")
    else:
        result = vector_norm.public(input, p, dim, keepdim, dtype=dtype)
    return result if out is None else write_out("norm", out, result, (), "exact loose")  # type: ignore[no-any-return]


def _dist_zero(k, x, size):
    return k.where(size == 0.0, x * 0.0, x)


@reduction(
    methods="dist",
    samples=lambda m: [
        m(m.f(2, 3), m.f(3)),
        m(m.f(), m.f(2), 1),
        m(m.f(0), m.f(0)),
        m(m.nc(3, 2), m.f(3, 2), 3),
        m(m.f(3), m.f(3), float("inf")),
        m(m.f(3), m.f(3), 0).value_only("torch fails there"),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3)),
        m.error(
            RuntimeError, "norm(): input dtype should be either floating point or complex. Got Long", m.i(2), m.i(2)
        ),
        m.error(RuntimeError, "Subtraction, the `-` operator, with a bool tensor is not supported", m.f(2), m.b(2)),
        m.error(TypeError, "dist(): argument 'other' (position 2) must be Tensor, not float", m.f(2), 3.0),
    ],
    promote="common",
)
def dist(k, input, other, *, p=2.0):
    """The p-norm of ``input - other``.

    Gradient of ``input`` (p inf): ``g * sgn(input - other)`` where they differ most, shared among equals; 0 elsewhere.
    Gradient of ``input``: ``g * sgn(input - other) * (abs(input - other) / out) ** (p - 1)``; 0 where ``out`` is.
    Gradient of ``other`` (p inf): ``-g * sgn(input - other)`` where they differ most, shared among equals; 0 elsewhere.
    Gradient of ``other``: ``-g * sgn(input - other) * (abs(input - other) / out) ** (p - 1)``; 0 where ``out`` is.
    """
    broadcast_shapes(input.shape, other.shape)
    difference = np.asarray(input - other)
    return norm_kernel.norm(difference, float(p), tuple(range(difference.ndim)), False)


@dist.check
def _(input, other, p=2.0):
    for position, (name, x) in enumerate((("input", input), ("other", other)), 1):
        if not isinstance(x, Tensor):
            raise errors.not_a_tensor("dist", name, position, x)
    if types.bool_ in (input.dtype, other.dtype):
        input - other  # raises
    common = result_type((input, other))
    if common.category < types.FLOATING:
        raise errors.runtime(
            f"norm(): input dtype should be either floating point or complex. Got {types.scalar_name(common)} instead.",
            "Convert first, for example with .float().",
        )
    return (input, other), {"p": p}


@dist.vjp("input")
def _(k, g, input, other, out, p):
    return dist_gradient(k, g, input - other, out, float(p))


@dist.vjp("other")
def _(k, g, input, other, out, p):
    return -dist_gradient(k, g, input - other, out, float(p))


def dist_gradient(k: Any, g: Any, difference: Any, size: Any, p: Any) -> Any:
    """The gradient of the p-norm of a difference."""
    if p == 0:
        return difference * 0.0
    if p == 1:
        return g * k.sgn(difference)
    if p == float("inf"):
        hit = k.abs(difference) == size
        return k.where(hit, g * k.sgn(difference) / k.sum(hit), 0.0)
    safe = k.where(size == 0.0, size + 1.0, size)
    out = g * k.sgn(difference) * k.pow(k.abs(difference) / safe, p - 1)
    return _dist_zero(k, out, size)


@opaque(
    out="exact partial",
    methods="renorm renorm_",
    samples=lambda m: [
        m(m.f(3, 4), 2, 0, 1.0),
        m(m.f(3, 4), 1, 1, 2.0),
        m(m.nc(3, 2), 2, -1, 0.5),
        m(m.f(2, 0), 2, 0, 1.0),
        m(m.f(3, 2), 2, 0, 100.0),
        m.without("0-d", "it needs two dimensions"),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "renorm: input needs at least 2 dimensions, got 1 dimensions", m.f(2), 2, 0, 1.0),
        m.error(RuntimeError, "renorm: non-positive-norm not supported", m.f(2, 2), -1, 0, 1.0),
    ],
)
def renorm(k, input, *, p, dim, maxnorm):
    """Each slice along ``dim`` scaled down to the p-norm ``maxnorm`` where it is longer.

    Gradient of ``input``: ``maxnorm / norm * (g - sum(g * input) / norm * s)``, ``s = sgn(input) * (abs(input) / norm) ** (p - 1)``,
    of slices longer than ``maxnorm``; ``g`` of others.
    """
    axes = tuple(i for i in range(input.ndim) if i != dim)
    size = norm_kernel.norm(input.astype(np.float32) if is_half(input.dtype) else input, float(p), axes, True)
    one = size.dtype.type(1)
    factor = np.where(size > maxnorm, size.dtype.type(maxnorm) / (size + size.dtype.type(1e-7)), one)
    return in_order(input * (factor.astype(input.dtype) if is_half(input.dtype) else factor))


@renorm.prepare
def _(input, p, dim, maxnorm):
    need_tensor("renorm", input)
    if p <= 0:
        raise errors.runtime("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise errors.runtime(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.ndim < 2:
        raise errors.runtime(f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions")
    dim = check_dim(dim, input.ndim)
    if isinstance(input, Tensor) and input.dtype.category < types.FLOATING:
        scalar = types.scalar_name(input.dtype)
        raise errors.runtime(f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {scalar}")
    return (input,), {"p": p, "dim": dim, "maxnorm": float(maxnorm)}


@renorm.vjp("input")
def _(k, g, input, p, dim, maxnorm):
    axes = [i for i in range(len(tuple(input.shape))) if i != dim]
    inner, own = g * k.conj(input), g.dtype if isinstance(g, Tensor) else types.of_array(g)
    if own.itemsize == 2:  # norms and sums of 16-bit floats are computed in float32, PyTorch's products before not
        inner, input = (k.convert(x, dtype=types.float32) for x in (inner, input))
    size = k.vector_norm(input, p, axes, True)
    inner = k.sum(inner, axes, True)
    if k.is_complex(inner):
        inner = k.real(inner)
    inverse = 1.0 / (size + 1e-7)
    through = vector_norm.rules[0].fn(k, inner, input, size, ord=p, dim=axes, keepdim=True)
    return k.where(size > maxnorm, k.convert(maxnorm * inverse * (g - inverse * through), dtype=own), g)

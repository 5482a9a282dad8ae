"""Reductions: sums, means, products, spreads, counts. Float sums follow PyTorch's accumulation order (rushlight.kernels)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors, large, types
from ..errors import check_dims
from ..functions import function
from ..kernels import integer_sums, moments, reduce, rows, summation
from ..op import reduction
from ..readers import REGISTRY, arrays, tensors
from ..tensor import Tensor, wrap
from ..writing import in_order, write_out

#: What extremes and medians say of their gradient.
TO_EQUALS = "Gradient of ``input``: ``g`` where the element is the result, shared by equal ones; 0 elsewhere."


def _keep(k, g, axes, keepdim, shape):
    """A reduced gradient with the reduced dimensions back as ones."""
    if keepdim or not g.ndim:
        return g
    return k.reshape_gradient(g, size=tuple(1 if i in axes else n for i, n in enumerate(shape)))


def _spread(k, g, axes, keepdim, shape):
    """A reduced gradient repeated over the dimensions that were reduced."""
    return k.broadcast_gradient(_keep(k, g, axes, keepdim, shape), size=shape)


def sum_samples(m: Any) -> list[Any]:
    """All elements, one dimension, several; of each kind of dtype."""
    return [
        m(m.f(2, 3)),
        m(m.f(2, 3), dim=0),
        m(m.f(2, 3, 2), (0, -1), keepdim=True),
        m(m.f()),
        m(m.f(), 0),
        m(m.f(0, 2)),
        m(m.f(0, 2), 0),
        m(m.nc(3, 4), dim=1),
        m(m.i(3)),
        m(m.b(3)),
        m(m.a([200, 100], m.torch.uint8)),
        m(m.c(3)).value_only("complex"),
    ]


def dim_errors(m: Any) -> list[Any]:
    """A dimension that is not there, one named twice, a word for a tensor."""
    return [
        m.error(IndexError, "Dimension out of range (expected to be in range of [-1, 0], but got 3)", m.f(2), 3),
        m.error(RuntimeError, "dim 0 appears multiple times in the list of dims", m.f(2, 3), (0, 0)),
        m.error(TypeError, "argument 'input' (position 1) must be Tensor, not str", "text"),
    ]


def need_tensor(name: str, x: Any, argument: str = "input", position: int = 1) -> None:
    """Refuse what is no tensor."""
    if not isinstance(x, (Tensor, np.ndarray, np.generic)):
        raise errors.not_a_tensor(name, argument, position, x)


def by_dim(base: str, all_number: int = 0) -> Any:
    """PyTorch numbers the nodes of the full and the partial reduction apart."""
    full, partial = f"{base}Backward{all_number}", f"{base}Backward{1 - all_number}"
    return lambda inputs, attrs: full if attrs["full"] else partial


@reduction(
    out="loose",
    methods="sum",
    grad_name=by_dim("Sum"),
    samples=lambda m: [
        *sum_samples(m),
        m(m.f(3), dtype=m.torch.float32).value_only("another dtype"),
        m(m.i(3), dtype=m.torch.float64),
    ],
    errors=dim_errors,
)
def sum(k, input, *, dim, keepdim, dtype, full):  # noqa: A001
    """Sum of all elements, or along dimensions. Integers and bools sum to int64."""
    target = dtype.np if dtype is not None else np.dtype(np.int64) if input.dtype.kind in "biu" else input.dtype
    return in_order(reduce.sum_axes(input, dim, keepdim, target))


@sum.prepare
def _(input, dim=None, keepdim=False, *, dtype=None):
    need_tensor("sum", input)
    if dim is None:
        return (input,), {"dim": tuple(range(input.ndim)), "keepdim": keepdim, "dtype": dtype, "full": not keepdim}
    return (input,), {
        "dim": tuple(sorted(check_dims(dim, input.ndim))),
        "keepdim": keepdim,
        "dtype": dtype,
        "full": False,
    }


@sum.plan
def _(input, dim, keepdim, dtype, full):
    if dtype is not None:
        return None
    return (integer_sums if input.dtype.kind in "biu" else summation).planned(input, dim, keepdim)


@sum.vjp("input")
def _(k, g, input_shape, dim, keepdim):
    return _spread(k, g, dim, keepdim, input_shape)


@reduction(
    out="",
    methods="mean",
    grad_name=by_dim("Mean"),
    samples=lambda m: [*sum_samples(m), m(m.i(3), dtype=m.torch.float64)],
    errors=lambda m: [
        *dim_errors(m),
        m.error(RuntimeError, "mean(): could not infer output dtype. Input dtype must be either", m.i(2)),
    ],
)
def mean(k, input, *, dim, keepdim, dtype, full):
    """Arithmetic mean of all elements, or along dimensions."""
    return in_order(reduce.mean(input, dim, keepdim, input.dtype if dtype is None else dtype.np))


@mean.prepare
def _(input, dim=None, keepdim=False, *, dtype=None):
    need_tensor("mean", input)
    target = dtype if dtype is not None else input.dtype if isinstance(input, Tensor) else types.float32
    if isinstance(target, types.dtype) and target.category < types.FLOATING:
        what = "Input dtype" if dtype is None else "Optional dtype"
        raise errors.runtime(
            f"mean(): could not infer output dtype. {what} must be either a floating point or complex dtype. Got: "
            f"{types.scalar_name(target)}",
            "Convert first: x.float().mean().",
        )
    return sum.preparer(input, dim, keepdim, dtype=dtype)


@mean.plan
def _(input, dim, keepdim, dtype, full):
    if dtype is not None:
        return None
    return summation.planned(input, dim, keepdim, float(_count(input.shape, dim)))


def _count(shape, dim):
    if len(dim) == len(shape):
        return math.prod(shape)
    n = 1
    for d in dim:
        n *= shape[d]
    return n


@mean.vjp("input")
def _(k, g, input_shape, dim, keepdim):
    return _spread(k, g / max(_count(input_shape, dim), 1), dim, keepdim, input_shape)


def spread_samples(m: Any) -> list[Any]:
    """Corrections and dimensions of var, std and their kin."""
    return [
        m(m.f(4)),
        m(m.f(2, 3), dim=1),
        m(m.f(3, 2), dim=0, correction=0),
        m(m.f(2, 3), (0, 1), keepdim=True),
        m(m.f(4), False),
        m(m.f(3, 2), 0, True),
        m(m.nc(3, 4), 1),
        m(m.f(), correction=0).value_only("no slope at 0"),
        m(m.f(0, 2)).value_only("nan"),
        m(m.f(3, 2), 0, correction=2),
        m(m.f(3), correction=3).not_numeric("divided by 0"),
        m(m.f(2, 2), correction=5, keepdim=True).not_numeric("divided by 0"),
        m(m.a([1.5])).not_numeric("divided by 0"),
        m(m.i(3)),
    ]


def spread_errors(m: Any) -> list[Any]:
    """Integers; a dimension that is not there."""
    return [
        m.error(RuntimeError, "only support floating point and complex dtypes", m.i(2)),
        m.error(IndexError, "Dimension out of range", m.f(2), 4),
    ]


def _spread_options(input, dim=None, unbiased=None, keepdim=False, *, correction=None, name="std and var"):
    """``var(dim, unbiased, keepdim)``, ``var(unbiased)`` and ``var(dim, correction=)``, as PyTorch takes them."""
    need_tensor("var", input)
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    kind = (input._a if isinstance(input, Tensor) else input).dtype.kind
    if kind in "biu":
        raise errors.runtime(f"{name} only support floating point and complex dtypes", "Convert first: x.float().")
    dims = tuple(sorted(check_dims(dim, input.ndim)))
    return (input,), {"dim": dims, "keepdim": keepdim, "correction": correction, "full": dim is None}


@reduction(
    out="loose",
    methods="var",
    grad_name="VarBackward0",
    samples=spread_samples,
    errors=spread_errors,
)
def var(k, input, *, dim, keepdim, correction, full):
    """Variance, divided by n - 1 unless ``correction`` (or ``unbiased=False``) says otherwise."""
    return in_order(moments.var(input, dim, keepdim, correction))


var.prepare(_spread_options)


@var.plan
def _(input, dim, keepdim, correction, full):
    return rows.spread(input, dim, keepdim, correction, False)


@var.vjp("input")
def _(k, g, input, dim, keepdim, correction, full):
    return _of_variance(k, g, input, dim, keepdim, correction, full, 2.0)


def _of_variance(k, g, input, dim, keepdim, correction, full, power):
    """``g`` times ``power / (n - correction)`` times each element's distance from the mean.

    Of all elements, with ``n <= correction``, there is no variance: PyTorch's slope is infinite, NaN at the mean.
    """
    n = _count(tuple(input.shape), dim)
    if full and n <= correction:
        return g * k.where(input == k.mean(input, dim, True), np.nan, np.inf)
    share = _keep(k, g, dim, keepdim, input.shape) * (power / (n - correction) if n != correction else float("inf"))
    if not dim:
        return input * 0.0 * share if n > correction else input * np.nan * share
    middle = k.mean(input, dim, True)
    if len(dim) == len(input.shape) and k is arrays:
        return large.pointwise(k, _share_of_distance, input, middle.reshape(()), share.reshape(()))
    distance = large.spread(REGISTRY["sub"], input, middle, REGISTRY["sub"].defaults) if k is arrays else None
    if distance is None:
        return _share_of_distance(k, input, middle, share)
    found = large.spread(REGISTRY["mul"], distance, share, {}, out=distance)
    return distance * share if found is None else found


def _share_of_distance(k, input, middle, share):
    return share * (input - middle)


@reduction(
    out="loose",
    methods="std",
    grad_name="StdBackward0",
    samples=spread_samples,
    errors=spread_errors,
)
def std(k, input, *, dim, keepdim, correction, full):
    """Standard deviation: the square root of ``var``.

    Gradient of ``input``: ``g * (input - mean(input)) / ((n - correction) * out)``.
    """
    return in_order(moments.std(input, dim, keepdim, correction))


@std.plan
def _(input, dim, keepdim, correction, full):
    return rows.spread(input, dim, keepdim, correction, True)


@std.prepare
def _(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    return _spread_options(input, dim, unbiased, keepdim, correction=correction)


@std.vjp("input")
def _(k, g, input, out, dim, keepdim, correction, full):
    return _of_variance(k, k.where(out == 0.0, 0.0, g / out), input, dim, keepdim, correction, full, 1.0)


def _with_mean(name: str, root: bool, doc: str) -> None:
    """var_mean or std_mean: two results of one node."""

    def forward(k, input, *, dim, keepdim, correction, full):
        return moments.var_mean(input, dim, keepdim, correction, root)

    forward.__name__, forward.__doc__ = name, doc
    op = reduction(outputs=("out", "middle"), samples=spread_samples, errors=spread_errors)(forward)

    @op.prepare
    def _(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
        return _spread_options(input, dim, unbiased, keepdim, correction=correction, name=name)

    def gradient(k, g, input, out, dim, keepdim, correction, full):
        of_spread, of_mean = g
        shape = tuple(input.shape)
        through_mean = None
        if of_mean is not None:
            through_mean = _spread(k, of_mean, dim, keepdim, shape) / max(_count(shape, dim), 1)
        if of_spread is None:
            return through_mean
        if root:
            of_spread = k.where(out == 0.0, 0.0, of_spread / out)
        through_spread = _of_variance(k, of_spread, input, dim, keepdim, correction, full, 1.0 if root else 2.0)
        return through_spread if through_mean is None else through_mean + through_spread

    if root:
        op.vjp("input")(gradient)
    else:  # which needs no result for it: that may be written over

        @op.vjp("input")
        def _(k, g, input, dim, keepdim, correction, full):
            return gradient(k, g, input, None, dim, keepdim, correction, full)


_OF_MEAN = "Gradient of ``input`` (from middle): ``g / n``, of n elements."
_with_mean(
    "var_mean", False, f"""Variance and mean, see :func:`torch.var`.

    {_OF_MEAN}
    Gradient of ``input``: ``2 * g * (input - mean) / (n - correction)``, of n elements.""",
)  # fmt: skip
_with_mean(
    "std_mean", True, f"""Standard deviation and mean, see :func:`torch.std`.

    {_OF_MEAN}
    Gradient of ``input``: ``g * (input - mean) / (out * (n - correction))``, of n elements.""",
)  # fmt: skip


def _quantifier(name: str, ufunc: Any, doc: str) -> None:
    def forward(k, input, *, dim, keepdim):
        out = ufunc.reduce(input.astype(bool), axis=dim, keepdims=keepdim)
        return in_order(np.asarray(out, np.uint8 if input.dtype == np.uint8 else bool))

    forward.__name__, forward.__doc__ = name, doc
    op = reduction(
        methods=name,
        nondiff=True,
        samples=lambda m: [*sum_samples(m), m(m.b(2, 3)), m(m.b(2, 3), 1), m(m.b(0)), m(m.b(2, 3), (0, 1))],
        errors=lambda m: [
            m.error(IndexError, "Dimension out of range", m.f(2), 3),
            m.error(TypeError, f"{name}() received an invalid combination of arguments", "text"),
        ],
    )(forward)

    @op.plan
    def _(input, dim, keepdim):
        """Of bools in order NumPy's own."""
        if input.dtype != bool or not input.flags.c_contiguous:
            return None
        return lambda input: ufunc.reduce(input, dim, None, None, keepdim)

    @op.prepare
    def _(input, dim=None, keepdim=False):
        if not isinstance(input, (Tensor, np.ndarray, np.generic)):
            raise errors.type_(f"{name}() received an invalid combination of arguments - got ({type(input).__name__})")
        return (input,), {"dim": check_dims(dim, input.ndim), "keepdim": keepdim}


_quantifier("all", np.logical_and, "Whether all elements are nonzero.")
_quantifier("any", np.logical_or, "Whether an element is nonzero.")


def _prod_samples(m: Any) -> list[Any]:
    z = m.torch.tensor([[1.5, 0.0, 2.0], [0.0, 0.0, 3.0]], dtype=m._dtype())
    return [
        m(m.f(4)),
        m(m.f(2, 3), dim=1),
        m(m.f(2, 3), -2, True),
        m(m.f()),
        m(m.f(0, 2)),
        m(m.f(0, 2), 0),
        m(m.nc(3, 2), 0),
        m(m.i(3)),
        m(m.b(3)),
        m(m.a([200, 3], m.torch.uint8)),
        m(z, 1),
        m(z, 0),
        m(z[0]),
        m(m.c(3)).value_only("complex"),
    ]


@reduction(
    out="loose",
    methods="prod",
    grad_name=by_dim("Prod"),
    samples=_prod_samples,
    errors=lambda m: [
        m.error(IndexError, "Dimension out of range", m.f(2), 3),
        m.error(TypeError, "prod() received an invalid combination of arguments", m.f(2, 3), (0, 1)),
    ],
)
def prod(k, input, *, dim, keepdim, dtype, full):
    """Product of all elements, or along a dimension.

    Gradient of ``input``: ``g * out / input``; where it is 0, ``g`` times the product of the others.
    """
    target = dtype.np if dtype is not None else np.dtype(np.int64) if input.dtype.kind in "biu" else input.dtype
    return in_order(reduce.prod(input, dim, keepdim, target))


@prod.plan
def _(input, dim, keepdim, dtype, full):
    return rows.prod(input, dim, keepdim) if dtype is None else None


@prod.prepare
def _(input, dim=None, keepdim=False, *, dtype=None):
    if isinstance(dim, (tuple, list)):
        raise errors.type_(
            f"prod() received an invalid combination of arguments - got (Tensor, {type(dim).__name__}), but it takes one dim",
            "Call it once for each dimension.",
        )
    return sum.preparer(input, dim, keepdim, dtype=dtype)


@prod.vjp("input")
def _(k, g, input, out, dim, keepdim):
    if k.is_complex(input) and not k.is_complex(g):  # it was asked for a real dtype
        input = k.real(input)
    shape = tuple(input.shape)
    if not shape:
        return g
    if not (input._a if isinstance(input, Tensor) else np.asarray(input)).all():
        return _prod_gradient(k, g, input, dim, keepdim)
    return _spread(k, g, dim, keepdim, shape) * k.conj(_spread(k, out, dim, keepdim, shape) / input)


def _prod_gradient(k, g, input, dim, keepdim):
    """The gradient where a factor is 0: each element gets the product of the others, which is computed as such."""
    shape = tuple(input.shape)
    if not shape:
        return g
    if len(dim) > 1:  # of all elements
        flat = k.reshape_gradient(input, size=(_count(shape, dim),))
        return k.reshape_gradient(_prod_gradient(k, k.reshape_gradient(g, size=()), flat, (0,), False), size=shape)
    (d,) = dim
    n = shape[d]
    rows = k.reshape_gradient(input, size=(*shape[:d], 1, *shape[d:]))
    own = np.eye(n, dtype=bool).reshape(n, n, *[1] * (len(shape) - d - 1))
    others = k.prod(k.where(_as(k, own), 1.0, rows), d + 1)
    return _keep(k, g, dim, keepdim, shape) * k.conj(others)


def _as(k, a):
    """A constant array for whoever is reading."""
    return wrap(a) if k is tensors else a


# --- other sums -------------------------------------------------------------------------------------------------------
@reduction(
    out="loose",
    methods="nansum",
    samples=lambda m: [*sum_samples(m), m(m.a([1.0, float("nan")])).value_only("nan")],
    errors=lambda m: [*dim_errors(m), m.error(RuntimeError, "nansum on CPU does not support complex inputs", m.c(2))],
)
def nansum(k, input, *, dim, keepdim, dtype, full):
    """Sum with every NaN counted as 0."""
    target = dtype.np if dtype is not None else np.dtype(np.int64) if input.dtype.kind in "biu" else input.dtype
    return in_order(reduce.nansum(input, dim, keepdim, target))


@nansum.prepare
def _(input, dim=None, keepdim=False, *, dtype=None):
    need_tensor("nansum", input)
    prepared = sum.preparer(input, dim, keepdim, dtype=dtype)
    if isinstance(input, Tensor) and input._a.dtype.kind == "c":
        raise errors.runtime("nansum on CPU does not support complex inputs")
    return prepared


@nansum.vjp("input")
def _(k, g, input, dim, keepdim):
    return k.where(k.isnan(input), 0.0, _spread(k, g, dim, keepdim, tuple(input.shape)))


@function(
    methods="nanmean",
    samples=lambda m: [*sum_samples(m)[:8], m(m.a([1.0, float("nan")])).value_only("nan"), m(m.i(2))],
    errors=lambda m: [
        m.error(RuntimeError, "nanmean(): expected input to have floating point or complex dtype but got Long", m.i(2)),
        m.error(IndexError, "Dimension out of range", m.f(2), 3),
    ],
)
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None) -> Tensor:
    """Mean of the elements that are not NaN."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("nanmean", "input", 1, input)
    if input.dtype.category < types.FLOATING:
        raise errors.runtime(
            f"nanmean(): expected input to have floating point or complex dtype but got {types.scalar_name(input.dtype)}"
        )
    factor = REGISTRY["logical_not"].public(REGISTRY["isnan"].public(input.detach())).sum(dim, keepdim)
    result = nansum.public(input, dim, keepdim, dtype=dtype) / factor
    return result if out is None else write_out("nanmean", out, result)  # type: ignore[no-any-return]


@reduction(
    methods="count_nonzero",
    nondiff=True,
    samples=lambda m: [
        m(m.i(2, 3)),
        m(m.i(2, 3), 0),
        m(m.b(2, 3), (0, 1)),
        m(m.f()),
        m(m.f(0, 2), 1),
        m(m.i(3, 2).t(), 1),
        m(m.c(2)),
    ],
    errors=lambda m: [m.error(IndexError, "Dimension out of range", m.f(2), 3)],
)
def count_nonzero(k, input, *, dim):
    """How many elements are not zero, of all or along dimensions."""
    return in_order(np.asarray(np.count_nonzero(input, axis=dim), np.int64))


@count_nonzero.prepare
def _(input, dim=None):
    need_tensor("count_nonzero", input)
    return (input,), {"dim": check_dims(dim, input.ndim)}

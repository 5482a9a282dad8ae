"""Reductions: sums, means, extremes, norms. Float sums follow PyTorch's accumulation order (rushlight.kernels)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..errors import check_dim, check_dims
from ..functions import function
from ..kernels import moments, reduce
from ..kernels import norm as norm_kernel
from ..kernels import softmax as softmax_kernel
from ..op import opaque, reduction
from ..readers import REGISTRY
from ..return_types import named
from ..tensor import Tensor


def _keep(k, g, axes, keepdim, shape):
    """A reduced gradient with the reduced dimensions back as ones."""
    if keepdim or not g.ndim:
        return g
    return k.reshape_gradient(g, size=tuple(1 if i in axes else n for i, n in enumerate(shape)))


def _spread(k, g, axes, keepdim, shape):
    """A reduced gradient repeated over the dimensions that were reduced."""
    return k.broadcast_gradient(_keep(k, g, axes, keepdim, shape), size=shape)


def by_dim(base: str, all_number: int = 0) -> Any:
    """PyTorch numbers the nodes of the full and the partial reduction apart."""
    return lambda inputs, attrs: f"{base}Backward{all_number if attrs['full'] else 1 - all_number}"


@reduction(methods="sum", grad_name=by_dim("Sum"), samples=lambda m: [
    m(m.f(2, 3)), m(m.f(2, 3), dim=0), m(m.f(2, 3), dim=(0, 1), keepdim=True), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 4), dim=1)])  # fmt: skip
def sum(k, input, *, dim, keepdim, dtype, full):  # noqa: A001
    """Sum of all elements, or along dimensions. Integers and bools sum to int64."""
    target = dtype.np if dtype is not None else np.dtype(np.int64) if input.dtype.kind in "biu" else input.dtype
    return reduce.sum_axes(input, dim, keepdim, target)


@sum.prepare
def _(input, dim=None, keepdim=False, *, dtype=None):
    if dim is None:
        return (input,), {"dim": tuple(range(input.ndim)), "keepdim": keepdim, "dtype": dtype, "full": not keepdim}
    return (input,), {
        "dim": tuple(sorted(check_dims(dim, input.ndim))),
        "keepdim": keepdim,
        "dtype": dtype,
        "full": False,
    }


@sum.vjp("input")
def _(k, g, input_shape, dim, keepdim):
    return _spread(k, g, dim, keepdim, input_shape)


@reduction(methods="mean", grad_name=by_dim("Mean"), samples=lambda m: [
    m(m.f(2, 3)), m(m.f(2, 3), dim=0), m(m.f(2, 3), dim=-1, keepdim=True), m(m.f())])  # fmt: skip
def mean(k, input, *, dim, keepdim, dtype, full):
    """Arithmetic mean of all elements, or along dimensions."""
    target = input.dtype if dtype is None else dtype.np
    if target.kind in "biu":
        name = types.scalar_name(types.from_numpy_dtype(target))
        what = "Input dtype" if dtype is None else "Optional dtype"
        raise errors.runtime(
            f"mean(): could not infer output dtype. {what} must be either a floating point or complex dtype. Got: {name}",
            "Convert first: x.float().mean().",
        )
    return reduce.mean(input, dim, keepdim, target)


@mean.prepare
def _(input, dim=None, keepdim=False, *, dtype=None):
    return sum.preparer(input, dim, keepdim, dtype=dtype)


def _count(shape, dim):
    n = 1
    for d in dim:
        n *= shape[d]
    return n


@mean.vjp("input")
def _(k, g, input_shape, dim, keepdim):
    return _spread(k, g / max(_count(input_shape, dim), 1), dim, keepdim, input_shape)


def _spread_options(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """``var(dim, unbiased, keepdim)``, ``var(unbiased)`` and ``var(dim, correction=)``, as PyTorch takes them."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    kind = (input._a if isinstance(input, Tensor) else input).dtype.kind
    if kind in "biu":
        raise errors.runtime("std and var only support floating point and complex dtypes", "Convert first: x.float().")
    attrs = {"dim": tuple(sorted(check_dims(dim, input.ndim))), "keepdim": keepdim, "correction": correction}
    return (input,), attrs


@reduction(
    methods="var",
    grad_name="VarBackward0",
    samples=lambda m: [m(m.f(4)), m(m.f(2, 3), dim=1), m(m.f(3, 2), dim=0, correction=0)],
)
def var(k, input, *, dim, keepdim, correction):
    """Variance, divided by n - 1 unless ``correction`` (or ``unbiased=False``) says otherwise."""
    return moments.var(input, dim, keepdim, correction)


var.prepare(_spread_options)


@var.vjp("input")
def _(k, g, input, dim, keepdim, correction):
    shape = tuple(input.shape)
    n = _count(shape, dim)
    centred = input - k.mean(input, dim, True) if dim else input * 0.0
    return (
        _spread(k, g, dim, keepdim, shape)
        * (2.0 / max(n - correction, 0) if n != correction else float("nan"))
        * centred
    )


@reduction(
    methods="std",
    grad_name="StdBackward0",
    samples=lambda m: [m(m.f(4)), m(m.f(2, 3), dim=1), m(m.f(3, 2), dim=0, correction=0)],
)
def std(k, input, *, dim, keepdim, correction):
    """Standard deviation: the square root of ``var``."""
    return moments.std(input, dim, keepdim, correction)


@std.prepare
def _(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    return _spread_options(input, dim, unbiased, keepdim, correction=correction)


@std.vjp("input")
def _(k, g, input, out, dim, keepdim, correction):
    shape = tuple(input.shape)
    n = _count(shape, dim)
    centred = input - k.mean(input, dim, True) if dim else input * 0.0
    scaled = k.where(out == 0.0, out * 0.0, g / out)
    return (
        _spread(k, scaled, dim, keepdim, shape)
        * (1.0 / max(n - correction, 0) if n != correction else float("nan"))
        * centred
    )


# --- extremes ---------------------------------------------------------------------------------------------------------
def _not_empty(op: str, input: Any, dim: Any) -> None:
    if dim is None and 0 in tuple(input.shape):
        raise errors.runtime(
            f"{op}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument."
        )
    if dim is not None and input.ndim and input.shape[check_dim(dim, input.ndim)] == 0:
        raise errors.index(f"{op}(): Expected reduction dim {dim} to have non-zero size.")


def _extreme(name: str, ufunc: Any, arg: Any, doc: str) -> None:
    """max or min: of all elements, along a dimension with indices, or of two tensors."""

    def full(k, input):
        return ufunc.reduce(input, axis=None)

    full.__name__, full.__doc__ = f"{name}_all", doc
    full_op = reduction(grad_name=f"{name.capitalize()}Backward1", public=False)(full)

    @full_op.vjp("input")
    def _(k, g, input, out):
        # shared evenly among all that are equal
        hit = k.where((input == out) | ((input != input) & (out != out)), 1.0, 0.0)
        return g * (hit / k.sum(hit))

    def along(k, input, *, dim, keepdim):
        if not input.ndim:
            return np.array(input), np.zeros((), np.int64)
        index = np.expand_dims(arg(input, axis=dim), dim)
        value = np.take_along_axis(input, index, dim)
        return (value, index) if keepdim else (value.squeeze(dim), index.squeeze(dim))

    along.__name__, along.__doc__ = f"{name}_dim", doc
    along_op = reduction(
        grad_name=f"{name.capitalize()}Backward0", outputs=("values", "indices"), n_diff=1, public=False
    )(along)

    @along_op.vjp("input")
    def _(k, g, input_shape, indices, dim, keepdim):
        return k.put_along(g, indices, size=input_shape, dim=dim, keepdim=keepdim)

    def public(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Any = None, **named_: Any) -> Any:
        other = named_.get("other")
        dim = named_.get("axis", dim)
        if isinstance(dim, Tensor) or other is not None:
            result = REGISTRY[name + "imum"].public(input, dim if other is None else other)
        elif dim is None:
            _not_empty(name, input, None)
            result = full_op.public(input)
        else:
            _not_empty(name, input, dim)
            pair = along_op.public(input, dim=check_dim(dim, input._a.ndim), keepdim=keepdim)
            result = named(name, ("values", "indices"))(*pair)
        if out is None:
            return result
        from ..writing import write_out

        return write_out(name, out, result)

    public.__name__, public.__doc__ = name, doc
    function(name=name, methods=name)(public)


_extreme("max", np.maximum, np.argmax, "The largest element; along ``dim``, values and the first index of each.")
_extreme("min", np.minimum, np.argmin, "The smallest element; along ``dim``, values and the first index of each.")


@opaque(grad_name="ValueSelectingReductionBackward0", public=False)
def put_along(k, input, indices, *, size, dim, keepdim):
    """Zeros with ``input`` at one index along ``dim``."""
    out = np.zeros(size, np.asarray(input).dtype)
    if not size:
        return out + input
    index = indices if keepdim else np.expand_dims(indices, dim)
    np.put_along_axis(out, index, input if keepdim else np.expand_dims(input, dim), dim)
    return out


@put_along.vjp("input")
def _(k, g, indices, dim, keepdim):
    return k.take_along(g, indices, dim=dim, keepdim=keepdim)


put_along.nondiff("indices")


@opaque(grad_name="GatherBackward0", public=False)
def take_along(k, input, indices, *, dim, keepdim):
    """The elements at one index along ``dim``."""
    if not input.ndim:
        return np.array(input)
    out = np.take_along_axis(input, indices if keepdim else np.expand_dims(indices, dim), dim)
    return out if keepdim else out.squeeze(dim)


@take_along.vjp("input")
def _(k, g, indices, input_shape, dim, keepdim):
    return k.put_along(g, indices, size=input_shape, dim=dim, keepdim=keepdim)


take_along.nondiff("indices")


def _arg(name: str, find: Any, doc: str) -> None:
    def forward(k, input, *, dim=None, keepdim=False):
        if dim is None:
            return np.asarray(find(input)).reshape([1] * input.ndim if keepdim else [])
        out = np.asarray(find(input, axis=check_dim(dim, input.ndim)) if input.ndim else 0)
        return np.expand_dims(out, check_dim(dim, input.ndim)) if keepdim and input.ndim else out

    forward.__name__, forward.__doc__ = name, doc
    op = reduction(methods=name, nondiff=True, samples=lambda m: [m(m.f(2, 3)), m(m.f(2, 3), dim=1), m(m.f())])(forward)

    @op.prepare
    def _(input, dim=None, keepdim=False):
        _not_empty(name, input, dim)
        if dim is not None:
            dim = check_dim(dim, input.ndim)
        return (input,), {"dim": dim, "keepdim": keepdim}


_arg("argmax", np.argmax, "The index of the first largest element, of all or along ``dim``.")
_arg("argmin", np.argmin, "The index of the first smallest element, of all or along ``dim``.")


def _quantifier(name: str, ufunc: Any, doc: str) -> None:
    def forward(k, input, *, dim, keepdim):
        out = ufunc.reduce(input.astype(bool), axis=dim, keepdims=keepdim)
        return np.asarray(out, np.uint8 if input.dtype == np.uint8 else bool)

    forward.__name__, forward.__doc__ = name, doc
    op = reduction(
        methods=name, nondiff=True, samples=lambda m: [m(m.b(2, 3)), m(m.b(2, 3), dim=1), m(m.b()), m(m.b(0))]
    )(forward)

    @op.prepare
    def _(input, dim=None, keepdim=False):
        return (input,), {"dim": check_dims(dim, input.ndim), "keepdim": keepdim}


_quantifier("all", np.logical_and, "Whether all elements are nonzero.")
_quantifier("any", np.logical_or, "Whether an element is nonzero.")


@reduction(methods="prod", grad_name=by_dim("Prod"), samples=lambda m: [m(m.f(4)), m(m.f(2, 3), dim=1)])
def prod(k, input, *, dim, keepdim, dtype, full):
    """Product of all elements, or along a dimension."""
    target = dtype.np if dtype is not None else np.dtype(np.int64) if input.dtype.kind in "biu" else input.dtype
    return reduce.prod(input, dim, keepdim, target)


@prod.prepare
def _(input, dim=None, keepdim=False, *, dtype=None):
    return sum.preparer(input, dim, keepdim, dtype=dtype)


@prod.vjp("input")
def _(k, g, input, out, dim, keepdim):
    shape = tuple(input.shape)
    if isinstance(input, np.ndarray) and not input.all() or isinstance(input, Tensor) and not bool((input != 0).all()):
        raise NotImplementedError("prod: the gradient at an element of 0 is not supported")
    return _spread(k, g * out, dim, keepdim, shape) / input


# --- norms ----------------------------------------------------------------------------------------------------------
@reduction(torch_name="linalg.vector_norm", grad_name="LinalgVectorNormBackward0", samples=lambda m: [
    m(m.f(4)), m(m.f(2, 3), 1), m(m.f(2, 3), 3.0, dim=1)])  # fmt: skip
def vector_norm(k, input, *, ord, dim, keepdim):
    """``(sum of |x|^ord)^(1/ord)``; the largest |x| for inf, the number of nonzeros for 0."""
    return norm_kernel.norm(input, ord, dim, keepdim)


@vector_norm.prepare
def _(input, ord=2, dim=None, keepdim=False, *, dtype=None):  # noqa: A002
    return (input,), {"ord": float(ord), "dim": tuple(sorted(check_dims(dim, input.ndim))), "keepdim": keepdim}


@vector_norm.vjp("input")
def _(k, g, input, out, ord, dim, keepdim):
    shape = tuple(input.shape)
    g, size = _keep(k, g, dim, keepdim, shape), _keep(k, out, dim, keepdim, shape)
    if ord == 0:
        return input * 0.0
    if ord == 1:
        return g * k.sgn(input)
    if ord in (float("inf"), float("-inf")):
        hit = k.where(k.abs(input) == size, 1.0, 0.0)
        return g * k.sgn(input) * hit / k.sum(hit, dim, True)
    zero = size == 0.0
    safe = k.where(zero, size + 1.0, size)
    if ord == 2:
        return k.where(zero, g * 0.0, g / safe) * input
    return k.where(zero, g * 0.0, g / k.pow(safe, ord - 1)) * k.sgn(input) * k.pow(k.abs(input), ord - 1)


@function(methods="norm")
def norm(
    input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None, dtype: Any = None
) -> Tensor:
    """The p-norm of all elements, or along dimensions; "fro" is the 2-norm of the elements."""
    if p is None or p == "fro":
        p = 2
    if p == "nuc":
        raise NotImplementedError("torch.norm(p='nuc') is not supported")
    if input.dtype.category < types.FLOATING:
        raise errors.runtime(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            + types.scalar_name(input.dtype)
        )
    return vector_norm.public(input if dtype is None else input.to(dtype), p, dim, keepdim)  # type: ignore[no-any-return]


# --- exponentials -----------------------------------------------------------------------------------------------------
@reduction(methods="logsumexp", samples=lambda m: [m(m.f(2, 3), 1), m(m.f(2, 3), (0, 1)), m(m.f(4), 0, keepdim=True)])
def logsumexp(k, input, *, dim, keepdim):
    """``log(sum(exp(input)))`` along dimensions, without overflow."""
    return reduce.logsumexp(input, dim, keepdim)


@logsumexp.prepare
def _(input, dim, keepdim=False):
    return (input,), {"dim": tuple(sorted(check_dims(dim, input.ndim))), "keepdim": keepdim}


@logsumexp.vjp("input")
def _(k, g, input, out, dim, keepdim):
    shape = tuple(input.shape)
    return _keep(k, g, dim, keepdim, shape) * k.exp(input - _keep(k, out, dim, keepdim, shape))


def _softmax_input(name: str, input: Any, dim: Any, dtype: Any) -> tuple[Any, Any]:
    if dim is None:
        import warnings

        warnings.warn(
            f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
            UserWarning,
            stacklevel=6,
        )
        dim = 0 if input.ndim in (0, 1, 3) else 1
    if dtype is not None and isinstance(input, Tensor) and input.dtype is not dtype:
        input = input.to(dtype)
    kind = (input._a if isinstance(input, Tensor) else input).dtype.kind
    if kind in "biu":
        scalar = types.scalar_name(types.of_array(input._a if isinstance(input, Tensor) else input))
        raise NotImplementedError(f"\"{name}_lastdim_kernel_impl\" not implemented for '{scalar}'")
    return (input,), {"dim": check_dim(dim, input.ndim)}


@reduction(methods="softmax", samples=lambda m: [m(m.f(2, 3), dim=1), m(m.f(2, 3), dim=0), m(m.f(), dim=0)])
def softmax(k, input, *, dim):
    """``exp(x) / sum(exp(x))`` along ``dim``."""
    return softmax_kernel.softmax(input, dim)


@softmax.prepare
def _(input, dim=None, dtype=None, *, _stacklevel=3):
    return _softmax_input("softmax", input, dim, dtype)


@softmax.vjp("input")
def _(k, g, out, dim):
    return (g - k.sum(g * out, dim, True) if out.ndim else g - g * out) * out


@reduction(methods="log_softmax", samples=lambda m: [m(m.f(2, 3), dim=1), m(m.f(2, 3), dim=0), m(m.f(), dim=0)])
def log_softmax(k, input, *, dim):
    """``x - log(sum(exp(x)))`` along ``dim``."""
    return softmax_kernel.log_softmax(input, dim) if input.ndim else np.zeros_like(input)


@log_softmax.prepare
def _(input, dim=None, dtype=None, *, _stacklevel=3):
    return _softmax_input("log_softmax", input, dim, dtype)


@log_softmax.vjp("input")
def _(k, g, out, dim):
    return g - k.exp(out) * k.sum(g, dim, True) if out.ndim else g * 0.0


@reduction(methods="cumsum", samples=lambda m: [m(m.f(2, 3), dim=1), m(m.f(3), dim=0)])
def cumsum(k, input, *, dim, dtype=None):
    """Running sums along ``dim``."""
    target = dtype.np if dtype is not None else np.dtype(np.int64) if input.dtype.kind in "biu" else input.dtype
    return reduce.cumsum(input, dim, target) if input.ndim else input.astype(target)


@cumsum.prepare
def _(input, dim, *, dtype=None):
    return (input,), {"dim": check_dim(dim, input.ndim), "dtype": dtype}


@cumsum.vjp("input")
def _(k, g, dim):
    if not g.ndim:
        return g
    return k.sum(g, dim, True) - k.cumsum(g, dim) + g


@reduction(methods="topk", outputs=("values", "indices"), n_diff=1, public=False)
def topk_pair(k, input, *, k_, dim, largest, sorted):
    """The k largest (or smallest) along ``dim``."""
    from ..kernels.topk_order import topk_indices

    if not input.ndim:
        return np.array(input), np.zeros((), np.int64)
    rows = np.moveaxis(input, dim, -1)
    flat = rows.reshape(-1, rows.shape[-1])
    index = np.array([topk_indices(r, k_, largest, sorted) for r in flat], np.int64).reshape(*rows.shape[:-1], k_)
    index = np.ascontiguousarray(np.moveaxis(index, -1, dim))
    return np.take_along_axis(input, index, dim), index


topk_pair.methods = []
topk_pair.grad_name = "TopkBackward0"


@topk_pair.vjp("input")
def _(k, g, input_shape, indices, dim):
    return k.put_along(g, indices, size=input_shape, dim=dim, keepdim=True)


@function(methods="topk")
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:  # noqa: A002
    """The k largest (or smallest) elements along ``dim``, with their indices."""
    dim = check_dim(dim, input._a.ndim)
    if k < 0 or (input._a.ndim and k > input._a.shape[dim]):
        raise errors.runtime("selected index k out of range")
    return named("topk", ("values", "indices"))(
        *topk_pair.public(input, k_=int(k), dim=dim, largest=largest, sorted=sorted)
    )


@reduction(outputs=("values", "indices"), n_diff=1, public=False)
def sort_pair(k, input, *, dim, descending):
    """Elements in order along ``dim``; equal ones keep theirs."""
    if not input.ndim:
        return np.array(input), np.zeros((), np.int64)
    if descending:
        n = input.shape[dim]
        index = n - 1 - np.flip(np.argsort(np.flip(input, dim), dim, kind="stable"), dim)
    else:
        index = np.argsort(input, dim, kind="stable")
    return np.take_along_axis(input, index, dim), np.ascontiguousarray(index)


sort_pair.grad_name = "SortBackward0"


@sort_pair.vjp("input")
def _(k, g, input_shape, indices, dim):
    return k.put_along(g, indices, size=input_shape, dim=dim, keepdim=True)


@function(methods="sort")
def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """Elements in ascending order along ``dim``, with the indices they had."""
    pair = sort_pair.public(input, dim=check_dim(dim, input._a.ndim), descending=descending)
    return named("sort", ("values", "indices"))(*pair)


@function(methods="argsort")
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that sort along ``dim``."""
    return sort(input.detach(), dim, descending)[1]  # type: ignore[no-any-return]


@opaque(nondiff=True, public=False)
def nonzero_matrix(k, input):
    """The indices of nonzero elements, one row each."""
    return np.argwhere(input).astype(np.int64)


@function(methods="nonzero")
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of nonzero elements: one row each, or a tuple of one tensor a dimension."""
    found = nonzero_matrix.public(input)
    return tuple(found.unbind(1)) if as_tuple else found

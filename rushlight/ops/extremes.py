"""The largest and the smallest: of all elements, along dimensions, with their indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..errors import check_dim, check_dims
from ..functions import function
from ..kernels import along as along_axis
from ..kernels import reduce, scans
from ..kernels.iteration import is_half
from ..op import opaque, reduction
from ..readers import REGISTRY
from ..return_types import named
from ..routes import routed
from ..tensor import Tensor
from ..writing import in_order, write_out
from .reduction import TO_EQUALS, _keep, need_tensor


def _not_empty(op: str, input: Any, dim: Any, kind: Any = errors.runtime) -> None:
    if dim is None and 0 in tuple(input.shape):
        raise kind(
            f"{op}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument."
        )
    if dim is not None and input.ndim and input.shape[check_dim(dim, input.ndim)] == 0:
        raise errors.index(f"{op}(): Expected reduction dim {dim} to have non-zero size.")


def _extreme(name: str, ufunc: Any, arg: Any, doc: str) -> None:
    """max or min: of all elements, along a dimension with indices, or of two tensors."""

    def full(k, input):
        if is_half(input.dtype):
            return (reduce.amax if name == "max" else reduce.amin)(input, tuple(range(input.ndim)), False)
        return ufunc.reduce(input, axis=None)

    full.__name__, full.__doc__ = f"{name}_all", f"{doc}\n\n    {TO_EQUALS}"
    full_op = reduction(grad_name=f"{name.capitalize()}Backward1", public=False, refuses={"complex": f"{name}_all"})(
        full
    )

    @full_op.vjp("input")
    def _(k, g, input, out):
        # shared evenly among all that are equal
        hit = (input == out) | ((input != input) & (out != out))
        return k.where(hit, g / k.sum(hit), 0.0)

    def along(k, input, *, dim, keepdim):
        if not input.ndim:
            return np.array(input), np.zeros((), np.int64)
        found = scans.first_extremes(f"first_{name}ima", input, dim)
        if found is not None:
            return tuple([np.expand_dims(x, dim) for x in found]) if keepdim else found
        index = np.expand_dims(arg(input, axis=dim), dim)
        value = along_axis.taken_along(input, index, dim)
        return (value, index) if keepdim else (value.squeeze(dim), index.squeeze(dim))

    def planned(input, *, dim, keepdim):
        """Along the last dimension of memory in order: the values are at the indices, counted through all rows."""
        if not input.size or dim != input.ndim - 1 or not input.flags.c_contiguous:
            return None
        find, rows, shape = f"arg{name}", along_axis.starts(input.shape[:-1], input.shape[-1]), (*input.shape[:-1], 1)

        def run(input):
            index = getattr(input, find)(dim)
            value = input.reshape(-1).take(index + rows)
            return (value.reshape(shape), index.reshape(shape)) if keepdim else (value, index)

        return run

    along.__name__, along.__doc__ = f"{name}_dim", doc
    along_op = reduction(
        grad_name=f"{name.capitalize()}Backward0",
        outputs=("values", "indices"),
        n_diff=1,
        public=False,
        refuses={"complex": (f"{name}(): does not support complex input",)},
    )(along)
    along_op.plan(planned)

    @along_op.vjp("input")
    def _(k, g, input_shape, indices, dim, keepdim):
        return k.put_along(g, indices, size=input_shape, dim=dim, keepdim=keepdim)

    def samples(m: Any) -> list[Any]:
        return [
            m(m.f(2, 3)),
            m(m.f(2, 3), 0),
            m(m.f(2, 3), -1, keepdim=True),
            m(m.f()),
            m(m.f(), 0),
            m(m.nc(3, 2), 1),
            m(m.f(2, 0), 0),
            m(m.i(4)),
            m(m.b(3)),
            m(m.b(3), 0),
            m(m.a([3, 200, 7], m.torch.uint8), 0),
            m(m.f(2, 3), m.f(3)),
            m(m.f(2), other=m.f(2)),
            m(m.c(2)),
            m(m.c(2), 0),
            m(m.a([1.0, float("nan"), 3.0])).value_only("nan"),
            m(m.a([1.0, float("nan"), 3.0]), 0).value_only("nan"),
        ]

    def wrong(m: Any) -> list[Any]:
        return [
            m.error(RuntimeError, f"{name}(): Expected reduction dim to be specified for input.numel() == 0", m.f(0)),
            m.error(IndexError, f"{name}(): Expected reduction dim 1 to have non-zero size", m.f(2, 0), 1),
            m.error(IndexError, "Dimension out of range", m.f(2), 4),
            m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3)),
        ]

    def public(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Any = None, **named_: Any) -> Any:
        other = named_.get("other")
        dim = named_.get("axis", dim)
        if not isinstance(input, Tensor):
            raise errors.not_a_tensor(name, "input", 1, input)
        if isinstance(dim, Tensor) or other is not None:
            result = REGISTRY[name + "imum"].public(input, dim if other is None else other)
        elif dim is None:
            _not_empty(name, input, None)
            result = full_op.public(input)
        else:
            _not_empty(name, input, dim)
            pair = along_op.public(input, dim=check_dim(dim, input._a.ndim), keepdim=keepdim)
            result = named(name, ("values", "indices"))(*pair)
        return result if out is None else write_out(name, out, result, (input,), "exact")

    public.__name__, public.__doc__ = name, doc
    function(name=name, methods=name, samples=samples, errors=wrong)(routed(public))


_extreme("max", np.maximum, np.argmax, "The largest element; along ``dim``, values and the first index of each.")
_extreme("min", np.minimum, np.argmin, "The smallest element; along ``dim``, values and the first index of each.")


@opaque(grad_name="ValueSelectingReductionBackward0", public=False)
def put_along(k, input, indices, *, size, dim, keepdim):
    """Zeros with ``input`` at one index along ``dim``."""
    out = np.zeros(size, np.asarray(input).dtype)
    if not size:
        return out + input
    index = indices if keepdim else np.expand_dims(indices, dim)
    along_axis.put_along(out, index, input if keepdim else np.expand_dims(input, dim), dim)
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
    out = along_axis.taken_along(input, indices if keepdim else np.expand_dims(indices, dim), dim)
    return out if keepdim else out.squeeze(dim)


@take_along.vjp("input")
def _(k, g, indices, input_shape, dim, keepdim):
    return k.put_along(g, indices, size=input_shape, dim=dim, keepdim=keepdim)


take_along.nondiff("indices")


def _arg(name: str, find: Any, doc: str) -> None:
    def forward(k, input, *, dim=None, keepdim=False):
        if dim is None:
            return np.asarray(find(input)).reshape([1] * input.ndim if keepdim else [])
        if not input.ndim:
            return np.asarray(0)
        dim = check_dim(dim, input.ndim)
        found = scans.first_extremes(f"first_{name[3:]}ima", input, dim)
        out = np.asarray(find(input, axis=dim)) if found is None else found[1]
        return np.expand_dims(out, dim) if keepdim else out

    forward.__name__, forward.__doc__ = name, doc
    op = reduction(
        methods=name,
        nondiff=True,
        samples=lambda m: [
            m(m.f(2, 3)),
            m(m.f(2, 3), dim=1),
            m(m.f(2, 3), 0, True),
            m(m.f()),
            m(m.f(2, 0), 0),
            m(m.nc(3, 2), 1),
            m(m.i(4)),
            m(m.b(2)),
            m(m.c(2)),
            m(m.f(2, 3), keepdim=True),
        ],
        errors=lambda m: [
            m.error(IndexError, f"{name}(): Expected reduction dim to be specified for input.numel() == 0", m.f(0)),
            m.error(IndexError, f"{name}(): Expected reduction dim 1 to have non-zero size", m.f(2, 0), 1),
            m.error(RuntimeError, f"{name}(): does not support bool input", m.b(2)),
        ],
    )(forward)

    @op.plan
    def _(input, dim, keepdim):
        """NumPy's method: its function takes as long again."""
        if keepdim or (input.ndim > 1 and dim is not None and dim < input.ndim - 1 and input.size >= scans.LARGE):
            return None
        return lambda input: getattr(input, name)(dim)

    @op.prepare
    def _(input, dim=None, keepdim=False):
        need_tensor(name, input)
        if isinstance(dim, (tuple, list)):
            raise errors.type_(f"{name}(): argument 'dim' must be int, not {type(dim).__name__}")
        kind = (input._a if isinstance(input, Tensor) else input).dtype.kind
        if kind in "bc":
            raise errors.runtime(f"{name}(): does not support {'bool' if kind == 'b' else 'complex'} input")
        _not_empty(name, input, dim, errors.index)
        if dim is not None:
            dim = check_dim(dim, input.ndim)
        return (input,), {"dim": dim, "keepdim": keepdim}


_arg("argmax", np.argmax, "The index of the first largest element, of all or along ``dim``.")
_arg("argmin", np.argmin, "The index of the first smallest element, of all or along ``dim``.")


# --- along several dimensions -----------------------------------------------------------------------------------------
def _dims_not_empty(name: str, input: Any, dim: Any) -> None:
    if dim is None or dim == ():
        _not_empty(name, input, None)
        return
    for d in dim if isinstance(dim, (tuple, list)) else (dim,):
        if input.ndim and input.shape[check_dim(d, input.ndim)] == 0:
            raise errors.index(f"{name}(): Expected reduction dim {d} to have non-zero size.")


def _along_dims(name: str, kernel: Any, doc: str) -> None:
    def forward(k, input, *, dim, keepdim):
        return in_order(kernel(input, dim, keepdim))

    forward.__name__, forward.__doc__ = name, doc
    op = reduction(
        methods=name,
        refuses={"complex": f"{name[1:]}_values_cpu"},
        refuses_where="elements",
        real_gradient=True,
        samples=lambda m: [
            m(m.f(2, 3)),
            m(m.f(2, 3), 0),
            m(m.f(2, 3, 2), (0, 2), True),
            m(m.f()),
            m(m.f(2, 0), 0),
            m(m.nc(3, 2), 1),
            m(m.i(4), 0),
            m(m.b(3), 0),
            m(m.c(2)),
            m(m.f(2, 3), ()),
        ],
        errors=lambda m: [
            m.error(IndexError, f"{name}(): Expected reduction dim 0 to have non-zero size.", m.f(0), 0),
            m.error(
                RuntimeError, f"{name}(): Expected reduction dim to be specified for input.numel() == 0", m.f(0, 2)
            ),
            m.error(RuntimeError, "dim 0 appears multiple times in the list of dims", m.f(2, 3), (0, 0)),
            m.error(IndexError, "Dimension out of range", m.f(2), 2),
        ],
    )(forward)

    @op.prepare
    def _(input, dim=(), keepdim=False):
        need_tensor(name, input)
        _dims_not_empty(name, input, dim)
        axes = tuple(sorted(check_dims(dim, input.ndim)))
        return (input,), {"dim": axes, "keepdim": keepdim}

    @op.vjp("input")
    def _(k, g, input, out, dim, keepdim):
        return _shared_evenly(k, g, input, out, dim, keepdim)


def _shared_evenly(k, g, input, out, dim, keepdim):
    """The gradient of an extreme: shared by all that are equal to it."""
    shape = tuple(input.shape)
    g, out = _keep(k, g, dim, keepdim, shape), _keep(k, out, dim, keepdim, shape)
    hit = input == out
    return g / k.sum(hit, dim, True) * hit if shape else k.where(hit, g, np.nan)


_along_dims("amax", reduce.amax, f"The largest element along dimensions.\n\n    {TO_EQUALS}")
_along_dims("amin", reduce.amin, f"The smallest element along dimensions.\n\n    {TO_EQUALS}")


@reduction(public=False, outputs=("low", "high"), grad_name="AminmaxBackward0", refuses={"complex": "aminmax_cpu"})
def aminmax_pair(k, input, *, dim, keepdim):
    """The smallest and the largest element.

    Gradient of ``input``: ``g`` where the element is the extreme, shared by equal ones.
    """
    return in_order(reduce.amin(input, dim, keepdim)), in_order(reduce.amax(input, dim, keepdim))


@aminmax_pair.vjp("input")
def _(k, g, input, low, high, dim, keepdim):
    total = input * 0.0
    for part, out in zip(g, (low, high), strict=True):
        if part is not None:
            total = total + _shared_evenly(k, part, input, out, dim, keepdim)
    return total


@function(
    methods="aminmax",
    samples=lambda m: [
        m(m.f(2, 3)),
        m(m.f(2, 3), dim=0),
        m(m.f(2, 3), dim=1, keepdim=True),
        m(m.f()),
        m(m.f(2, 0), dim=0),
        m(m.nc(3, 2), dim=0),
        m(m.i(3)),
        m(m.b(3)),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity.",
            m.f(0),
        ),
        m.error(IndexError, "Dimension out of range", m.f(2), dim=2),
    ],
)
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False, out: Any = None) -> Any:
    """The smallest and the largest element, of all or along ``dim``."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("aminmax", "input", 1, input)
    axes = check_dims(dim, input._a.ndim)
    if dim is None and input._a.size == 0:
        raise errors.runtime(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    if dim is not None and input._a.ndim and input._a.shape[axes[0]] == 0:
        raise errors.index(f"aminmax(): Expected reduction dim {axes[0]} to have non-zero size.")
    result = named("aminmax", ("min", "max"))(*aminmax_pair.public(input, dim=axes, keepdim=keepdim))
    return result if out is None else write_out("aminmax", out, result, (input,), "exact partial")

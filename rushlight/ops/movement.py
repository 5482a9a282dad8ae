"""Views: the same memory under another shape. Each records how to carry a gradient back to the shape it came from."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .. import errors, types
from ..asking import otherwise
from ..errors import check_dim, check_dims
from ..functions import function
from ..kernels import copies
from ..kernels.layouts import copied
from ..kernels.strides import element_strides, infer_size, view_strides
from ..op import movement, opaque
from ..tensor import Tensor

as_strided: Any = np.lib.stride_tricks.as_strided


def _is_size(x: Any) -> bool:
    try:
        operator.index(x)
    except TypeError:
        return False
    return True


def sizes(args: tuple[Any, ...]) -> tuple[int, ...]:
    """``f(2, 3)`` or ``f((2, 3))``."""
    if len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = tuple(args[0])
    try:
        return tuple([operator.index(s) for s in args])
    except TypeError:
        bad = next((s for s in args if not _is_size(s)), None)
        raise errors.type_(f"argument 'size' must be tuple of ints, not {type(bad).__name__}") from None


@movement(public=False)
def view(k, input, *, size):
    """The same elements under another shape, without a copy.

    Raises:
        RuntimeError: if the shape does not fit, or not without a copy.
    """
    if input.flags.c_contiguous:
        return input.reshape(size)
    shown = _shown(input, size)
    if shown is None:
        raise errors.runtime(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return shown


def _shown(input: Any, size: Any) -> Any:
    """The memory of an array that is not in order under another shape; None if that takes a copy."""
    strides = view_strides(input.shape, element_strides(input), size)
    if strides is None:
        return None
    return as_strided(input, size, tuple([s * input.itemsize for s in strides]))


@view.prepare
def _(input, *size):
    if not size:
        raise errors.type_("view() received an invalid combination of arguments", "Write x.view(2, 3) or x.view(-1).")
    shape = input.shape
    numel = 1
    for n in shape:
        numel *= n
    return (input,), {"size": infer_size(sizes(size), numel)}


@view.plan
def _(input, size):
    return _by_reshape(input, size)


def _by_reshape(input: Any, size: Any) -> Any:
    """NumPy's own way, where it finds the same strides (of dimensions of size 1 it may make others): a tenth of ``as_strided``'s time."""
    shown = _shown(input, size)
    if shown is None:
        return None
    found = input.reshape(size)
    return (lambda a: a.reshape(size)) if found.strides == shown.strides and np.may_share_memory(found, input) else None


@view.vjp("input")
def _(k, g, input_shape):
    return k.reshape_gradient(g, size=input_shape)


@opaque(grad_name="ViewBackward0", public=False)
def reshape_gradient(k, input, *, size):
    """``input`` under another shape, copied if need be."""
    return copies.reshaped(input, size)


@reshape_gradient.vjp("input")
def _(k, g, input_shape):
    return k.reshape_gradient(g, size=input_shape)


@opaque(methods="clone", samples=lambda m: [
    m(m.f(2, 3)), m(m.f()), m(m.nc(3, 2)), m(m.f(0, 2)), m(m.i(3)), m(m.nc(3, 2), memory_format=m.torch.contiguous_format)],
    errors=lambda m: [m.error(TypeError, "clone()", 3.0)])  # fmt: skip
def clone(k, input, *, memory_format=None):
    """A copy in memory of its own, in the same order unless ``memory_format`` says otherwise."""
    return copies.contiguous(input) if memory_format is types.contiguous_format else copied(input)


@clone.prepare
def _(input, *, memory_format=None):
    if not isinstance(input, (Tensor, np.ndarray)):
        raise errors.not_a_tensor("clone", "input", 1, input)
    return (input,), {"memory_format": memory_format}


@clone.vjp("input")
def _(k, g):
    return g


@movement(public=False)
def reshape_alias(k, input, *, size):
    """A view under another shape of memory that is not in order."""
    return _shown(input, size)


@reshape_alias.plan
def _(input, size):
    return _by_reshape(input, size)


@reshape_alias.vjp("input")
def _(k, g, input_shape):
    return k.reshape_gradient(g, size=input_shape)


@opaque(grad_name="UnsafeViewBackward0", public=False)
def copied_reshape(k, input, *, size):
    """A copy under another shape."""
    return (input if input.flags.c_contiguous else copies.contiguous(input)).reshape(size)


@copied_reshape.vjp("input")
def _(k, g, input_shape):
    return k.reshape_gradient(g, size=input_shape)


@function(methods="reshape", asks=False, samples=lambda m: [
    m(m.f(2, 3), (3, 2)), m(m.f(2, 3), (-1,)), m(m.f(), (1, 1)), m(m.nc(3, 2), (6,)), m(m.nc(3, 2), (3, 2)), m(m.f(0, 2), (2, 0)),
    m(m.i(4), (2, 2))],
    errors=lambda m: [
    m.error(RuntimeError, "shape '[4]' is invalid for input of size 6", m.f(2, 3), (4,)),
    m.error(RuntimeError, "only one dimension can be inferred", m.f(4), (-1, -1))])  # fmt: skip
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same elements under another shape: a view where that is possible, else a copy."""
    if not shape:
        raise errors.type_('reshape() missing 1 required positional arguments: "shape"')
    try:
        a = input._a
    except AttributeError:
        return otherwise(reshape, (input, *shape), {}, errors.not_a_tensor("reshape", "input", 1, input))  # type: ignore[no-any-return]
    if a.flags.c_contiguous:
        return view.public(input, *shape)  # type: ignore[no-any-return]
    size = infer_size(sizes(shape), a.size)
    if view_strides(a.shape, element_strides(a), size) is not None:
        return reshape_alias.public(input, size=size)  # type: ignore[no-any-return]
    return copied_reshape.public(input, size=size)  # type: ignore[no-any-return]


@function(methods="flatten", asks=False, samples=lambda m: [
    m(m.f(2, 3)), m(m.f()), m(m.f(2, 3, 4), 1), m(m.f(2, 3, 4), 0, 1), m(m.nc(3, 2)), m(m.f(0, 2)), m(m.f(3))],
    errors=lambda m: [
    m.error(RuntimeError, "flatten() has invalid args: start_dim cannot come after end_dim", m.f(2, 3), 1, 0),
    m.error(IndexError, "Dimension out of range", m.f(2, 3), 2)])  # fmt: skip
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions ``start_dim`` to ``end_dim`` merged into one."""
    try:
        shape = input._a.shape
    except AttributeError:
        error = errors.not_a_tensor("flatten", "input", 1, input)
        return otherwise(flatten, (input, start_dim, end_dim), {}, error)  # type: ignore[no-any-return]
    first, last = check_dim(start_dim, len(shape)), check_dim(end_dim, len(shape))
    if first > last:
        raise errors.runtime("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return reshape(input, 1)
    if first == last:
        return input
    n = 1
    for s in shape[first : last + 1]:
        n *= s
    return reshape(input, (*shape[:first], n, *shape[last + 1 :]))


def turned(a: Any, order: Any) -> Any:
    """Dimensions in another order. NumPy forgets the strides of arrays without elements; PyTorch permutes them too."""
    if a.size:
        return a.transpose(order)
    strides = element_strides(a)
    return as_strided(a, [a.shape[d] for d in order], [strides[d] * a.itemsize for d in order])


@movement(methods="transpose", samples=lambda m: [
    m(m.f(2, 3), 0, 1), m(m.f(2, 3, 4), -1, 0), m(m.f(), 0, 0), m(m.nc(3, 2), 0, 1), m(m.f(0, 2), 0, 1), m(m.f(2, 3), dim0=1, dim1=1)],
    errors=lambda m: [m.error(IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)", m.f(2, 3), 0, 2),
    m.error(TypeError, "transpose()", m.f(2, 3), 0)])  # fmt: skip
def transpose(k, input, *, dim0, dim1):
    """Two dimensions exchanged."""
    if input.size:
        return input.swapaxes(dim0, dim1) if input.ndim else input[...]
    order = list(range(input.ndim))
    order[dim0], order[dim1] = dim1, dim0
    return turned(input, order)


@transpose.prepare
def _(input, dim0, dim1):
    n = input.ndim
    return (input,), {"dim0": check_dim(dim0, n), "dim1": check_dim(dim1, n)}


@transpose.vjp("input")
def _(k, g, dim0, dim1):
    return k.transpose(g, dim0, dim1)


@movement(methods="t", grad_name="TBackward0", samples=lambda m: [
    m(m.f(2, 3)), m(m.f(3)), m(m.f()), m(m.nc(3, 2)), m(m.f(0, 2))],
    errors=lambda m: [m.error(RuntimeError, "t() expects a tensor with <= 2 dimensions, but self is 3D", m.f(2, 2, 2))])  # fmt: skip
def t(k, input):
    """A matrix transposed; vectors and scalars as they are."""
    return input.T if input.size else turned(input, range(input.ndim)[::-1])


@t.check
def _(input):
    if input.ndim > 2:
        raise errors.runtime(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return (input,), {}


@t.vjp("input")
def _(k, g):
    return k.t(g)


@movement(methods="permute", samples=lambda m: [
    m(m.f(2, 3, 4), (2, 0, 1)), m(m.f(2, 3), (-1, 0)), m(m.f(), ()), m(m.nc(3, 2), (1, 0)), m(m.f(0, 2), (1, 0))],
    errors=lambda m: [
    m.error(RuntimeError, "number of dimensions in the tensor input does not match", m.f(2, 3), (0,)),
    m.error(RuntimeError, "permute(): duplicate dims are not allowed.", m.f(2, 3), (0, 0)),
    m.error(IndexError, "Dimension out of range", m.f(2, 3), (0, 2))])  # fmt: skip
def permute(k, input, *, dims):
    """Dimensions in another order."""
    return turned(input, dims)


@permute.prepare
def _(input, *dims, **named):
    dims = named.get("dims", dims)
    if dims == () and not named:
        raise errors.type_('permute() missing 1 required positional arguments: "dims"', "Write x.permute(1, 0).")
    dims = sizes(dims) if named == {} else tuple(dims)
    if len(dims) != input.ndim:
        raise errors.runtime(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering of "
            f"dimensions i.e. input.dim() = {input.ndim} is not equal to len(dims) = {len(dims)}"
        )
    order = tuple(check_dim(d, input.ndim) for d in dims)
    if len(set(order)) != len(order):
        raise errors.runtime("permute(): duplicate dims are not allowed.")
    return (input,), {"dims": order}


@permute.vjp("input")
def _(k, g, dims):
    inverse = [0] * len(dims)
    for i, d in enumerate(dims):
        inverse[d] = i
    return k.permute(g, tuple(inverse))


@movement(methods="unsqueeze", samples=lambda m: [
    m(m.f(2, 3), 0), m(m.f(2, 3), -1), m(m.f(), 0), m(m.nc(3, 2), 1), m(m.f(0, 2), 1)],
    errors=lambda m: [m.error(IndexError, "expected to be in range of [-3, 2], but got 3", m.f(2, 3), 3)])  # fmt: skip
def unsqueeze(k, input, *, dim):
    """A dimension of size 1 inserted at ``dim``."""
    shape = (*input.shape[:dim], 1, *input.shape[dim:])
    in_order = input.flags.c_contiguous
    if in_order and 1 not in input.shape:
        return input.reshape(shape)
    step = input.shape[dim] * input.strides[dim] if dim < input.ndim else input.itemsize
    strides = (*input.strides[:dim], step, *input.strides[dim:])  # the others as they are, those of sizes of 1 too
    if in_order and input.dtype.kind in "biufc":
        return np.ndarray(shape, input.dtype, input, 0, strides)  # a tenth of what as_strided takes
    return as_strided(input, shape, strides)


@unsqueeze.prepare
def _(input, dim):
    return (input,), {"dim": check_dim(dim, input.ndim + 1)}


@unsqueeze.vjp("input")
def _(k, g, input_shape):
    return k.reshape_gradient(g, size=input_shape)


def _squeeze_name(inputs, attrs):
    dim = attrs["dim"]
    return "SqueezeBackward0" if dim is None else "SqueezeBackward1" if isinstance(dim, int) else "SqueezeBackward2"


@movement(methods="squeeze", grad_name=_squeeze_name, samples=lambda m: [
    m(m.f(1, 3, 1)), m(m.f(1, 3), 0), m(m.f(1, 3), 1), m(m.f(1, 3, 1), (0, 2)), m(m.f()), m(m.f(), 0), m(m.nc(3, 1)), m(m.f(1, 0)),
    m(m.nc(3, 2))],
    errors=lambda m: [m.error(IndexError, "Dimension out of range", m.f(2, 3), 2)])  # fmt: skip
def squeeze(k, input, *, dim):
    """Dimensions of size 1 taken away: all of them, or those named."""
    dims = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    return input.squeeze(tuple(d for d in dims if input.shape[d] == 1)) if input.ndim else input[...]


@squeeze.prepare
def _(input, dim=None):
    if isinstance(dim, int):
        return (input,), {"dim": check_dim(dim, max(input.ndim, 1))}
    return (input,), {"dim": None if dim is None else check_dims(dim, input.ndim) if dim != () else ()}


@squeeze.vjp("input")
def _(k, g, input_shape):
    return k.reshape_gradient(g, size=input_shape)


@movement(methods="select", samples=lambda m: [
    m(m.f(2, 3), 0, 1), m(m.f(2, 3), -1, -1), m(m.f(3), 0, 2), m(m.nc(3, 2), 1, 0), m(m.f(0, 2), 1, 1),
    m.without("0-d", "PyTorch: there is no dimension to select from")],
    errors=lambda m: [
    m.error(IndexError, "select() cannot be applied to a 0-dim tensor.", m.f(), 0, 0),
    m.error(IndexError, "select(): index 5 out of range for tensor of size [2, 3] at dimension 1", m.f(2, 3), 1, 5),
    m.error(IndexError, "Dimension out of range", m.f(2, 3), 2, 0)])  # fmt: skip
def select(k, input, *, dim, index):
    """The slice at ``index`` along ``dim``, without that dimension.

    Gradient of ``input``: ``g`` at this index, 0 elsewhere.
    """
    return input[(slice(None),) * dim + (index, ...)]


@select.prepare
def _(input, dim, index):
    if not input.ndim:
        raise errors.index("select() cannot be applied to a 0-dim tensor.")
    dim = check_dim(dim, input.ndim)
    n = input.shape[dim]
    index = operator.index(index)
    if not -n <= index < n:
        raise errors.index(
            f"select(): index {index} out of range for tensor of size {list(input.shape)} at dimension {dim}"
        )
    return (input,), {"dim": dim, "index": index % n if n else 0}


@select.vjp("input")
def _(k, g, input_shape, dim, index):
    return k.basic_put(g, size=input_shape, where=(slice(None),) * dim + (index,))


@movement(grad_name="SliceBackward0", public=False)
def slice_along(k, input, *, dim, start, end, step):
    """``input[..., start:end:step, ...]`` along ``dim``.

    Gradient of ``input``: ``g`` where the slice lies, 0 elsewhere.
    """
    return input[(slice(None),) * dim + (slice(start, end, step),)]


@slice_along.prepare
def _(input, dim, start, end, step=1):
    return (input,), {"dim": dim, "start": start, "end": end, "step": step}


@slice_along.vjp("input")
def _(k, g, input_shape, dim, start, end, step):
    return k.basic_put(g, size=input_shape, where=(slice(None),) * dim + (slice(start, end, step),))


@movement(grad_name="SliceBackward0", public=False)
def basic_slice(k, input, *, where):
    """Basic indexing: ints, slices and Ellipsis.

    Gradient of ``input``: ``g`` where the slice lies, 0 elsewhere.
    """
    return input[where]


@basic_slice.vjp("input")
def _(k, g, input_shape, where):
    return k.basic_put(g, size=input_shape, where=where)


@opaque(grad_name="SliceScatterBackward0", public=False)
def basic_put(k, input, *, size, where):
    """Zeros with ``input`` at a place given by basic indexing."""
    input = np.asarray(input)
    out = copies.filled(size, 0, input.dtype)
    place = out[where]
    if place.__class__ is np.ndarray:
        copies.assign(place, input)
    else:  # a single element is no view
        out[where] = input
    return out


@basic_put.vjp("input")
def _(k, g, where):
    return g[where]


@function(methods="narrow", samples=lambda m: [
    m(m.f(2, 3), 1, 1, 2), m(m.f(4), 0, -3, 2), m(m.f(4), 0, 4, 0), m(m.nc(3, 2), 0, 0, 2), m(m.f(0, 2), 1, 0, 1),
    m.without("0-d", "PyTorch: there is no dimension to narrow")],
    errors=lambda m: [
    m.error(RuntimeError, "narrow() cannot be applied to a 0-dim tensor.", m.f(), 0, 0, 1),
    m.error(RuntimeError, "start (1) + length (3) exceeds dimension size (3).", m.f(3), 0, 1, 3),
    m.error(IndexError, "start out of range (expected to be in range of [-3, 3], but got 4)", m.f(3), 0, 4, 1),
    m.error(RuntimeError, "narrow(): length must be non-negative.", m.f(3), 0, 0, -1)])  # fmt: skip
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """``length`` slices from ``start`` along ``dim``."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("narrow", "input", 1, input)
    if not input._a.ndim:
        raise errors.runtime("narrow() cannot be applied to a 0-dim tensor.")
    dim = check_dim(dim, input._a.ndim)
    n = input._a.shape[dim]
    if isinstance(start, Tensor):
        if start.ndim or start._a.dtype.kind not in "iu":
            raise errors.runtime("start must be an 0-dim integral Tensor.", "Write x.narrow(dim, int(start), length).")
        start = start.item()
    for value in (start, length):
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            kinds = [f"Tensor input, int dim, {kind} start, int length" for kind in ("Tensor", "int")]
            raise errors.combination("narrow", (input, dim, start, length), kinds)
    if not -n <= start <= n:
        raise errors.index(f"start out of range (expected to be in range of [{-n}, {n}], but got {start})")
    start %= n + 1 if start >= 0 else n
    if length < 0:
        raise errors.runtime("narrow(): length must be non-negative.")
    if start + length > n:
        raise errors.runtime(f"start ({start}) + length ({length}) exceeds dimension size ({n}).")
    return slice_along.public(input, dim, start, start + length)  # type: ignore[no-any-return]


# --- what it looks like ---------------------------------------------------------------------------------------------
@function(name="Tensor.size", methods="size", asks=False, samples=lambda m: [
    m(m.f(2, 3)), m(m.f(2, 3), 0), m(m.f(2, 3), -1), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2), 1)],
    errors=lambda m: [
    m.error(IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)", m.f(2, 3), 2),
    m.error(IndexError, "Dimension specified as 0 but tensor has no dimensions", m.f(), 0)])  # fmt: skip
def size(self: Tensor, dim: int | None = None) -> Any:
    """The shape, or one size of it."""
    return types.Size(self._a.shape) if dim is None else self._a.shape[_existing(self, dim)]


def _existing(x: Tensor, dim: int) -> int:
    if not x._a.ndim:
        raise errors.index("Dimension specified as 0 but tensor has no dimensions")
    return check_dim(dim, x._a.ndim)


@function(methods="numel nelement", asks=False, samples=lambda m: [
    m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2))],
    errors=lambda m: [m.error(TypeError, "numel()", 3.0)])  # fmt: skip
def numel(input: Tensor) -> int:
    """Number of elements."""
    if not isinstance(input, Tensor):
        return otherwise(numel, (input,), {}, errors.not_a_tensor("numel", "input", 1, input))  # type: ignore[no-any-return]
    return input._a.size


@function(name="Tensor.dim", methods="dim ndimension", asks=False, samples=lambda m: [
    m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2))],
    errors=lambda m: [m.error(TypeError, "", m.f(2), 1)])  # fmt: skip
def dim(self: Tensor) -> int:
    """Number of dimensions."""
    return self._a.ndim


def _matrix(x: Tensor) -> Tensor:
    if not x._a.ndim:
        return x
    if x._a.ndim < 2:
        raise errors.runtime(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {x._a.ndim}-D tensor."
        )
    return transpose.public(x, -2, -1)  # type: ignore[no-any-return]


def _reversed(x: Tensor) -> Tensor:
    return permute.public(x, tuple(range(x._a.ndim))[::-1])  # type: ignore[no-any-return]


Tensor.T = property(_reversed, doc="Dimensions in reverse order.")  # type: ignore[attr-defined]
Tensor.mT = property(_matrix, doc="The last two dimensions exchanged.")  # type: ignore[attr-defined]


def _from_the_end(self: Tensor) -> Tensor:
    return self.flip(0) if self._a.ndim else self


Tensor.__reversed__ = _from_the_end  # type: ignore[attr-defined]

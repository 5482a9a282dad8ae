"""``x[...]`` and ``x[...] = v``: every kind of index that PyTorch takes.

The parts of an index are applied from left to right: an int selects, a slice slices, None adds a dimension, each as a view with
a node of its own. What index tensors, masks and lists pick is gathered last, from what the views left over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import errors, levels, types
from ..asking import among, otherwise
from ..autograd.mode import recording
from ..inplace import inplace
from ..kernels import places
from ..kernels.along import where_true
from ..kernels.layouts import as_gathered, copied
from ..kernels.strides import broadcast_shapes
from ..node import speak_of_histories
from ..op import movement, opaque
from ..override import dispatch_override, has_override, takes_over
from ..promotion import cast, cast_array, element
from ..readers import REGISTRY
from ..tensor import Parameter, Tensor, requires_grad, view_of, wrap
from ..writing import bump, check_apart, check_overlap, check_writable, has_overlap, is_same
from .index_parts import basic, check, check_together, dims_of, fits, index_array, is_whole, place, read, slice_of
from .index_short import gathered, guard, placed, scattered

ndarray = np.ndarray


# --- the ops --------------------------------------------------------------------------------------------------------
@movement(public=False)
def alias(k, input):
    """The same tensor again, as a view."""
    return input[...]


@alias.vjp("input")
def _(k, g):
    return g


@opaque(variadic=False, grad_name="IndexBackward0", public=False, empties=True)
def index_get(k, input, *, where):
    """Elements gathered by index arrays."""
    at = _lone_index(where)
    if at is not None:
        out = places.take(input, where[at], at, from_end=True)
        if out is not None:
            return as_gathered(out, input, where)
    part = where[0] if where.__class__ is tuple and len(where) == 1 else where
    if isinstance(part, ndarray) and part.dtype.kind == "b":
        return as_gathered(where_true(input, part), input, where)
    return as_gathered(input[where], input, where)


@index_get.vjp("input")
def _(k, g, input_shape, where):
    return k.index_scatter(g, size=input_shape, where=where)


def _lone_index(where: Any) -> int | None:
    """The dimension that the one array of integers in an index is for; None if it is anything else."""
    found = None
    for d, part in enumerate(where if where.__class__ is tuple else (where,)):
        if isinstance(part, ndarray):
            if found is not None or part.dtype.kind != "i":
                return None
            found = d
        elif part.__class__ is not slice or part != _ALL:
            return None
    return found


_ALL = slice(None)


@opaque(grad_name="IndexPutBackward0", public=False)
def index_scatter(k, input, *, size, where):
    """Zeros with ``input`` added where index arrays point; an element indexed twice gets both."""
    out = np.zeros(size, np.asarray(input).dtype)
    at = _lone_index(where)
    if at is None or not places.add_slices(out, input, where[at], at, from_end=True):
        np.add.at(out, where, input)
    return out


@index_scatter.vjp("input")
def _(k, g, where):
    return k.index_get(g, where=where)


@opaque(methods="index_put index_put_", empties=True, samples=lambda m: [
    m(m.f(4, 2), (m.a([0, 2]),), m.f(2, 2)), m(m.f(3), (m.a([1, 1]),), m.f(2), accumulate=True),
    m(m.f(2, 3), (m.a([0]), m.a([2, 1])), m.f(2)), m(m.f(2, 3), (m.b(2, 3),), m.f()), m(m.nc(3, 2), (m.a([2]),), m.f(2)),
    m(m.f(2, 3), (m.a([], m.torch.int64),), m.f(3)), m(m.f(0, 3), (m.a([], m.torch.int64),), m.f())],
    errors=lambda m: [
    m.error(IndexError, "too many indices for tensor of dimension 1", m.f(3), (m.a([0]), m.a([0])), m.f(1)),
    m.error(IndexError, "out of bounds for dimension 0 with size 3", m.f(3), (m.a([5]),), m.f(1)),
    m.error(RuntimeError, "shape mismatch", m.f(3), (m.a([1, 2]),), m.f(3)),
    m.error(RuntimeError, "source and destination dtypes match", m.f(3), (m.a([1]),), m.i(1)),
    m.error(TypeError, "argument 'values'", m.f(3), (m.a([1]),), 2.0)])  # fmt: skip
def index_put(k, input, values, *, where, accumulate=False):
    """A copy of ``input`` with ``values`` written (or added, with ``accumulate``) where index arrays point.

    ``indices`` is a tuple of index tensors (int64, int32 or bool) for the leading dimensions; ``values`` broadcasts to the shape
    that ``input[indices]`` has. Of two values for one element the last one stays; its gradient goes to both.

    >>> import rushlight as torch
    >>> torch.zeros(3).index_put((torch.tensor([0, 2]),), torch.tensor([1.0, 2.0]))
    tensor([1., 0., 2.])

    Gradient of ``input`` (accumulate True): ``g``.
    Gradient of ``input``: ``g``, but 0 where values were written.
    Gradient of ``values``: ``g`` where they were written.
    """
    out = copied(input)
    values = np.asarray(values)
    if accumulate:
        np.add.at(out, where, values.astype(out.dtype, copy=False))
    else:
        out[where] = values if values.dtype is out.dtype else cast_array(values, out.dtype)
    return out


@index_put.prepare
def _(input, indices=None, values=None, accumulate=False, *, where=None):
    if not isinstance(values, (Tensor, ndarray)):
        raise errors.type_(
            f"index_put(): argument 'values' (position 2) must be Tensor, not {type(values).__name__}",
            "Write torch.tensor(value).",
        )
    if where is None:
        for n, i in enumerate(indices):
            if not isinstance(i, (Tensor, ndarray)):
                raise errors.type_(f"expected Tensor as element {n} in argument 0, but got {type(i).__name__}")
        where = tuple(index_array(i) for i in indices)
        used = sum(dims_of(i) for i in where)
        if used > input.ndim:
            raise errors.index(f"too many indices for tensor of dimension {input.ndim} (got {used})")
        where = _checked(where, tuple(input.shape))
    if isinstance(values, Tensor):
        _check_values(input, values, where)
        lead = len(values._a.shape) - len(_gathered_shape(input._a.shape, where))
        if lead > 0:
            values = values.view(values._a.shape[lead:])
    return (input, values), {"where": where, "accumulate": accumulate}


def _check_values(input: Tensor, values: Tensor, where: tuple[Any, ...]) -> None:
    """Values that do not fit, in PyTorch's words."""
    masked = values._a.size == 1 and sum(isinstance(i, ndarray) for i in where) == 1 and _is_mask(where)
    if values._a.dtype is not input._a.dtype and not masked:
        raise errors.runtime(
            "Index put requires the source and destination dtypes match, got "
            f"{types.scalar_name(input.dtype)} for the destination and {types.scalar_name(values.dtype)} for the source.",
            f"Convert the values first: values.to({input.dtype}).",
        )
    target, shape = _gathered_shape(input._a.shape, where), values._a.shape
    lead = max(len(shape) - len(target), 0)
    if any(n != 1 for n in shape[:lead]) or any(
        m not in (1, n) for m, n in zip(reversed(shape[lead:]), reversed(target), strict=False)
    ):
        raise errors.runtime(
            f"shape mismatch: value tensor of shape {list(shape)} cannot be broadcast to indexing result of shape {list(target)}"
        )


def _checked(where: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Index arrays that are all in range; where they gather no element PyTorch does not look, and they become zeros."""
    check(list(where), shape, ranges=False)
    if 0 in (*shape[sum(map(dims_of, where)) :], *[p.size for p in where]):
        return tuple([np.zeros_like(p) if p.dtype.kind != "b" else p for p in where])
    check(list(where), shape)
    return where


def _is_mask(where: tuple[Any, ...]) -> bool:
    return any(isinstance(i, ndarray) and i.dtype.kind == "b" for i in where)


@index_put.vjp("input")
def _(k, g, where, accumulate):
    return g if accumulate else k.index_zero(g, where=where)


@index_put.vjp("values")
def _(k, g, where):
    return k.index_get(g, where=where)


@opaque(grad_name="IndexPutBackward0", public=False)
def index_zero(k, input, *, where):
    """A copy with zeros where index arrays point."""
    out = copied(input)
    out[where] = 0
    return out


@index_zero.vjp("input")
def _(k, g, where):
    return k.index_zero(g, where=where)


# --- an index, read -------------------------------------------------------------------------------------------------
class Taken(NamedTuple):
    """An index applied as far as views go."""

    view: Tensor  # the tensor itself if nothing was to do
    gather: tuple[Any, ...] | None  # what is left to gather, one part a dimension of the view
    sources: tuple[Tensor, ...]  # the index tensors that the gather reads


def take_apart(self: Tensor, index: Any, by_nodes: bool = False) -> Taken:
    """Apply the ints, slices and Nones of ``index`` as views; ``by_nodes`` one after another, whether or not they are recorded.

    Raises:
        IndexError: too many or wrong indices. TypeError: a str, a slice of something. ValueError: a step below 1.
    """
    recorded = by_nodes or (recording() and requires_grad(self))
    plain = basic(index)
    if plain is not None and recorded:
        if not fits(index, self._a.shape):
            check(plain, self._a.shape)
        return Taken(_by_nodes(self, index)[0], None, ())
    if plain is not None:
        with contextlib.suppress(IndexError):  # what is wrong is said below
            return Taken(view_of(self, self._a[plain]), None, ())
    try:
        parts, sources = read(index, self._a.shape)
    except IndexError:
        found = _of_nothing(self, index)
        if found is None:
            raise
        parts, sources = found
    arrays = [p for p in parts if isinstance(p, ndarray)]
    if len(arrays) > 1:
        check_together(arrays)
    step = _by_nodes if recorded else _at_once
    view, gather = step(self, parts)
    return Taken(view, gather if arrays else None, sources)


def _of_nothing(self: Tensor, index: Any) -> tuple[list[Any], tuple[Tensor, ...]] | None:
    """The parts of an index whose result has no elements: PyTorch looks at none of its index tensors then."""
    with contextlib.suppress(IndexError):
        parts, sources = read(index, self._a.shape, ranges=False)
        parts = [np.zeros_like(p) if isinstance(p, ndarray) and p.dtype.kind != "b" else p for p in parts]
        view, gather = _at_once(self, parts)
        if 0 in _gathered_shape(view._a.shape, gather):
            return parts, sources
    return None


def _at_once(self: Tensor, parts: list[Any]) -> tuple[Tensor, tuple[Any, ...]]:
    """The basic parts as one view, and what is left to gather: where no node is recorded."""
    views: list[Any] = []
    gather: list[Any] = []
    moves = False
    for i, p in enumerate(parts):
        if isinstance(p, ndarray):
            if p.ndim == 0:
                views.append(None)
                gather.append(p.reshape(1))
                moves = True
            else:
                views.extend([slice(None)] * dims_of(p))
                gather.append(p)
        elif p is Ellipsis:
            views.append(p)
            gather.append(p)
        else:
            views.append(p)
            moves = moves or p.__class__ is not slice or not is_whole(p, self._a.shape[place(parts, i, self._a.ndim)])
            if p.__class__ is not int:
                gather.append(slice(None))
    if not moves:
        return self, tuple(gather)
    if sum(p is Ellipsis for p in views) != 1:  # NumPy takes only one; by identity, == would compare elements
        views = [p for p in views if p is not Ellipsis]
        views.append(...)
    return view_of(self, self._a[tuple(views)]), _one_ellipsis(gather)


def _one_ellipsis(gather: list[Any]) -> tuple[Any, ...]:
    while sum(p is Ellipsis for p in gather) > 1:
        gather.remove(Ellipsis)
    return tuple(gather)


def _by_nodes(self: Tensor, parts: Sequence[Any]) -> tuple[Tensor, tuple[Any, ...]]:
    """The basic parts one after another, each with its node."""
    rest = self._a.ndim - sum(map(dims_of, parts)) if any([p is Ellipsis for p in parts]) else 0
    x, d = self, 0
    gather: list[Any] = []
    for p in parts:
        if p.__class__ is int:
            x = REGISTRY["select"].public(x, d, p)
            continue
        if p is Ellipsis:
            gather.extend([slice(None)] * rest)
            d, rest = d + rest, 0
        elif isinstance(p, slice):
            if p.start is not None or p.stop is not None or p.step is not None:
                start, stop, step = p.indices(x._a.shape[d])
                if not is_whole(p, x._a.shape[d]):
                    x = REGISTRY["slice_along"].public(x, d, start, stop, step)
            gather.append(slice(None))
            d += 1
        elif p is None or p.ndim == 0:
            x = REGISTRY["unsqueeze"].public(x, d)
            gather.append(slice(None) if p is None else p.reshape(1))
            d += 1
        else:
            gather.append(p)
            d += dims_of(p)
    return x, tuple(gather)


# --- reading ----------------------------------------------------------------------------------------------------------
def get(self: Tensor, index: Any) -> Tensor:
    """``self[index]``."""
    cls = self.__class__
    if cls is not Tensor and cls is not Parameter and has_override(self):
        return dispatch_override(Tensor.__getitem__, self, (self, index), {})  # type: ignore[no-any-return]
    if index.__class__ is int:
        shape = self._a.shape
        if not shape or not -shape[0] <= index < shape[0]:
            check([index], shape)
        return REGISTRY["select"].public(self, 0, index)  # type: ignore[no-any-return]
    if index is None:
        return REGISTRY["unsqueeze"].public(self, 0)  # type: ignore[no-any-return]
    if index.__class__ is slice and self._a.ndim:
        s = slice_of(index)
        return REGISTRY["slice_along"].public(self, 0, *s.indices(self._a.shape[0]))  # type: ignore[no-any-return]
    found = gathered(self, index)
    if found is not None:
        return found
    if levels.running and (level := levels.of_index(self, index)) is not None:
        return level.get(self, index)
    try:
        view, gather, sources = take_apart(self, index)
    except IndexError as error:
        if among((index,), {}):
            return otherwise(Tensor.__getitem__, (self, index), {}, error)  # type: ignore[no-any-return]
        if not isinstance(index, tuple) or any(
            isinstance(i, Tensor) for i in index
        ):  # of other indices PyTorch speaks first
            speak_of_histories((self,))
        raise
    if gather is None:
        return alias.public(self) if view is self else view  # type: ignore[no-any-return]
    out: Tensor = REGISTRY["index_get"].public(view, where=gather)
    if out._edge is not None:
        guard(out._edge[0], sources)
    return out


Tensor.__getitem__ = get  # type: ignore[method-assign, assignment, attr-defined]


# --- writing ------------------------------------------------------------------------------------------------------------
def write_index(self: Tensor, index: Any, value: Any) -> None:
    """``self[index] = value``."""
    if placed(self, index, value):
        return
    if self.__class__ not in (Tensor, Parameter) and has_override(self):
        dispatch_override(Tensor.__setitem__, self, (self, index, value), {})
        return
    if levels.running and (level := levels.of_index(self, index, value)) is not None:
        level.set(self, index, value)
        return
    if scattered(self, index, value):
        return
    fresh = not isinstance(value, Tensor)
    if fresh:
        if takes_over(value):
            dispatch_override(Tensor.__setitem__, value, (self, index, value), {})
            return
        value = wrap(_number(self, value))
    if index is False:
        return
    if index is True:
        index = None
    try:
        view, gather, sources = take_apart(self, index)
    except IndexError as error:
        if among((index,), {}):
            otherwise(Tensor.__setitem__, (self, index, value), {}, error)
            return
        with contextlib.suppress(IndexError):
            _check_target(self, index, value)
        raise
    recorded = recording() and (requires_grad(self) or requires_grad(value))
    if gather is None:
        copy_to(view, value, recorded, fresh)
        return
    if _byte_mask(index) and value._a.size == 1:
        raise errors.runtime(
            "masked_fill_ only supports boolean masks, but got mask with dtype unsigned char",
            "Write x[mask.bool()] = v.",
        )
    _check_gathered(view, gather, value)
    if not recorded:
        _check_values(view, value, gather)
        # a write that overlaps its source is NumPy's to untangle
        a = value._a.reshape(value._a.shape[max(value._a.ndim - len(_gathered_shape(view._a.shape, gather)), 0) :])
        view._a[gather] = a if a.dtype is view._a.dtype else cast_array(a, view._a.dtype)
        bump(view)
        return
    inplace(index_put, (view,), {"values": without_leading_ones(value), "where": gather})
    node = view._edge[0] if view._base is None else view._base._edge[0].inner  # type: ignore[index, union-attr]
    guard(node, sources)


def _check_gathered(view: Tensor, gather: tuple[Any, ...], value: Tensor) -> None:
    """Refuse to write where an index points: into a leaf, or into the memory that is read."""
    check_writable(view, value, overlap=False)
    if not (_is_mask(gather) and value._a.size == 1):
        check_apart(view, (value,), whole=True)


def _check_target(self: Tensor, index: Any, value: Tensor) -> None:
    """What PyTorch asks of a target and of the values before it looks into index tensors."""
    given = index if isinstance(index, tuple) else (index,)
    if any(isinstance(i, (Tensor, list)) for i in given) and sum(i is Ellipsis for i in given) > 1:
        check_writable(
            self, value, overlap=False
        )  # that a second Ellipsis leads beyond the last dimension is seen later
    parts, _ = read(index, self._a.shape, ranges=False, masks=False)
    if not any(isinstance(p, ndarray) for p in parts):
        return
    view, gather = _at_once(self, parts)
    _check_gathered(view, gather, value)
    if not self._a.size:
        return
    read(index, self._a.shape, ranges=False)  # of a mask that does not fit it speaks first
    check_together([p for p in parts if isinstance(p, ndarray)])
    found = [np.zeros_like(p) if isinstance(p, ndarray) and p.dtype.kind != "b" else p for p in gather]
    _check_values(view, value, tuple(found))


Tensor.__setitem__ = write_index  # type: ignore[method-assign, assignment, attr-defined]
get.__name__, write_index.__name__ = "__getitem__", "__setitem__"  # what an override's `func` is asked for


def _number(self: Tensor, value: Any) -> ndarray[Any, Any]:
    """A Python number as an element of ``self``."""
    if not isinstance(value, (bool, int, float, complex, np.integer, np.bool_)):
        name = type(value).__name__
        name = f"numpy.{name}" if isinstance(value, (ndarray, np.generic)) else name
        raise errors.type_(
            f"can't assign a {name} to a torch.{types.scalar_name(self.dtype)}Tensor", "Write torch.tensor(value)."
        )
    # a float that is too large becomes inf here
    return cast(value, self.dtype) if self.is_floating_point() and value == value.real else element(value, self.dtype)


def _byte_mask(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(i, Tensor) and i._a.ndim and i._a.dtype == np.uint8 for i in parts)


def _gathered_shape(shape: tuple[int, ...], gather: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape that a gather has, read off an array that has no memory."""
    return np.broadcast_to(np.empty((), np.bool_), shape)[gather].shape


def copy_to(view: Tensor, value: Tensor, recorded: bool, fresh: bool = False) -> None:
    """Write ``value``, broadcast, into a view: what an assignment without index arrays is. ``fresh``: it was a number."""
    shape, target = value._a.shape, view._a.shape
    if not recorded:
        check_writable(view, overlap=False)
        a = value._a
        if shape != target and not fresh:
            a = _broadcast(value, target)
        if has_overlap(view._a) and not is_same(np.broadcast_to(a, target), view._a):  # which changes nothing
            check_overlap(view._a)
        if not fresh:
            check_apart(view, (value if shape == target else wrap(np.broadcast_to(a, target)),))
        view._a[...] = a if a.dtype is view._a.dtype else cast_array(a, view._a.dtype)
        bump(view)
        return
    if not shape and target:
        check_overlap(view._a)  # which filling alone does not look at
        view.fill_(value)
        return
    if shape != target:
        value = without_leading_ones(value)
        if value._a.shape != target:
            value = value.expand(target)
    view.copy_(value)


def without_leading_ones(value: Tensor) -> Tensor:
    """``value`` viewed without its leading dimensions of size 1, as PyTorch does before it broadcasts an assigned value."""
    shape, lead = value._a.shape, 0
    while lead < len(shape) and shape[lead] == 1:
        lead += 1
    return value.view(shape[lead:]) if lead else value


def _broadcast(value: Tensor, target: tuple[int, ...]) -> ndarray[Any, Any]:
    a = value._a
    while a.ndim > len(target) and a.shape[0] == 1:
        a = a[0]
    try:
        if broadcast_shapes(a.shape, target) == target:
            return a
    except RuntimeError:
        pass
    wrap(a).expand(target)  # says what is wrong
    raise AssertionError("a shape that does not broadcast was expanded")

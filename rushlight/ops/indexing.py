"""``x[...]`` and ``x[...] = v``: every kind of index that PyTorch takes.

The parts of an index are applied from left to right: an int selects, a slice slices, None adds a dimension, each as a view with
a node of its own. What index tensors, masks and lists pick is gathered last, from what the views left over.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import errors, levels, types
from ..autograd.mode import recording
from ..inplace import inplace
from ..kernels import places
from ..kernels.strides import broadcast_shapes
from ..op import movement, opaque
from ..override import dispatch_override, has_override
from ..promotion import cast, cast_array, element
from ..readers import REGISTRY
from ..tensor import Parameter, Tensor, requires_grad, view_of, wrap
from ..writing import bump, check_apart, check_overlap, check_writable
from .create import array_of

ndarray = np.ndarray


# --- the ops --------------------------------------------------------------------------------------------------------
@movement(public=False)
def alias(k, input):
    """The same tensor again, as a view."""
    return input[...]


@alias.vjp("input")
def _(k, g):
    return g


@opaque(variadic=False, grad_name="IndexBackward0", public=False)
def index_get(k, input, *, where):
    """Elements gathered by index arrays."""
    at = _lone_index(where)
    if at is not None:
        out = places.take(input, where[at], at, from_end=True)
        if out is not None:
            return out
    return np.ascontiguousarray(input[where])


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


@opaque(methods="index_put index_put_", samples=lambda m: [
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
    """
    out = np.array(input)
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
        where = tuple(_index_array(i) for i in indices)
        used = sum(_dims_of(i) for i in where)
        if used > input.ndim:
            raise errors.index(f"too many indices for tensor of dimension {input.ndim} (got {used})")
        _check(list(where), tuple(input.shape))
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
    out = np.array(input)
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


def take_apart(self: Tensor, index: Any) -> Taken:
    """Apply the ints, slices and Nones of ``index`` as views.

    Raises:
        IndexError: too many or wrong indices. TypeError: a str, a slice of something. ValueError: a step below 1.
    """
    recorded = recording() and requires_grad(self)
    if not recorded:
        basic = _basic(index)
        if basic is not None:
            with contextlib.suppress(IndexError):  # what is wrong is said below
                return Taken(view_of(self, self._a[basic]), None, ())
    elif _all_ints(index, self._a.shape):  # the commonest index of several parts
        return Taken(_by_nodes(self, index)[0], None, ())
    try:
        parts, sources = read(index, self._a.shape)
    except IndexError:
        found = _of_nothing(self, index)
        if found is None:
            raise
        parts, sources = found
    arrays = [p for p in parts if isinstance(p, ndarray)]
    if len(arrays) > 1:
        _check_together(arrays)
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


_EVERYTHING = slice(None)


def _basic(index: Any) -> Any:
    """An index that NumPy takes as it is and answers with a view: ints, slices that go forward, None, one Ellipsis, some of which do
    something. None for all others."""
    if index.__class__ is not tuple:
        return None
    moves = open_end = False
    for i in index:
        cls = i.__class__
        if cls is slice:
            step = i.step
            if step is not None and (step.__class__ is not int or step < 1):
                return None
            if (i.start is not None and i.start.__class__ is not int) or (
                i.stop is not None and i.stop.__class__ is not int
            ):
                return None
            moves = moves or i != _EVERYTHING
        elif cls is int or i is None:
            moves = True
        elif i is Ellipsis and not open_end:
            open_end = True
        else:
            return None
    if not moves:
        return None
    return index if open_end else (*index, ...)


def _all_ints(index: Any, shape: tuple[int, ...]) -> bool:
    """Whether it is a tuple of ints that are all in range."""
    if index.__class__ is not tuple or not 0 < len(index) <= len(shape):
        return False
    for i, n in zip(index, shape, strict=False):
        if i.__class__ is not int or not -n <= i < n:
            return False
    return True


def read(index: Any, shape: tuple[int, ...], ranges: bool = True) -> tuple[list[Any], tuple[Tensor, ...]]:
    """The parts of an index: ints, slices, None, Ellipsis, arrays of int or bool; and the tensors among the last.

    Without ``ranges`` nobody looks at what stands in index arrays.
    """
    parts: list[Any] = []
    sources: list[Tensor] = []
    for i in _as_tuple(index):
        if i.__class__ is int:
            parts.append(i)
        elif i is None or i is Ellipsis:
            parts.append(i)
        elif isinstance(i, slice):
            parts.append(_slice(i))
        elif i is True or i is False:
            parts.append(np.array(i))
        elif isinstance(i, Tensor):
            if not i._a.ndim and i._a.dtype.kind in "iu" and i._a.dtype != np.uint8:
                parts.append(int(i._a))
            elif not i._a.ndim and i._a.dtype == np.uint8:
                parts.append(np.array(bool(i._a)))
            else:
                parts.append(_index_array(i))
                sources.append(i)
        elif isinstance(i, (ndarray, list, tuple, range)):
            parts.append(_index_array(list(i) if isinstance(i, range) else i))
        elif isinstance(i, str):
            if _rank(index) > len(shape):
                break
            raise errors.type_(f"new(): invalid data type '{type(i).__name__}'", "A tensor has no named fields.")
        elif hasattr(i, "__index__") and not isinstance(i, np.bool_):
            parts.append(operator.index(i))
        else:
            name = "numpy.bool" if isinstance(i, np.bool_) else type(i).__name__
            raise errors.index(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
                f"(got {name})"
            )
    if _rank(index) > len(shape):
        _check([slice(None)] * _rank(index), shape)
    _check(parts, shape, ranges)
    return parts, tuple(sources)


def _rank(index: Any) -> int:
    return 1 if isinstance(index, str) else sum(isinstance(i, str) for i in index) if isinstance(index, tuple) else 0


def _as_tuple(index: Any) -> tuple[Any, ...]:
    """The parts of an index. A list that holds sequences, tensors, slices, None or Ellipsis counts as a tuple."""
    if index.__class__ is tuple:
        return index  # type: ignore[no-any-return]
    if isinstance(index, list) and len(index) < 32:
        if any(i is None or i is Ellipsis or isinstance(i, (Tensor, ndarray, list, tuple, slice)) for i in index):
            import warnings

            warnings.warn(
                "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch 2.9; use "
                "x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor index, "
                "x[torch.tensor(seq)], which will result either in an error or a different result",
                UserWarning,
                stacklevel=5,
            )
            return tuple(index)
    return tuple(index) if isinstance(index, tuple) else (index,)


def _index_array(i: Any) -> Any:
    """An index tensor, array or list as an array of integers or bool; a uint8 index is a mask."""
    if levels.running and isinstance(i, levels.Batched):
        raise levels.data_dependent()
    a = i._a if isinstance(i, Tensor) else i if isinstance(i, ndarray) else array_of(i)
    kind = a.dtype.kind
    if kind == "b":
        return a
    if a.dtype == np.uint8:
        import warnings

        warnings.warn(
            "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
            UserWarning,
            stacklevel=5,
        )
        return a.astype(bool)
    if kind != "i" or a.dtype.itemsize < 4:
        if a.size == 0 and isinstance(i, (list, tuple)):
            return a.astype(np.int64)
        raise errors.index(
            "tensors used as indices must be long, int, byte or bool tensors", "Convert it: index.long()."
        )
    return a


def _slice(s: slice) -> slice:
    try:
        start, stop, step = (v if v is None else operator.index(v) for v in (s.start, s.stop, s.step))
    except TypeError:
        raise errors.type_("slice indices must be integers or None or have an __index__ method") from None
    if step == 0:
        raise errors.value("slice step cannot be zero")
    if step is not None and step < 0:
        raise errors.value("step must be greater than zero", "To reverse a tensor write x.flip(0).")
    return slice(start, stop, step)


def _dims_of(p: Any) -> int:
    """How many dimensions of the tensor a part uses up."""
    return 0 if p is None or p is Ellipsis else p.ndim if isinstance(p, ndarray) and p.dtype.kind == "b" else 1


def _check(parts: list[Any], shape: tuple[int, ...], ranges: bool = True) -> None:
    used = sum(map(_dims_of, parts))
    if used > len(shape):
        if not shape and len(parts) == 1 and parts[0].__class__ is int:
            raise errors.index(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim "
                "tensor to a number"
            )
        raise errors.index(f"too many indices for tensor of dimension {len(shape)}")
    d = moved = 0  # the dimension of the tensor; how far an index array's dimension in the view is from it
    for p in parts:
        if p is None:
            moved += 1
            continue
        if p is Ellipsis:
            d += len(shape) - used
        elif isinstance(p, ndarray) and p.dtype.kind == "b":
            for i, n in enumerate(p.shape):
                if n != shape[d + i]:
                    raise errors.index(
                        f"The shape of the mask {list(p.shape)} at index {i} does not match the shape of the indexed tensor "
                        f"{list(shape)} at index {d + i}"
                    )
            d += p.ndim
        else:
            if p.__class__ is int and not -shape[d] <= p < shape[d]:
                if not -(1 << 63) <= p < 1 << 63:
                    raise errors.value("Overflow when unpacking long long")
                raise errors.index(f"index {p} is out of bounds for dimension {d} with size {shape[d]}")
            if ranges and isinstance(p, ndarray) and p.size and (p.min() < -shape[d] or p.max() >= shape[d]):
                if not shape[d]:
                    raise errors.index("index is out of bounds for dimension with size 0")
                bad = int(p.max()) if p.max() >= shape[d] else int(p.min())
                raise errors.index(f"index {bad} is out of bounds for dimension {d + moved} with size {shape[d]}")
            moved -= p.__class__ is int
            d += 1


def _check_together(arrays: list[Any]) -> None:
    """Index arrays are broadcast against each other; a mask counts as the list of its True places."""
    shapes = [(int(a.sum()),) if a.dtype.kind == "b" else a.shape for a in arrays]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        told = ", ".join(str(list(s)) for s in shapes)
        raise errors.index(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {told}"
        ) from None


def _is_whole(s: slice, n: int) -> bool:
    """Whether a slice of ``n`` elements takes them all: PyTorch then makes no view."""
    return s.start in (None, 0) and s.indices(n)[1:] == (n, 1)


def _place(parts: list[Any], i: int, ndim: int) -> int:
    """The dimension that part ``i`` applies to."""
    before = parts[:i]
    skipped = ndim - sum(map(_dims_of, parts)) if any(p is Ellipsis for p in before) else 0
    return skipped + sum(map(_dims_of, before))


def _at_once(self: Tensor, parts: list[Any]) -> tuple[Tensor, tuple[Any, ...]]:
    """The basic parts as one view, and what is left to gather: where no node is recorded."""
    basic: list[Any] = []
    gather: list[Any] = []
    moves = False
    for i, p in enumerate(parts):
        if isinstance(p, ndarray):
            if p.ndim == 0:
                basic.append(None)
                gather.append(p.reshape(1))
                moves = True
            else:
                basic.extend([slice(None)] * _dims_of(p))
                gather.append(p)
        elif p is Ellipsis:
            basic.append(p)
            gather.append(p)
        else:
            basic.append(p)
            moves = moves or p.__class__ is not slice or not _is_whole(p, self._a.shape[_place(parts, i, self._a.ndim)])
            if p.__class__ is not int:
                gather.append(slice(None))
    if not moves:
        return self, tuple(gather)
    if sum(p is Ellipsis for p in basic) != 1:  # NumPy takes only one; by identity, == would compare elements
        basic = [p for p in basic if p is not Ellipsis]
        basic.append(...)
    return view_of(self, self._a[tuple(basic)]), _one_ellipsis(gather)


def _one_ellipsis(gather: list[Any]) -> tuple[Any, ...]:
    while sum(p is Ellipsis for p in gather) > 1:
        gather.remove(Ellipsis)
    return tuple(gather)


def _by_nodes(self: Tensor, parts: Sequence[Any]) -> tuple[Tensor, tuple[Any, ...]]:
    """The basic parts one after another, each with its node."""
    rest = self._a.ndim - sum(map(_dims_of, parts))
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
            start, stop, step = p.indices(x._a.shape[d])
            if not _is_whole(p, x._a.shape[d]):
                x = REGISTRY["basic_slice"].public(x, where=(slice(None),) * d + (slice(start, stop, step),))
            gather.append(slice(None))
            d += 1
        elif p is None or p.ndim == 0:
            x = REGISTRY["unsqueeze"].public(x, d)
            gather.append(slice(None) if p is None else p.reshape(1))
            d += 1
        else:
            gather.append(p)
            d += _dims_of(p)
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
            _check([index], shape)
        return REGISTRY["select"].public(self, 0, index)  # type: ignore[no-any-return]
    if index.__class__ is slice and self._a.ndim:
        s = _slice(index)
        return REGISTRY["basic_slice"].public(self, where=(slice(*s.indices(self._a.shape[0])),))  # type: ignore[no-any-return]
    if levels.running and (level := levels.of_index(self, index)) is not None:
        return level.get(self, index)
    view, gather, sources = take_apart(self, index)
    if gather is None:
        return alias.public(self) if view is self else view  # type: ignore[no-any-return]
    out: Tensor = REGISTRY["index_get"].public(view, where=gather)
    if out._edge is not None:
        guard(out._edge[0], sources)
    return out


def guard(node: Any, sources: tuple[Tensor, ...]) -> None:
    """Let backward notice when an index tensor was written to since."""
    for t in sources:
        node.versions = (*node.versions, t._vc, t._vc[0])


Tensor.__getitem__ = get  # type: ignore[method-assign, assignment, attr-defined]


# --- writing ------------------------------------------------------------------------------------------------------------
def write_index(self: Tensor, index: Any, value: Any) -> None:
    """``self[index] = value``."""
    if self.__class__ not in (Tensor, Parameter) and has_override(self):
        dispatch_override(Tensor.__setitem__, self, (self, index, value), {})
        return
    if levels.running and (level := levels.of_index(self, index, value)) is not None:
        level.set(self, index, value)
        return
    fresh = not isinstance(value, Tensor)
    if fresh:
        value = wrap(_number(self, value))
    if index is False:
        return
    if index is True:
        index = None
    try:
        view, gather, sources = take_apart(self, index)
    except IndexError:
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
    parts, _ = read(index, self._a.shape, ranges=False)
    if not any(isinstance(p, ndarray) for p in parts):
        return
    view, gather = _at_once(self, parts)
    _check_gathered(view, gather, value)
    if not self._a.size:
        return
    _check_together([p for p in parts if isinstance(p, ndarray)])
    _check_values(
        view, value, tuple(np.zeros_like(p) if isinstance(p, ndarray) and p.dtype.kind != "b" else p for p in gather)
    )


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
        check_overlap(view._a)
        a = value._a
        if shape != target and not fresh:
            a = _broadcast(value, target)
        if not fresh:
            check_apart(view, (value if shape == target else wrap(np.broadcast_to(a, target)),))
        view._a[...] = a if a.dtype is view._a.dtype else cast_array(a, view._a.dtype)
        bump(view)
        return
    if not shape:
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

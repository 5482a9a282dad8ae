"""``x[...]`` and ``x[...] = v``: every kind of index that PyTorch takes.

Ints, slices, None and Ellipsis give views. Index tensors, masks and lists gather copies; when both are mixed, the basic
part is taken first and the gather applied to what it leaves.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .. import errors, types
from ..autograd.mode import recording
from ..op import REGISTRY, cast_array, dispatch_override, has_override, movement, opaque
from ..tensor import Parameter, Tensor, edge_of, wrap
from ..writing import bump, check_writable
from .create import array_of

ndarray = np.ndarray


@movement(grad_name="UnsqueezeBackward0", public=False)
def basic_view(k, input, *, where):
    """Basic indexing with None in it."""
    return input[where]


@basic_view.vjp("input")
def _(k, g, input_shape, where):
    return k.basic_put(g, size=input_shape, where=where)


@opaque(variadic=False, grad_name="IndexBackward0", public=False)
def index_get(k, input, *, where):
    """Elements gathered by index arrays."""
    return np.ascontiguousarray(input[where])


@index_get.vjp("input")
def _(k, g, input_shape, where):
    return k.index_scatter(g, size=input_shape, where=where)


@opaque(grad_name="IndexPutBackward0", public=False)
def index_scatter(k, input, *, size, where):
    """Zeros with ``input`` added where index arrays point; an element indexed twice gets both."""
    out = np.zeros(size, np.asarray(input).dtype)
    np.add.at(out, where, input)
    return out


@index_scatter.vjp("input")
def _(k, g, where):
    return k.index_get(g, where=where)


@opaque(methods="index_put index_put_", grad_name="IndexPutBackward0", samples=lambda m: [
    m(m.f(4, 2), (m.a([0, 2]),), m.f(2, 2)), m(m.f(3), (m.a([1, 1]),), m.f(2), accumulate=True)])  # fmt: skip
def index_put(k, input, values, *, where, accumulate=False):
    """A copy of ``input`` with ``values`` written (or added) where index arrays point."""
    out = np.array(input)
    values = np.asarray(values)
    if accumulate:
        np.add.at(out, where, values)
    else:
        out[where] = values if values.dtype is out.dtype else cast_array(values, out.dtype)
    return out


@index_put.prepare
def _(input, indices=None, values=None, accumulate=False, *, where=None):
    if where is None:
        where = tuple(slice(None) if i is None else _index_array(i) for i in indices)
    return (input, values), {"where": where, "accumulate": accumulate}


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


def _index_array(i: Any) -> Any:
    """An index tensor, array or list as an array of int64 or bool; a uint8 index is a mask."""
    a = i._a if isinstance(i, Tensor) else np.asarray(i) if isinstance(i, ndarray) else array_of(i)
    kind = a.dtype.kind
    if kind == "b":
        return a
    if a.dtype == np.uint8:
        import warnings

        warnings.warn(
            "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
            UserWarning,
            stacklevel=4,
        )
        return a.astype(bool)
    if kind not in "iu":
        if a.size == 0:
            return a.astype(np.int64)
        raise errors.index(
            "tensors used as indices must be long, int, byte or bool tensors", "Convert it: index.long()."
        )
    return a


def _is_basic(i: Any) -> bool:
    return i is None or i is Ellipsis or i.__class__ is int or isinstance(i, slice)


def read(index: Any, shape: tuple[int, ...]) -> tuple[tuple[Any, ...], bool, bool]:
    """An index as NumPy reads it: ``(parts, whether it gathers, whether None occurs)``.

    Raises:
        IndexError: too many or wrong indices. ValueError: for a negative step.
    """
    if not isinstance(index, tuple):
        index = (index,)
    parts: list[Any] = []
    gathers = new_axis = False
    for i in index:
        if i.__class__ is int or i is Ellipsis:
            parts.append(i)
        elif i is None:
            parts.append(None)
            new_axis = True
        elif isinstance(i, slice):
            parts.append(_slice(i))
        elif isinstance(i, (bool, np.bool_)):
            parts.append(np.asarray(bool(i)))
            gathers = True
        elif (
            isinstance(i, (Tensor, ndarray))
            and i.ndim == 0
            and (i._a if isinstance(i, Tensor) else i).dtype.kind in "iu"
        ):
            parts.append(int(i))
        elif hasattr(i, "__index__") and not isinstance(i, (Tensor, ndarray)):
            parts.append(operator.index(i))
        elif isinstance(i, (Tensor, ndarray, list, tuple, range)):
            parts.append(_index_array(list(i) if isinstance(i, range) else i))
            gathers = True
        else:
            raise errors.index(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
                f"(got {type(i).__name__})"
            )
    _check(parts, shape)
    return tuple(parts), gathers, new_axis


def _slice(s: slice) -> slice:
    start, stop, step = (v if v is None else operator.index(v) for v in (s.start, s.stop, s.step))
    if step is not None and step <= 0:
        raise errors.value("step must be greater than zero", "To reverse a tensor write x.flip(0).")
    return slice(start, stop, step)


def _check(parts: list[Any], shape: tuple[int, ...]) -> None:
    used = sum(
        0 if p is None or p is Ellipsis else p.ndim if isinstance(p, ndarray) and p.dtype.kind == "b" else 1
        for p in parts
    )
    if used > len(shape):
        if not shape:
            raise errors.index(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim "
                "tensor to a number"
            )
        raise errors.index(f"too many indices for tensor of dimension {len(shape)}")
    d = 0
    for p in parts:
        if p is None:
            continue
        if p is Ellipsis:
            d += len(shape) - used
        elif isinstance(p, ndarray) and p.dtype.kind == "b":
            if p.shape != shape[d : d + p.ndim]:
                raise errors.index(
                    f"The shape of the mask {list(p.shape)} at index 0 does not match the shape of the indexed tensor "
                    f"{list(shape)} at index {d}"
                )
            d += p.ndim
        else:
            if p.__class__ is int and not -shape[d] <= p < shape[d]:
                raise errors.index(f"index {p} is out of bounds for dimension {d} with size {shape[d]}")
            if isinstance(p, ndarray) and p.size and (p.min() < -shape[d] or p.max() >= shape[d]):
                bad = int(p.max()) if p.max() >= shape[d] else int(p.min())
                raise errors.index(f"index {bad} is out of bounds for dimension {d} with size {shape[d]}")
            d += 1


def get(self: Tensor, index: Any) -> Tensor:
    """``self[index]``."""
    cls = self.__class__
    if cls is not Tensor and cls is not Parameter and has_override(self):
        return dispatch_override(Tensor.__getitem__, self, (self, index), {})  # type: ignore[no-any-return]
    a = self._a
    if index.__class__ is int:
        if not a.ndim:
            _check([index], ())
        n = a.shape[0]
        if not -n <= index < n:
            raise errors.index(f"index {index} is out of bounds for dimension 0 with size {n}")
        return select(self, 0, index)
    parts, gathers, new_axis = read(index, a.shape)
    if not gathers:
        if new_axis:
            return REGISTRY["basic_view"].public(self, where=(*parts, ...) if Ellipsis not in parts else parts)  # type: ignore[no-any-return]
        if len(parts) == 1 and parts[0].__class__ is int:
            return select(self, 0, parts[0])
        where = parts if Ellipsis in parts else (*parts, ...)
        name = (
            "basic_select"
            if parts and any(p.__class__ is int for p in parts) and _ends_with_int(parts)
            else "basic_slice"
        )
        return REGISTRY[name].public(self, where=where if Ellipsis not in parts else where)  # type: ignore[no-any-return]
    view, gather = split_basic(self, parts)
    return REGISTRY["index_get"].public(view, where=gather)  # type: ignore[no-any-return]


def _ends_with_int(parts: tuple[Any, ...]) -> bool:
    # PyTorch applies the parts from left to right: the node it prints is that of the last one that does something.
    last = [p for p in parts if p is not Ellipsis and p != slice(None, None, None)]
    return bool(last) and last[-1].__class__ is int


@movement(grad_name="SelectBackward0", public=False)
def basic_select(k, input, *, where):
    """Basic indexing that ends with an int."""
    return input[where]


@basic_select.vjp("input")
def _(k, g, input_shape, where):
    return k.basic_put(g, size=input_shape, where=where)


def select(self: Tensor, dim: int, index: int) -> Tensor:
    return REGISTRY["select"].public(self, dim, index)  # type: ignore[no-any-return]


def split_basic(self: Tensor, parts: tuple[Any, ...]) -> tuple[Tensor, tuple[Any, ...]]:
    """The basic part of a mixed index applied as a view, and the gather that is left."""
    if not any(p is None or p.__class__ is int for p in parts):
        return self, parts
    basic: list[Any] = []
    gather: list[Any] = []
    for p in parts:
        if isinstance(p, ndarray):
            if p.ndim == 0 and p.dtype.kind == "b":
                basic.append(None)
                gather.append(p.reshape(1))
            else:
                basic.extend([slice(None)] * (p.ndim if p.dtype.kind == "b" else 1))
                gather.append(p)
        elif p is None:
            basic.append(None)
            gather.append(slice(None))
        elif p.__class__ is int:
            basic.append(p)
        else:
            basic.append(p)
            gather.append(p if p is Ellipsis else slice(None))
    # by identity: == on an index array would compare its elements
    where = tuple(basic) if any(p is Ellipsis for p in parts) else (*basic, ...)
    return REGISTRY["basic_view"].public(self, where=where), tuple(gather)


Tensor.__getitem__ = get  # type: ignore[method-assign, assignment, attr-defined]


def write_index(self: Tensor, index: Any, value: Any) -> None:
    """``self[index] = value``."""
    if has_override(self) and self.__class__ not in (Tensor, Parameter):
        dispatch_override(Tensor.__setitem__, self, (self, index, value), {})
        return
    parts, gathers, _ = read(index, self._a.shape)
    if not isinstance(value, Tensor):
        if not isinstance(value, (bool, int, float, complex, np.generic)):
            if not isinstance(value, ndarray):
                raise errors.type_(
                    f"can't assign a {type(value).__name__} to a torch.{types.scalar_name(self.dtype)}Tensor"
                )
            value = wrap(np.asarray(value))
        else:
            value = wrap(np.asarray(value))
    check_writable(self)
    target_shape = self._a[parts].shape
    a = value._a
    while a.ndim > len(target_shape) and a.shape[0] == 1:
        a = a[0]
    try:
        np.broadcast_shapes(a.shape, target_shape)
        fits = np.broadcast_shapes(a.shape, target_shape) == target_shape
    except ValueError:
        fits = False
    if not fits:
        if gathers:
            raise errors.runtime(
                f"shape mismatch: value tensor of shape {list(value._a.shape)} cannot be broadcast to indexing result of shape "
                f"{list(target_shape)}"
            )
        raise errors.runtime(
            f"The expanded size of the tensor ({target_shape[-1] if target_shape else 1}) must match the existing size "
            f"({a.shape[-1] if a.shape else 1}) at non-singleton dimension {max(len(target_shape) - 1, 0)}.  Target sizes: "
            f"{list(target_shape)}.  Tensor sizes: {list(value._a.shape)}"
        )
    if recording() and (edge_of(self) is not None or edge_of(value) is not None):
        if a.ndim < value._a.ndim:
            value = value.reshape(a.shape)
        if gathers:
            self.index_put_(None, value, where=parts)
        else:
            get(self, index).copy_(value)
        return
    # a write that overlaps its source is NumPy's to untangle
    self._a[parts] = a if a.dtype is self._a.dtype else cast_array(a, self._a.dtype)
    bump(self)

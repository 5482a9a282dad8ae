"""What an index says: its parts, each checked, before anything is taken or written."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import errors, levels
from ..tensor import Tensor
from .create import array_of

ndarray = np.ndarray


EVERYTHING = slice(None)


def basic(index: Any) -> Any:
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
            moves = moves or i != EVERYTHING
        elif cls is int or i is None:
            moves = True
        elif i is Ellipsis and not open_end:
            open_end = True
        else:
            return None
    if not moves:
        return None
    return index if open_end else (*index, ...)


def fits(index: tuple[Any, ...], shape: tuple[int, ...]) -> bool:
    """Whether the ints of an index that ``basic`` takes are in range, as far as that is seen at a glance: without an Ellipsis."""
    d = 0
    for i in index:
        if i is None:
            continue
        if i is Ellipsis or d == len(shape) or (i.__class__ is int and not -shape[d] <= i < shape[d]):
            return False
        d += 1
    return True


def read(
    index: Any, shape: tuple[int, ...], ranges: bool = True, masks: bool = True
) -> tuple[list[Any], tuple[Tensor, ...]]:
    """The parts of an index: ints, slices, None, Ellipsis, arrays of int or bool; and the tensors among the last.

    Without ``ranges`` nobody looks at what stands in index arrays, without ``masks`` at the shapes of masks.
    """
    parts: list[Any] = []
    sources: list[Tensor] = []
    for i in _as_tuple(index):
        if i.__class__ is int:
            parts.append(i)
        elif i is None or i is Ellipsis:
            parts.append(i)
        elif isinstance(i, slice):
            parts.append(slice_of(i))
        elif i is True or i is False:
            parts.append(np.array(i))
        elif isinstance(i, Tensor):
            if not i._a.ndim and i._a.dtype.kind in "iu" and i._a.dtype != np.uint8:
                parts.append(int(i._a))
            elif not i._a.ndim and i._a.dtype == np.uint8:
                parts.append(np.array(bool(i._a)))
            else:
                parts.append(index_array(i))
                sources.append(i)
        elif isinstance(i, (ndarray, list, tuple, range)):
            parts.append(index_array(list(i) if isinstance(i, range) else i))
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
        check([slice(None)] * _rank(index), shape)
    if sum(p is Ellipsis for p in parts) > 1:
        parts = _one_by_one(parts, len(shape))
    check(parts, shape, ranges, masks)
    if sum(isinstance(p, ndarray) for p in parts) > 1 and len(shape) == sum(map(dims_of, parts)):
        parts = [p for p in parts if p is not Ellipsis]  # it stands for nothing, and for NumPy sets arrays apart
    return parts, tuple(sources)


def _one_by_one(parts: list[Any], ndim: int) -> list[Any]:
    """The parts without Ellipsis, if there are several: each goes on by as many dimensions as a single one stands for.

    Raises:
        IndexError: for a part beyond the last dimension; just there PyTorch leaves slices of everything out.
    """
    rest = max(ndim - sum(map(dims_of, parts)), 0)
    written: list[Any] = []
    d = 0
    for p in parts:
        if p is Ellipsis:
            written += [slice(None)] * min(rest, ndim - d)
            d += rest
        elif d < ndim or (d == ndim and (p is None or dims_of(p) == 0)):
            written.append(p)
            d += dims_of(p)
        elif not isinstance(p, slice) or p.start not in (None, 0) or p.step not in (None, 1) or p.stop is not None:
            raise errors.index(
                f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {d})"
            )
    return written


def _rank(index: Any) -> int:
    return 1 if isinstance(index, str) else sum(isinstance(i, str) for i in index) if isinstance(index, tuple) else 0


def _as_tuple(index: Any) -> tuple[Any, ...]:
    """The parts of an index. A list that holds sequences, tensors, slices, None or Ellipsis counts as a tuple."""
    if index.__class__ is tuple:
        return index  # type: ignore[no-any-return]
    if isinstance(index, list) and len(index) < 32:
        if any(i is None or i is Ellipsis or isinstance(i, (Tensor, ndarray, list, tuple, slice)) for i in index):
            errors.warn(
                "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch 2.9; use "
                "x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor index, "
                "x[torch.tensor(seq)], which will result either in an error or a different result",
                UserWarning,
                stacklevel=5,
            )
            return tuple(index)
    return tuple(index) if isinstance(index, tuple) else (index,)


def index_array(i: Any) -> Any:
    """An index tensor, array or list as an array of integers or bool; a uint8 index is a mask."""
    if levels.running and isinstance(i, levels.Batched):
        raise levels.data_dependent()
    a = i._a if isinstance(i, Tensor) else i if isinstance(i, ndarray) else array_of(i)
    kind = a.dtype.kind
    if kind == "b":
        return a
    if a.dtype == np.uint8:
        errors.warn(
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


def slice_of(s: slice) -> slice:
    try:
        start, stop, step = (v if v is None else operator.index(v) for v in (s.start, s.stop, s.step))
    except TypeError:
        raise errors.type_("slice indices must be integers or None or have an __index__ method") from None
    if step == 0:
        raise errors.value("slice step cannot be zero")
    if step is not None and step < 0:
        raise errors.value("step must be greater than zero", "To reverse a tensor write x.flip(0).")
    return slice(start, stop, step)


def dims_of(p: Any) -> int:
    """How many dimensions of the tensor a part uses up."""
    return 0 if p is None or p is Ellipsis else p.ndim if isinstance(p, ndarray) and p.dtype.kind == "b" else 1


def check(parts: Sequence[Any], shape: tuple[int, ...], ranges: bool = True, masks: bool = True) -> None:
    used = sum(map(dims_of, parts))
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
                if masks and n != shape[d + i]:
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


def check_together(arrays: list[Any]) -> None:
    """Index arrays are broadcast against each other; a mask counts as the list of its True places."""
    shapes = [(int(a.sum()),) if a.dtype.kind == "b" else a.shape for a in arrays]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        told = ", ".join(str(list(s)) for s in shapes)
        raise errors.index(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {told}"
        ) from None


def is_whole(s: slice, n: int) -> bool:
    """Whether a slice of ``n`` elements takes them all: PyTorch then makes no view."""
    return s.start in (None, 0) and s.indices(n)[1:] == (n, 1)


def place(parts: list[Any], i: int, ndim: int) -> int:
    """The dimension that part ``i`` applies to."""
    before = parts[:i]
    skipped = ndim - sum(map(dims_of, parts)) if any(p is Ellipsis for p in before) else 0
    return skipped + sum(map(dims_of, before))

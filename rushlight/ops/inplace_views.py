"""Changing what a tensor shows, in place: ``t_``, ``squeeze_``, ``resize_``, ``set_``. No element is written.

``x.t_()`` makes ``x`` what ``x.t()`` would be. For the graph it is a write: the version counts, the history gets a node.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, levels, storage, types
from ..autograd.mode import recording
from ..functions import function
from ..op import REGISTRY
from ..tensor import Tensor, edge_of, requires_grad, view_of, wrap
from ..writing import bump, check_history, check_inference, storage_bytes
from .movement import copied_reshape, sizes
from .views import _restrided, strided_view


def refuse_wrapped(self: Tensor) -> None:
    """Refuse a tensor inside ``vmap`` or forward mode, whose own methods know what they hold."""
    if isinstance(self, levels.Wrapped):
        raise errors.runtime("In-place views of a tensor inside vmap or forward mode are methods: write x.squeeze_().")


def become(self: Tensor, node: str, make: Callable[[Tensor], Tensor]) -> Tensor:
    """Let ``self`` show what ``make`` makes of it; the history gets the node under its in-place name."""
    refuse_wrapped(self)
    check_inference(self)
    if recording() and requires_grad(self):
        check_history(self)
        edge = edge_of(self)
        before = view_of(self, self._a)
        before._base, before._edge = None, edge
        view = make(before)
        made: Any = view._edge[0]  # type: ignore[index]
        made.rename(node)
        self._edge = view._edge
        self._gen = self._vc[0] + 1  # a view's edge is the one that belongs to the version it is about to have
    else:
        view = make(self)
    self._a = view._a
    if self._edge is not None and self._edge[0].is_leaf:
        self._edge[0].meta = (self._a.shape, self._a.dtype)
    bump(self)
    return self


def _named(name: str, samples: Callable[..., Any], *dims: int) -> Callable[..., Any]:
    """Declare the method ``name``; ``dims`` name a dimension that a tensor of one does not have."""
    error = lambda m: [m.error(IndexError, "Dimension out of range", m.f(2), *dims)]  # noqa: E731
    return function(name=f"Tensor.{name}", methods=name, samples=samples, errors=error, asks=False)


@function(name="Tensor.t_", methods="t_",
          samples=lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2))],
          errors=lambda m: [m.error(RuntimeError, "expects a tensor with <= 2 dimensions", m.f(2, 2, 2))])  # fmt: skip
def t_(self: Tensor) -> Tensor:
    """In-place ``t``: a matrix becomes its transpose.

    >>> import rushlight as torch
    >>> torch.zeros(2, 3).t_().shape
    torch.Size([3, 2])
    """
    if self._a.ndim > 2:
        raise errors.runtime(f"t_() expects a tensor with <= 2 dimensions, but self is {self._a.ndim}D")
    return become(self, "TBackward1", REGISTRY["t"].public)


@_named("unsqueeze_", lambda m: [m(m.f(2, 3), 1), m(m.f(), 0), m(m.f(0), 0), m(m.nc(3, 2), 0)], 7)
def unsqueeze_(self: Tensor, dim: int) -> Tensor:
    """In-place ``unsqueeze``: a dimension of size 1 is inserted.

    >>> import rushlight as torch
    >>> torch.zeros(2).unsqueeze_(0).shape
    torch.Size([1, 2])
    """
    return become(self, "UnsqueezeBackward1", lambda x: REGISTRY["unsqueeze"].public(x, dim))  # type: ignore[no-any-return]


@_named("squeeze_", lambda m: [m(m.f(1, 3)), m(m.f(1, 3), 0), m(m.f()), m(m.f(1, 0)), m(m.nc(3, 2), 0)], 7)
def squeeze_(self: Tensor, dim: Any = None) -> Tensor:
    """In-place ``squeeze``: dimensions of size 1 are taken away.

    >>> import rushlight as torch
    >>> torch.zeros(1, 2).squeeze_().shape
    torch.Size([2])
    """
    node = "SqueezeBackward3" if dim is None else "SqueezeBackward4" if isinstance(dim, int) else "SqueezeBackward5"
    return become(self, node, lambda x: REGISTRY["squeeze"].public(x, dim))  # type: ignore[no-any-return]


def _exchanges(m: Any) -> list[Any]:
    return [m(m.f(2, 3), 0, 1), m(m.f(), 0, 0), m(m.f(0, 2), 0, 1), m(m.nc(3, 2), 0, 1)]


@_named("transpose_", _exchanges, 7, 0)
def transpose_(self: Tensor, dim0: int, dim1: int) -> Tensor:
    """In-place ``transpose``: two dimensions are exchanged.

    >>> import rushlight as torch
    >>> torch.zeros(2, 3).transpose_(0, 1).shape
    torch.Size([3, 2])
    """
    return become(self, "TransposeBackward1", lambda x: REGISTRY["transpose"].public(x, dim0, dim1))  # type: ignore[no-any-return]


@_named("swapaxes_", _exchanges, 7, 0)
def swapaxes_(self: Tensor, axis0: int, axis1: int) -> Tensor:
    """In-place ``swapaxes``: ``transpose_`` under NumPy's name.

    >>> import rushlight as torch
    >>> torch.zeros(2, 3).swapaxes_(axis0=0, axis1=1).shape
    torch.Size([3, 2])
    """
    return transpose_(self, axis0, axis1)  # type: ignore[no-any-return]


@_named("swapdims_", _exchanges, 7, 0)
def swapdims_(self: Tensor, dim0: int, dim1: int) -> Tensor:
    """In-place ``swapdims``: another name of ``transpose_``.

    >>> import rushlight as torch
    >>> torch.zeros(2, 3).swapdims_(0, 1).shape
    torch.Size([3, 2])
    """
    return transpose_(self, dim0, dim1)  # type: ignore[no-any-return]


@function(name="as_strided_", methods="as_strided_", samples=lambda m: [
    m(m.f(6), (2, 2), (1, 2)), m(m.f(), (), ()), m(m.f(0), (0,), (1,)), m(m.f(6), (2, 2), (1, 1), 1),
    m.without("strided", "the memory behind it differs by how it was made")],
    errors=lambda m: [m.error(RuntimeError, "mismatch in length of strides and shape", m.f(4), (2, 2), (1,))])  # fmt: skip
def as_strided_(self: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """In-place ``as_strided``: other sizes and strides over the same memory.

    >>> import rushlight as torch
    >>> torch.arange(5).as_strided_((2, 2), (1, 2))
    tensor([[0, 2],
            [1, 3]])
    """
    refuse_wrapped(self)
    check_inference(self)
    make = strided_view.public

    def view(x: Tensor) -> Tensor:
        return make(x, _restrided(self, size, stride, storage_offset), "AsStridedBackward0")  # type: ignore[no-any-return]

    return become(self, "AsStridedBackward1", view)


_C_NAMES = {
    "float64": "double", "float32": "float", "float16": "c10::Half", "bfloat16": "c10::BFloat16", "int64": "long int",
    "int32": "int", "int16": "short int", "int8": "signed char", "uint8": "unsigned char",
}  # fmt: skip


# --- other memory -------------------------------------------------------------------------------------------------------
@function(name="Tensor.resize_", methods="resize_", samples=lambda m: [
    m(m.i(6), 2, 3), m(m.i(6), (4,)), m(m.i(2, 2), (0,)), m(m.i(), 1), m(m.i(2, 3).t(), (6,)), m(m.i(0), (0, 3))],
    errors=lambda m: [
    m.error(TypeError, "resize_()", m.i(2), "a"),
    m.error(RuntimeError, "cannot resize variables that require grad", m.f(2).requires_grad_(), 3),
    m.error(RuntimeError, "Unsupported memory format", m.a([1]), 1, memory_format=m.torch.preserve_format)])  # fmt: skip
def resize_(self: Tensor, *size: Any, memory_format: Any = None) -> Tensor:
    """Change the shape in place, over the same memory as far as it reaches; new elements are whatever was there (here zeros).

    >>> import rushlight as torch
    >>> torch.arange(6).resize_(2, 2)
    tensor([[0, 1],
            [2, 3]])
    """
    if len(size) == 1 and not isinstance(size[0], (tuple, list)) and not hasattr(size[0], "__index__"):
        raise errors.type_(
            f"resize_(): argument 'size' (position 1) must be tuple of ints, not {type(size[0]).__name__}"
        )
    shape = sizes(size)
    if requires_grad(self):
        raise errors.runtime("cannot resize variables that require grad")
    if any(n < 0 for n in shape):
        bad = next(n for n in shape if n < 0)
        raise errors.runtime(
            "numel: integer multiplication overflow",
            f"Trying to create tensor with negative dimension {bad}: {list(shape)}. resize_ takes sizes of 0 or more.",
        )
    if memory_format is types.preserve_format:
        raise errors.runtime("Unsupported memory formatPreserve", "resize_ puts the elements in row-major order.")
    if memory_format not in (None, types.contiguous_format):
        raise NotImplementedError(
            f"Tensor.resize_(memory_format={memory_format}) is not supported: write x.resize_(size)."
        )
    _resize(self, shape)
    return self


def _resize(self: Tensor, shape: tuple[int, ...]) -> None:
    refuse_wrapped(self)
    check_inference(self)
    bump(self)
    if shape == self._a.shape:
        return
    a = self._a
    memory, start = storage_bytes(a), self.storage_offset() * a.itemsize
    needed = int(np.prod(shape, dtype=np.int64)) * a.itemsize
    if start + needed <= memory.size:
        self._a = memory[start : start + needed].view(a.dtype).reshape(shape)
        return
    grown = np.zeros(start + needed, np.uint8)
    grown[: memory.size] = memory
    self._a = grown[start:].view(a.dtype).reshape(shape)


@function(name="resize_as_", methods="resize_as_", samples=lambda m: [
    m(m.i(6), m.i(2, 3)), m(m.i(6), m.i(4)), m(m.i(), m.i(1)), m(m.i(2), m.i(0)), m(m.i(2, 3).t(), m.i(6))],
    errors=lambda m: [m.error(TypeError, "", m.i(2), 3)])  # fmt: skip
def resize_as_(self: Tensor, the_template: Tensor, memory_format: Any = None) -> Tensor:
    """``resize_`` to the shape of another tensor.

    >>> import rushlight as torch
    >>> torch.arange(6).resize_as_(torch.zeros(3))
    tensor([0, 1, 2])
    """
    if not isinstance(the_template, Tensor):
        raise errors.not_a_tensor("resize_as_", "the_template", 1, the_template)
    memory_format = None if memory_format is types.preserve_format else memory_format  # that of a template in order
    return resize_(self, tuple(the_template._a.shape), memory_format=memory_format)


# --- the old forms that are not in place --------------------------------------------------------------------------------
@function(name="Tensor.resize", methods="resize", samples=lambda m: [
    m(m.f(2, 3), 3, 2), m(m.f(2, 3), 6), m(m.f(), 1), m(m.nc(3, 2), 2, 3), m(m.f(0, 2), 0)],
    errors=lambda m: [m.error(RuntimeError, "requested resize to 5 (5 elements in total), but the given tensor has a size of 2x3",
                              m.f(2, 3), 5)])  # fmt: skip
def resize(self: Tensor, *sizes_: Any) -> Tensor:
    """``view``, of a copy if the elements are not in order. Deprecated in PyTorch: write ``reshape``."""
    errors.warn("non-inplace resize is deprecated", UserWarning, stacklevel=2)
    return _resized(self, sizes(sizes_))


@function(name="Tensor.resize_as", methods="resize_as", samples=lambda m: [
    m(m.f(2, 3), m.i(3, 2)), m(m.f(), m.i(1)), m(m.nc(3, 2), m.i(6)), m(m.f(0, 2), m.i(0))],
    errors=lambda m: [m.error(RuntimeError, "autograd's resize can only change the shape", m.f(2, 3), m.i(5))])  # fmt: skip
def resize_as(self: Tensor, tensor: Tensor) -> Tensor:
    """``resize`` to the shape of another tensor. Deprecated in PyTorch: write ``reshape_as``."""
    errors.warn("non-inplace resize_as is deprecated", UserWarning, stacklevel=2)
    return _resized(self, tuple(tensor._a.shape))


def _resized(self: Tensor, shape: tuple[int, ...]) -> Tensor:
    count, a = int(np.prod(shape, dtype=np.int64)), self._a
    if count != a.size:
        raise errors.runtime(
            f"requested resize to {'x'.join(map(str, shape))} ({count} elements in total), but the given tensor has a size of "
            f"{'x'.join(map(str, a.shape))} ({a.size} elements). autograd's resize can only change the shape of a given tensor, "
            "while preserving the number of elements. "
        )
    if a.flags.c_contiguous:
        return strided_view.public(self, a.reshape(shape), "ResizeBackward")  # type: ignore[no-any-return]
    out: Tensor = copied_reshape.public(self, size=shape)
    if out._edge is not None:
        out._edge[0].rename("ResizeBackward")
    return out


@function(name="Tensor.set_", methods="set_", samples=lambda m: [
    m(m.i(2), m.i(2, 3)), m(m.i(), m.i()), m(m.i(2), m.i(0)), m(m.i(2), m.i(2, 3).t()), m(m.i(2))],
    errors=lambda m: [m.error(RuntimeError, "Could not set tensor of type double", m.i(2), m.f(2))])  # fmt: skip
def set_(self: Tensor, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = ()) -> Tensor:
    """Show the memory of another tensor, or of a storage, or none at all, from now on.

    >>> import rushlight as torch
    >>> x, y = torch.zeros(2), torch.ones(3)
    >>> x.set_(y).data_ptr() == y.data_ptr()
    True
    """
    refuse_wrapped(self)
    check_inference(self)
    if requires_grad(self) and recording():
        raise errors.runtime("a leaf Variable that requires grad is being used in an in-place operation.")
    if is_storage(source):
        source = wrap(source.elements_for(self.dtype))
    if source is None:
        self._a = np.empty((0,), self._a.dtype)
    elif isinstance(source, Tensor):
        if source._a.dtype is not self._a.dtype:
            theirs, ours = (_C_NAMES.get(t._a.dtype.name, str(t.dtype)) for t in (source, self))
            raise errors.runtime(f"Could not set tensor of type {theirs} to a tensor of type {ours}")
        self._a = source._a if size is None else _restrided(source, size, stride, storage_offset)
    else:
        raise NotImplementedError(
            f"Tensor.set_ from a {type(source).__name__} is not supported: pass a tensor or a storage."
        )
    bump(self)
    return self


@function(name="Tensor.is_set_to", methods="is_set_to", samples=lambda m: [
    m(m.i(2), m.i(2)), m(m.i(), m.i()), m(m.i(0, 2), m.i(0, 2)), m(m.i(2, 3).t(), m.i(3))],
    errors=lambda m: [m.error(TypeError, "", m.i(2), 3)])  # fmt: skip
def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether both show the same memory in the same way.

    >>> import rushlight as torch
    >>> x = torch.zeros(2)
    >>> x.is_set_to(x.view(2))
    True
    """
    if not isinstance(tensor, Tensor):
        raise errors.not_a_tensor("is_set_to", "tensor", 1, tensor)
    return (
        self._a.shape == tensor._a.shape
        and self.stride() == tensor.stride()
        and self.data_ptr() == tensor.data_ptr()
        and self._a.dtype == tensor._a.dtype
    )


_any_storage: Any = lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0)), m(m.nc(2, 2)), m(m.i(2))]  # noqa: E731


@function(name="Tensor.untyped_storage", methods="untyped_storage", samples=_any_storage,
    errors=lambda m: [m.error(TypeError, "", m.f(2), 3)])  # fmt: skip
def untyped_storage(self: Tensor) -> storage.UntypedStorage:
    """All the memory behind this tensor, as bytes.

    >>> import rushlight as torch
    >>> torch.tensor([1, 256], dtype=torch.int16)[1:].untyped_storage().tolist()
    [1, 0, 0, 1]
    """
    new = object.__new__(storage.UntypedStorage)  # before anything else, as in ``storage``
    return storage.of_memory(storage_bytes(self._a), new)


@function(name="Tensor.storage", methods="storage", samples=_any_storage,
    errors=lambda m: [m.error(TypeError, "", m.f(2), 3)])  # fmt: skip
def storage_(self: Tensor) -> storage.TypedStorage:
    """All the memory behind this tensor, as elements of its dtype.

    >>> import warnings
    >>> import rushlight as torch
    >>> with warnings.catch_warnings(action="ignore"):  # it says that it is old, as PyTorch's does
    ...     torch.arange(4)[1:3].storage().tolist()
    [0, 1, 2, 3]
    """
    # Made before anything else, so that `id(x.storage()) == id(x.t().storage())`, which books show, holds as in PyTorch:
    # the object takes the place that the last one has just left.
    new = object.__new__(storage.TypedStorage)
    storage.warn_of_old()
    return storage.typed(storage_bytes(self._a), self.dtype, new)


@function(samples=lambda m: [m(m.f(2)), m(m.f()), m(m.f(0)), m(m.nc(2, 2)), m(3)],
    errors=lambda m: [m.error(TypeError, "is_storage() missing 1 required positional argument: 'obj'")])  # fmt: skip
def is_storage(obj: Any) -> bool:
    """Whether it is a storage.

    >>> import rushlight as torch
    >>> torch.is_storage(torch.ones(2).untyped_storage()), torch.is_storage(torch.ones(2))
    (True, False)
    """
    return isinstance(obj, (storage.TypedStorage, storage.UntypedStorage))

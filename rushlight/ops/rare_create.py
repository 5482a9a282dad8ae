"""Constructors that few programs name: a number, a buffer as a tensor, memory in another order of dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..kernels.lazy import expose
from ..promotion import cast
from ..tensor import Tensor, wrap
from .create import dtype_or_default, finish, need_number, read_size
from .movement import turned

_NO_TENSORS = (("0-d", "no tensor goes in"), ("empty", "no tensor goes in"), ("strided", "no tensor goes in"))


@function(samples=lambda m: [
    m(3), m(2.5), m(True), m(3, dtype=m.torch.int64), m(2j, dtype=m.torch.complex64), m(m.a(2)),
    *[m.without(*row) for row in _NO_TENSORS[1:]]],
    errors=lambda m: [
    m.error(TypeError, "scalar_tensor(): argument 's' (position 1) must be Number, not str", "a"),
    m.error(RuntimeError, "value cannot be converted to type float without overflow", 1j)])  # fmt: skip
def scalar_tensor(s: Any, *, dtype: Any = None, **kwargs: Any) -> Tensor:
    """A number as a 0-d tensor, of the default dtype whatever the number.

    >>> import rushlight as torch
    >>> torch.scalar_tensor(3)
    tensor(3.)
    """
    value = need_number("scalar_tensor", "s", 1, s)
    wanted = dtype_or_default(dtype, "scalar_tensor")
    if isinstance(value, complex) and value.imag and not wanted.is_complex:
        raise errors.runtime(
            f"value cannot be converted to type {types.c_name(wanted)} without overflow", "Pass dtype=torch.complex64."
        )
    return finish(cast(value, wanted), **kwargs)


@function(samples=lambda m: [
    *[m(*args).apart("what lies in the memory") for args in (((2, 3, 4), (0, 2, 1)), ((), ()), ((0, 2), (1, 0)))],
    *[m.without(*row) for row in _NO_TENSORS]],
    errors=lambda m: [
    m.error(RuntimeError, "Number of dimensions in size does not match the length of the physical_layout", (2, 3), (0,)),
    m.error(RuntimeError, "Duplicate dim not allowed", (2, 3), (0, 0)),
    m.error(RuntimeError, "Dimension out of range (expected to be between 0 and 1, but got -1 at index 0)", (2, 3), (-1, 0)),
    m.error(TypeError, "empty_permuted(): argument 'size' (position 1) must be tuple of ints, not int", 2, 3)])  # fmt: skip
def empty_permuted(size: Any, physical_layout: Any, *, dtype: Any = None, **kwargs: Any) -> Tensor:
    """A tensor of this size, not filled, whose dimensions lie in memory in the order ``physical_layout``, the widest step first.

    >>> import rushlight as torch
    >>> torch.empty_permuted((2, 3, 4), (0, 2, 1)).stride()
    (12, 1, 3)
    """
    if not isinstance(size, (tuple, list)):
        raise errors.type_(
            f"empty_permuted(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}"
        )
    shape, layout = read_size("empty_permuted", (size,)), tuple(physical_layout)
    if len(shape) != len(layout):
        raise errors.runtime(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. "
            f"len(size) = {len(shape)} is not equal to len(physical_layout) = {len(layout)}"
        )
    for i, d in enumerate(layout):
        if not 0 <= d < len(shape):
            raise errors.runtime(
                f"Dimension out of range (expected to be between 0 and {len(shape) - 1}, but got {d} at index {i}).  NB: "
                "negative dims not currently supported; file an issue if you want it."
            )
        if d in layout[:i]:
            raise errors.runtime("Duplicate dim not allowed", f"physical_layout names {d} twice: {layout}.")
    memory: np.ndarray[Any, Any] = np.empty([shape[d] for d in layout], dtype_or_default(dtype, "empty_permuted").np)
    return finish(turned(memory, np.argsort(layout).tolist()), **kwargs)


_EIGHT = bytearray(range(1, 9))


@function(samples=lambda m: [
    m(_EIGHT, dtype=m.torch.int32), m(_EIGHT, dtype=m.torch.uint8, count=3), m(_EIGHT, dtype=m.torch.int16, offset=2),
    m(memoryview(_EIGHT)[2:6], dtype=m.torch.uint8), m(np.arange(6.0).reshape(2, 3), dtype=m.torch.float64),
    *[m.without(*row) for row in _NO_TENSORS]],
    errors=lambda m: [
    m.error(TypeError, 'frombuffer() missing 1 required positional arguments: "dtype"', _EIGHT),
    m.error(ValueError, "object does not implement Python buffer protocol.", [1, 2], dtype=m.torch.int32),
    m.error(ValueError, "requested buffer length (3 * 4 bytes) after offset (0 bytes) must not be greater than actual buffer length "
        "(8 bytes)", _EIGHT, dtype=m.torch.int32, count=3),
    m.error(ValueError, "offset (9 bytes) must be non-negative and no greater than buffer length (8 bytes) minus 1", _EIGHT,
        dtype=m.torch.int32, offset=9),
    m.error(ValueError, "both buffer length (8) and count (0) must not be 0", _EIGHT, dtype=m.torch.int32, count=0),
    m.error(ValueError, "buffer length (7 bytes) after offset (1 bytes) must be a multiple of element size (4)", _EIGHT,
        dtype=m.torch.int32, offset=1)])  # fmt: skip
def frombuffer(
    buffer: Any, *, dtype: Any = None, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A tensor of one dimension that shows the memory of an object with Python's buffer protocol: ``count`` elements of ``dtype``
    (below 0: all) from byte ``offset`` on.

    A buffer that may not be written, as ``bytes``, gives PyTorch's warning; here a write to the tensor is refused.

    Raises:
        TypeError: without ``dtype``. ValueError: for what is no buffer, or does not hold so many elements.

    >>> import rushlight as torch
    >>> torch.frombuffer(bytearray([1, 0, 2, 0]), dtype=torch.int16)
    tensor([1, 2], dtype=torch.int16)
    """
    if dtype is None:
        raise errors.type_('frombuffer() missing 1 required positional arguments: "dtype"')
    wanted = dtype_or_default(dtype, "frombuffer")
    try:
        view = memoryview(buffer)
    except TypeError:
        raise errors.value("object does not implement Python buffer protocol.") from None
    except BufferError:
        raise errors.runtime("could not retrieve buffer from object") from None
    if not view.c_contiguous:
        raise errors.runtime("could not retrieve buffer from object", "Its elements must lie one after the other.")
    size, length = wanted.itemsize, view.nbytes
    if not length or not count:
        raise errors.value(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise errors.value(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({length} bytes) minus 1"
        )
    if count < 0 and (length - offset) % size:
        raise errors.value(
            f"buffer length ({length - offset} bytes) after offset ({offset} bytes) must be a multiple of element size ({size})"
        )
    n = (length - offset) // size if count < 0 else count
    if offset + n * size > length:
        raise errors.value(
            f"requested buffer length ({n} * {size} bytes) after offset ({offset} bytes) must not be greater than actual buffer "
            f"length ({length} bytes)"
        )
    a: np.ndarray[Any, Any] = np.frombuffer(view, np.uint8, n * size, offset)
    if view.readonly:
        errors.warn(
            "The given buffer is not writable, and PyTorch does not support non-writable tensors. This means you can write to "
            "the underlying (supposedly non-writable) buffer using the tensor. You may want to copy the buffer to protect its "
            "data or make it writable before converting it to a tensor.",
            UserWarning,
            stacklevel=2,
        )
    expose(a)
    t = wrap(a.view(wanted.np))
    if requires_grad:
        types.check_differentiable(t.dtype)
        t.requires_grad_(True)
    return t

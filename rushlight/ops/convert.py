"""Conversions: ``.to()`` and its short names, and what a CPU answers when asked about devices."""

from __future__ import annotations

from typing import Any

from .. import errors, types
from ..functions import function
from ..op import elementwise
from ..promotion import cast_array
from ..promotion import result_type as promoted
from ..tensor import Tensor
from .legacy_types import TYPED


@elementwise(promote="none", grad_name="ToCopyBackward0", public=False, domain=(-3, 3))
def convert(k, input, *, dtype):
    """The elements in another dtype."""
    return cast_array(input, dtype.np)


@convert.vjp("input")
def _(k, g):
    return g


def _to_dtype(x: Tensor, dtype: types.dtype, copy: bool = False) -> Tensor:
    if x.dtype is dtype:
        return x.clone() if copy else x  # type: ignore[no-any-return]
    return convert.public(x, dtype=dtype)  # type: ignore[no-any-return]


@function(name="Tensor.to", methods="to")
def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """This tensor in another dtype or on another device: ``to(dtype)``, ``to(device)``, ``to(other)``; itself if nothing changes.

    Raises:
        AssertionError: for a CUDA device, which a CPU build does not have.
    """
    copy = bool(kwargs.pop("copy", False))
    kwargs.pop("non_blocking", None)
    kwargs.pop("memory_format", None)
    dtype, where = kwargs.pop("dtype", None), kwargs.pop("device", None)
    other = kwargs.pop("other", None)
    if kwargs:
        raise errors.type_(f"to() got an unexpected keyword argument '{next(iter(kwargs))}'")
    for a in (*args, other):
        if isinstance(a, types.dtype):
            dtype = a
        elif isinstance(a, Tensor):
            dtype = a.dtype
        elif isinstance(a, (str, types.device)) or (isinstance(a, int) and not isinstance(a, bool)):
            where = a
        elif a is not None and not isinstance(a, (bool, types.memory_format)):
            raise errors.type_(f"to() received an invalid combination of arguments - got ({type(a).__name__})")
    types.check_device(where)
    return _to_dtype(self, self.dtype if dtype is None else dtype, copy)


def _short(name: str, dtype: types.dtype) -> None:
    def method(self: Tensor, memory_format: Any = None) -> Tensor:
        return _to_dtype(self, dtype)

    method.__name__, method.__doc__ = name, f"This tensor as {dtype}."
    function(name="Tensor." + name, methods=name)(method)


for _name, _dtype in {
    **types.ALIASES, "byte": types.uint8, "char": types.int8, "bfloat16": types.bfloat16,
}.items():  # fmt: skip
    _short(_name, _dtype)


@function(name="Tensor.type", methods="type")
def type_of(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The tensor type's name, or this tensor as another type."""
    if dtype is None:
        return f"torch.{types.scalar_name(self.dtype)}Tensor"
    if isinstance(dtype, str):
        name = dtype.removeprefix("torch.")
        if name not in TYPED:
            raise errors.value(f"invalid type: '{dtype}'")
        dtype = TYPED[name]
    return _to_dtype(self, getattr(dtype, "dtype", dtype))


@function(name="Tensor.type_as", methods="type_as")
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor in the dtype of another."""
    return _to_dtype(self, other.dtype)


@function(name="Tensor.cpu", methods="cpu")
def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """This tensor: it is on the CPU."""
    return self


@function(name="Tensor.cuda", methods="cuda")
def cuda(self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Tensor:
    """Raises what PyTorch's CPU build raises."""
    types.check_device("cuda")
    return self


@function(name="Tensor.pin_memory", methods="pin_memory share_memory_")
def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """This tensor, for programs that ask."""
    return self


@function(methods="is_floating_point")
def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a floating one."""
    return input.dtype.is_floating_point


@function(methods="is_complex")
def is_complex(input: Tensor) -> bool:
    """Whether the dtype is complex."""
    return input.dtype.is_complex


@function(name="Tensor.element_size", methods="element_size")
def element_size(self: Tensor) -> int:
    """Bytes of one element."""
    return self._a.itemsize


@function(name="Tensor.get_device", methods="get_device")
def get_device(self: Tensor) -> int:
    """-1: the CPU."""
    return -1


@function()
def result_type(tensor1: Any, tensor2: Any) -> types.dtype:
    """The dtype that arithmetic between the two gives."""
    return promoted((tensor1, tensor2))


def _is_false(self: Tensor) -> bool:
    return False


for _flag in (
    "is_cuda",
    "is_sparse",
    "is_quantized",
    "is_meta",
    "is_mps",
    "is_mkldnn",
    "is_xpu",
    "is_nested",
    "is_sparse_csr",
):
    setattr(Tensor, _flag, property(_is_false, doc="False."))

Tensor.is_cpu = property(lambda self: True, doc="True.")  # type: ignore[attr-defined]

"""Conversions: ``.to()`` and its short names, the order of memory, and what a CPU answers when asked about devices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels, meta, types
from ..asking import otherwise
from ..functions import function
from ..kernels.symbols import Symbol, Unreadable
from ..op import elementwise
from ..promotion import cast_array
from ..promotion import result_type as promoted
from ..routes import routed
from ..tensor import Tensor
from .legacy_types import TYPED
from .movement import clone


@elementwise(promote="none", grad_name="ToCopyBackward0", public=False, domain=(-3, 3))
def convert(k, input, *, dtype):
    """The elements in another dtype."""
    if input.__class__ is Symbol and input.dtype != dtype.np:
        raise Unreadable(f"a cast to {dtype}")  # the result of a loop is of its arrays' dtype
    return cast_array(input, dtype.np)


@convert.vjp("input")
def _(k, g):
    return g


def _to_dtype(x: Tensor, dtype: types.dtype, copy: bool = False) -> Tensor:
    if x.dtype is dtype:
        return convert.public(x, dtype=dtype) if copy else x  # type: ignore[no-any-return]
    return convert.public(x, dtype=dtype)  # type: ignore[no-any-return]


@function(
    name="Tensor.to",
    methods="to",
    asks=False,
    samples=lambda m: [
        m(m.f(2, 3), m.torch.float32),
        m(m.f(), m.torch.int64),
        m(m.f(0, 2), "cpu"),
        m(m.nc(3, 2), m.torch.float16).first_order("rounded"),
        m(m.f(2), m.i(2)),
        m(m.f(2), copy=True),
    ],
    errors=lambda m: [
        m.error(AssertionError, "Torch not compiled with CUDA enabled", m.f(2), "cuda"),
        m.error(TypeError, "to() received an invalid combination of arguments - got (list)", m.f(2), [1]),
    ],
)
def to(
    self: Tensor,
    *args: Any,
    dtype: types.dtype | None = None,
    device: Any = None,
    other: Tensor | None = None,
    non_blocking: bool = False,
    copy: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """This tensor in another dtype or on another device: ``to(dtype)``, ``to(device)``, ``to(other)``; itself if nothing changes.

    Raises:
        AssertionError: for a CUDA device, which a CPU build does not have.
    """
    if len(args) > 4:
        raise errors.type_(f"to() takes from 0 to 4 positional arguments but {len(args)} were given")
    for a in (*args, other):
        if isinstance(a, types.dtype):
            dtype = a
        elif isinstance(a, type) and a in types.PYTHON_TYPES:
            dtype = types.PYTHON_TYPES[a]
        elif isinstance(a, Tensor):
            dtype = a.dtype
        elif isinstance(a, (str, types.device)) or (isinstance(a, int) and not isinstance(a, bool)):
            device = a
        elif a is not None and not isinstance(a, (bool, types.memory_format)):
            error = errors.type_(f"to() received an invalid combination of arguments - got ({type(a).__name__})")
            return otherwise(to, (self, *args), {}, error)  # type: ignore[no-any-return]
    if dtype is not None and not isinstance(dtype, types.dtype):
        if dtype in types.PYTHON_TYPES:
            return to(self, dtype=types.PYTHON_TYPES[dtype], device=device, copy=copy)
        raise errors.type_(
            f"to() received an invalid combination of arguments - got (dtype={type(dtype).__name__}, )",
            "For example x.to(torch.float32).",
        )
    if device is not None or levels.running:
        there = isinstance(self, meta.MetaTensor)
        if device is None:
            device = next((a.device for a in (*args, other) if isinstance(a, Tensor)), self.device)
        if types.is_meta(device):
            target = self if there else meta.like(self, requires_grad=False)
            return _to_dtype(target, self.dtype if dtype is None else dtype, bool(copy))
        types.check_device(device)
        if there:
            raise meta.no_data()
    return _to_dtype(self, self.dtype if dtype is None else dtype, bool(copy))


def _short(name: str, dtype: types.dtype) -> None:
    def method(self: Tensor, *, memory_format: Any = None) -> Tensor:
        return _to_dtype(self, dtype)

    method.__name__, method.__doc__ = name, f"This tensor as {dtype}."
    function(
        name="Tensor." + name,
        methods=name,
        samples=lambda m: [
            m(m.f(2, 3)).first_order("rounded"),
            m(m.f()).first_order("rounded"),
            m(m.f(0, 2)),
            m(m.nc(3, 2)).first_order("rounded"),
            m(m.i(3)),
        ],
        errors=lambda m: [m.error(TypeError, f"{name}() takes", m.f(2), 3)],
    )(routed(method))


for _name, _dtype in {
    **types.ALIASES, "byte": types.uint8, "char": types.int8, "bfloat16": types.bfloat16,
}.items():  # fmt: skip
    if _dtype not in types.ONLY_NAMED:
        _short(_name, _dtype)


@function(
    name="Tensor.type",
    methods="type",
    samples=lambda m: [
        m(m.f(2, 3), m.torch.int64),
        m(m.f(), "torch.FloatTensor"),
        m(m.f(0, 2)),
        m(m.nc(3, 2), m.torch.float64),
        m(m.i(2), m.torch.Tensor),
        m(m.i(2), "torch.Tensor"),
    ],
    errors=lambda m: [
        m.error(ValueError, "invalid type: 'torch.Foo'", m.f(2), "torch.Foo"),
        m.error(ValueError, "invalid type: 'float'", m.f(2), float),
        m.error(TypeError, "dtype must be a type, str, or dtype object", m.f(2), 3),
    ],
)
def type_of(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The tensor type's name, or this tensor as another type."""
    if dtype is None:
        return f"torch.{types.scalar_name(self.dtype)}Tensor"
    if dtype is Tensor or dtype == "torch.Tensor":
        dtype = types.get_default_dtype()
    elif isinstance(dtype, str):
        name = dtype.removeprefix("torch.")
        if name not in TYPED:
            raise errors.value(f"invalid type: '{dtype}'")
        dtype = TYPED[name]
    dtype = getattr(dtype, "dtype", dtype)
    if not isinstance(dtype, types.dtype):
        if isinstance(dtype, type):
            raise errors.value(f"invalid type: '{dtype.__name__}'", "Write a dtype, torch.float32 for example.")
        raise errors.type_("dtype must be a type, str, or dtype object")
    return _to_dtype(self, dtype)


@function(
    name="Tensor.type_as",
    methods="type_as",
    asks=False,
    samples=lambda m: [
        m(m.f(2, 3), m.i(2)),
        m(m.f(), m.f()),
        m(m.f(0, 2), m.a(1)),
        m(m.nc(3, 2), m.a(1.0, m.torch.float64)),
    ],
    errors=lambda m: [
        m.error(TypeError, "type_as(): argument 'other' (position 1) must be Tensor, not int", m.f(2), 3)
    ],
)
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor in the dtype of another."""
    if not isinstance(other, Tensor):
        return otherwise(type_as, (self, other), {}, errors.not_a_tensor("type_as", "other", 1, other))  # type: ignore[no-any-return]
    return _to_dtype(self, other.dtype)


@function(
    name="Tensor.cpu",
    methods="cpu",
    samples=lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2)), m(m.i(3))],
    errors=lambda m: [m.error(TypeError, "cpu() takes", m.f(2), 3)],
)
def cpu(self: Tensor, *, memory_format: Any = None) -> Tensor:
    """This tensor: it is on the CPU."""
    return self


@function(
    name="Tensor.cuda",
    methods="cuda",
    samples=lambda m: [m(m.f(2)), m(m.f()), m(m.f(0)), m(m.nc(2, 2))],
    errors=lambda m: [m.error(AssertionError, "Torch not compiled with CUDA enabled", m.f(2))],
)
def cuda(self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Tensor:
    """Raises what PyTorch's CPU build raises."""
    if device is not None and types.device(device).type != "cuda":
        raise errors.runtime("Invalid device, must be cuda device", "x.cpu() and x.to('cpu') are for the CPU.")
    types.check_device("cuda")
    return self


# --- the order of memory ----------------------------------------------------------------------------------------------
#: How many dimensions the orders of memory are for.
_RANKS = {types.channels_last: 4, types.channels_last_3d: 5}


@function(name="Tensor.contiguous", methods="contiguous", asks=False, samples=lambda m: [
    m(m.f(2, 3)), m(m.f()), m(m.nc(3, 2)), m(m.f(0, 2))],
    errors=lambda m: [
        m.error(TypeError, "contiguous()", m.f(2), 3),
        m.error(RuntimeError, "required rank 4 tensor to use channels_last format", m.f(2), memory_format=m.torch.channels_last)],
)  # fmt: skip
def contiguous(input: Tensor, memory_format: Any = types.contiguous_format) -> Tensor:
    """This tensor if its memory is in order, else a copy that is.

    Raises:
        RuntimeError: for ``channels_last`` of a tensor that has not four dimensions (``channels_last_3d``: five).
    """
    need_format("contiguous", memory_format)
    rank = _RANKS.get(memory_format)
    if rank is not None and input._a.ndim != rank:
        raise errors.runtime(
            f"required rank {rank} tensor to use {str(memory_format).removeprefix('torch.')} format",
            f"The tensor has {input._a.ndim} dimensions.",
        )
    return input if input._a.flags.c_contiguous else clone.public(input, memory_format=types.contiguous_format)


def need_format(name: str, memory_format: Any) -> None:
    """Refuse what is no memory format."""
    if not isinstance(memory_format, types.memory_format):
        raise errors.type_(
            f"{name}(): argument 'memory_format' must be torch.memory_format, not {type(memory_format).__name__}"
        )


@function(name="Tensor.is_contiguous", methods="is_contiguous", samples=lambda m: [
    m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2))],
    errors=lambda m: [m.error(TypeError, "is_contiguous()", m.f(2), 3)])  # fmt: skip
def is_contiguous(self: Tensor, memory_format: Any = types.contiguous_format) -> bool:
    """Whether the elements lie in row-major order."""
    need_format("is_contiguous", memory_format)
    return bool(self._a.flags.c_contiguous)


# --- devices ----------------------------------------------------------------------------------------------------------
@function(
    name="Tensor.pin_memory",
    methods="pin_memory",
    samples=lambda m: [m(m.f(2)), m(m.f()), m(m.f(0)), m(m.nc(2, 2))],
    errors=lambda m: [m.error(RuntimeError, "Cannot access accelerator device when none is available.", m.f(2))],
)
def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """Raises what PyTorch's CPU build raises: there is no accelerator to copy to."""
    raise errors.runtime(
        "Cannot access accelerator device when none is available.", "Pin memory only if torch.cuda.is_available()."
    )


@function(
    methods="is_floating_point",
    asks=False,
    samples=lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2)), m(m.i(3)), m(m.c(2))],
    errors=lambda m: [
        m.error(TypeError, "is_floating_point(): argument 'input' (position 1) must be Tensor, not float", 3.0)
    ],
)
def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a floating one."""
    if not isinstance(input, Tensor):
        error = errors.not_a_tensor("is_floating_point", "input", 1, input)
        return otherwise(is_floating_point, (input,), {}, error)  # type: ignore[no-any-return]
    return input.dtype.is_floating_point


@function(
    methods="is_complex",
    asks=False,
    samples=lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2)), m(m.i(3)), m(m.c(2))],
    errors=lambda m: [m.error(TypeError, "is_complex(): argument 'input' (position 1) must be Tensor, not float", 3.0)],
)
def is_complex(input: Tensor) -> bool:
    """Whether the dtype is complex."""
    if not isinstance(input, Tensor):
        return otherwise(is_complex, (input,), {}, errors.not_a_tensor("is_complex", "input", 1, input))  # type: ignore[no-any-return]
    return input.dtype.is_complex


@function(
    name="Tensor.element_size",
    methods="element_size",
    samples=lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2)), m(m.i(3))],
    errors=lambda m: [m.error(TypeError, "element_size() takes", m.f(2), 3)],
)
def element_size(self: Tensor) -> int:
    """Bytes of one element."""
    return self._a.itemsize


@function(
    name="Tensor.get_device",
    methods="get_device",
    samples=lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2)), m(m.i(3))],
    errors=lambda m: [m.error(TypeError, "get_device() takes", m.f(2), 3)],
)
def get_device(self: Tensor) -> int:
    """-1: the CPU."""
    return -1


@function(
    samples=lambda m: [m(m.f(2), m.i(2)), m(m.f(), m.i(2)), m(m.i(0), 1.5), m(m.nc(2, 2), 2), m(3, 4)],
    errors=lambda m: [
        m.error(
            TypeError, "result_type() received an invalid combination of arguments - got (Tensor, str)", m.f(2), "a"
        )
    ],
)
def result_type(tensor1: Any, tensor2: Any) -> types.dtype:
    """The dtype that arithmetic between the two gives."""
    numbers = (bool, int, float, complex, np.number)
    if not all(isinstance(t, (Tensor, *numbers)) for t in (tensor1, tensor2)):
        kinds = ", ".join(type(t).__name__ for t in (tensor1, tensor2))
        raise errors.type_(f"result_type() received an invalid combination of arguments - got ({kinds})")
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
    "is_xla",
    "is_vulkan",
    "is_ipu",
    "is_maia",
    "is_mtia",
):
    setattr(Tensor, _flag, property(_is_false, doc="False."))

Tensor.names = property(lambda self: (None,) * self._a.ndim, doc="None for each dimension: they have no names.")  # type: ignore[attr-defined]
Tensor.is_cpu = property(lambda self: True, doc="True.")  # type: ignore[attr-defined]

"""Element types, PyTorch's promotion lattice, devices and the process-wide defaults.

Everything here is data about numbers; no array is touched. The promotion rules are those of
``torch.promote_types`` and ``torch.result_type``: a *category* (bool < integer < floating < complex) decides
first, and inside one category tensors with dimensions outrank 0-d tensors, which outrank Python numbers.
"""

from __future__ import annotations

import builtins
import os
from contextvars import ContextVar
from typing import IO, Any

import numpy as np

from . import errors

BOOL, INTEGER, FLOATING, COMPLEX = 0, 1, 2, 3

#: Types that NumPy lacks; the package ml_dtypes has them.
_OF_ML_DTYPES = frozenset("bfloat16 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu".split())


class dtype:
    """The type of a tensor's elements, e.g. ``torch.float32``; one object each, compared by identity."""

    __slots__ = ("name", "np_name", "category", "itemsize", "is_signed", "_np")

    def __init__(self, name: str, np_name: str, category: int, itemsize: int, is_signed: builtins.bool = True):
        self.name: str = name
        self.np_name: str = np_name
        self.category: int = category
        self.itemsize: int = itemsize
        self.is_signed: bool = is_signed
        self._np: Any = None if np_name in _OF_ML_DTYPES or not np_name else np.dtype(np_name)

    @property
    def np(self) -> np.dtype[Any]:
        """The NumPy dtype that stores it. bfloat16 and float8 need the extra package ``ml_dtypes``, imported on first use."""
        if self._np is None:
            self._np = _storage_of_ml_dtypes(self)
        return self._np  # type: ignore[no-any-return]

    @property
    def is_floating_point(self) -> builtins.bool:
        return self.category == FLOATING

    @property
    def is_complex(self) -> builtins.bool:
        return self.category == COMPLEX

    def to_real(self) -> dtype:
        return {"complex64": float32, "complex128": float64}.get(self.name, self)

    def to_complex(self) -> dtype:
        return {"float64": complex128, "complex128": complex128}.get(self.name, complex64)

    def __repr__(self) -> str:
        return "torch." + self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return (dtype_named, (self.name,))


def dtype_named(name: str) -> dtype:
    """The dtype called ``name``; what pickles hold, as no attribute path leads to all of them everywhere."""
    return next(known for known in (*ALL, *FLOAT8) if known.name == name)


def _storage_of_ml_dtypes(t: dtype) -> np.dtype[Any]:
    if not t.np_name:
        raise errors.advised(
            NotImplementedError(f"Tensors of {t} are not implemented."),
            "Use a dtype that operations take: torch.complex64, torch.int8, torch.float32.",
        )
    try:
        import ml_dtypes
    except ImportError as error:
        raise errors.advised(
            NotImplementedError(f"{t.name} is stored through the package ml_dtypes, which is not installed."),
            "Install it with `pip install 'rushlight[bfloat16]'`, or use torch.float16 or torch.float32.",
        ) from error
    storage = np.dtype(getattr(ml_dtypes, t.name))
    _BY_NUM[storage.num] = t
    return storage


bool_: dtype = dtype("bool", "bool", BOOL, 1, False)
uint8: dtype = dtype("uint8", "uint8", INTEGER, 1, False)
int8: dtype = dtype("int8", "int8", INTEGER, 1)
int16: dtype = dtype("int16", "int16", INTEGER, 2)
int32: dtype = dtype("int32", "int32", INTEGER, 4)
int64: dtype = dtype("int64", "int64", INTEGER, 8)
uint16: dtype = dtype("uint16", "uint16", INTEGER, 2, False)
uint32: dtype = dtype("uint32", "uint32", INTEGER, 4, False)
uint64: dtype = dtype("uint64", "uint64", INTEGER, 8, False)
float16: dtype = dtype("float16", "float16", FLOATING, 2)
bfloat16: dtype = dtype("bfloat16", "bfloat16", FLOATING, 2)
float32: dtype = dtype("float32", "float32", FLOATING, 4)
float64: dtype = dtype("float64", "float64", FLOATING, 8)
complex64: dtype = dtype("complex64", "complex64", COMPLEX, 8)
complex128: dtype = dtype("complex128", "complex128", COMPLEX, 16)

ALL = (
    bool_, uint8, int8, int16, int32, int64, uint16, uint32, uint64,
    float16, bfloat16, float32, float64, complex64, complex128,
)  # fmt: skip

#: Formats of one byte: they are stored, converted and moved, and take part in no promotion.
FLOAT8 = tuple(
    dtype(name, name, FLOATING, 1)
    for name in ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu")
)

#: Types that programs name and of which no tensor can be made here.
ONLY_NAMED = tuple(
    [dtype("complex32", "", COMPLEX, 4), dtype("float4_e2m1fn_x2", "", FLOATING, 1)]
    + [dtype(f"{kind}{bits}", "", INTEGER, 1, kind == "int") for kind in ("int", "uint") for bits in range(1, 8)]
    + [
        dtype(name, "", INTEGER, 4 if name == "qint32" else 1)
        for name in ("qint8", "quint8", "qint32", "quint4x2", "quint2x4")
    ]
)

#: PyTorch's second names, as attributes of the namespace.
ALIASES = {
    "bool": bool_, "half": float16, "float": float32, "double": float64, "short": int16, "int": int32, "long": int64,
    "cfloat": complex64, "cdouble": complex128,
}  # fmt: skip

#: What Python's types mean where a dtype is asked for.
PYTHON_TYPES: dict[Any, dtype] = {
    builtins.float: float64, builtins.int: int64, builtins.bool: bool_, builtins.complex: complex128,
}  # fmt: skip

# NumPy numbers its types; the number is an int attribute and so a cheaper key than the dtype object, whose hash is slow.
_BY_NUM: dict[int, dtype] = {t._np.num: t for t in ALL if t._np is not None}
_BY_NUM[np.dtype("longlong").num] = int64
_BY_NUM[np.dtype("ulonglong").num] = uint64


def of_array(array: np.ndarray[Any, Any]) -> dtype:
    """The dtype of a NumPy array; TypeError, as torch.from_numpy, for types that PyTorch does not have."""
    found = _BY_NUM.get(array.dtype.num)
    return found if found is not None else from_numpy_dtype(array.dtype)


def from_numpy_dtype(np_dtype: Any) -> dtype:
    np_dtype = np.dtype(np_dtype)
    found = _BY_NUM.get(np_dtype.num)
    if found is not None:
        return found
    if np_dtype.name in _OF_ML_DTYPES:
        found = _BY_NUM[np_dtype.num] = dtype_named(np_dtype.name)
        return found
    raise TypeError(
        f"can't convert np.ndarray of type numpy.{np_dtype.type.__name__}. The only supported types are: float64, "
        "float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool."
    )


# ---------------------------------------------------------------------------------------------------------------
# promotion
# ---------------------------------------------------------------------------------------------------------------
_FLOAT_RANK = {float16: 0, bfloat16: 0, float32: 1, float64: 2}


def _promote_uncached(a: dtype, b: dtype) -> dtype:
    if a in FLOAT8 or b in FLOAT8:
        raise errors.advised(
            RuntimeError(
                "Promotion for Float8 Types is not supported, attempted to promote "
                f"{_SCALAR_NAMES[a]} and {_SCALAR_NAMES[b]}"
            ),
            "Convert it first: x.float().",
        )
    if a.category < b.category:
        a, b = b, a
    if a.category == COMPLEX:
        wide = complex128 in (a, b) or float64 in (a, b)
        return complex128 if wide else complex64
    if a.category == FLOATING:
        if b.category != FLOATING:
            return a
        if _FLOAT_RANK[a] == _FLOAT_RANK[b]:
            return float32  # float16 with bfloat16
        return a if _FLOAT_RANK[a] > _FLOAT_RANK[b] else b
    if b.category == BOOL:
        return a
    if a.is_signed == b.is_signed:
        return a if a.itemsize >= b.itemsize else b
    signed, unsigned = (a, b) if a.is_signed else (b, a)
    if unsigned is not uint8:
        raise RuntimeError(
            "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
            f"{_SCALAR_NAMES[a]} and {_SCALAR_NAMES[b]}"
        )
    return signed if signed.itemsize > 1 else int16


_PROMOTE: dict[tuple[dtype, dtype], dtype] = {}


def promote_types(a: dtype, b: dtype) -> dtype:
    """The smallest dtype that holds both, as ``torch.promote_types``."""
    if a is b:
        return a
    for i, t in enumerate((a, b), 1):
        if not isinstance(t, dtype):
            raise TypeError(
                f"promote_types(): argument 'type{i}' (position {i}) must be torch.dtype, not {type(t).__name__}"
            )
    found = _PROMOTE.get((a, b))
    if found is None:
        found = _PROMOTE[a, b] = _promote_uncached(a, b)
    return found


def can_cast(from_: dtype, to: dtype) -> builtins.bool:
    """Whether PyTorch's casting rules allow writing ``from_`` into ``to`` (the rule of in-place operations)."""
    return from_.category <= to.category


# The names that PyTorch's C++ side uses in error texts.
_SCALAR_NAMES = {
    bool_: "Bool", uint8: "Byte", int8: "Char", int16: "Short", int32: "Int", int64: "Long", uint16: "UInt16",
    uint32: "UInt32", uint64: "UInt64", float16: "Half", bfloat16: "BFloat16", float32: "Float", float64: "Double",
    complex64: "ComplexFloat", complex128: "ComplexDouble", **{t: t.name.capitalize() for t in FLOAT8},
}  # fmt: skip


def scalar_name(t: dtype) -> str:
    """PyTorch's C++ name of a dtype: float32 is ``Float``, int64 is ``Long``."""
    return _SCALAR_NAMES[t]


_C_NAMES = {
    bool_: "bool", uint8: "unsigned char", int8: "signed char", int16: "short int", int32: "int", int64: "long int",
    uint16: "short unsigned int", uint32: "unsigned int", uint64: "long unsigned int", float16: "c10::Half",
    bfloat16: "c10::BFloat16", float32: "float", float64: "double", complex64: "c10::complex<float>",
    complex128: "c10::complex<double>", **{t: f"c10::{t.name.capitalize()}" for t in FLOAT8},
}  # fmt: skip


def c_name(t: dtype) -> str:
    """The C++ type behind a dtype, as other texts of PyTorch's have it: int64 is ``long int``."""
    return _C_NAMES[t]


# ---------------------------------------------------------------------------------------------------------------
# defaults
# ---------------------------------------------------------------------------------------------------------------
class _Defaults:
    __slots__ = ("dtype",)

    def __init__(self) -> None:
        self.dtype = float32


_defaults = _Defaults()


def get_default_dtype() -> dtype:
    """The floating dtype that Python floats become; ``torch.float32`` unless set."""
    return _defaults.dtype


def set_default_dtype(d: dtype, /) -> None:
    """Set the floating dtype that Python floats become.

    Raises:
        TypeError: if ``d`` is not a floating dtype.
    """
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, but got {d!r}")
    _defaults.dtype = d


def of_number(value: Any) -> dtype:
    """The dtype a Python (or NumPy) number becomes in a tensor of its own."""
    if isinstance(value, (builtins.bool, np.bool_)):
        return bool_
    if isinstance(value, (int, np.integer)):
        return int64
    if isinstance(value, (float, np.floating)):
        return _defaults.dtype
    if isinstance(value, (complex, np.complexfloating)):
        return _defaults.dtype.to_complex()
    raise TypeError(f"not a number: {value!r}")


# ---------------------------------------------------------------------------------------------------------------
# devices, layouts, memory formats
# ---------------------------------------------------------------------------------------------------------------
_DEVICE_TYPES = (
    "cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga", "maia", "xla", "lazy", "vulkan",
    "mps", "meta", "hpu", "mtia", "privateuseone",
)  # fmt: skip


class device:
    """Where a tensor lives. Any PyTorch device can be named; only ``cpu`` holds tensors here."""

    __slots__ = ("type", "index")

    type: str
    index: int | None

    def __init__(self, type: str | int | device = "cpu", index: int | None = None):
        if isinstance(type, device):
            type, index = type.type, type.index  # type: ignore[assignment]
        elif isinstance(type, int) and not isinstance(type, builtins.bool):
            if type < 0:
                raise RuntimeError("Device index must not be negative")
            raise errors.advised(
                RuntimeError("Cannot access accelerator device when none is available."),
                "A number names a device beside the CPU: write device='cpu', or ask torch.cuda.is_available() first.",
            )
        elif not isinstance(type, str):
            raise TypeError(f"device(): argument 'type' must be str, not {builtins.type(type).__name__}")
        if index is not None and not isinstance(index, int):
            raise TypeError(f"device(): argument 'index' (position 2) must be int, not {builtins.type(index).__name__}")
        name, colon, number = type.partition(":")
        if name not in _DEVICE_TYPES:
            raise errors.advised(
                RuntimeError(
                    f"Expected one of {', '.join(_DEVICE_TYPES)} device type at start of device string: {type}"
                ),
                "Rushlight computes on the CPU: write device='cpu'.",
            )
        if colon:
            if index is not None:
                raise RuntimeError(
                    f"type (string) must not include an index because index was passed explicitly: {type}"
                )
            if not number.isdigit():
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
        object.__setattr__(self, "type", name)
        object.__setattr__(self, "index", index)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"attribute '{name}' of 'torch.device' objects is not writable")

    def __eq__(self, other: object) -> builtins.bool:
        return isinstance(other, device) and self.type == other.type and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (device, (str(self),))

    def __enter__(self) -> device:
        """``with torch.device("meta"):`` new tensors are made there."""
        from .utils._device import DeviceContext

        context = DeviceContext(self)
        context.__enter__()
        _entered.append(context)
        return self

    def __exit__(self, *exc: object) -> None:
        _entered.pop().__exit__(*exc)


#: The device that ``with torch.device(...)`` says; None outside of such a block.
default_device: ContextVar[device | None] = ContextVar("rushlight_default_device", default=None)

#: The blocks of ``with torch.device(...)`` that are open, the innermost last.
_entered: list[Any] = []


CPU = device("cpu")


def is_meta(where: Any) -> builtins.bool:
    """Whether a device is ``meta``, whose tensors have no elements."""
    return where is not None and (where.type if isinstance(where, device) else str(where).partition(":")[0]) == "meta"


def check_differentiable(
    t: dtype, said: str = "Only Tensors of floating point and complex dtype can require gradients"
) -> None:
    """Refuse gradients for integers and bools. PyTorch has three ways to say so: constructors' is the default.

    Raises:
        RuntimeError: with PyTorch's words.
    """
    if t.category < FLOATING:
        raise errors.advised(
            RuntimeError(said), f"This one has dtype {t}: convert it first, for example x.float().requires_grad_()."
        )


def check_device(where: Any) -> device:
    """Accept every spelling of the CPU; refuse the rest with what PyTorch's CPU build raises. Who can make tensors without elements asks
    ``is_meta`` before.

    Raises:
        AssertionError: for CUDA, with PyTorch's "Torch not compiled with CUDA enabled".
        NotImplementedError: for another device.
    """
    if where is None:
        return CPU
    d = where if isinstance(where, device) else device(where)
    if d.type == "cpu":
        return CPU
    if d.type == "cuda":
        raise errors.advised(
            AssertionError("Torch not compiled with CUDA enabled"),
            "Rushlight computes on the CPU: write device='cpu', or choose the "
            "device with `'cuda' if torch.cuda.is_available() else 'cpu'`.",
        )
    raise NotImplementedError(f"device '{d}' is not supported here: Rushlight computes on the CPU, write device='cpu'.")


class _Named:
    """A named constant that prints as ``torch.<name>``."""

    __slots__ = ("name",)

    def __init__(self, name: str):
        self.name: str = name

    def __repr__(self) -> str:
        return "torch." + self.name

    def __reduce__(self) -> str:
        return self.name


class layout(_Named):
    """How a tensor's elements are stored."""


class memory_format(_Named):
    """An order of dimensions in memory."""


strided: layout = layout("strided")
sparse_coo: layout = layout("sparse_coo")
sparse_csr: layout = layout("sparse_csr")
jagged: layout = layout("jagged")
contiguous_format: memory_format = memory_format("contiguous_format")
preserve_format: memory_format = memory_format("preserve_format")
channels_last: memory_format = memory_format("channels_last")
channels_last_3d: memory_format = memory_format("channels_last_3d")


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple of ints that prints as ``torch.Size([2, 3])``."""

    __slots__ = ()

    def numel(self) -> int:
        """Number of elements: the product of all sizes."""
        n = 1
        for s in self:
            n *= s
        return n

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __getitem__(self, index: Any) -> Any:
        item = tuple.__getitem__(self, index)
        return Size(item) if isinstance(index, slice) else item

    def __add__(self, other: Any) -> Size:
        if not isinstance(other, tuple):
            return NotImplemented
        return Size(tuple(self) + tuple(other))

    def __radd__(self, other: Any) -> Size:
        if not isinstance(other, tuple):
            return NotImplemented
        return Size(tuple(other) + tuple(self))

    def __mul__(self, times: Any) -> Size:
        return Size(tuple(self) * times)

    __rmul__: Any = __mul__

    def __reduce__(self) -> tuple[Any, ...]:
        return (Size, (tuple(self),))


def _of_python(type: Any) -> Any:
    """Python's types have the limits of the dtype that NumPy gives them."""
    return PYTHON_TYPES.get(type, type) if isinstance(type, builtins.type) else type


class finfo:
    """Machine limits of a floating dtype, as ``torch.finfo``."""

    max: float
    min: float
    eps: float
    tiny: float
    smallest_normal: float
    resolution: float

    def __init__(self, type: dtype | None = None):
        d = get_default_dtype() if type is None else _of_python(type)
        if not isinstance(d, dtype) or d.category < FLOATING:
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{d}'")
        d = d.to_real()
        if d.np_name in _OF_ML_DTYPES:
            info: Any = __import__("ml_dtypes").finfo(d.np)
        else:
            info = np.finfo(d.np)
        self.bits: int = d.itemsize * 8
        self.max, self.min = float(info.max), float(info.min)
        self.eps, self.tiny = float(info.eps), float(info.smallest_normal)
        self.smallest_normal, self.resolution = self.tiny, 1.0 if d in FLOAT8 else float(info.resolution)
        self.dtype: str = d.name

    def __repr__(self) -> str:
        def g(v: float) -> str:
            return f"{v:g}"

        return (
            f"finfo(resolution={g(self.resolution)}, min={g(self.min)}, max={g(self.max)}, eps={g(self.eps)}, "
            f"smallest_normal={g(self.smallest_normal)}, tiny={g(self.tiny)}, dtype={self.dtype})"
        )


class iinfo:
    """Machine limits of an integer dtype, as ``torch.iinfo``."""

    bits: int
    max: int
    min: int

    def __init__(self, type: dtype):
        type = _of_python(type)
        if not isinstance(type, dtype) or type.category != INTEGER:
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{type}'")
        info = np.iinfo(type.np)
        self.bits, self.max, self.min = info.bits, int(info.max), int(info.min)
        self.dtype: str = type.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


# What annotations say, and `isinstance(x, torch.types.Number)` asks.
Number = builtins.int | builtins.float | builtins.bool
Device = device | builtins.str | builtins.int | None
FileLike = builtins.str | os.PathLike[builtins.str] | IO[builtins.bytes]
_int, _float, _bool, _complex, _bytes = builtins.int, builtins.float, builtins.bool, builtins.complex, builtins.bytes
_str, _dtype, _device, _layout = builtins.str, dtype, device, layout
_size = Size | list[builtins.int] | tuple[builtins.int, ...]
_Number = (builtins.bool, builtins.int, builtins.float)
IntLikeType, FloatLikeType, BoolLikeType = Any, Any, Any

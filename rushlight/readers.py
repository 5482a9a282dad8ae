"""Who reads the bodies and rules of ops: ``arrays`` with ndarrays, ``tensors`` with Tensors. And the registry they read from.

A body says ``k.exp(x)``: read with ``arrays`` that is NumPy's function or another op's own body, read with ``tensors`` the
public op, which records; read with ``loops`` each name becomes an instruction of a loop that is compiled. ``rushlight.recorder`` holds
one more reader, which writes formulas.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .autograd import engine
from .kernels import elementary, fused
from .kernels.copies import cast
from .kernels.ir import instructions
from .kernels.iteration import is_half
from .kernels.symbols import Symbol, Unreadable
from .tensor import Tensor

if TYPE_CHECKING:
    from .op import Op

ndarray = np.ndarray


class Registry(dict[str, "Op"]):
    """Every op by name. There is no second list. A record of a family that waits is loaded when it is asked for."""

    #: Loads the family of a record, if one has it; set by rushlight.families, above this module.
    later: Callable[[str], None] | None = None

    def __missing__(self, name: str) -> Op:
        if self.later is not None:
            self.later(name)
            if name in self:
                return self[name]
        raise KeyError(name)


REGISTRY = Registry()


class ArrayReader:
    """Reads a body with ndarrays. The names below are NumPy's; any other op is read through its own body."""

    add: Any = np.add
    sub: Any = np.subtract
    mul: Any = np.multiply
    div: Any = np.divide
    neg: Any = np.negative
    exp: Any = staticmethod(elementary.exp)
    expm1: Any = staticmethod(elementary.expm1)
    log: Any = staticmethod(elementary.log)
    log1p: Any = staticmethod(elementary.log1p)
    log2: Any = staticmethod(elementary.log2)
    log10: Any = staticmethod(elementary.log10)
    tanh: Any = staticmethod(elementary.tanh)
    sqrt: Any = staticmethod(elementary.sqrt)
    sin: Any = staticmethod(elementary.sin)
    cos: Any = staticmethod(elementary.cos)
    tan: Any = staticmethod(elementary.tan)
    sinh: Any = staticmethod(elementary.sinh)
    cosh: Any = staticmethod(elementary.cosh)
    atan: Any = staticmethod(elementary.atan)
    asin: Any = staticmethod(elementary.asin)
    acos: Any = staticmethod(elementary.acos)
    atan2: Any = staticmethod(elementary.atan2)
    asinh: Any = staticmethod(elementary.asinh)
    acosh: Any = staticmethod(elementary.acosh)
    atanh: Any = staticmethod(elementary.atanh)
    abs: Any = np.absolute
    length: Any = staticmethod(elementary.length)
    floor: Any = np.floor
    ceil: Any = np.ceil
    trunc: Any = np.trunc
    square: Any = np.square
    eq: Any = np.equal
    ne: Any = np.not_equal
    lt: Any = np.less
    le: Any = np.less_equal
    gt: Any = np.greater
    ge: Any = np.greater_equal
    logical_and: Any = np.logical_and
    logical_or: Any = np.logical_or
    logical_xor: Any = np.logical_xor
    logical_not: Any = np.logical_not
    maximum: Any = np.maximum
    minimum: Any = np.minimum
    fmax: Any = np.fmax
    fmin: Any = np.fmin
    hypot: Any = staticmethod(elementary.hypot)
    isnan: Any = np.isnan
    isinf: Any = np.isinf
    isfinite: Any = np.isfinite
    signbit: Any = np.signbit
    copysign: Any = np.copysign
    where: Any = staticmethod(np.where)

    @staticmethod
    def conj(x: Any) -> Any:
        """Complex conjugate; a real array as it is."""
        if x.__class__ is ndarray:  # first, as every product asks
            return x if x.dtype.kind != "c" else np.conjugate(x)
        return np.conjugate(x) if isinstance(x, (ndarray, np.generic)) and x.dtype.kind == "c" else x

    @staticmethod
    def is_complex(x: Any) -> bool:
        return isinstance(x, (complex, np.complexfloating)) or (isinstance(x, ndarray) and x.dtype.kind == "c")

    fma: Any = staticmethod(fused.fma)
    accumulate: Any = staticmethod(fused.accumulate)

    @staticmethod
    def either(kernel: Callable[..., Any], formula: Callable[..., Any], *args: Any, long: bool = False) -> Any:
        """A kernel with PyTorch's order of operations for float32 arrays, the formula it computes for everything else.

        16-bit floats go through the kernel as float32, and are rounded once. With ``long`` it takes float64 arrays too.
        """
        narrow = None
        for x in args:
            if isinstance(x, (ndarray, np.generic)) and x.dtype != np.float32 or x.__class__ is complex:
                if long and not isinstance(x, complex) and x.dtype == np.float64:
                    continue
                if x.__class__ is not ndarray or not is_half(x.dtype):
                    return formula(*args)
                narrow = x.dtype
        return kernel(*args) if narrow is None else once_rounded(kernel, args, narrow)

    @staticmethod
    def times(x: Any, number: Any) -> Any:
        """``x * number``, of 16-bit floats with all the digits of the number, which NumPy would round to 16 bits before."""
        if x.__class__ is ndarray and is_half(x.dtype) and number.__class__ is not complex:
            return cast(cast(x, np.float32) * np.float32(number), x.dtype)
        return x * number

    @staticmethod
    def one_minus_square(x: Any) -> Any:
        """``1 - x * x``, of floats rounded once as PyTorch's fused multiplication and addition does."""
        if x.dtype == np.float32:
            wide = x.astype(np.float64)
            return (1.0 - wide * wide).astype(np.float32)
        return fused.fma(-x, x, 1.0) if x.dtype == np.float64 else 1 - x * x

    def __getattr__(self, name: str) -> Callable[..., Any]:
        try:
            op = REGISTRY[name]
        except KeyError:
            raise AttributeError(f"no op '{name}' for a body to read") from None
        n_out = len(op.outputs)
        read: Callable[..., Any]
        if (op.preparer is None or op.only_checks) and not op.extras:
            read = partial(op.forward, self)
        else:

            def read(*args: Any, **kwargs: Any) -> Any:
                if op.preparer is None:  # the body's own signature
                    result = op.forward(self, *args, **kwargs)
                else:
                    inputs, attrs = op.bind(args, kwargs)
                    result = op.forward(self, *inputs, **attrs)
                if op.extras:
                    return result[0] if n_out == 1 else result[:n_out]
                return result

        setattr(self, name, read)
        return read


class TensorReader:
    """Reads a body with Tensors: every name is the public op."""

    @staticmethod
    def conj(x: Any) -> Any:
        return REGISTRY["conj"].public(x) if isinstance(x, Tensor) and x._a.dtype.kind == "c" else x

    @staticmethod
    def is_complex(x: Any) -> bool:
        return isinstance(x, complex) or (isinstance(x, Tensor) and x._a.dtype.kind == "c")

    @staticmethod
    def length(x: Any) -> Any:
        return REGISTRY["abs"].public(x)

    @staticmethod
    def fma(a: Any, b: Any, c: Any) -> Any:
        return a * b + c

    @staticmethod
    def times(x: Any, number: Any) -> Any:
        return x * number

    @staticmethod
    def accumulate(total: Any, a: Any, b: Any) -> None:
        total += a * b

    @staticmethod
    def either(kernel: Callable[..., Any], formula: Callable[..., Any], *args: Any, long: bool = False) -> Any:
        return formula(*args)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        try:
            op = REGISTRY[name]
        except KeyError:
            raise AttributeError(f"no op '{name}' for a body to read") from None
        setattr(self, name, op.public)
        return op.public


def once_rounded(kernel: Callable[..., Any], args: Any, narrow: Any) -> Any:
    """A kernel for float32 of arrays of which some are 16-bit floats; its results are rounded to them if all are."""
    out = kernel(*[_as(x, np.float32) for x in args])
    if any([(x.__class__ is ndarray or x.__class__ is Symbol) and x.dtype is not narrow for x in args]):
        return out
    if out.__class__ is tuple:
        return tuple([_as(x, narrow) for x in out])
    return _as(out, narrow)


def _as(x: Any, dtype: Any) -> Any:
    """An array or a symbol in another dtype; what is neither as it is."""
    if x.__class__ is ndarray:
        return cast(x, dtype)
    return x.astype(dtype) if isinstance(x, (Symbol, np.generic)) else x


class LoopReader:
    """Reads a body with symbols of a loop (``kernels.symbols``): every name is an instruction, or another op's own body."""

    sinh: Any = staticmethod(elementary.sinh)
    cosh: Any = staticmethod(elementary.cosh)
    atanh: Any = staticmethod(elementary.atanh)
    atan2: Any = staticmethod(elementary.atan2)
    hypot: Any = staticmethod(elementary.hypot)

    @staticmethod
    def conj(x: Any) -> Any:
        return x

    @staticmethod
    def is_complex(x: Any) -> bool:
        return False

    @staticmethod
    def times(x: Any, number: Any) -> Any:
        if x.__class__ is not Symbol or not is_half(x.dtype):
            return x * number
        if number.__class__ is Symbol:  # it has been rounded
            raise Unreadable("the digits of a number")
        return (x.astype(np.float32) * np.float32(number)).astype(x.dtype)

    def one_minus_square(self, x: Any) -> Any:
        return self.fma(-x, x, 1.0)

    def accumulate(self, total: Any, a: Any, b: Any) -> None:
        total.written(self.fma(a, b, total))

    @staticmethod
    def either(kernel: Callable[..., Any], formula: Callable[..., Any], *args: Any, long: bool = False) -> Any:
        dtypes = [x.dtype for x in args if x.__class__ is Symbol]
        narrow = next((dtype for dtype in dtypes if is_half(dtype)), None)
        if narrow is not None:
            return once_rounded(kernel, args, narrow)
        return (kernel if np.float32 in dtypes or (long and np.float64 in dtypes) else formula)(*args)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        op = next((op for op, known in instructions().items() if name in known.bodies), None)
        read: Callable[..., Any]
        if op is not None:

            def read(*args: Any) -> Any:
                recording = next(x.recording for x in args if x.__class__ is Symbol)
                return recording.computed(op, *args)

        elif not hasattr(ArrayReader, name) and name in REGISTRY and REGISTRY[name].preparer is None:
            read = partial(REGISTRY[name].forward, self)
        else:
            raise Unreadable(name)
        setattr(self, name, read)
        return read


arrays: Any = ArrayReader()
tensors: Any = TensorReader()
loops: Any = LoopReader()
engine.Readers.arrays = arrays
engine.Readers.tensors = tensors

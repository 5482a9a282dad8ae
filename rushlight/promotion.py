"""Type promotion: which dtype the inputs of an op meet in, and how their elements get there.

``promote`` turns the inputs of a call into arrays as the op's record asks for; ``cast`` and ``cast_array`` convert
as PyTorch does (C's wrap-around for integers, NaN to the minimum).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import errors, fpstate, types
from .kernels import copies
from .kernels.strides import broadcast_shapes
from .tensor import Parameter, Tensor

if TYPE_CHECKING:
    from .op import Op

ndarray = np.ndarray


def result_type(inputs: Sequence[Any]) -> types.dtype:
    """PyTorch's promoted dtype of tensors and numbers together (``torch.result_type`` for any count)."""
    dims: types.dtype | None = None  # tensors with dimensions
    zeros: types.dtype | None = None  # 0-d tensors
    numbers: types.dtype | None = None
    for x in inputs:
        if isinstance(x, Tensor):
            t = types.of_array(x._a)
            if x._a.ndim:
                dims = t if dims is None else types.promote_types(dims, t)
            else:
                zeros = t if zeros is None else types.promote_types(zeros, t)
        elif x is not None:
            t = types.of_number(x)
            numbers = t if numbers is None else types.promote_types(numbers, t)
    out = dims
    for lower in (zeros, numbers):
        if lower is not None:
            if out is None:
                out = lower
            elif lower.category > out.category:
                # The weaker operand wins by category only; a number brings no width of its own.
                out = types.promote_types(out, lower) if lower.category != types.COMPLEX else complex_of(out, lower)
    assert out is not None
    return out


def complex_of(real: types.dtype, weak: types.dtype) -> types.dtype:
    return real.to_complex() if real.category == types.FLOATING else weak


def promote(op: Op, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Inputs as the body wants them: arrays, of one dtype where the op asks for that."""
    how: Any = op.promote
    if how == "none":
        plain = tuple([x._a if x.__class__ is Tensor else as_array(op, i, x) for i, x in enumerate(inputs)])
        if op.refuses is not None and isinstance(plain[0], ndarray) and asked(op, plain[0]):
            refuse(op, types.of_array(plain[0]))
        return plain
    shorter = _one_dtype(op, inputs) if how.__class__ is str or op.common_floats else None
    if shorter is not None:
        return shorter
    kinds = kinds_of(inputs) if how.__class__ is str or hasattr(how, "by_kind") else None
    targets: Any = None if kinds is None else op.targets.get(kinds)
    if targets is None:
        targets = _targets(op, inputs)
        out = [x if x is None or t is None else cast(x, t) for x, t in zip(inputs, targets, strict=True)]
        check_broadcast(op, inputs, out)
        if op.refuses is not None:
            refuse(op, types.of_array(out[0]))
        if kinds is not None:
            op.targets[kinds] = targets
        return tuple(out)
    out = [x if x is None or t is None else cast(x, t) for x, t in zip(inputs, targets, strict=True)]
    check_broadcast(op, inputs, out)
    return tuple(out)


def kinds_of(inputs: Sequence[Any]) -> tuple[Any, ...] | None:
    """What decides where operands meet: dtypes, which tensors are numbers, the classes of Python's; None for others."""
    kinds: list[Any] = [types._defaults.dtype]
    for x in inputs:
        cls = x.__class__
        if cls is Tensor or cls is Parameter:
            kinds += (x._a.dtype, not x._a.ndim)
        elif cls in _PLAIN:
            kinds.append(cls)
        else:
            return None
    return tuple(kinds)


_PLAIN = frozenset({bool, int, float, complex, type(None)})


def by_kind(targets: Callable[[tuple[Any, ...]], Any]) -> Any:
    """Mark a record's own rule of promotion that asks for the kinds of operands alone (``kinds_of``), not for their values."""
    targets.by_kind = True  # type: ignore[attr-defined]
    return targets


def _targets(op: Op, inputs: tuple[Any, ...]) -> Sequence[Any]:
    """The dtype of each input, None for one that stays as it is."""
    how: Any = op.promote
    if how.__class__ is str:
        check_operands(op, inputs)
        common = result_type(inputs)
        if how == "float" and common.category < types.FLOATING:
            common = types.get_default_dtype()
        if op.wide_numbers and common in (types.float16, types.bfloat16):
            first, second = (not isinstance(x, Tensor) or not x._a.ndim for x in inputs)
            return [types.float32 if first and not second else common, types.float32 if second else common]
        return [common] * len(inputs)
    if op.family == "elementwise":
        if len(inputs) == 2:
            check_operands(op, inputs)
        elif not isinstance(inputs[0], Tensor) and op.numbers == "second":
            raise refused(op, inputs, 0)
    return how(inputs)  # type: ignore[no-any-return]


_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def _one_dtype(op: Op, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The commonest case: tensors of one shape and floating dtype, Python numbers, inputs left out; None for everything else."""
    out: list[Any] = []
    shape = dtype = None
    for x in inputs:
        if x.__class__ is Tensor or x.__class__ is Parameter:
            a = x._a
            if shape is None:
                shape, dtype = a.shape, a.dtype
                if dtype not in _FLOATS or not shape:
                    return None
            elif a.shape != shape or a.dtype is not dtype:
                return None
            out.append(a)
        elif x is None and out and op.input_defaults:
            out.append(x)
        elif (
            shape is not None
            and (op.numbers or op.common_floats)
            and (x.__class__ is float or (x.__class__ is int and abs(x) < 1 << 53))
        ):
            out.append(np.array(x, dtype))
        else:
            return None
    return None if op.refuses is not None and types.FLOATING in op.refuses else tuple(out)


def as_array(op: Op, i: int, x: Any) -> Any:
    if isinstance(x, Tensor):
        return x._a
    if x is None or isinstance(x, (bool, int, float, complex, ndarray, np.generic)):
        return x
    name = op.inputs[0] if op.variadic else op.inputs[i]
    raise errors.not_a_tensor(op.name, name, i + 1, x)


def check_operands(op: Op, inputs: tuple[Any, ...]) -> None:
    """Refuse operands that are neither tensors nor the numbers that the op takes."""
    for x in inputs:
        if not isinstance(x, Tensor):
            break
    else:  # the commonest case
        return
    firsts = op.numbers in ("either", "both")
    for i, x in enumerate(inputs):
        if isinstance(x, Tensor) or (x is None and op.inputs[i] in op.input_defaults):
            continue
        number = isinstance(x, (bool, int, float, complex, np.number, np.bool_))
        if not number or not (op.numbers if i else firsts):
            raise refused(op, inputs, i)
    if op.numbers == "either" and not any(isinstance(x, Tensor) for x in inputs):
        raise refused(op, inputs, 0)


def refused(op: Op, inputs: tuple[Any, ...], i: int) -> Exception:
    """The TypeError for operand number ``i``: PyTorch names it, or lists the signatures where it has several."""
    name = op.torch_name.replace(".", "_")
    if op.numbers not in ("second", "either") or len(inputs) != 2:
        return errors.not_a_tensor(name, op.inputs[i], i + 1, inputs[i])
    first, second = op.inputs
    kinds = [("Tensor", "Tensor"), *([("Number", "Tensor")] if op.numbers == "either" else []), ("Tensor", "Number")]
    return errors.combination(name, inputs, [f"{a} {first}, {b} {second}, *, Tensor out = None" for a, b in kinds])


def cast(x: Any, to: types.dtype) -> np.ndarray[Any, Any]:
    """The elements of a tensor, or a number, as an array of dtype ``to``. Integers wrap, as in C."""
    np_dtype = to.np
    if isinstance(x, Tensor):
        a = x._a
        return a if a.dtype is np_dtype else cast_array(a, np_dtype)
    if isinstance(x, (complex, np.complexfloating)) and to.category in (types.INTEGER, types.FLOATING):
        x = x.real
    if to.category == types.INTEGER and not isinstance(x, (bool, np.bool_)):
        bits = to.itemsize * 8
        v = int(x) & ((1 << bits) - 1)
        if to.is_signed and v >> (bits - 1):
            v -= 1 << bits
        return np.array(v, np_dtype)
    try:
        return np.array(x, np_dtype)
    except OverflowError:
        return np.array(float("inf") if x > 0 else float("-inf"), np_dtype)


def element(value: Any, to: types.dtype) -> np.ndarray[Any, Any]:
    """A Python number as an element of a tensor of dtype ``to``. A fraction is cut off; unsigned integers take negative ones.

    Raises:
        RuntimeError: for a number that the dtype has no place for.
    """
    if not (value.__class__ in (int, float) and 0 <= value < 128) and not _fits(value, to):
        name = _C_NAMES.get(to.name, to.name)
        raise errors.runtime(
            f"value cannot be converted to type {name} without overflow", f"{value} is no number that {to} can hold."
        )
    if isinstance(value, (complex, np.complexfloating)) and to.category < types.COMPLEX and to is not types.bool_:
        value = value.real
    return cast(value, to)


def _fits(value: Any, to: types.dtype) -> bool:
    if to is types.bool_ or isinstance(value, (bool, np.bool_)):
        return True
    if isinstance(value, (complex, np.complexfloating)):
        return _fits(value.real, to) and (_fits(value.imag, to) if to.is_complex else not value.imag)
    if to.category == types.INTEGER:
        info = types.iinfo(to)
        if isinstance(value, (float, np.floating)):  # 2 ** 63 is what the largest int64 is as a float
            return bool(value == value and info.min <= value <= float(info.max))
        return (info.min or -info.max) <= value <= info.max
    limit = types.finfo(to).max
    return value != value or value in (float("inf"), float("-inf")) or -limit <= value <= limit


_C_NAMES = {
    "float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float", "float64": "double", "uint8": "uint8_t",
    "int8": "int8_t", "int16": "int16_t", "int32": "int", "int64": "int64_t", "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}  # fmt: skip


#: Dtypes that hold the size, if not the digits, of every integer, and those that integers wrap into, as NumPy's codes.
_WIDE = frozenset("?bBhHiIlLqQfdFD")


def cast_array(a: np.ndarray[Any, Any], np_dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """``astype`` as PyTorch converts: float to a small integer goes through int64 and wraps; NaN becomes the minimum."""
    kind, to = a.dtype.kind, np_dtype.kind
    if kind in "biu" and np_dtype.char in _WIDE and a.size < copies.CONVERSION and a.flags.c_contiguous:
        return a.astype(np_dtype)  # as C converts, and without a warning
    if kind == "c" and to not in "cb":
        a = a.real
        kind = "f"
    token = fpstate.enter(fpstate.QUIET)
    try:
        if kind in "fV" and to in "iu":
            if np_dtype.itemsize < 4:
                return a.astype(np.int32 if a.dtype.itemsize < 8 else np.int64).astype(np_dtype)
            if to == "u":
                return a.astype(np.int64).astype(np_dtype)
        if np_dtype.char == "e" and kind == "f" and a.dtype.itemsize == 8:
            a = cast_array(a, np.dtype(np.float32))  # by way of which PyTorch rounds
        if np_dtype.itemsize == 1 and to not in "biu":
            a = _into_float8(a, np_dtype.name)
        if 0 in a.strides and any(n > 1 and s == 0 for n, s in zip(a.shape, a.strides, strict=True)):
            return a.astype(np_dtype, order="C")  # NumPy would make the repeated dimension the innermost
        r = copies.converted(a, np_dtype)
        return a.astype(np_dtype) if r is None else r
    finally:
        fpstate.leave(token)


def _into_float8(a: np.ndarray[Any, Any], name: str) -> np.ndarray[Any, Any]:
    """Numbers that fit the two formats without infinity or sign, into which PyTorch's conversion brings all."""
    if name == "float8_e4m3fn":
        return np.clip(a.astype(np.float32), -448, 448)
    if name == "float8_e8m0fnu":
        return np.maximum(np.abs(a.astype(np.float32)), np.float32(2.0**-127))
    return a


def check_broadcast(op: Op, inputs: tuple[Any, ...], out: Sequence[Any]) -> None:
    shape: tuple[int, ...] | None = None
    for a in out:
        if isinstance(a, ndarray):
            if shape is None:
                shape = a.shape
            elif a.shape != shape:
                try:
                    shape = broadcast_shapes(shape, a.shape)
                except RuntimeError as error:
                    raise errors.runtime(
                        str(error),
                        f"The call was {errors.call(op.name, op.inputs, inputs)}. Shapes are compared from the last dimension; "
                        "each pair must be equal or contain a 1. Use .view, .unsqueeze or .transpose to line them up.",
                    ) from None


# --- dtypes without a kernel ----------------------------------------------------------------------------------------
_CATEGORIES = {"bool": types.BOOL, "int": types.INTEGER, "float": types.FLOATING, "complex": types.COMPLEX}


def refusals(name: str, refuses: Any) -> dict[Any, Any] | None:
    """The ``refuses`` of a record by category, ``half`` by dtype: the kernel or the sentence that PyTorch names."""
    if refuses is None:
        return None
    if isinstance(refuses, str):
        refuses = dict.fromkeys(refuses.split(), name + "_cpu")
    found: dict[Any, Any] = {_CATEGORIES[category]: said for category, said in refuses.items() if category != "half"}
    if "half" in refuses:
        found |= dict.fromkeys((types.float16, types.bfloat16), refuses["half"])
    return found


def asked(op: Op, a: ndarray[Any, Any]) -> bool:
    """Whether PyTorch would get as far as its kernel with this array."""
    return op.refuses_where == "always" or (a.size > 0 and (a.ndim > 0 or op.refuses_where == "elements"))


def refuse(op: Op, dtype: types.dtype) -> None:
    """Raise what PyTorch raises where it has no kernel for a dtype."""
    known: dict[Any, Any] = op.refuses  # type: ignore[assignment]
    said = known.get(dtype.category, known.get(dtype))
    if said is not None:
        kind, said = (RuntimeError, said[0]) if said.__class__ is tuple else (NotImplementedError, said)
        what = said if " " in said else f"\"{said}\" not implemented for '{types.scalar_name(dtype)}'"
        raise errors.advised(
            kind(what), f"{op.torch_name} has no answer for {dtype}; convert first, for example with .to()."
        )

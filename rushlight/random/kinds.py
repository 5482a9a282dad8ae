"""What the samplers have to know about element types: bounds, digits, and how C casts."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight import types

Array = np.ndarray[Any, Any]

#: Integers up to 2^digits are exact in a floating dtype.
DIGITS = {types.float16: 11, types.bfloat16: 8, types.float32: 24, types.float64: 53}

#: The largest finite number of a floating dtype.
LARGEST = {
    types.float16: 65504.0,
    types.bfloat16: 255.0 * 2.0**120,
    types.float32: (2.0**24 - 1) * 2.0**104,
    types.float64: (2.0**53 - 1) * 2.0**971,
}


def number(x: float) -> str:
    """A number as C++ streams print it: six significant digits."""
    return f"{x:g}"


def not_implemented(kernel: str, kind: types.dtype) -> NotImplementedError:
    """PyTorch's refusal of a dtype, e.g. ``"normal_kernel_cpu" not implemented for 'Long'``."""
    return NotImplementedError(f"\"{kernel}\" not implemented for '{types.scalar_name(kind)}'")


def require_floating(a: Array, kernel: str) -> types.dtype:
    """The dtype of ``a`` if it is a real floating one; else NotImplementedError naming ``kernel``."""
    kind = types.of_array(a)
    if not kind.is_floating_point:
        raise not_implemented(kernel, kind)
    return kind


def round_to(dtype: np.dtype[Any], x: float) -> float:
    """``x`` rounded to ``dtype``; to 16 bits by way of float32, as a C++ cast from double does."""
    if dtype.itemsize == 8:
        return float(x)
    single = np.float32(x)
    return float(single) if dtype.itemsize == 4 else float(single.astype(dtype))


def store(out: Array, values: Array) -> None:
    """Cast float64 ``values`` into ``out`` as C++ does: to 16 bits by way of float32, to integers by cutting."""
    kind = out.dtype.kind
    if kind in "iu":
        out[...] = values.astype(np.int64)  # small types then keep the low bits
    elif out.dtype.itemsize == 2:
        out[...] = values.astype(np.float32)
    else:
        out[...] = values

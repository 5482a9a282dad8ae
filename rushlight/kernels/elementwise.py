"""Elementwise functions of float32 arrays as native loops, once they are worth compiling.

The functions in NumPy (``vectors``, ``square_root``, ``fused``) take PyTorch's digits step by step, ten to thirty passes over the
array; the loops take the same steps in one. A function asks here first and goes on itself if the answer is None.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .ir import Loop, arity
from .llvm import patience

Array = np.ndarray[Any, Any]

_F32 = np.dtype(np.float32)
_loops: dict[Any, Any] = {}


def run(op: str, *operands: Any, out: Array | None = None) -> Array | None:
    """An instruction of the loop IR for contiguous float32 arrays of one shape, and Python numbers; None if NumPy is to do it.

    ``out`` may be one of the operands.
    """
    if patience.ready is False:
        return None
    shape = None
    for x in operands:
        if x.__class__ is np.ndarray:
            if x.dtype is not _F32 or not x.flags.c_contiguous or (shape is not None and x.shape != shape):
                return None
            shape = x.shape
        elif x.__class__ is not float:
            return None
    if shape is None or not patience.over(operands[0].size if operands[0].__class__ is np.ndarray else 0, 1):
        return None
    numbers = tuple([x.__class__ is float for x in operands])
    loop = _loops.get((op, numbers))
    if loop is None:
        loop = _loops[op, numbers] = _compiled(op, numbers)
    if out is None:
        out = np.empty(shape, _F32)
    arrays = [x for x in operands if x.__class__ is np.ndarray]
    return out if loop(out, *arrays, *[x for x in operands if x.__class__ is float]) else None


def _compiled(op: str, numbers: tuple[bool, ...]) -> Any:
    from . import loops

    assert arity(op) == len(numbers)
    loop = Loop("f32", ["out", *[f"x{i}" for i, number in enumerate(numbers) if not number]])
    arrays = iter(range(1, len(loop.arrays)))
    loop.store(0, loop.emit(op, *[loop.number() if number else loop.load(next(arrays)) for number in numbers]))
    return loops.compiled(loop)

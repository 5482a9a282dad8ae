"""Sums of channels, the gradients of biases, in the orders of ``weight_orders.Bias``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import llvm

Array = np.ndarray[Any, Any]

MANY = 1 << 11  # elements from which on they are native code's


def channel_sums(g: Array, cuts: tuple[int, ...], run: int) -> Array:
    """The sums of a gradient over all but its second dimension."""
    if g.size >= MANY and g.dtype.char in "fd" and llvm.available():
        out = native(g, cuts, run)
        if out is not None:
            return out
    return by_numpy(g, cuts, run)


def native(g: Array, cuts: tuple[int, ...], run: int) -> Array | None:
    """The same by native code; None where there is none."""
    from .code import convolution as code
    from .convolution import kind_of, up
    from .kernel import compiled
    from .weight_gradients import together

    kind, channels, shares = kind_of(g.dtype), g.shape[1], len(cuts) - 1
    out = np.empty((shares, up(channels, kind["L"])), g.dtype)
    add, places = compiled(code.channel_sums, **kind), math.prod(g.shape[2:])
    rows, apart = (places // run, 1) if run else (1, 0)
    units, at = out.size // kind["L"], np.array(cuts, np.int64)
    done = add(units, 1, out, np.ascontiguousarray(g), at, channels, rows, places // rows, apart)
    return together(out)[:channels] if done else None


def by_numpy(g: Array, cuts: tuple[int, ...], run: int) -> Array:
    """The same by NumPy."""
    n, channels = g.shape[:2]
    rows = np.moveaxis(g.reshape(n, channels, -1, run or 1), 1, -1)  # image, row, place, channel
    shares = [rows[i:j].reshape(-1, *rows.shape[2:]) for i, j in zip(cuts, cuts[1:], strict=False)]
    if run:
        shares = [_one_by_one(share.swapaxes(0, 1)) for share in shares]
    sums = [_one_by_one(share.reshape(-1, channels)) for share in shares]
    total, *others = sums
    for other in others:
        total = total + other
    return total


def _one_by_one(rows: Array) -> Array:
    """Rows added one after another, which NumPy does unless they have one element."""
    rows = np.ascontiguousarray(rows)
    if not len(rows):
        return np.zeros(rows.shape[1:], rows.dtype)
    if rows[0].size > 1:
        return np.add.reduce(rows, axis=0)  # type: ignore[no-any-return]
    return np.add.accumulate(rows, axis=0)[-1]  # type: ignore[no-any-return]

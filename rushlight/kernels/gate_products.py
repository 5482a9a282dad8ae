"""Products of float32 matrices in the order of oneDNN's small ones (``gate_orders``), as machine code."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import numpy as np

from .gate_orders import Order
from .iteration import get_threads
from .llvm import available, has
from .memory import empty
from .registers import lanes

Array = np.ndarray[Any, Any]

_F = np.dtype(np.float32)
#: What a product does with what is there: it takes its place, is added to it, or its sums go on from it.
REPLACE, ADD, GO_ON = 0, 1, 2


@functools.cache
def kernel(module: str, name: str) -> Any:
    """A kernel of ``code``; None where no compiled code with fused operations can be had."""
    if not (available() and has("fma")):
        return None
    from .kernel import compiled

    return compiled(getattr(importlib.import_module(f"{__package__}.code.{module}"), name))


def columns(w: Array, panel: int) -> Array:
    """(panel of so many columns, row, column), with zeros for columns that are not there."""
    height, width = w.shape
    panels = -(-width // panel)
    if width % panel:
        whole = np.zeros((height, panels * panel), _F)
        whole[:, :width] = w
        w = whole
    return np.ascontiguousarray(w.reshape(height, panels, panel).transpose(1, 0, 2))


def product(a: Array, w: Array, how: Order) -> Array | None:
    """``a @ w``; None without compiled code."""
    run = kernel("gate_products", "products")
    if run is None:
        return None
    (rows, inner), width = a.shape, w.shape[1]
    panels, sums = columns(w, 2 * lanes()), []
    for cuts in how.parts:
        sums.append(empty((rows, width), _F))
        sizes = width, inner, len(cuts) - 1
        if not run(rows, _grain(rows), sums[-1], a, panels, how.plan, cuts, *sizes, REPLACE, how.tail):
            return None
    return _added(sums, how)


def _added(sums: list[Array], how: Order) -> Array:
    """The first of the parts' sums, to which the others have been added; rows are the last axis but one."""
    total, *others = sums
    for start, stop, part in how.first or ((0, total.shape[-2], 0),):
        places = [i for i in range(1, len(sums)) if i != part]
        for i in [part, *places] if part else places:
            total[..., start:stop, :] += others[i - 1][..., start:stop, :]
    return total


def product_of_column(a: Array, w: Array) -> Array | None:
    """``a @ w`` for a column."""
    run, rows = kernel("gate_products", "products_of_column"), len(a)
    out = np.empty((rows, 1), _F)
    ran = run is not None and run(rows, _grain(rows), out, a, np.ascontiguousarray(w), a.shape[1])
    return out if ran else None


def _grain(units: int) -> int:
    return -(-units // get_threads())


def gradient(
    width: int, count: int, products: list[tuple[Array, Array, Order]], steps: int = 0, batch: int = 0
) -> tuple[Array, Array] | None:
    """The sum of ``slopes.T @ x``, and the sums of the first slopes, ``steps`` of ``batch`` rows each; None without compiled code."""
    run = kernel("gate_products", "gradients")
    if run is None:
        return None
    panel = 2 * lanes()
    shape = -(-width // panel), count, panel
    out, bias = empty((width, count), _F), np.empty(width, _F)
    sums: list[Array] = []
    for at, (slopes, x, how) in enumerate(products):
        for part, cuts in enumerate(how.parts):
            ends = at == len(products) - 1 and len(how.parts) == 1
            way = GO_ON if how.chained else ADD if sums and not part else REPLACE
            if part or not sums:
                sums.append(np.zeros(shape, _F) if how.chained else empty(shape, _F))
            if not run(
                shape[0], _grain(shape[0]), out, sums[-1], bias, slopes, x, how.plan, cuts, width, count, len(cuts) - 1, way, how.tail,
                int(ends), steps, batch,
            ):  # fmt: skip
                return None
            steps = 0
        sums = [_added(sums, how)]
    if len(how.parts) > 1:
        run(
            shape[0], _grain(shape[0]), out, sums[0], bias, slopes, x, how.plan, cuts, width, count, 0, ADD, how.tail, 1, 0, 0
        )  # fmt: skip
    return out, bias

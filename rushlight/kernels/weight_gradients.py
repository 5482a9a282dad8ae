"""The gradient of a convolution's weight by native code, in PyTorch's order where it is known (``weight_orders``)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import copies
from . import weight_orders as orders
from .code import convolution as code
from .code import weight_gradients as chained
from .convolution import (
    PLAIN,
    Task,
    displacements,
    kind_of,
    pieces_of_work,
    table_of_chains,
    table_of_sums,
    three,
    up,
)
from .iteration import get_threads
from .kernel import compiled
from .memory import maker

Array = np.ndarray[Any, Any]
Run = Callable[[Array, Array], Array | None]

FEWEST = 4  # channels of a gradient of float64 for which vectors of channels are worth it
IN_LANES = 32  # bytes of the vectors in whose lanes a weight's gradient is summed, if its sums are not single chains


def planned_weight(
    shape: Any,
    images: int,
    out: Any,
    dtype: np.dtype[Any],
    size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Run:
    """The gradient of the weight, of shape ``size``: ``run(x, g)`` for an input of this shape and outputs of spatial sizes ``out``.

    It gives None where NumPy is to find it.
    """
    rows, channels, *kernel = size
    taps = displacements(three(kernel, 1), three(padding, 0), three(dilation, 1))
    space, steps = three(out, 1), three(stride, 1)
    task = Task(groups, rows // groups, channels, three(shape[2:], 1), space, steps, taps, images, PLAIN)
    s = orders.shape_of(shape, out, size, stride, padding, dilation, groups)
    how = "" if s is None else orders.way(s)
    if s is not None and how == orders.DEPTHWISE:
        whole = _depthwise(s, dtype)
    elif s is not None and how == orders.POINTWISE:
        whole = _pointwise(s, dtype)
    elif s is not None and how == orders.DIRECT and (dtype.char == "f" or task.members >= FEWEST):
        cuts, lanes = orders.weight_cuts(s, how, get_threads()), kind_of(dtype)["L"]
        few = -(-s.members // lanes) * s.channels > -(-s.channels // lanes) * s.members
        whole = _few(s, dtype, cuts) if few else _chains(task, dtype, cuts)
    else:
        whole = _sums(task, dtype)

    def run(x: Array, g: Array) -> Array | None:
        with np.errstate(all="ignore"):
            total = whole(np.ascontiguousarray(x), np.ascontiguousarray(g))
        if total is not None:
            total = total[:, : len(taps) * channels, : task.members]  # what fills up may be anything
        if total is None or not np.isfinite(total).all():
            return (
                None  # infinities meet zeros beside the planes; only the product of matrices says what each place sees
            )
        return copies.contiguous(total.swapaxes(1, 2)).reshape(size)

    return run


def _chains(task: Task, dtype: np.dtype[Any], cuts: list[int]) -> Run:
    """The sums of products of an input and a gradient, (groups, terms, members) or larger: place by place, of shares of the images."""
    kind, shares = kind_of(dtype), len(cuts) - 1
    tile = (8, 1) if task.members <= kind["L"] else (6, 2)
    plan = table_of_chains(task, tile, kind["L"], 2 * get_threads(), shares)
    multiply = compiled(code.chains, **kind, M=tile[0], V=tile[1])
    make = maker((shares, task.groups, plan.offsets.size, int(plan.numbers[code.LENGTH])), dtype)
    scratch, at = maker((plan.units * plan.scratch,), dtype), np.array(cuts, np.int64)

    def run(x: Array, g: Array) -> Array | None:
        sums = make()
        done = multiply(plan.units, 1, sums, x, g, plan.kinds, plan.offsets, plan.numbers, at, scratch())
        return together(sums) if done else None

    return run


def together(sums: Array) -> Array:
    """The sums of all shares, added one after another."""
    total: Array = sums[0]
    for other in sums[1:]:
        total += other
    return total


def _pointwise(s: orders.Shape, dtype: np.dtype[Any]) -> Run:
    """The same for kernels of one place: some places at a time."""
    kind, threads = kind_of(dtype), get_threads()
    tile = (8, 1) if s.members <= kind["L"] else (6, 2)
    lanes, places = kind["L"], math.prod(s.out)
    cuts = orders.weight_cuts(s, orders.POINTWISE, threads)
    pieces = np.array(orders.pieces(cuts, places), np.int64).reshape(-1)
    shares, width, terms = len(cuts) - 1, up(s.members, tile[1] * lanes), up(s.channels, tile[0])
    units = shares * (width // (tile[1] * lanes))
    parts = min(terms // tile[0], -(-2 * threads // units))
    multiply = compiled(chained.pointwise, **kind, M=tile[0], V=tile[1])
    make, scratch = (
        maker((shares, 1, terms, width), dtype),
        maker((units * parts * (192 * tile[1] + 1) * lanes,), dtype),
    )
    numbers = pieces.size // 4, shares, s.channels, s.members, places, parts
    steps = slice(None, None, s.stride[0]), slice(None, None, s.stride[1])
    met = (..., *steps) if max(s.stride) > 1 else ()

    def run(x: Array, g: Array) -> Array | None:
        sums = make()
        if met:
            x = np.ascontiguousarray(x.reshape(*x.shape[:2], *s.size)[met])
        return together(sums) if multiply(units * parts, 1, sums, x, g, pieces, *numbers, scratch()) else None

    return run


class _Rows:
    """What the kernels need that turn padded rows, channels last: tables, and elements of scratch for each unit."""

    def __init__(self, s: orders.Shape, lanes: int, cuts: list[int], channels: int, turned: bool):
        (height, width), (down, along) = s.kernel, s.stride
        taps = [(y, x) for y in range(height) for x in range(width)]
        self.tile = len(taps) if len(taps) <= 10 else 8
        taps += [(0, 0)] * (-len(taps) % self.tile)
        self.terms, high = len(taps), min(15, s.out[0])
        pitch, reach = max((s.out[1] - 1) * along + width, s.padding[1] + 1), (high - 1) * down + height
        self.room = (reach * pitch + turned * up(high * s.out[1], lanes) + 1) * lanes
        numbers = channels, *s.size, *s.out, down, along, *s.padding, pitch, reach, self.room, height, s.groups
        self.cuts, self.taps, self.numbers = (np.array(a, np.int64).reshape(-1) for a in (cuts, taps, numbers))


def _depthwise(s: orders.Shape, dtype: np.dtype[Any]) -> Run:
    """The same where each channel has a kernel of its own: (channels, terms, 1)."""
    kind = kind_of(dtype)
    lanes = kind["L"]
    cuts = orders.weight_cuts(s, orders.DEPTHWISE, get_threads())
    rows, blocks, shares = _Rows(s, lanes, cuts, s.groups, True), -(-s.groups // lanes), len(cuts) - 1
    across = np.array(orders.tiles(s.out[1], s.ends()[1]), np.int64)
    add, units = compiled(chained.depthwise, **kind, M=rows.tile), blocks * shares
    make, scratch = maker((shares, blocks, rows.terms, lanes), dtype), maker((units * rows.room,), dtype)
    tables = rows.cuts, across, across.size - 1, rows.taps, rows.terms, rows.numbers

    def run(x: Array, g: Array) -> Array | None:
        sums = make()
        if not add(units, 1, sums, x, g, *tables, scratch()):
            return None
        return together(sums).swapaxes(1, 2).reshape(blocks * lanes, rows.terms, 1)[: s.groups]

    return run


def _few(s: orders.Shape, dtype: np.dtype[Any], cuts: list[int]) -> Run:
    """The same for few members: vectors run along the channels of the input."""
    kind = kind_of(dtype)
    lanes, taps = kind["L"], math.prod(s.kernel)
    rows, blocks, shares = _Rows(s, lanes, cuts, s.channels, False), -(-s.channels // lanes), len(cuts) - 1
    add, units = compiled(chained.few_members, **kind, M=rows.tile), blocks * s.groups * shares
    shape = shares, s.groups, blocks, s.members, rows.terms, lanes
    make, scratch = maker(shape, dtype), maker((units * rows.room,), dtype)
    tables = rows.cuts, rows.taps, rows.terms, s.members, rows.numbers

    def run(x: Array, g: Array) -> Array | None:
        sums = make()
        if not add(units, 1, sums, x, g, *tables, scratch()):
            return None
        total = together(sums)[:, :, :, :taps].transpose(0, 1, 4, 3, 2)  # group, block, lane, tap, member
        whole = total.reshape(s.groups, blocks * lanes, taps, s.members)[:, : s.channels]
        return whole.reshape(s.groups, s.channels * taps, s.members)

    return run


def _sums(task: Task, dtype: np.dtype[Any]) -> Run:
    """The same in an order of our own, vectors of places at a time."""
    tile = (1, 9) if task.members == 1 else (4, 3)
    kind = kind_of(dtype, IN_LANES)
    plan = table_of_sums(task, tile, kind["L"], pieces_of_work())
    multiply = compiled(code.multiply, **kind, M=tile[0], V=tile[1])
    chunks = plan.units // int(plan.numbers[code.PARTS])
    make = maker((chunks, task.groups, plan.offsets.size, up(task.members, tile[0])), dtype)
    scratch = maker((plan.units * plan.scratch,), dtype)

    def run(x: Array, g: Array) -> Array | None:
        sums = make()
        sums.fill(0)
        if not multiply(plan.units, 1, sums, x, g, plan.kinds, plan.offsets, plan.numbers, scratch()):
            return None
        return np.add.reduce(sums, axis=0)  # type: ignore[no-any-return]

    return run


def backward_weight(
    x: Array, g: Array, size: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Array | None:
    """The gradient of the weight, of shape ``size``; None where NumPy is to find it."""
    return planned_weight(x.shape, g.shape[0], g.shape[2:], x.dtype, size, stride, padding, dilation, groups)(x, g)

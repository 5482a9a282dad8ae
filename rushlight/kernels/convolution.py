"""Convolution by native code: what ``code.convolution`` needs to know of a shape, and its calls.

Everything is a *correlation*: sums over channels and kernel positions of weights times the input, each position displaced by
so much. A convolution is one; the gradient of its input is one for each remainder of the position by the stride. The gradient of
the weight sums over places instead.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from . import single_image, weight_orders
from .code import convolution as code
from .emit import F32, F64
from .iteration import get_threads
from .kernel import compiled
from .memory import maker
from .registers import vector_bytes

Array = np.ndarray[Any, Any]
Triple = tuple[int, int, int]
Pairs = list[tuple[int, int]]

CACHE = 60_000  # elements that the padded planes of a unit, and its planes of the result, may have
NARROWEST = 64  # columns at the least of a band that is not a whole row
FEW = 320  # terms whose planes fit the first cache
CHUNKS = 8  # pieces of work at the least; of a weight's gradient so many are summed apart, whatever the threads
LONG = 512  # places to sum over before lanes are added up
TABLES = 1 << 22  # elements that all tables of sums may have
FEW_WEIGHTS = 1 << 16  # weights that NumPy packs


class Order(NamedTuple):
    """In which order terms are added: blocks of ``outer`` channels, within these of ``inner``, within these the taps."""

    outer: int
    inner: int
    apart: bool = False  # whether each outer block is a sum of its own, added to the others when it is complete
    blocks: str = (
        ""  # "columns" of taps or single "taps", with all channels, are the blocks; or so many "terms" as products have
    )


#: PyTorch's orders (those of oneDNN), found by trying until every bit agreed; no other source.
FORWARD, FORWARD_POINTWISE = Order(8, 8), Order(128, 128, True)
BACK_NARROW, BACK, BACK_WIDE = Order(32, 8, True), Order(16, 8, True), Order(8, 8, True)  # by the width of the gradient
BACK_POINTWISE, BACK_STRIDED = Order(64, 64, True), Order(0, 0, True, "columns")
BY_TAPS = Order(0, 0, True, "taps")
IN_BLOCKS = Order(1, 1, True, "terms")
PLAIN, ALL = Order(1, 1), Order(1 << 30, 1 << 30)


class Task(NamedTuple):
    """A correlation: ``taps`` are displacements of the input, by ``step`` for each place of the result."""

    groups: int
    members: int  # channels of the result in a group
    channels: int  # of the input in a group
    size: Triple
    out: Triple
    step: Triple
    taps: tuple[Triple, ...]
    images: int
    order: Order


class Source(NamedTuple):
    """How far the weights of groups, of the result's channels, of the input's channels are apart; where those of the taps are."""

    group: int
    member: int
    channel: int
    taps: tuple[int, ...]


class Layout(NamedTuple):
    """Tables for the code, see there."""

    kinds: Array
    offsets: Array
    spots: Array
    numbers: Array
    units: int
    grain: int
    scratch: int
    source: Source
    places: Array  # of the terms in the weight
    packing: Array | None  # of all elements of the packed weight, if they are not too many


class _Planes:
    """How the input of a band is laid out."""

    def __init__(self, task: Task):
        z = [t[0] for t in task.taps]
        y0, y = _shares(task.step[1], [t[1] for t in task.taps])
        x0, x = _shares(task.step[2], [t[2] for t in task.taps])
        found = [(c, b[1] + y0, a[1] + x0) for c, b, a in zip(z, y, x, strict=True)]
        self.kinds = sorted(set(found))
        self.down, right = max(b[0] for b in y), max(a[0] for a in x)
        _, height, width = task.out
        planes = task.channels * len(self.kinds)
        most = max(CACHE // planes, NARROWEST)
        self.columns = width if width + right <= most else min(max(most - right, NARROWEST), width)
        shared = 0  # the zeros at the end of a row may be those at the beginning of the next
        if self.columns == width and task.step[2] == 1:
            shared = max(min(-x0, width + x0 + right - task.size[2], right), 0)
        self.pitch = self.columns + right - shared
        results = CACHE // (self.pitch * min(task.members, 64))
        rows = min(height, max(most // self.pitch - self.down, 1), max(results, 1))
        self.rows = -(-height // -(-height // rows))  # all bands about as high
        self.bands = -(-height // self.rows) * -(-width // self.columns)
        self.plane = _odd_lines((self.rows + self.down) * self.pitch + shared)
        self.elements = planes * self.plane
        self.span = (self.rows - 1) * self.pitch + self.columns
        index = {kind: i for i, kind in enumerate(self.kinds)}
        self.tap = [index[f] * self.plane + b[0] * self.pitch + a[0] for f, b, a in zip(found, y, x, strict=True)]

    def tables(self, task: Task, terms: int, rest: tuple[int, ...]) -> tuple[Array, Array]:
        """The kinds of planes, and the numbers in the order that the code has for them."""
        numbers = (
            task.channels, *task.size, *task.out, self.rows, self.columns,
            *task.step, len(self.kinds), self.down, self.pitch, self.plane,
            task.groups, task.members, terms, *rest,
        )  # fmt: skip
        assert len(numbers) == code.NUMBERS
        return np.array(self.kinds, np.int64).reshape(-1), np.array(numbers, np.int64)

    def spots(self, together: int, lanes: int) -> tuple[list[int], int, int, int]:
        """Where vectors begin, in planes of the input and of the result, some more than are needed; how many a row has if each row
        has its own, which is better for some widths; the length of a row and of a plane of the result."""
        vectors = -(-self.columns // lanes)
        run_on = up(-(-self.span // lanes), together) <= up(self.rows * vectors, together)
        if run_on:
            places = [(lanes * i, lanes * i) for i in range(up(-(-self.span // lanes), together))]
            return list(sum(places, ())), 0, self.pitch, up(self.span, together * lanes)
        pitch = vectors * lanes
        places = [(y * self.pitch + i * lanes, y * pitch + i * lanes) for y in range(self.rows) for i in range(vectors)]
        places += [places[-1]] * (-len(places) % together)
        return list(sum(places, ())), vectors, pitch, self.rows * pitch

    def terms(self, task: Task) -> tuple[list[int], Pairs, int]:
        """Offset and (channel, tap) of each term, and of how many terms each block is."""
        outer, inner, _, blocks = task.order
        found: Pairs = []
        if blocks in ("columns", "taps"):
            across = [t[2] if blocks == "columns" else i for i, t in enumerate(task.taps)]
            for x in dict.fromkeys(across):
                found += [(c, t) for t, at in enumerate(across) if at == x for c in range(task.channels)]
            block = len(found) // len(set(across))
        else:
            for first in range(0, task.channels, outer):
                last = min(first + outer, task.channels)
                for start in range(first, last, inner):
                    end = min(start + inner, last)
                    found += [(c, t) for t in range(len(task.taps)) for c in range(start, end)]
            block = min(outer, task.channels) * len(task.taps)
            if blocks:
                block = weight_orders.block_of_terms(len(found))
        offsets = [c * len(self.kinds) * self.plane + self.tap[t] for c, t in found]
        return offsets, found, block


def _shares(step: int, displacements: list[int]) -> tuple[int, Pairs]:
    """The least displacement, and each as whole steps and a remainder from there."""
    least = min(displacements)
    return least, [divmod(d - least, step) for d in displacements]


def _odd_lines(n: int) -> int:
    """So many elements or some more: an odd number of cache lines, so that planes do not compete for the same places in the cache."""
    lines = -(-n // 16)
    return 16 * (lines + 1 - lines % 2)


def up(n: int, unit: int) -> int:
    return -(-n // unit) * unit


@functools.lru_cache(256)
def correlation(
    task: Task, source: Source, tile: tuple[int, int], lanes: int, to: tuple[int, ...], pieces: int = CHUNKS
) -> Layout:
    """``to`` are the strides of the result: image, channel, z, y, x, and where it begins."""
    planes = _Planes(task)
    spots, vectors, flat_pitch, flat = planes.spots(tile[1], lanes)
    length = _odd_lines(flat)
    blocks = -(-task.members // tile[0])
    units = task.images * task.groups * task.out[0] * planes.bands
    parts = min(blocks, -(-pieces // units))
    units *= parts
    grain = -(-units // pieces)
    offsets, order, block = planes.terms(task)
    if not task.order.apart:
        block = FEW // block * block or FEW
    share = -(-blocks // parts)
    scratch = up(planes.elements + tile[0] * tile[1] * lanes + share * tile[0] * length, 16) + 64
    places = np.array([c * source.channel + source.taps[t] for c, t in order], np.int64)
    index = None
    if blocks * tile[0] * len(order) * task.groups <= FEW_WEIGHTS:
        index = _index(task.groups, task.members, tile[0], source, places)
    rest = (block, task.order.apart, parts, grain, scratch, length, *to, task.images, 1, vectors, flat_pitch)
    kinds, numbers = planes.tables(task, len(order), rest)
    at, where = np.array(offsets, np.int64), np.array(spots, np.int64)
    return Layout(kinds, at, where, numbers, units, grain, scratch, source, places, index)


@functools.lru_cache(256)
def table_of_sums(task: Task, tile: tuple[int, int], lanes: int, pieces: int = CHUNKS) -> Layout:
    """The same for ``multiply``: ``GRAIN`` are the items of a chunk."""
    planes = _Planes(task)
    offsets, order, _ = planes.terms(task)
    offsets += [0] * (-len(offsets) % tile[1])
    length = _odd_lines(up(planes.span, lanes))
    blocks = -(-task.members // tile[0])
    several = 1
    if planes.bands == task.out[0] == 1:
        several = min(-(-LONG // planes.span), task.images)
    items = -(-task.images // several) * task.out[0] * planes.bands
    most = max(TABLES // (task.groups * len(offsets) * blocks * tile[0]), 1)
    grain = -(-items // min(items, CHUNKS, most))
    chunks = -(-items // grain)
    parts = min(blocks, -(-pieces // chunks))
    scratch = up(several * (planes.elements + -(-blocks // parts) * tile[0] * length), 16) + 64
    rest = (0, 0, parts, grain, scratch, length, 0, 0, 0, 0, 0, 0, task.images, several, 0, 0)
    kinds, numbers = planes.tables(task, len(order), rest)
    none = np.empty(0, np.int64)
    at = np.array(offsets, np.int64)
    return Layout(kinds, at, none, numbers, chunks * parts, 1, scratch, Source(0, 0, 0, ()), none, None)


@functools.lru_cache(256)
def table_of_chains(task: Task, tile: tuple[int, int], lanes: int, pieces: int, shares: int = 1) -> Layout:
    """The same for ``chains``, whose ``tile`` is of terms and vectors of channels, for so many shares of the images."""
    planes = _Planes(task)
    assert planes.rows == 1 or planes.columns == task.out[2]  # places come in their order
    offsets, order, _ = planes.terms(task)
    offsets += [0] * (-len(offsets) % tile[0])
    width = up(task.members, tile[1] * lanes)
    blocks, tiles = width // (tile[1] * lanes), len(offsets) // tile[0]
    share = -(-tiles // min(tiles, -(-pieces // (shares * task.groups * blocks))))
    parts = -(-tiles // share)
    scratch = up(planes.elements + (planes.rows * planes.columns * tile[1] + 1) * lanes, 16) + 64
    rest = (0, 0, parts, 1, scratch, width, 0, 0, 0, 0, 0, 0, task.images, 1, 0, 0)
    kinds, numbers = planes.tables(task, len(order), rest)
    none = np.empty(0, np.int64)
    at = np.array(offsets, np.int64)
    return Layout(
        kinds, at, none, numbers, shares * task.groups * blocks * parts, 1, scratch, Source(0, 0, 0, ()), none, None
    )


def pieces_of_work() -> int:
    """How many pieces keep all threads at work."""
    return max(CHUNKS, 2 * get_threads())


def kind_of(dtype: np.dtype[Any], vector: int | None = None) -> dict[str, Any]:
    """The type of the elements, and how many a vector has."""
    return {"T": F32 if dtype.itemsize == 4 else F64, "L": (vector or vector_bytes()) // dtype.itemsize}


def _packer(plan: Layout, dtype: np.dtype[Any], groups: int, rows: int) -> Callable[[Array], Array]:
    """A function that gives a weight with its terms in order, ``rows`` rows side by side: (groups, blocks, terms, rows).

    Rows that fill up are any.
    """
    source, members, terms = plan.source, int(plan.numbers[code.MEMBERS]), plan.places.size
    shape = groups, -(-members // rows), terms, rows
    index = plan.packing
    if index is not None:
        return lambda weight: weight.take(index, mode="clip")
    run, make, units = compiled(code.pack, **kind_of(dtype), M=rows), maker(shape, dtype), shape[0] * shape[1]

    def pack(weight: Array) -> Array:
        out = make()
        if run(units, 4, out, weight, plan.places, members, source.group, source.member, terms):
            return out
        return weight.take(_index(groups, members, rows, source, plan.places))

    return pack


def _index(groups: int, members: int, rows: int, source: Source, places: Array) -> Array:
    """Where all elements of the packed weight come from."""
    blocks = -(-members // rows)
    row = np.minimum(np.arange(blocks * rows), members - 1).reshape(1, blocks, 1, rows)
    return np.arange(groups).reshape(-1, 1, 1, 1) * source.group + row * source.member + places.reshape(-1, 1)


def correlator(
    task: Task, source: Source, dtype: np.dtype[Any], to: tuple[int, ...]
) -> Callable[[Array, Array, Array, Array | None], bool]:
    """A function that writes the sums: ``write(out, x, weight, bias)`` for contiguous arrays."""
    tile = (1, 8) if task.members == 1 else (4, 3)
    kind = kind_of(dtype)
    plan = correlation(task, source, tile, kind["L"], to, pieces_of_work())
    kernel = compiled(code.correlate, **kind, M=tile[0], V=tile[1])
    pack = _packer(plan, dtype, task.groups, tile[0])
    blocks = -(-task.members // tile[0])
    zeros = np.zeros((task.groups, blocks, tile[0]), dtype)
    scratch = maker((-(-plan.units // plan.grain) * plan.scratch,), dtype)
    tables = plan.kinds, plan.offsets, plan.spots, plan.numbers

    def write(out: Array, x: Array, weight: Array, bias: Array | None) -> bool:
        start = zeros
        if bias is not None:
            if zeros.size == bias.size:
                start = np.ascontiguousarray(bias)
            else:
                start = zeros.copy()
                start.reshape(task.groups, -1)[:, : task.members] = bias.reshape(task.groups, -1)
        return bool(kernel(plan.units, plan.grain, out, x, pack(weight), start, *tables, scratch()))

    return write


def three(values: Any, fill: int) -> Triple:
    """The settings of one, two or three dimensions as those of three."""
    return (*(fill,) * (3 - len(values)), *map(int, values))  # type: ignore[return-value]


def displacements(kernel: Triple, padding: Triple, dilation: Triple) -> tuple[Triple, ...]:
    """Where each kernel position looks from the first place of the result."""
    ways = [[i * d - p for i in range(m)] for m, d, p in zip(kernel, dilation, padding, strict=True)]
    return tuple(itertools.product(ways[0], ways[1], ways[2]))


def _strides(channels: int, space: Triple) -> tuple[int, int, int, int, int]:
    """Of a contiguous result: image, channel, z, y, x."""
    plane = space[1] * space[2]
    return channels * space[0] * plane, space[0] * plane, plane, space[2], 1


def planned(
    shape: Any, weight_shape: Any, dtype: np.dtype[Any], out: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Callable[[Array, Array, Array | None], Array | None]:
    """The convolution of arrays of these shapes, whose result has the spatial sizes ``out``: ``run(x, weight, bias)``."""
    rows, channels, *kernel = weight_shape
    space = three(out, 1)
    product = single_image.is_one(shape, kernel, groups)
    taps = displacements(three(kernel, 1), three(padding, 0), three(dilation, 1))
    steps = three(stride, 1)
    s = weight_orders.shape_of(shape, out, weight_shape, stride, padding, dilation, groups)
    order = PLAIN if product else _order_forward(groups, kernel, shape[2:], stride)
    if not product and s is not None and weight_orders.result_by_products(s):
        product, order = True, IN_BLOCKS
    task = Task(groups, rows // groups, channels, three(shape[2:], 1), space, steps, taps, shape[0], order)
    size = channels * len(taps)
    source = Source(rows // groups * size, size, len(taps), tuple(range(len(taps))))
    write = correlator(task, source, dtype, (*_strides(rows, space), 0))
    make = maker((shape[0], rows, *out), dtype)
    along = -1, *[1] * len(out)

    def run(x: Array, weight: Array, bias: Array | None) -> Array | None:
        result = make()
        whole = x if x.flags.c_contiguous else np.ascontiguousarray(x)
        if not write(result, whole, np.ascontiguousarray(weight), None if product else bias):
            return None
        if product and bias is not None:
            result += bias.reshape(along)
        return result

    return run


def forward(
    x: Array, weight: Array, bias: Array | None, out: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Array | None:
    """The convolution, whose result has the spatial sizes ``out``."""
    return planned(x.shape, weight.shape, x.dtype, out, stride, padding, dilation, groups)(x, weight, bias)


def planned_input(
    shape: Any,
    weight_shape: Any,
    dtype: np.dtype[Any],
    size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    transposed: bool = False,
) -> Callable[[Array, Array], Array | None]:
    """The gradient of the input, of spatial sizes ``size``: ``run(g, weight)`` for a ``g`` of this shape.

    For each remainder of a place by the stride it is a correlation of its own. ``transposed`` tells a transposed convolution, whose
    input is g.
    """  # fmt: skip
    members, channels = weight_shape[0] // groups, weight_shape[1]
    space, steps, pads = three(size, 1), three(stride, 1), three(padding, 0)
    kernel, spread = three(weight_shape[2:], 1), three(dilation, 1)
    whole = shape[0], groups * channels, *size
    s = weight_orders.shape_of(whole, shape[2:], weight_shape, stride, padding, dilation, groups)
    if single_image.is_one(shape if transposed else whole, weight_shape[2:], groups):
        order = BY_TAPS
    elif s is not None and not members == channels == 1 and weight_orders.input_by_products(s):
        order = BY_TAPS
    else:
        order = _order_back(groups, members, channels, steps, kernel, space, len(size), shape[-1])
    every = kernel[0] * kernel[1] * kernel[2]
    image, channel, *strides = _strides(groups * channels, space)
    parts: list[Callable[[Array, Array, Array, None], bool]] = []
    untouched: list[Any] = []
    for remainders in itertools.product(*map(range, map(min, steps, space))):
        ways = [
            [(i, (r + p - i * d) // s) for i in range(m) if (r + p - i * d) % s == 0]
            for m, d, p, s, r in zip(kernel, spread, pads, steps, remainders, strict=True)
        ]
        if not all(ways):  # no kernel position meets these places
            untouched.append((..., *(slice(r, None, s) for r, s in zip(remainders, steps, strict=True))))
            continue
        met = list(itertools.product(*ways))
        taps = tuple((z[1], y[1], x[1]) for z, y, x in met)
        places = tuple((z[0] * kernel[1] + y[0]) * kernel[2] + x[0] for z, y, x in met)
        part = three([-(-(n - r) // s) for n, r, s in zip(space, remainders, steps, strict=True)], 1)
        task = Task(groups, channels, members, three(shape[2:], 1), part, (1, 1, 1), taps, shape[0], order)
        source = Source(members * channels * every, every, channels * every, places)
        to = [a * s for a, s in zip(strides, steps, strict=True)]
        origin = sum(a * r for a, r in zip(strides, remainders, strict=True))
        parts.append(correlator(task, source, dtype, (image, channel, *to, origin)))
    make = maker((shape[0], groups * channels, *size), dtype)

    def run(g: Array, weight: Array) -> Array | None:
        result = make()
        whole = result.reshape(shape[0], groups * channels, *space)
        for places in untouched:
            whole[places] = 0
        g, weight = np.ascontiguousarray(g), np.ascontiguousarray(weight)
        return result if all([write(result, g, weight, None) for write in parts]) else None

    return run


def backward_input(
    g: Array, weight: Array, size: Any, stride: Any, padding: Any, dilation: Any, groups: int, transposed: bool = False
) -> Array | None:
    """The gradient of the input, of spatial sizes ``size``."""
    return planned_input(g.shape, weight.shape, g.dtype, size, stride, padding, dilation, groups, transposed)(g, weight)


def _order_forward(groups: int, kernel: Any, size: Any, stride: Any) -> Order:
    """PyTorch's order for the convolution."""
    pointwise = groups == 1 == max(kernel) and all(m % s == 0 for m, s in zip(size, stride, strict=True))
    return FORWARD_POINTWISE if pointwise else FORWARD


def _order_back(
    groups: int, members: int, channels: int, steps: Triple, kernel: Triple, space: Triple, dims: int, width: int
) -> Order:
    """PyTorch's order for the gradient of the input, from a gradient of this ``width``."""
    if members == channels == 1:
        return PLAIN
    if groups > 1 and (members % 8 or channels % 8):
        return BY_TAPS
    if max(steps) > 1:
        return BACK_STRIDED if space[2] % steps[2] == 0 else ALL
    if groups == 1 == max(kernel):
        return BACK_POINTWISE
    if dims == 3 or width >= 40:
        return BACK_WIDE
    return BACK if width >= 15 else BACK_NARROW

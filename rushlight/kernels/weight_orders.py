"""In which order the gradients of a convolution's weight and bias are added up: PyTorch's, for float32.

PyTorch leaves convolutions to oneDNN, which has four ways for these gradients: depthwise, pointwise and direct ones, and products of
matrices for what these do not take. All but the last are chains of fused operations over places of images, one chain for each element
of the weight. oneDNN shares the images among threads if there are too few weights to share; then each share has sums of its own, which are
added at the end. What a pointwise gradient adds at a time are at most 191 places; depthwise ones go over tiles of 15 rows by 15 columns.

These are the rules of uxlfoundation/oneDNN 3.12 with AVX2 (src/cpu/x64: jit_avx2_conv_kernel_f32.cpp, jit_avx2_convolution.hpp,
jit_avx2_1x1_conv_kernel_f32.cpp, jit_uni_dw_conv_kernel_utils.cpp, cpu_reducer.cpp; src/cpu/gemm_convolution_utils.cpp), confirmed by
its results.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .iteration import forget_with_threads, get_threads

Sizes = tuple[int, ...]

_LANES = 8
_REGISTERS = 15  # of sums and of a gradient, that oneDNN's gradient of the input has
_TERMS = 256  # of a product's sum
_BUFFER = 1 << 21  # elements that oneDNN gives to the sums of threads
_PLACES = 128  # of a pointwise gradient that are added at a time, if there are half as many again
_TILE, _WIDE = 15, 30  # rows and columns of a depthwise tile; rows up to so wide are not cut
_MANY_PLACES = 256  # for each thread, from which on products are shared out instead of images

DEPTHWISE, POINTWISE, DIRECT, PRODUCT = "depthwise", "pointwise", "direct", "product"


class Shape(NamedTuple):
    """A convolution in one or two dimensions, of which one has a height of 1."""

    images: int
    groups: int
    channels: int  # of a group
    members: int  # channels of the result in a group
    size: Sizes
    out: Sizes
    kernel: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes

    def ends(self) -> Sizes:
        """The padding that is met at the end of each dimension."""
        taken = zip(self.size, self.out, self.kernel, self.stride, self.padding, strict=True)
        return tuple(max(0, (out - 1) * stride + kernel - (size + pad)) for size, out, kernel, stride, pad in taken)


def shape_of(
    x: Sizes, out: Sizes, weight: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Shape | None:
    """The convolution of an input and a weight of these shapes, whose result has the spatial sizes ``out``; None in three dimensions."""
    rows, channels, *kernel = weight
    if len(kernel) == 2:
        size, sizes = x[2:], (tuple(out), tuple(kernel), stride, padding, dilation)
    elif len(kernel) == 1:
        size, sizes = (1, x[2]), ((1, *out), (1, *kernel), (1, *stride), (0, *padding), (1, *dilation))
    else:
        return None
    return Shape(x[0], groups, channels, rows // groups, tuple(size), *sizes)


def way(s: Shape) -> str:
    """Which of its ways oneDNN takes."""
    if _is_depthwise(s):
        return DEPTHWISE
    if _is_pointwise(s):
        return POINTWISE
    return DIRECT if _is_direct(s) else PRODUCT


def _is_depthwise(s: Shape) -> bool:
    if s.groups == 1 or not s.channels == s.members == 1 or max(s.dilation) > 1:
        return False
    ends, (height, width), (down, _) = s.ends(), s.kernel, s.stride
    return (
        width <= 3
        and s.stride[1] <= width
        and max(s.padding[0], ends[0]) <= height // 2
        and max(s.padding[1], ends[1]) <= width // 2
        and s.size[0] >= height + -s.padding[0] % down
        and all(pad <= 1 or pad % down == 0 for pad in (s.padding[0], ends[0]))
    )


def _is_pointwise(s: Shape) -> bool:
    if s.groups > 1 or max(s.kernel) > 1 or max(s.padding) > 0:
        return False
    return all(size == out * step for size, out, step in zip(s.size, s.out, s.stride, strict=True))


def _is_direct(s: Shape) -> bool:
    if s.groups > 1 and (s.members % _LANES or (s.channels % _LANES and s.channels != 3)):
        return False
    (height, width), ends = s.kernel, s.ends()
    return (
        max(s.dilation) == 1
        and width < 14
        and height <= s.size[0]
        and max(s.padding[0], ends[0]) < height
        and max(s.padding[1], ends[1]) < width
    )


def result_by_products(s: Shape) -> bool:
    """Whether oneDNN makes the convolution itself a product of matrices, to which the bias is added. It does for some images narrower than
    their kernel too, which are not told here."""
    if s.groups > 1 and not s.channels == s.members == 1:
        return bool(s.members % _LANES or (s.channels % _LANES and s.channels > 3))
    return s.groups == 1 and _is_outside(s)


def block_of_terms(terms: int) -> int:
    """How many terms of such a product are a sum of their own; more than 512 that 256 does not divide are cut otherwise at the end."""
    return terms if terms <= _TERMS else _TERMS if terms >= 2 * _TERMS else (terms + 1) // 2


def _is_outside(s: Shape) -> bool:
    """Whether some places see nothing but padding along a dimension."""
    reach = [(n - 1) * apart + 1 for n, apart in zip(s.kernel, s.dilation, strict=True)]
    taken = zip(s.out, s.size, s.stride, s.padding, reach, strict=True)
    return any(n <= max(pad, (out - 1) * step + n - size - pad) for out, size, step, pad, n in taken)


def input_by_products(s: Shape) -> bool:
    """Whether oneDNN makes the gradient of the input a product of matrices, of which each tap of the kernel is a sum of its own."""
    if any(step > 1 and apart > 1 for step, apart in zip(s.stride, s.dilation, strict=True)):
        return True
    if max(s.stride) > 1:
        return False
    reach = [(n - 1) * apart + 1 for n, apart in zip(s.kernel, s.dilation, strict=True)]
    end = s.out[1] - 1 + reach[1] - s.size[1] - s.padding[1]
    if _is_outside(s):
        return True
    if max(s.kernel) == 1:
        return False
    width, vectors, before = s.size[1], -(-s.channels // _LANES), max(0, reach[1] - 1 - s.padding[1])
    best, most = 1, 0
    for together in (b for b in range(1, 5) if vectors % b == 0):
        for places in range(1, min(_REGISTERS // (together + 1), width) + 1):
            if before > places and places != width:
                continue
            if places * together > most or (places * together == most and best < places):
                best, most = places, places * together
    left = width % best
    behind = max(0, reach[1] - 1 - end - left)
    return not most or behind > best or (width > best and end + left < 0)


def weight_cuts(s: Shape, how: str, threads: int) -> list[int]:
    """Where the shares begin and end whose sums are apart: of the images, of a pointwise gradient of all their places."""
    if how == POINTWISE:
        job, jobs = _pointwise_jobs(s)
        places = s.images * s.out[0] * s.out[1]
        return cuts(places, _shares(threads, job, jobs, places, threads * job * 8))
    if how == DIRECT:
        block, count = (3, 1) if s.channels == 3 else (_LANES, -(-s.channels // _LANES))
        job, jobs = s.kernel[0] * s.kernel[1] * block * _LANES, s.groups * count * -(-s.members // _LANES)
        return cuts(s.images, _shares(threads, job, jobs, s.images, _BUFFER))
    if how == DEPTHWISE:
        blocks = min(-(-s.groups // _LANES), threads)
        return cuts(s.images, min(max(1, threads // blocks), s.images))
    if s.images == 1 or threads_of_product(s, threads) > 1:
        return [0, s.images]
    return cuts(s.images, min(s.images, max(1, threads // min(s.groups, threads))))


def threads_of_product(s: Shape, threads: int) -> int:
    """How many threads a product of matrices takes: one if images or groups are shared out."""
    apart = s.out[0] * s.out[1] // threads < _MANY_PLACES and (s.images > 1 or s.groups > 2)
    return 1 if apart else threads


class Bias(NamedTuple):
    """How the gradient of the bias is added up, place by place."""

    cuts: tuple[int, ...]  # shares of the images, each of which has a sum of its own
    run: int  # so many places are a sum of their own; 0 if all are one


_known: dict[Any, Bias] = {}
forget_with_threads(_known)
_MOST_KNOWN = 1024


def bias(
    x: Sizes,
    out: Sizes,
    weight: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
    turned: bool = False,
) -> Bias:
    """That of a convolution as in ``shape_of``. ``turned``: of the transposed convolution that has such *results* for inputs ``out``."""
    key = x, out, weight, stride, padding, dilation, groups, turned
    found = _known.get(key)
    if found is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        s = shape_of(*key[:-1])
        found = _known[key] = Bias((0, x[0]), 0) if s is None else _bias_of_turned(s) if turned else _bias(s)
    return found


def _bias(s: Shape) -> Bias:
    how = way(s)
    if how == PRODUCT:
        return Bias((0, s.images), s.out[1])
    if how == DEPTHWISE:
        return Bias(tuple(weight_cuts(s, how, get_threads())), 0)
    threads, jobs = get_threads(), s.groups * -(-s.members // _LANES)
    room = threads * _pointwise_jobs(s)[0] * 8 if how == POINTWISE else _BUFFER
    return Bias(tuple(cuts(s.images, _shares(threads, _LANES, jobs, s.images, room))), 0)


def _bias_of_turned(s: Shape) -> Bias:
    how = way(s)
    plain = how == PRODUCT or (how == DIRECT and s.channels == 3)
    return Bias((0, s.images), s.size[0] * s.size[1] if plain else 0)


def pieces(cut: list[int], places: int) -> list[tuple[int, int, int, int]]:
    """Of a pointwise gradient: share, image, and the places that are added at a time."""
    found = []
    for share, (start, stop) in enumerate(zip(cut, cut[1:], strict=False)):
        while start < stop:
            image, place = divmod(start, places)
            left = min(places - place, stop - start)
            step = left if left < _PLACES * 3 // 2 else _PLACES
            found.append((share, image, place, place + step))
            start += step
    return found


def tiles(n: int, end: int) -> list[int]:
    """Where the tiles of a depthwise gradient end in a row of n places, before so much padding."""
    if n <= _WIDE:
        return [0, n]
    whole, left = divmod(n, _TILE)
    if (left == 0 and end) or 0 < end >= left:
        whole -= 1
    return [*range(0, (whole + 1) * _TILE, _TILE), *([n] if whole * _TILE < n else [])]


def cuts(n: int, shares: int) -> list[int]:
    """n cut into about equal shares, the longer ones first."""
    size, longer = divmod(n, shares)
    return [i * size + min(i, longer) for i in range(shares + 1)]


def _pointwise_jobs(s: Shape) -> tuple[int, int]:
    """Elements of a pointwise weight that are one piece of work, and how many of these there are."""
    (channels, over), (members, under) = _blocks(s.channels, 9), _blocks(s.members, 32)
    return channels * members * _LANES * _LANES, over * under


def _blocks(n: int, most: int) -> tuple[int, int]:
    """Vectors of channels taken at a time, and how often."""
    vectors = size = -(-n // _LANES)
    while size > most and (size % 2 == 0 or size % 3 == 0):
        size //= 2 if size % 2 == 0 else 3
    return size, vectors // size


def _shares(threads: int, job: int, jobs: int, terms: int, room: int) -> int:
    """How many threads share the terms of a sum: as many as let all be done soonest, by oneDNN's estimate."""
    least = max(1, jobs // threads)
    most = max(1, room // (threads * job))
    groups = min(jobs // least, threads)
    best, soonest = min(threads // groups, terms), jobs * job * terms
    for size in range(least, jobs):
        groups = min(jobs // size, threads)
        together, share = min(threads // groups, terms), -(-jobs // groups)
        if together > 1 and share > most:
            continue
        needed = job * share * (-(-terms // together) + (together > 1))
        if needed < soonest:
            best, soonest = together, needed
    return best

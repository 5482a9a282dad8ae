"""Samplers that make one uniform draw an element: uniform, integers, Bernoulli, dropout noise.

All take the generator first. Those with a trailing underscore fill an array in place in the order of memory.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from rushlight import errors, types
from rushlight.fpstate import quiet
from rushlight.random import streams
from rushlight.random.fma import fma32, fma64
from rushlight.random.generator import CHUNK, MASK24, MASK53, MT19937, SCALE24
from rushlight.random.kinds import DIGITS, LARGEST, not_implemented, number, require_floating, round_to
from rushlight.random.layout import fill_in_memory_order, memory_order, real_view

Array = np.ndarray[Any, Any]

# From this range on an integer takes two words.
_WIDE_RANGE = 1 << 28


# -- uniform ------------------------------------------------------------------------------------------------------
def uniform_(gen: MT19937, a: Array, low: float = 0.0, high: float = 1.0) -> Array:
    """Fill with ``low + (high - low) * r``, r uniform on [0, 1), rounded once; a result of ``high`` becomes ``low``.

    float64 takes two words an element, other floating dtypes one (and compute in float32), complex dtypes fill both
    parts.

    Raises:
        NotImplementedError: for integer dtypes.
        RuntimeError: if low > high or a bound does not fit the dtype.
    """
    if a.dtype.kind == "c":
        uniform_(gen, real_view(a), low, high)
        return a
    if low != 0.0 or high != 1.0 or a.dtype.kind != "f":
        low, high = _check_uniform_bounds(require_floating(a, "check_uniform_bounds"), low, high)
    with gen.lock:
        if low == 0.0 and high == 1.0 and a.dtype.itemsize >= 4:
            fill_in_memory_order(a, lambda flat: fill_unit(gen, flat))
        else:
            with quiet():
                fill_in_memory_order(a, lambda flat: _fill_uniform(gen, flat, low, high))
    return a


def _check_uniform_bounds(kind: types.dtype, low: float, high: float) -> tuple[float, float]:
    largest = LARGEST[kind]
    for name, bound in (("from", low), ("to", high)):
        if not -largest <= bound <= largest:
            raise RuntimeError(f"{name} is out of bounds for {types.c_name(kind)}")
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={number(low)} > to={number(high)}"
        )
    if high - low > largest:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{types.scalar_name(kind)}>::max(), but found "
            f"to={number(high)} and from={number(low)} which result in to-from to exceed the limit"
        )
    return float(low), float(high)


def fill_unit(gen: MT19937, flat: Array) -> None:
    """Uniforms on [0, 1) into a contiguous 1-d float32 or float64 array."""
    double = flat.dtype == np.float64
    if streams.wanted(flat.size) and (
        streams.fill(gen, "unit_double", flat) if double else streams.fill(gen, "unit", flat, per=1)
    ):
        return
    if double:
        for start in range(0, flat.size, CHUNK):
            piece = flat[start : start + CHUNK]
            piece[...] = gen.r64(piece.size)
        return
    for start in range(0, flat.size, CHUNK):
        piece = flat[start : start + CHUNK]
        np.multiply(
            (gen.u32(piece.size) & MASK24).view(np.int32), SCALE24, out=piece, casting="unsafe", dtype=np.float32
        )


def _fill_uniform(gen: MT19937, flat: Array, low: float, high: float) -> None:
    double = flat.dtype.itemsize == 8
    low, width, high = _rounded_bounds(double, low, high)
    if flat.dtype.itemsize > 2 and streams.wanted(flat.size):
        name = "uniform_double" if double else "uniform"
        if streams.fill(gen, name, flat, per=2 if double else 1, a=low, b=width, c=high):
            return
    # The largest value that is not `high`: the comparison happens in the type of the result.
    edge, instead = round_to(flat.dtype, high), round_to(flat.dtype, low)
    for start in range(0, flat.size, CHUNK):
        piece = flat[start : start + CHUNK]
        piece[...] = fma64(gen.r64(piece.size), width, low) if double else fma32(gen.r32(piece.size), width, low)
        at_edge = piece == edge
        if at_edge.any():
            piece[at_edge] = instead


@functools.lru_cache(maxsize=64)
def _rounded_bounds(double: bool, low: float, high: float) -> tuple[float, float, float]:
    """The lower bound, the width and the upper bound as the sampler computes with them."""
    work = np.dtype(np.float64 if double else np.float32)
    low, high = round_to(work, low), round_to(work, high)
    return low, round_to(work, high - low), high


# -- integers -----------------------------------------------------------------------------------------------------
def random_(gen: MT19937, a: Array, low: int | None = None, high: int | None = None) -> Array:
    """Fill with integers from [low, high).

    Without bounds: every non-negative integer of the dtype, for floating dtypes 0 to 2^digits inclusive. With ``low``
    only: up to the largest integer of the dtype. A range of 2^28 or more takes two words an element, a smaller one
    takes one.

    Raises:
        RuntimeError: if low >= high, or a bound does not fit the dtype.
        NotImplementedError: for complex dtypes, and for uint16 to uint64 without bounds.
    """
    kind = types.of_array(a)
    if low is None and high is None:
        span, wide = _full_span(kind)
        start = 0
    elif high is None:
        start, span = _open_range(kind, int(low or 0))
        wide = span >= _WIDE_RANGE
    else:
        start, end = _closed_range(kind, int(low or 0), int(high))
        span, wide = end - start, end - start >= _WIDE_RANGE
    with gen.lock:
        fill_in_memory_order(a, lambda flat: _fill_integers(gen, flat, start, span, wide))
    return a


def randint(gen: MT19937, low: int, high: int, shape: tuple[int, ...], dtype: Any = np.int64) -> Array:
    """A new array of integers from [low, high); see ``random_``."""
    return random_(gen, np.empty(shape, dtype), low, high)


@functools.cache
def _largest_integer(kind: types.dtype) -> int:
    if kind.is_floating_point:
        return 1 << DIGITS[kind]
    return 1 if kind is types.bool_ else int(np.iinfo(kind.np).max)


def _full_span(kind: types.dtype) -> tuple[int, bool]:
    """How many values ``random_()`` chooses from, and whether it takes two words."""
    if kind.is_complex or kind in (types.uint16, types.uint32, types.uint64):
        raise not_implemented("random_kernel_cpu", kind)
    return _largest_integer(kind) + 1, kind in (types.int64, types.float64)


def _open_range(kind: types.dtype, low: int) -> tuple[int, int]:
    if kind.is_complex:
        raise RuntimeError("random_from_to handles only integral, floating-point and boolean types")
    top = _largest_integer(kind)
    if low == -(1 << 63):
        if kind in (types.float16, types.bool_):
            raise not_implemented("random_full_64_bits_range_kernel_cpu", kind)
        if kind not in (types.int64, types.float64, types.float32, types.bfloat16):
            raise RuntimeError("random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16")
        return low, 1 << 64
    _check_bound(kind, "from", low)
    if low > top:
        raise RuntimeError(
            "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but got "
            f"from={low} > to_inc={top}"
        )
    return low, top - low + 1


def _closed_range(kind: types.dtype, low: int, high: int) -> tuple[int, int]:
    if kind.is_complex:
        raise RuntimeError("check_random_bounds handles only integral, floating-point and boolean types")
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    if kind.is_floating_point:
        low, high = _representable(kind, low, high)
        if low >= high:
            raise RuntimeError(
                "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got "
                f"from={low} >= to={high}"
            )
    _check_bound(kind, "from", low)
    _check_bound(kind, "to - 1", high - 1)
    return low, high


def _representable(kind: types.dtype, low: int, high: int) -> tuple[int, int]:
    """Bounds beyond 2^digits move to the next integers that the dtype has."""
    digits = DIGITS[kind]

    def cast(x: int) -> float:
        return float(x) if kind is types.float64 else round_to(kind.np, float(np.int64(x).astype(np.float32)))

    def spacing(x: int) -> int:
        return 1 << max(abs(x).bit_length() - digits, 0)

    with quiet():
        bottom = cast(low + 1)
        if bottom < low and math.isfinite(bottom):
            low = int(bottom) + spacing(low + 1)
        top = cast(high - 1)
        if top >= high and math.isfinite(top):
            high = int(top) - spacing(high - 1)
    return low, high


def _check_bound(kind: types.dtype, name: str, bound: int) -> None:
    if kind.is_floating_point:
        if not -LARGEST[kind] <= bound <= LARGEST[kind]:
            raise RuntimeError(f"{name} is out of bounds for {types.c_name(kind)}")
        if abs(bound) > 1 << DIGITS[kind]:
            span = f"[-(2^{DIGITS[kind]}), 2^{DIGITS[kind]}]"
            errors.warn(
                f"{name} is out of bounds {span}. Due to precision limitations {types.c_name(kind)} can support discrete "
                "uniform distribution only within this range.",
                UserWarning,
                stacklevel=4,
            )
        return
    lowest = -_largest_integer(kind) - 1 if kind.is_signed else 0
    if not lowest <= bound <= _largest_integer(kind):
        raise RuntimeError(f"{name} is out of bounds for {types.c_name(kind)}")


def _fill_integers(gen: MT19937, flat: Array, low: int, span: int, wide: bool) -> None:
    if streams.wanted(flat.size) and _integers_by_machine(gen, flat, low, span, wide):
        return
    for start in range(0, flat.size, CHUNK):
        piece = flat[start : start + CHUNK]
        draws = gen.u64(piece.size) if wide else gen.u32(piece.size)
        if span < 1 << (64 if wide else 32):
            draws = draws % draws.dtype.type(span)
        if span == 1 << 64:
            whole = draws.view(np.int64)  # all integers: the bits as they are
        elif wide:
            draws += np.uint64(low % 2**64)  # two's complement: wraps to the right value
            whole = draws if piece.dtype == np.uint64 else draws.view(np.int64)
        else:
            whole = draws.astype(np.int64)
            whole += low
        _store_integers(piece, whole)


def _integers_by_machine(gen: MT19937, flat: Array, low: int, span: int, wide: bool) -> bool:
    whole = flat if flat.dtype == np.int64 else np.empty(flat.size, np.int64)
    if wide:
        done = streams.fill(gen, "large_integers", whole, k=_signed(low) if span < 1 << 64 else 0, m=_signed(span))
    else:
        done = streams.fill(gen, "small_integers", whole, per=1, k=low, m=span, b=1.0 / span)
    if done and whole is not flat:
        _store_integers(flat, whole)
    return done


def _signed(x: int) -> int:
    """The integer from -2^63 on with the same 64 bits."""
    return (x + (1 << 63)) % (1 << 64) - (1 << 63)


def _store_integers(out: Array, whole: Array) -> None:
    if out.dtype.itemsize == 2 and types.of_array(out).is_floating_point:
        whole = whole.astype(np.float32)
    out[...] = whole.view(np.uint64) if out.dtype == np.uint64 else whole


# -- Bernoulli ----------------------------------------------------------------------------------------------------
def bernoulli_scalar_(gen: MT19937, a: Array, p: float) -> Array:
    """Fill with 1 where a float64 uniform is below ``p``, else 0; p = 0 and p = 1 draw too.

    The comparison is done on the 53-bit integers: r < p exactly if r * 2^53 < ceil(p * 2^53).

    Raises:
        RuntimeError: if p is not in [0, 1].
        NotImplementedError: for complex dtypes and uint16 to uint64.
    """
    p = float(p)
    if not 0.0 <= p <= 1.0:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={number(p)}")
    kind = types.of_array(a)
    if kind.is_complex or kind in (types.uint16, types.uint32, types.uint64):
        raise not_implemented("bernoulli_scalar_cpu_", kind)
    with gen.lock:
        fill_in_memory_order(a, lambda flat: _fill_coins(gen, flat, p, 1.0))
    return a


def _fill_coins(gen: MT19937, flat: Array, p: float, one: float) -> None:
    """``one`` with probability ``p``, else 0."""
    limit = math.ceil(p * 2.0**53)
    coins = flat
    if flat.dtype not in (np.float32, np.float64):
        coins = flat.view(np.uint8) if flat.dtype == np.bool_ else np.empty(flat.size, np.uint8)
    plain = coins.dtype == np.uint8
    if streams.wanted(flat.size) and streams.fill(gen, "coin", coins, k=limit, c=1.0 if plain else one):
        if not plain or flat.dtype == np.bool_:
            return
        flat[...] = coins
    else:
        for start in range(0, flat.size, CHUNK):
            piece = flat[start : start + CHUNK]
            bits = gen.u64(piece.size)
            bits &= MASK53
            piece[...] = bits < np.uint64(limit)
    if one != 1.0:
        flat *= flat.dtype.type(one)


def bernoulli_tensor(gen: MT19937, p: Array, out: Array | None = None) -> Array:
    """1 where a uniform is below the probability at its place, in row-major order of the result.

    ``out=None`` gives a contiguous result of ``p``'s shape and dtype; else ``out`` is filled in the order of memory,
    ``p`` broadcast to it. float64 probabilities meet float64 uniforms, all others float32 uniforms.

    Raises:
        RuntimeError: if a probability is not in [0, 1].
        NotImplementedError: if ``p`` is not floating, or for a complex ``out``.
    """
    require_floating(p, "bernoulli_tensor_cpu_p_")
    if not _are_probabilities(p):
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false. Probabilities lie in [0, 1].")
    if out is None:
        out = np.empty(p.shape, p.dtype)
    elif out.dtype.kind == "c":
        raise not_implemented("bernoulli_tensor_cpu_self_", types.of_array(out))
    if p.shape == out.shape and p.flags.c_contiguous and out.flags.c_contiguous:
        chances = p.reshape(-1)
    else:
        chances = np.broadcast_to(p, out.shape).transpose(memory_order(out)).reshape(-1)
    double = p.dtype.itemsize == 8
    if p.dtype.itemsize == 2:
        chances = chances.astype(np.float32)

    def fill(flat: Array) -> None:
        if streams.wanted(flat.size):
            coins = flat if flat.dtype == np.float32 else np.empty(flat.size, np.float32)
            name = "coins_double" if double else "coins"
            if streams.fill(gen, name, coins, per=2 if double else 1, other=chances):
                if coins is not flat:
                    flat[...] = coins
                return
        for start in range(0, flat.size, CHUNK):
            piece = flat[start : start + CHUNK]
            r = gen.r64(piece.size) if double else gen.r32(piece.size)
            piece[...] = r < chances[start : start + CHUNK]

    with gen.lock:
        fill_in_memory_order(out, fill)
    return out


def _are_probabilities(p: Array) -> bool:
    if p.dtype.itemsize > 2 and p.flags.c_contiguous and streams.wanted(p.size):
        answer = streams.within_unit(p)
        if answer is not None:
            return answer
    return bool(((p >= 0) & (p <= 1)).all())


def dropout_noise(gen: MT19937, a: Array, p: float) -> Array:
    """Fill a floating array with what dropout multiplies by: 0 with probability ``p``, else 1 / (1 - p).

    The quotient is that of float64 for float64 and of float32 for the rest, then rounded to the dtype. p = 0 and p = 1
    draw nothing and give all 1 and all 0.
    """
    keep = 1.0 - p
    if keep in (0.0, 1.0):
        a[...] = keep
        return a
    work = np.float64 if a.dtype.itemsize == 8 else np.float32
    factor = float((work(1.0) / work(keep)).astype(a.dtype))
    with gen.lock:
        fill_in_memory_order(a, lambda flat: _fill_coins(gen, flat, keep, factor))
    return a


def rrelu_noise(gen: MT19937, x: Array, low: float, high: float) -> Array:
    """Slopes for ``rrelu`` in training: 1 where x > 0, else uniform from [low, high), drawn for those only, row-major.

    The bounds are rounded to the dtype; ``r * (high - low) + low`` is computed in float64 with two roundings.
    """
    kind = require_floating(x, "rrelu_out_cpu")
    low, high = round_to(kind.np, low), round_to(kind.np, high)
    noise = np.ones(x.shape, x.dtype)
    negative = x <= 0
    with gen.lock:
        r = gen.r64(int(np.count_nonzero(negative)))
    slopes = r * (high - low) + low
    noise[negative] = slopes.astype(np.float32) if x.dtype.itemsize == 2 else slopes
    return noise

"""Normal samplers: Box and Muller's transform in the two ways that PyTorch computes it.

*Block*: contiguous tensors of 16 elements or more. The tensor is filled with uniforms, then each 16 of them become 8
pairs. float32 goes through Cephes' single-precision log, sin and cos, whose every rounding shows in the result.

*Serial*: everything else. One float64 pair at a time; the second half of a pair waits in the generator for the next
normal that anybody asks for, whatever the call or the dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight import types
from rushlight.fpstate import quiet
from rushlight.kernels import cephes, llvm
from rushlight.random import libm, streams
from rushlight.random.fma import fma32, fma64
from rushlight.random.generator import MT19937
from rushlight.random.kinds import not_implemented, number, require_floating, round_to, store
from rushlight.random.layout import fill_in_memory_order, real_view
from rushlight.random.uniform import fill_unit

Array = np.ndarray[Any, Any]

BLOCK = 16
_PIECE = 512 * BLOCK  # elements transformed at a time, so that the temporaries stay in the cache
_SERIAL_AT_ONCE = 32  # up to here a Python loop is quicker than array operations


def normal_(gen: MT19937, a: Array, mean: float = 0.0, std: float = 1.0) -> Array:
    """Fill with ``v * std + mean`` (rounded once), v standard normal; complex dtypes get std / sqrt(2) in each part.

    Raises:
        RuntimeError: if std is negative or not a number.
        NotImplementedError: for integer dtypes.
    """
    if not std >= 0.0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {number(std)}")
    n = a.size
    if a.dtype.char == "f" and n >= BLOCK and a.flags.c_contiguous and streams.wanted(n):
        if not (mean.__class__ is std.__class__ is float and mean == 0.0 and std == 1.0):
            mean, std = round_to(a.dtype, mean), round_to(a.dtype, std)
        with gen.lock:  # the commonest case, in which NumPy computes nothing
            if streams.fill(gen, "normal", a, per=1, tail=BLOCK if n % BLOCK else 0, a=mean, b=std):
                return a
    if a.dtype.kind == "c":
        normal_(gen, real_view(a), mean, std / math.sqrt(2.0))
        return a
    require_floating(a, "normal_kernel_cpu")
    mean, std = float(mean), float(std)
    with gen.lock, quiet():
        if a.size >= BLOCK and a.flags.c_contiguous:
            _fill_blocks(gen, a.reshape(-1), mean, std)
        else:
            fill_in_memory_order(a, lambda flat: store(flat, scaled(standard_normals(gen, flat.size), std, mean)))
    return a


def normal(gen: MT19937, mean: Array | float, std: Array | float) -> Array:
    """``torch.normal`` with an array of means, of standard deviations, or of both (broadcast); contiguous.

    Standard normals of the result's dtype, then ``* std`` and ``+ mean`` as two roundings. With a plain ``std`` the
    normals are those of ``normal_(0, std)``.

    Raises:
        RuntimeError: if a standard deviation is negative, or complex.
    """
    if isinstance(std, np.ndarray):
        if std.dtype.kind == "c":
            raise RuntimeError("normal expects standard deviation to be non-complex")
        if not (std >= 0).all():
            raise RuntimeError("normal expects all elements of std >= 0.0")
        out: Array
        if isinstance(mean, np.ndarray):
            out = np.empty(np.broadcast_shapes(mean.shape, std.shape), mean.dtype)
        else:
            out = np.empty(std.shape, std.dtype)
            mean = std.dtype.type(mean)
        if out.dtype.kind not in "fcV":
            raise not_implemented("normal_kernel_cpu", types.of_array(out))
        normal_(gen, out)
        with quiet():
            np.multiply(out, std, out=out, casting="same_kind")
            np.add(out, mean, out=out, casting="same_kind")
        return out
    if not isinstance(mean, np.ndarray):
        raise TypeError(
            "normal: without an array of means or of standard deviations, say normal_(gen, array, mean, std)"
        )
    out = normal_(gen, np.empty(mean.shape, mean.dtype), 0.0, std)
    with quiet():
        out += mean
    return out


def log_normal_(gen: MT19937, a: Array, mean: float = 1.0, std: float = 2.0) -> Array:
    """Fill with ``exp(v * std + mean)``, computed in float64 from serial normals whatever the size.

    Raises:
        RuntimeError: if std is not positive.
        NotImplementedError: for integer and complex dtypes.
    """
    if not std > 0.0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={number(std)}")
    require_floating(a, "log_normal_cpu")
    mean, std = float(mean), float(std)
    with gen.lock, quiet():
        fill_in_memory_order(a, lambda f: store(f, _log_normals(gen, f.size, mean, std)))
    return a


def _log_normals(gen: MT19937, n: int, mean: float, std: float) -> Array:
    values = standard_normals(gen, n)
    if streams.wanted(n) and streams.scaled(values, std, mean, raised=True):
        return values
    return libm.exp(scaled(values, std, mean))


def scaled(v: Array, std: float, mean: float) -> Array:
    """``fma(v, std, mean)`` in float64, perhaps in place."""
    if streams.wanted(v.size) and streams.scaled(v, std, mean):
        return v
    if std == 1.0 and mean == 0.0:
        return v + 0.0  # turns -0 into 0, as the sum with the mean does
    return fma64(v, std, mean)


# -- serial -------------------------------------------------------------------------------------------------------
def standard_normals(gen: MT19937, n: int) -> Array:
    """The next ``n`` standard normals of the serial kind (float64), starting with the cached one if there is one."""
    if n == 0:
        return np.empty(0)
    cached = [] if gen.next_normal is None else [gen.next_normal]
    gen.next_normal = None
    pairs = (n - len(cached) + 1) // 2
    if pairs <= _SERIAL_AT_ONCE and llvm.patience.ready is not True:
        values = np.array(cached + _few_pairs(gen, pairs))
    else:
        values = np.concatenate([cached, _many_pairs(gen, pairs)])
    if values.size > n:
        gen.next_normal = float(values[n])
    return values[:n]


def _few_pairs(gen: MT19937, pairs: int) -> list[float]:
    u = gen.few_r64(2 * pairs)
    out = []
    for a, b in zip(u[0::2], u[1::2], strict=True):
        radius = math.sqrt(-2.0 * math.log1p(-b))
        angle = 2.0 * math.pi * a
        out.append(radius * math.cos(angle))
        out.append(radius * math.sin(angle))
    return out


def _many_pairs(gen: MT19937, pairs: int) -> Array:
    out = np.empty(2 * pairs)
    if streams.wanted(out.size) and streams.fill(gen, "serial", out):
        return out
    u = gen.r64(2 * pairs)
    radius = np.sqrt(-2.0 * libm.log1p(-u[1::2]))
    angle = 2.0 * math.pi * u[0::2]
    out[0::2] = radius * libm.cos(angle)
    out[1::2] = radius * libm.sin(angle)
    return out


def normal_source(gen: MT19937, uniform: Callable[[], float]) -> Callable[[], float]:
    """Serial standard normals one at a time, for samplers that reject; ``uniform`` is the generator's ``iter_r64``."""

    def draw() -> float:
        value = gen.next_normal
        if value is not None:
            gen.next_normal = None
            return value
        a, b = uniform(), uniform()
        radius = math.sqrt(-2.0 * math.log1p(-b))
        angle = 2.0 * math.pi * a
        gen.next_normal = radius * math.sin(angle)
        return radius * math.cos(angle)

    return draw


# -- block --------------------------------------------------------------------------------------------------------
def _fill_blocks(gen: MT19937, flat: Array, mean: float, std: float) -> None:
    """Uniforms everywhere, then a transform per 16. A ragged end redraws the *last* 16 elements.

    16-bit dtypes are computed in float32 block by block, and draw only for whole blocks and for the ragged end.
    """
    n = flat.size
    narrow = flat.dtype.itemsize == 2
    work = np.empty(n, np.float32) if narrow else flat
    whole = n // BLOCK * BLOCK
    if streams.wanted(n) and _blocks_by_machine(gen, work, whole, mean, std, narrow):
        if narrow:
            flat[...] = work
        return
    fill_unit(gen, work[: whole if narrow else n])
    transform = _block_double if work.dtype == np.float64 else _block_single
    if work.dtype == np.float32:
        mean, std = round_to(work.dtype, mean), round_to(work.dtype, std)
    ragged = whole < n
    start = 0
    while whole - start > _PIECE or (start < whole and not ragged):
        end = min(start + _PIECE, whole)
        transform(work[start:end].reshape(-1, BLOCK), mean, std)
        start = end
    if ragged:  # the last blocks and the redrawn one in one transform
        last = np.empty(whole - start + BLOCK, work.dtype)
        last[:-BLOCK] = work[start:whole]
        fill_unit(gen, last[-BLOCK:])
        transform(last.reshape(-1, BLOCK), mean, std)
        work[start:whole] = last[:-BLOCK]
        work[n - BLOCK :] = last[-BLOCK:]
    if narrow:
        flat[...] = work


def _blocks_by_machine(gen: MT19937, work: Array, whole: int, mean: float, std: float, narrow: bool) -> bool:
    """The same by machine code; False if nothing was done."""
    if work.dtype == np.float64:
        return streams.fill(gen, "normal_double", work, tail=BLOCK if whole < work.size else 0, a=mean, b=std)
    mean, std = round_to(work.dtype, mean), round_to(work.dtype, std)
    if not narrow:
        return streams.fill(gen, "normal", work, per=1, tail=BLOCK if whole < work.size else 0, a=mean, b=std)
    if not streams.fill(gen, "normal", work[:whole], per=1, a=mean, b=std):
        return False
    if whole < work.size:
        streams.fill(gen, "normal", work[-BLOCK:], per=1, a=mean, b=std)
    return True


def _block_double(block: Array, mean: float, std: float) -> None:
    """Rows of 16 float64 uniforms become normals in place: 8 radii and 8 angles, cosines first."""
    radius = np.sqrt(-2.0 * libm.log(np.subtract(1.0, block[:, :8]).reshape(-1)))
    angle = (2.0 * math.pi) * block[:, 8:].reshape(-1)
    block[:, :8] = scaled(radius * libm.cos(angle), std, mean).reshape(-1, 8)
    block[:, 8:] = scaled(radius * libm.sin(angle), std, mean).reshape(-1, 8)


_COS_SIN = np.array([cephes.COS, cephes.SIN]).T[:, :, None]  # a column for each power: both polynomials at once


def _fma(x: Array, y: Array | float, c: Array | float, wide: Array) -> Array:
    """float32 ``x * y + c`` in float64 (in the buffer ``wide``), rounded to float32.

    That is two roundings. They equal the one of a real FMA for every step below and every uniform there is: there are
    2^24 of them, and parity/check_box_muller.py tries them all.
    """
    np.multiply(x, y, out=wide, dtype=np.float64)
    np.add(wide, c, out=wide)
    return wide.astype(np.float32)


def _radius(u: Array) -> Array:
    """float32 ``sqrt(-2 log(1 - u))``."""
    bits = np.subtract(np.float32(1.0), u).view(np.int32)  # 2^-24 at least, so never subnormal
    mantissa = ((bits & 0x007FFFFF) | 0x3F000000).view(np.float32)  # in [0.5, 1)
    low = (mantissa < np.float32(cephes.SQRT_HALF)).astype(np.float32)  # then twice the mantissa, and an exponent less
    x = (mantissa - np.float32(1.0)) + mantissa * low
    e = ((bits >> 23) - 126).astype(np.float32) - low
    z = x * x
    wide, x64 = np.empty(u.shape), x.astype(np.float64)
    y = _fma(x64, cephes.LOG[0], cephes.LOG[1], wide)
    for coefficient in cephes.LOG[2:]:
        y = _fma(y, x64, coefficient, wide)
    y = _fma(x * y, z, e * np.float32(cephes.LN2_LOW), wide)
    y = _fma(z, -0.5, y, wide)
    y += x
    y = _fma(e, cephes.LN2_HIGH, y, wide)
    y *= np.float32(-2.0)
    return np.sqrt(y, out=y)


def _cos_sin(u: Array) -> Array:
    """float32 cosine (row 0) and sine (row 1) of 2 pi u, for 1-d ``u``."""
    t = u * np.float32(cephes.TWO_PI)
    octant = ((t * np.float32(cephes.FOUR_OVER_PI)).astype(np.int32) + 1) & ~1
    f = octant.astype(np.float64)
    wide = np.empty((2, u.size))
    for part in cephes.QUARTER_PI:
        t = _fma(f, part, t, wide[0])
    z = t * t
    z64 = z.astype(np.float64)
    y = _fma(z64, _COS_SIN[0], _COS_SIN[1], wide)
    y = _fma(y, z64, _COS_SIN[2], wide)
    y *= z
    y = _fma(y, np.stack([z, t]), np.stack([z * np.float32(-0.5), t]), wide)
    y[0] += np.float32(1.0)
    # In every other octant the two change places; then the signs. On the bits, as selections are slow.
    cosine, sine = y.view(np.int32)
    change = (cosine ^ sine) & -((octant >> 1) & 1)
    cosine ^= change
    sine ^= change
    sine ^= (octant & 4) << 29
    cosine ^= (~(octant - 2) & 4) << 29
    return y


def _block_single(block: Array, mean: float, std: float) -> None:
    """Rows of 16 float32 uniforms become normals in place: 8 radii and 8 angles, cosines first."""
    halves = _cos_sin(block[:, 8:].reshape(-1))
    halves *= _radius(block[:, :8].reshape(-1))
    if mean != 0.0:
        halves = fma32(halves, std, mean)
    elif std != 1.0:  # one rounding anyway
        halves *= np.float32(std)
    # Cosines in the first half of a row, sines in the second. Adding 0 turns -0 into 0, as the sum with the mean does.
    np.add(halves.reshape(2, -1, 8).swapaxes(0, 1), np.float32(0.0), out=block.reshape(-1, 2, 8))

"""What a loop can do with its elements: functions of numbers or vectors, each marked with what else is known of it (``marks``).

Those called ``rounded_...`` are as the array function of that name in ``elementary`` or ``special``: their float32 form is the float64
value (``single`` and ``wide``) rounded once, or nearly always the same number (``compensated``); their float64 form keeps within the
second bound. ``exp``, ``log1p`` and
the others take the steps of PyTorch's vectors and give the bits of the array functions that their comments name. What was
measured over all 2**32 float32 numbers stands in docs/kernels.md.
"""

from __future__ import annotations

from .. import special, vectors
from ..exponential import NEAR
from ..logarithm import LEAST
from ..sines import NEAR as NEAR_ZERO
from ..square_root import reciprocal_roots
from ..words import (
    absolute,
    any_lane,
    bitcast,
    copysign,
    f32,
    f64,
    gather,
    i32,
    i64,
    maximum,
    minimum,
    select,
    table,
    unroll,
)
from ..words import ceil as above
from ..words import floor as below
from ..words import fma as fused
from ..words import rint as nearest
from ..words import sqrt as root
from ..words import trunc as towards_zero
from . import compensated, doubles, exponential, gamma, libm, library, long_pairs, pairs, sines, single, wide
from . import logarithm as logarithm_steps
from . import vectors as exponentials
from .c_functions import (  # noqa: F401 - loops find every instruction here
    c_acoshf,
    c_asinhf,
    c_atan2f,
    c_atanhf,
    c_cosf,
    c_coshf,
    c_erff,
    c_exp2f,
    c_expm1f,
    c_hypotf,
    c_log1pf,
    c_logf,
    c_powf,
    c_sinf,
    c_sinhf,
    c_tanhf,
)
from .marks import INSTRUCTIONS, instruction
from .narrow import as_bf16, as_f16, bits_of_bf16, bits_of_f16, read_bf16, read_f16, widened
from .pairs import scale
from .power import exp_pair, log_pair
from .vector_functions import (  # noqa: F401
    vector_atan2,
    vector_atanh,
    vector_cosh,
    vector_erf,
    vector_exp2,
    vector_hypot,
    vector_power,
    vector_sinh,
    vector_tanh,
)
from .wide import INFINITY, NAN, clamped

__all__ = ["INSTRUCTIONS", "as_bf16", "as_f16", "bits_of_bf16", "bits_of_f16", "read_bf16", "read_f16", "widened"]

ROUNDED = 0.5001  # rounded once from a float64 value that is good to 2**-42 or better


# --- arithmetic -------------------------------------------------------------------------------------------------------
@instruction(ufuncs="add", light=True)
def add(x, y):
    return x + y


@instruction(ufuncs="subtract", light=True)
def sub(x, y):
    return x - y


@instruction(ufuncs="multiply", light=True)
def mul(x, y):
    return x * y


@instruction(ufuncs="divide")
def div(x, y):
    return x / y


@instruction(ufuncs="negative", light=True)
def neg(x):
    return -x


@instruction(ufuncs="absolute fabs", light=True)
def abs(x):
    return absolute(x)


@instruction(ufuncs="square", light=True)
def square(x):
    return x * x


@instruction("maximum", ufuncs="maximum", light=True)
def max(x, y):
    """NaN if one of them is, as PyTorch's ``maximum``."""
    return maximum(x, y)


@instruction("minimum", ufuncs="minimum", light=True)
def min(x, y):
    return minimum(x, y)


@instruction(ufuncs="fmax", light=True)
def fmax(x, y):
    """The larger, or the one that is not NaN."""
    return select((x >= y) or (y != y), x, y)


@instruction(ufuncs="fmin", light=True)
def fmin(x, y):
    return select((x <= y) or (y != y), x, y)


@instruction(light=True)
def fma(x, y, z):
    """``fused.fma``."""
    return fused(x, y, z)


@instruction(ufuncs="copysign", light=True)
def copied_sign(x, y):
    return copysign(x, y)


# --- conditions -------------------------------------------------------------------------------------------------------
@instruction(ufuncs="less", gives="c", light=True)
def lt(x, y):
    return x < y


@instruction(ufuncs="less_equal", gives="c", light=True)
def le(x, y):
    return x <= y


@instruction(ufuncs="greater", gives="c", light=True)
def gt(x, y):
    return x > y


@instruction(ufuncs="greater_equal", gives="c", light=True)
def ge(x, y):
    return x >= y


@instruction(ufuncs="equal", gives="c", light=True)
def eq(x, y):
    return x == y


@instruction(ufuncs="not_equal", gives="c", light=True)
def ne(x, y):
    return x != y


@instruction(ufuncs="isnan", gives="c", light=True)
def isnan(x):
    return x != x


@instruction(ufuncs="isinf", gives="c", light=True)
def isinf(x):
    return absolute(x) == INFINITY


@instruction(ufuncs="isfinite", gives="c", light=True)
def isfinite(x):
    return absolute(x) < INFINITY


@instruction("logical_and", ufuncs="logical_and bitwise_and", takes="cc", gives="c", light=True)
def both(x, y):
    return x and y


@instruction("logical_or", ufuncs="logical_or bitwise_or", takes="cc", gives="c", light=True)
def one(x, y):
    """Whether one of two conditions holds."""
    return x or y


@instruction("logical_not", ufuncs="logical_not invert", takes="c", gives="c", light=True)
def opposite(x):
    return not x


@instruction(takes="cnn", light=True)
def where(condition, x, y):
    return select(condition, x, y)


# --- rounding ---------------------------------------------------------------------------------------------------------
@instruction(ufuncs="floor", light=True)
def floor(x):
    return below(x)


@instruction(ufuncs="ceil", light=True)
def ceil(x):
    return above(x)


@instruction(ufuncs="trunc", light=True)
def trunc(x):
    return towards_zero(x)


@instruction(ufuncs="rint", light=True)
def rint(x):
    """To the nearest whole number, halves to the even one."""
    return nearest(x)


# --- remainders -------------------------------------------------------------------------------------------------------
LONG = 2.0**28  # a quotient of float32 numbers below this, cut to a whole number, is right in float64


@instruction(ufuncs="fmod", kinds="f32")
def fmod(x, y):
    """What is left of x when multiples of y are taken away towards 0; exact."""
    divisor = absolute(f64(y))
    rest = absolute(f64(x))
    quotient = rest / divisor
    while any_lane((quotient >= LONG) and (quotient < INFINITY)):
        # the first 24 digits of a quotient that is not too large, as their product with the divisor is exact
        part = bitcast(f64, bitcast(i64, quotient * (1.0 - 2.0**-50)) & ~0x1FFFFFFF)
        rest = select((quotient >= LONG) and (quotient < INFINITY), fused(-part, divisor, rest), rest)
        quotient = rest / divisor
    rest = select((divisor == INFINITY) and (rest < INFINITY), rest, fused(-towards_zero(quotient), divisor, rest))
    return copysign(f32(rest), x)


@instruction(ufuncs="remainder", kinds="f32")
def remainder(x, y):
    """The same towards minus infinity: the sign is that of y."""
    rest = fmod(x, y)
    other_side = (rest < 0.0) != (y < 0.0)
    return select(rest == 0.0, copysign(rest, y), select(other_side, rest + y, rest))


@instruction(ufuncs="floor_divide", kinds="f32")
def floor_divide(x, y):
    """``x / y`` rounded down, from the remainder, as NumPy and Python do it."""
    rest = fmod(x, y)
    moved = ((rest < 0.0) != (y < 0.0)) and (rest != 0.0)
    quotient = (x - rest) / y
    quotient = select(moved, quotient - 1.0, quotient)
    whole = below(quotient)
    whole = select(quotient - whole > 0.5, whole + 1.0, whole)
    whole = select(quotient == 0.0, copysign(f32(0.0), x / y), whole)
    return select(y == 0.0, x / y, whole)


# --- roots ------------------------------------------------------------------------------------------------------------
ROOTS = tuple(reciprocal_roots().tolist())


@instruction(ulp=(1.0, 0.53))
def sqrt(x):
    """``square_root.sqrt``, whose comments say why."""
    return _sqrt(x) if x.type.bits == 32 else library.sqrt(x)


def _sqrt(x):
    bits = bitcast(i32, x)
    above = bits - 0x3F800000
    part = above & 0xFFFFFF
    r = gather(table(f32, ROOTS), part >> 11)
    a = bitcast(f32, part + 0x3F800000)
    out = a * r
    step = 0.5 - a * 0.5 * r * r
    out = out + out * step
    r = (r + step * r) * 0.5
    out = out + (a - out * out) * r
    out = bitcast(f32, (above >> 24 << 23) + bitcast(i32, out))
    usual = (bits >= 0x00800000) and (bits < 0x7F800000)
    return select(usual, out, root(x))


@instruction(ufuncs="sqrt", ulp=(0.5, 0.5))
def rounded_root(x):
    """The processor's, which is the nearest number."""
    return root(x)


@instruction(ufuncs="hypot", kinds="f32", ulp=ROUNDED)
def rounded_hypot(x, y):
    """``sqrt(x**2 + y**2)``: the squares are exact in float64."""
    a, b = f64(x), f64(y)
    out = f32(root(fused(a, a, b * b)))
    return select((absolute(x) == INFINITY) or (absolute(y) == INFINITY), INFINITY, out)


# --- exponentials -----------------------------------------------------------------------------------------------------
@instruction("", ulp=(1.0, 1.0))
def exp(x):
    """``vectors.exp``."""
    return exponentials.exp(x) if x.type.bits == 32 else doubles.exp(x)


@instruction("", ulp=(0.51, 0.52))
def single_exp(x):
    """``vectors.single_exp``."""
    return exponentials.single_exp(x) if x.type.bits == 32 else doubles.library_exp(x)


@instruction("exp", ulp=(0.57, 0.53))
def library_exp(x):
    """``exponential.exp``; of float64 ``library.exp``."""
    return _exp32(x) if x.type.bits == 32 else library.exp(x)


def _exp32(x):
    out = exponential.exp_near(x)
    near = absolute(x) <= NEAR
    if any_lane(opposite(near)):  # zero, infinity, NaN, denormal results, or close to them
        out = select(near, out, single.exp(x))
    return out


@instruction("", kinds="f64", ulp=1.0)
def long_log(x):
    """``doubles.log``."""
    return doubles.log(x)


@instruction("expm1", ulp=(1.0, 1.0))
def vector_expm1(x):
    return pairs.expm1(x) if x.type.bits == 32 else long_pairs.expm1(x)


@instruction(ulp=(0.54, 0.76))
def rounded_tanh(x):
    return compensated.tanh(x) if x.type.bits == 32 else library.tanh(x)


# --- logarithms -------------------------------------------------------------------------------------------------------
@instruction("log", ulp=(0.98, 0.501))
def library_log(x):
    """``logarithm.log``."""
    return _log32(x) if x.type.bits == 32 else library.log(x)


def _log32(x):
    out = logarithm_steps.log_normal(x)
    near = (x >= LEAST) and (x < INFINITY)
    if any_lane(opposite(near)):  # zero, infinity, NaN, denormal or negative
        out = select(near, out, single.log(x, 1.0))
    return out


@instruction("", ulp=(ROUNDED, 1.0))
def rounded_log(x):
    return single.log(x, 1.0) if x.type.bits == 32 else wide.log(x)


@instruction(ulp=(ROUNDED, 0.501))
def rounded_log2(x):
    return single.log(x, wide.INVERSE_LN2) if x.type.bits == 32 else library.log2(x)


@instruction(ulp=(ROUNDED, 0.501))
def rounded_log10(x):
    return single.log(x, wide.INVERSE_LN10) if x.type.bits == 32 else library.log10(x)


@instruction("", ulp=(ROUNDED, 1.0))
def rounded_log1p(x):
    return f32(wide.log1p(f64(x))) if x.type.bits == 32 else wide.log1p(x)


ARTANH, LN2 = tuple(float(c) for c in vectors._ARTANH), float(vectors._LN2_LONG)


def logarithm(above, below, e):
    """``vectors._logarithm``: ``e ln 2 + 2 artanh(above / below)`` as PyTorch's vectors compute it."""
    ratio = f32(above) * (1.0 / f32(below))
    square = ratio * ratio
    series = fused(square, ARTANH[0], ARTANH[1])
    series = fused(series, square, ARTANH[2])
    tail = ratio * square * series
    quotient = above / below
    return f32(f64(e) * LN2 + quotient + quotient + f64(tail))


def log_positive(x):
    """``vectors.log_positive`` of normal numbers, or NaN."""
    bits = bitcast(i32, x)
    e = (bits - 0x3F400000) >> 23
    m = f64(bitcast(f32, bits - (e << 23)))
    found = logarithm(m - 1.0, m + 1.0, e)
    return select(x == x, found, x)


@instruction(ulp=(1.0, 1.0))
def log1p(x):
    """``vectors.log1p``."""
    return _log1p(x) if x.type.bits == 32 else doubles.log1p(x)


def _log1p(x):
    e = (bitcast(i32, (x + 1.0) * (1 / 0.75)) >> 23) - 127
    t = bitcast(f64, (1023 - i64(e)) << 52)
    m = f64(f32(f64(x) * t + f64(f32(t - 1.0))))
    out = logarithm(m, m + 2.0, e)
    out = select(x < INFINITY, out, x)
    out = select(x == 0.0, x, out)
    out = select(x == -1.0, -INFINITY, out)
    return select(x < -1.0, NAN, out)


# --- angles -----------------------------------------------------------------------------------------------------------
@instruction("sin", ulp=(0.61, 0.502))
def library_sin(x):
    """``sines.sin``."""
    return _sin32(x) if x.type.bits == 32 else library.sin(x)


def _sin32(x):
    out = select(x == 0.0, x, sines.sine_ahead(x, 0.0))
    near = absolute(x) <= NEAR_ZERO
    if any_lane(opposite(near)):
        out = select(near, out, single.sin(x))
    return out


@instruction("cos", ulp=(0.61, 0.502))
def library_cos(x):
    """``sines.cos``."""
    return _cos32(x) if x.type.bits == 32 else library.cos(x)


def _cos32(x):
    out = sines.sine_ahead(x, 0.5)
    near = absolute(x) <= NEAR_ZERO
    if any_lane(opposite(near)):
        out = select(near, out, single.cos(x))
    return out


@instruction(ulp=(ROUNDED, 0.51))
def rounded_tan(x):
    return single.tan(x) if x.type.bits == 32 else library.tan(x)


@instruction(kinds="f32", ulp=ROUNDED)
def rounded_asin(x):
    return f32(wide.asin(f64(x)))


@instruction(kinds="f32", ulp=ROUNDED)
def rounded_acos(x):
    return f32(wide.acos(f64(x)))


@instruction(kinds="f32", ulp=ROUNDED)
def rounded_atan(x):
    wider = f64(x)
    return f32(copysign(wide.atan_quotient(absolute(wider), 1.0), wider))


@instruction(kinds="f32", ulp=2.0)
def asinh(x):
    """The C library's, as NumPy's and PyTorch's."""
    return libm.asinh(x)


@instruction(kinds="f32", ulp=2.1)
def acosh(x):
    return libm.acosh(x)


# --- powers -----------------------------------------------------------------------------------------------------------
@instruction("", kinds="f32", ulp=1.0)
def power(x, exponent):
    """``power.powers``: numbers whose power is normal in PyTorch's steps, the others rounded once."""
    size = absolute(x)
    positive = (size < INFINITY) and (size > 0.0)
    logarithm = scale(log_pair(select(positive, size, 1.0)), exponent)
    out = exp_pair(logarithm)
    near = positive and (absolute(logarithm[0]) < SURELY_NORMAL)
    if any_lane(opposite(near)):
        plain = f32(wide.exp_normal(clamped(f64(exponent) * wide.log_normal(f64(size)), -200.0, 200.0)))
        out = select(positive and (plain > SMALLEST) and (plain < INFINITY), out, plain)
    half = exponent * 0.5
    whole = below(exponent) == exponent
    odd = whole and (below(half) != half)
    out = select((bitcast(i32, x) < 0) and odd, -out, out)
    out = select((x < 0.0) and (size < INFINITY) and not whole, NAN, out)
    one = (exponent == 0.0) or (x == 1.0) or ((size == 1.0) and (absolute(exponent) == INFINITY))
    return select(one, 1.0, out)


SMALLEST = 2.0**-126
SURELY_NORMAL = 87.0  # logarithms of numbers that are normal, on both sides of zero


# --- the error function -----------------------------------------------------------------------------------------------
@instruction(ulp=(ROUNDED, 0.52))
def rounded_erf(x):
    return single.erf(x) if x.type.bits == 32 else library.erf(x)


@instruction(kinds="f32", ulp=ROUNDED)
def rounded_erfc(x):
    return f32(wide.erfc(f64(x)))


@instruction(kinds="f32", ulp=ROUNDED)
def rounded_erfinv(x):
    return f32(wide.erfinv(f64(x), special._GILES_CENTRE, special._GILES_TAIL))


# --- the gamma function -----------------------------------------------------------------------------------------------
@instruction(kinds="f32", ulp=1.0)
def rounded_lgamma(x):
    return gamma.lgamma(x)


@instruction("", kinds="f32", ulp="6e-7 of the terms, which cancel near its zeros")
def digamma_of(x):
    """PyTorch's steps in float32."""
    return gamma.digamma(x)


# --- parts of PyTorch's GELU ------------------------------------------------------------------------------------------
@instruction("", kinds="f32", ulp="2e-7 of the value for numbers above -87")
def short_exp(x):
    """``vectors._short_exp``: of numbers that are not positive, to seven digits; 0 where that has no normal float32."""
    given = x
    x = select(x < -87.33654, -87.33654, x)
    n = below(fused(x, vectors.INVERSE_LN2, 0.5))
    r = fused(n, -vectors._LN2, x)
    out = fused(vectors._SHORT[0], r, vectors._SHORT[1])
    for i in unroll(2, 6):
        out = fused(out, r, vectors._SHORT[i])
    return select(given < -87.33654, 0.0, out * exponentials.single_power(i32(n)))


@instruction("", kinds="f32", ulp="5e-7 of 1: PyTorch's GELU has no more digits")
def erf_of(x, e):
    """``erf(x)`` given ``e = exp(-x * x)``: see ``vectors.erf_and_exp``."""
    t = 1.0 / fused(absolute(x), vectors._ERF_SLOPE, 1.0)
    series = fused(vectors._ERF[0], t, vectors._ERF[1])
    for i in unroll(2, 5):
        series = fused(series, t, vectors._ERF[i])
    return copysign(fused(-(e * t), series, 1.0), x)


@instruction("", kinds="f32", ulp="as short_exp")
def falling_square(x):
    """``exp(-x * x)`` as ``erf_of`` wants it."""
    return short_exp(-(x * x))

"""Functions of the C library, number by number: what PyTorch computes of the elements that its vectors leave over."""

from __future__ import annotations

from ..emit import F32, F64
from ..language import External
from ..words import extract, insert, unroll
from .marks import instruction

atanhf, coshf, erff, exp2f, expm1f, log1pf, logf, sinhf, tanhf, cosf, sinf = (
    External(name, F32, F32) for name in "atanhf coshf erff exp2f expm1f log1pf logf sinhf tanhf cosf sinf".split()
)
atan2f, powf = (External(name, F32, F32, F32) for name in ("atan2f", "powf"))
asinh, acosh, atanh, cosh, erf, exp2, expm1, log1p, log, sinh, tanh, cos, sin = (
    External(name, F64, F64) for name in "asinh acosh atanh cosh erf exp2 expm1 log1p log sinh tanh cos sin".split()
)
atan2, pow, hypot = (External(name, F64, F64, F64) for name in ("atan2", "pow", "hypot"))


def each(function, x):
    """A function of every lane."""
    return function(x) if x.type.lanes == 1 else of_lanes(function, x)


def of_lanes(function, x):
    out = x
    for lane in unroll(x.type.lanes):
        out = insert(out, function(extract(x, lane)), lane)
    return out


def each_of_two(function, x, y):
    return function(x, y) if x.type.lanes == 1 else of_two_lanes(function, x, y)


def of_two_lanes(function, x, y):
    out = x
    for lane in unroll(x.type.lanes):
        out = insert(out, function(extract(x, lane), extract(y, lane)), lane)
    return out


# --- what the C library computes number by number ---------------------------------------------------------------------
@instruction("", ulp="the C library's", called="atanhf")
def c_atanhf(x):
    return each(atanhf if x.type.bits == 32 else atanh, x)


@instruction("", ulp="the C library's", called="coshf")
def c_coshf(x):
    return each(coshf if x.type.bits == 32 else cosh, x)


@instruction("", ulp="the C library's", called="erff")
def c_erff(x):
    return each(erff if x.type.bits == 32 else erf, x)


@instruction("", ulp="the C library's", called="exp2f")
def c_exp2f(x):
    return each(exp2f if x.type.bits == 32 else exp2, x)


@instruction("", ulp="the C library's", called="expm1f")
def c_expm1f(x):
    return each(expm1f if x.type.bits == 32 else expm1, x)


@instruction("", ulp="the C library's", called="log1pf")
def c_log1pf(x):
    return each(log1pf if x.type.bits == 32 else log1p, x)


@instruction("", ulp="the C library's", called="logf")
def c_logf(x):
    return each(logf if x.type.bits == 32 else log, x)


@instruction("", ulp="the C library's", called="sinhf")
def c_sinhf(x):
    return each(sinhf if x.type.bits == 32 else sinh, x)


@instruction("", ulp="the C library's", called="tanhf")
def c_tanhf(x):
    return each(tanhf if x.type.bits == 32 else tanh, x)


@instruction("", ulp="the C library's", called="cosf")
def c_cosf(x):
    return each(cosf if x.type.bits == 32 else cos, x)


@instruction("", ulp="the C library's", called="sinf")
def c_sinf(x):
    return each(sinf if x.type.bits == 32 else sin, x)


@instruction("", ulp="the C library's", called="atan2f")
def c_atan2f(x, y):
    return each_of_two(atan2f if x.type.bits == 32 else atan2, x, y)


@instruction("", ulp="the C library's", called="powf")
def c_powf(x, y):
    return each_of_two(powf if x.type.bits == 32 else pow, x, y)


@instruction("", kinds="f64", ulp="the C library's", called="hypot")
def c_hypotf(x, y):
    return each_of_two(hypot, x, y)


@instruction("", kinds="f64", ulp="the C library's", called="asinh")
def c_asinhf(x):
    return each(asinh, x)


@instruction("", kinds="f64", ulp="the C library's", called="acosh")
def c_acoshf(x):
    return each(acosh, x)

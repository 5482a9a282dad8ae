"""float32 functions of the C library, number by number: what PyTorch computes of the elements that its vectors leave over."""

from __future__ import annotations

from ..emit import F32
from ..language import External
from ..words import extract, insert, unroll
from .marks import instruction

atanhf, coshf, erff, exp2f, expm1f, log1pf, logf, sinhf, tanhf, cosf, sinf = (
    External(name, F32, F32) for name in "atanhf coshf erff exp2f expm1f log1pf logf sinhf tanhf cosf sinf".split()
)
atan2f, powf = (External(name, F32, F32, F32) for name in ("atan2f", "powf"))


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
@instruction("", kinds="f32", ulp="the C library's", called="atanhf")
def c_atanhf(x):
    return each(atanhf, x)


@instruction("", kinds="f32", ulp="the C library's", called="coshf")
def c_coshf(x):
    return each(coshf, x)


@instruction("", kinds="f32", ulp="the C library's", called="erff")
def c_erff(x):
    return each(erff, x)


@instruction("", kinds="f32", ulp="the C library's", called="exp2f")
def c_exp2f(x):
    return each(exp2f, x)


@instruction("", kinds="f32", ulp="the C library's", called="expm1f")
def c_expm1f(x):
    return each(expm1f, x)


@instruction("", kinds="f32", ulp="the C library's", called="log1pf")
def c_log1pf(x):
    return each(log1pf, x)


@instruction("", kinds="f32", ulp="the C library's", called="logf")
def c_logf(x):
    return each(logf, x)


@instruction("", kinds="f32", ulp="the C library's", called="sinhf")
def c_sinhf(x):
    return each(sinhf, x)


@instruction("", kinds="f32", ulp="the C library's", called="tanhf")
def c_tanhf(x):
    return each(tanhf, x)


@instruction("", kinds="f32", ulp="the C library's", called="cosf")
def c_cosf(x):
    return each(cosf, x)


@instruction("", kinds="f32", ulp="the C library's", called="sinf")
def c_sinf(x):
    return each(sinf, x)


@instruction("", kinds="f32", ulp="the C library's", called="atan2f")
def c_atan2f(x, y):
    return each_of_two(atan2f, x, y)


@instruction("", kinds="f32", ulp="the C library's", called="powf")
def c_powf(x, y):
    return each_of_two(powf, x, y)

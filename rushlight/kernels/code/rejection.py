"""Samplers that reject, in the steps of ``rushlight.random.rejection``: how many words a number takes depends on the words.

So one thread draws one number after another. It has a buffer of two blocks of the stream, as the recurrence makes them; ``spot[0]`` is
how many words of it are used, ``spot[1]`` how many blocks have begun. No attempt takes more words than a block has.
"""

from __future__ import annotations

import math

from ..language import External
from ..words import absolute, ceil, copy, f32, f64, floor, i64, load, read, sqrt, stack, table, u32, write
from .draws import c_exp, c_log, c_log1p, c_sine_and_cosine
from .streams import WORDS, temper, twist

c_lgamma = External("lgamma", f64, f64)
c_pow = External("pow", f64, f64, f64)
c_log1pf = External("log1pf", f32, f32)

T = f32  # bound when a kernel is made
INFINITY = math.inf


# --- the stream -----------------------------------------------------------------------------------------------------------
def begin(key):
    x = stack(u32, 2 * WORDS + 32)
    copy(x, key, WORDS)
    twist(x, WORDS)
    return x


def go_on(x, spot):
    """Have a block of words at hand. A block that is used up stays until a word is taken of the next one."""
    if spot[0] > WORDS:
        copy(x, x + WORDS, WORDS)
        twist(x, WORDS)
        spot[0] = spot[0] - WORDS
        spot[1] = spot[1] + 1


def end(x, key, block, spot):
    go_on(x, spot)
    copy(key, x, WORDS)
    for i in range(0, WORDS, 16):
        block[i] = temper(load(key, i, 16))


def uniform(x, spot):
    i = spot[0]
    spot[0] = i + 2
    high, low = i64(temper(x[i])), i64(temper(x[i + 1]))
    return f64((high & 0x1FFFFF) << 32 | low) * 2.0**-53


def normal(x, spot, cached):
    """The serial kind; ``cached`` has the second of a pair, whether there is one, and room for a sine and a cosine."""
    value = cached[0]
    if cached[1] != 0:
        cached[1] = f64(0)
    else:
        a = uniform(x, spot)
        b = uniform(x, spot)
        radius = sqrt(c_log1p(-b) * -2.0)
        c_sine_and_cosine(a * (2 * math.pi), cached + 2, cached + 3)
        cached[0] = radius * cached[2]
        cached[1] = f64(1)
        value = radius * cached[3]
    return value


# --- Poisson --------------------------------------------------------------------------------------------------------------
def poisson(
    start, stop, out: write[f64], rates: read[f64], n: i64, key: write[u32], block: write[u32], spot: write[i64],
    cached: write[f64],
):  # fmt: skip
    x = begin(key)
    for i in range(n):
        rate = rates[i]
        if rate >= 10:
            out[i] = poisson_transformed(rate, x, spot)
        elif rate > 0:
            limit, product, count = c_exp(-rate), f64(1), f64(-1)
            searching = i64(1)  # a small rate's limit is 1, which the product is before the first draw
            while searching != 0:
                go_on(x, spot)
                product = product * uniform(x, spot)
                count = count + 1
                searching = i64(product > limit)
            out[i] = count
        else:
            out[i] = f64(0)
    end(x, key, block, spot)


def poisson_transformed(rate, x, spot):
    log_rate = c_log(rate)
    b = 0.931 + 2.53 * sqrt(rate)
    a = -0.059 + 0.02483 * b
    log_inverse_alpha = c_log(1.1239 + 1.1328 / (b - 3.4))
    limit = 0.9277 - 3.6224 / (b - 2.0)
    found = f64(0)
    searching = i64(1)
    while searching != 0:
        go_on(x, spot)
        u = uniform(x, spot) - 0.5
        v = uniform(x, spot)
        us = 0.5 - absolute(u)
        found = floor((2.0 * a / us + b) * u + rate + 0.43)
        if (us == 0) or not (absolute(found) < INFINITY):
            found = f64(-(2.0**63))  # what a cast to an integer gives
        if (us >= 0.07) and (v <= limit):
            searching = i64(0)
        elif (found >= 0) and not ((us < 0.013) and (v > us)):
            hat = c_log(v) + log_inverse_alpha - c_log(a / (us * us) + b)
            if hat <= -rate + found * log_rate - c_lgamma(found + 1.0):
                searching = i64(0)
    return found


# --- gamma ----------------------------------------------------------------------------------------------------------------
def gamma(
    start, stop, out: write[f64], alphas: read[f64], n: i64, tiny: f64, third: f64, squeeze: f64, key: write[u32],
    block: write[u32], spot: write[i64], cached: write[f64],
):  # fmt: skip
    """Of parameters that are not negative; steps that PyTorch computes in the tensor's type are rounded to T."""
    x = begin(key)
    for i in range(n):
        go_on(x, spot)
        alpha = alphas[i]
        value = f64(0)
        if alpha > 0:
            scale = f64(1)
            if alpha < 1:
                scale = c_pow(1.0 - uniform(x, spot), f64(T(1.0 / alpha)))
                alpha = f64(T(alpha + 1.0))
            d = f64(T(alpha - third))
            value = f64(T(scale * d * cube(d, squeeze, x, spot, cached)))
        out[i] = value if value > tiny else tiny
    end(x, key, block, spot)


def cube(d, squeeze, x, spot, cached):
    """The cube that is accepted (Marsaglia and Tsang)."""
    c = 1.0 / sqrt(9.0 * d)
    v = f64(0)
    searching = i64(1)
    while searching != 0:
        y, z = f64(0), f64(0)
        while y <= 0:
            go_on(x, spot)
            z = normal(x, spot, cached)
            y = 1.0 + c * z
        v = y * y * y
        u = 1.0 - uniform(x, spot)
        square = z * z
        if u < 1.0 - squeeze * square * square:
            searching = i64(0)
        elif c_log(u) < 0.5 * square + d * (1.0 - v + c_log(v)):
            searching = i64(0)
    return v


# --- binomial -------------------------------------------------------------------------------------------------------------
STIRLING = (
    0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
    0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287,
)  # fmt: skip


def binomial(
    start, stop, out: write[f64], counts: read[f64], chances: read[f64], n: i64, key: write[u32], block: write[u32],
    spot: write[i64], cached: write[f64],
):  # fmt: skip
    """Of finite counts; steps that PyTorch computes in the tensor's type are rounded to T."""
    x = begin(key)
    for i in range(n):
        count, p = counts[i], chances[i]
        if (count <= 0) or (p <= 0):
            out[i] = f64(0)
        elif p >= 1:
            out[i] = count
        elif p > 0.5:
            out[i] = f64(T(count - successes(T, count, f64(T(1.0 - p)), x, spot)))
        else:
            out[i] = successes(T, count, p, x, spot)
    end(x, key, block, spot)


def successes(kind, count, p, x, spot):
    found = f64(-1)
    if f64(kind(count * p)) >= 10.0:
        found = successes_transformed(kind, count, p, x, spot)
    else:  # gaps between successes that fit into the trials
        log_failure = f64(c_log1pf(f32(-p))) if kind.bits == 32 else c_log1p(-p)
        total = f64(0)
        while total <= count:
            go_on(x, spot)
            total = total + ceil(c_log(uniform(x, spot)) / log_failure)
            found = found + 1
    return found


def successes_transformed(kind, n, p, x, spot):
    expected, failure = f64(kind(n * p)), f64(kind(1.0 - p))
    deviation = f64(kind(sqrt(f64(kind(expected * failure)))))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = expected + 0.5
    limit = 0.92 - 4.2 / b
    r = f64(kind(p / failure))
    alpha = (2.83 + 5.1 / b) * deviation
    m = floor(f64(kind(f64(kind(n + 1.0)) * p)))
    found = f64(0)
    searching = i64(1)
    while searching != 0:
        go_on(x, spot)
        u = uniform(x, spot) - 0.5
        v = uniform(x, spot)
        us = 0.5 - absolute(u)
        found = f64(kind(floor((2.0 * a / us + b) * u + c)))
        if us == 0:
            found = f64(-1)
        if (us >= 0.07) and (v <= limit):
            searching = i64(0)
        elif (found >= 0) and (found <= n):
            log_v = c_log(v * alpha / (a / (us * us) + b))
            others = f64(kind(n - found + 1.0))
            bound = (
                (m + 0.5) * c_log((m + 1.0) / (r * (n - m + 1.0)))
                + f64(kind(n + 1.0)) * c_log((n - m + 1.0) / others)
                + (found + 0.5) * c_log(r * others / f64(kind(found + 1.0)))
                + stirling_error(m)
                + stirling_error(n - m)
                - stirling_error(found)
                - stirling_error(n - found)
            )
            if log_v <= bound:
                searching = i64(0)
    return found


def stirling_error(k):
    """What Stirling's formula for k! is off by."""
    error = f64(0)
    if k < 10:
        error = table(f64, STIRLING)[i64(k)]
    else:
        square = (k + 1.0) * (k + 1.0)
        error = (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1.0)
    return error

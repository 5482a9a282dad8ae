"""Hurwitz's zeta function and the polygamma functions, which are multiples of it.

zeta: nine terms of the sum and Euler and Maclaurin's formula for the rest (DLMF 25.11), with the stopping rule of Cephes (S. L.
Moshier, zeta.c); trigamma: the recurrence up to a large argument, there Stirling's series, and the reflection formula (DLMF 5.15).
float32 is rounded where PyTorch rounds it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .elementary import nearest_exp as exp
from .elementary import nearest_sin as sin
from .fused import fma

Array = np.ndarray[Any, Any]

# (2k)! / B_2k
_EULER_MACLAURIN = (
    12.0, -720.0, 30240.0, -1209600.0, 47900160.0, -1.8924375803183791606e9, 7.47242496e10, -2.950130727918164224e12,
    1.1646782814350067249e14, -4.5979787224074726105e15, 1.8152105401943546773e17, -7.1661652561756670113e18,
)  # fmt: skip
_EPSILON = 2.0**-53


def zeta(x: Any, q: Any) -> Any:
    """``sum of (q + k)**-x over k >= 0``: infinite at x = 1 and at the poles q = 0, -1, -2, ...

    NaN for x < 1 and where a power is not real.
    """
    dtype = np.result_type(x, q)
    x, q = np.broadcast_arrays(x, q)
    shape = x.shape
    x, q = x.reshape(-1), q.reshape(-1)
    with np.errstate(all="ignore"):
        pole = (q <= 0) & (q == np.floor(q))
        out = np.where((x == 1) | pole, np.inf, np.nan)
        out[x < 1] = np.nan
        proper = (x > 1) & ~((q <= 0) & (x != np.floor(x))) & ~pole | (np.isnan(x) & ~pole)
        out[proper] = _sum(x[proper], q[proper])
        return out.astype(dtype).reshape(shape)


def _sum(x: Array, q: Array) -> Array:
    """Terms until they are negligible, at least nine and past 9, then the correction."""
    total = np.power(q, -x).astype(np.float64)  # the first term is rounded to the dtype
    x, a = x.astype(np.float64), q.astype(np.float64)
    out = total.copy()
    going = np.arange(len(x))
    for i in range(1, 10**7):
        a = a + 1.0
        b = a**-x
        total = total + b
        out[going] = total
        done = np.abs(b) < _EPSILON * np.abs(total)
        rest = (i >= 9) & (a > 9.0) & ~done
        if rest.any():
            out[going[rest]] = _correction(x[rest], a[rest], b[rest], total[rest])
        left = ~(done | rest | np.isnan(b))
        if not left.all():
            x, a, total, going = x[left], a[left], total[left], going[left]
        if not going.size:
            break
    return out


def _correction(x: Array, w: Array, b: Array, total: Array) -> Array:
    """The rest of the sum after its last term b = w**-x."""
    total = total + b * w / (x - 1.0) - 0.5 * b
    a = np.ones_like(x)
    alive = np.ones(x.shape, bool)
    for k, divisor in enumerate(_EULER_MACLAURIN):
        a = a * (x + 2 * k)
        b = b / w
        term = a * b / divisor
        total = np.where(alive, total + term, total)
        alive &= ~(np.abs(term) < _EPSILON * np.abs(total))
        a = a * (x + 2 * k + 1)
        b = b / w
    return total


def polygamma(x: Any, n: int) -> Any:
    """The n-th derivative of digamma, n >= 1: ``(-1)**(n+1) n! zeta(n + 1, x)``. Half-precision numbers go by way of float32."""
    if x.dtype.itemsize == 2:
        return polygamma(x.astype(np.float32), n).astype(x.dtype)
    if n == 1:
        return trigamma(x)
    number = x.dtype.type
    # by way of its logarithm, rounded as PyTorch's
    factorial = exp(np.asarray(number(math.log(math.factorial(n)) if n < 171 else math.lgamma(n + 1))))
    with np.errstate(all="ignore"):
        return factorial * (number(1) if n % 2 else number(-1)) * zeta(number(n + 1), x)


def trigamma(x: Any) -> Any:
    """The derivative of digamma."""
    a = np.asarray(x)
    with np.errstate(all="ignore"):
        left = a < 0.5
        pi = a.dtype.type(np.pi)
        sine = sin(pi * a)
        z = np.where(left, 1 - a, a)
        out = np.where(left, -(pi * pi) / (sine * sine), a.dtype.type(0))
        for _ in range(6):
            out = out + 1 / (z * z)
            z = z + 1
        square = 1 / (z * z)
        series = fma(square, fma(-square, fma(-square, 1 / 42, 1 / 30), 1 / 6), 1 + 1 / (2 * z))
        out = out + series / z
        return np.where(left, -out, out)

"""Minimax polynomials by Remez's exchange, in 60 digits: where the coefficients in ``rushlight/kernels/code/wide.py`` come from.

``python bench/minimax.py`` prints each with the error that it leaves, relative to the function, as a power of 2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mp, mpf

mp.dps = 60


def fitted(
    f: Callable[[Any], Any], weight: Callable[[Any], Any], low: Any, high: Any, count: int
) -> tuple[list[Any], Any]:
    """``count`` coefficients c0 + c1 z + ... for which the largest ``weight |p - f|`` is smallest, and that error."""
    low, high = mpf(low), mpf(high)
    middle, half = (low + high) / 2, (high - low) / 2
    nodes = [middle - half * mpmath.cos(mpmath.pi * i / count) for i in range(count + 1)]
    grid = [middle - half * mpmath.cos(mpmath.pi * i / (20 * count)) for i in range(20 * count + 1)]
    values = [f(z) for z in grid]
    weights = [weight(z) for z in grid]
    for _ in range(12):
        rows = [
            [z**k for k in range(count)] + [(-1) ** i / max(weight(z), mpf(10) ** -40)] for i, z in enumerate(nodes)
        ]
        *coefficients, error = mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix([f(z) for z in nodes]))
        misses = [
            w * (mpmath.polyval(coefficients[::-1], z) - v) for z, v, w in zip(grid, values, weights, strict=True)
        ]
        peaks: list[int] = []
        for i, miss in enumerate(misses):  # the largest of each run of one sign
            if peaks and (miss > 0) == (misses[peaks[-1]] > 0):
                if abs(miss) > abs(misses[peaks[-1]]):
                    peaks[-1] = i
            else:
                peaks.append(i)
        while len(peaks) > count + 1:
            peaks.pop(0 if abs(misses[peaks[0]]) < abs(misses[peaks[-1]]) else -1)
        if len(peaks) <= count or max(map(abs, misses)) < abs(error) * mpf("1.01"):
            break
        nodes = [grid[i] for i in peaks]
    return list(coefficients), max(map(abs, misses))


def _series(f: Callable[[Any], Any], terms: Callable[[int], Any]) -> Callable[[Any], Any]:
    """``f``, near 0 by the first terms of its series, where its formula cancels."""
    return lambda z: f(z) if abs(z) > mpf(10) ** -6 else mpmath.fsum(terms(k) * z**k for k in range(9))


def _scaled_erfc(t: Any) -> Any:
    x = ERFC_CENTRE * (1 + t) / (1 - t)
    return (1 + 2 * x) * mpmath.exp(x * x) * mpmath.erfc(x)


ERFC_CENTRE = mpf(3)
SQRT_PI = mpmath.sqrt(mpmath.pi)
_place = lambda x: (mpf(x) - ERFC_CENTRE) / (mpf(x) + ERFC_CENTRE)  # noqa: E731
QUARTER = (mpmath.pi / 4 + mpf(2) ** -20) ** 2
TAN_EIGHTH = (mpmath.sqrt(2) - 1) ** 2 * mpf("1.0001")

_exp = _series(lambda r: (mpmath.expm1(r) - r) / r**2, lambda k: 1 / mpmath.factorial(k + 2))
_log = _series(
    lambda z: (mpmath.log((1 + mpmath.sqrt(z)) / (1 - mpmath.sqrt(z))) / mpmath.sqrt(z) - 2) / z,
    lambda k: mpf(2) / (2 * k + 3),
)
_atan = _series(
    lambda z: (mpmath.atan(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1) / z, lambda k: mpf((-1) ** (k + 1)) / (2 * k + 3)
)
_sin = _series(
    lambda z: (mpmath.sin(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1) / z,
    lambda k: mpf((-1) ** (k + 1)) / mpmath.factorial(2 * k + 3),
)
_cos = _series(
    lambda z: (mpmath.cos(mpmath.sqrt(z)) - 1 + z / 2) / z**2, lambda k: mpf((-1) ** k) / mpmath.factorial(2 * k + 4)
)
_erf = _series(
    lambda z: mpmath.erf(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1,
    lambda k: 2 / SQRT_PI * mpf((-1) ** k) / (mpmath.factorial(k) * (2 * k + 1)) - (k == 0),
)

_lgamma = _series(
    lambda z: mpmath.loggamma(2 + z) / z,
    lambda k: 1 - mpmath.euler if k == 0 else (-1) ** (k + 1) * (mpmath.zeta(k + 1) - 1) / (k + 1),
)

TASKS: dict[str, Any] = {
    "EXP": lambda: fitted(_exp, abs, "-0.3467", "0.3467", 11),
    "LOG": lambda: fitted(_log, lambda z: z / 2, 0, "0.02945", 7),
    "ATAN": lambda: fitted(_atan, lambda z: z, 0, TAN_EIGHTH, 11),
    "ERF": lambda: fitted(_erf, lambda z: mpf(1), 0, 1, 13),
    "ERFC": lambda: fitted(_scaled_erfc, lambda t: 1 / _scaled_erfc(t), _place(1), _place("10.2"), 17),
}  # fmt: skip

#: The same with fewer coefficients, for what is rounded to float32.
SHORT: dict[str, Any] = {
    "EXP": lambda: fitted(_exp, abs, "-0.3467", "0.3467", 9),
    "LOG": lambda: fitted(_log, lambda z: z / 2, 0, "0.02945", 6),
    "SIN": lambda: fitted(_sin, lambda z: z, 0, QUARTER, 5),
    "COS": lambda: fitted(_cos, lambda z: z * z, 0, QUARTER, 5),
    "ERF": lambda: fitted(_erf, lambda z: mpf(1), 0, 1, 11),
    "LGAMMA": lambda: fitted(_lgamma, lambda z: mpf(2), "-0.5", "0.5", 16),
    "ERFC_TO_4": lambda: fitted(lambda t: mpmath.erfc(t + mpf("2.5")), lambda t: mpf(1), "-1.5", "1.5", 25),
}  # fmt: skip

if __name__ == "__main__":
    for name, task in [*TASKS.items(), *((f"{name}, short", task) for name, task in SHORT.items())]:
        coefficients, error = task()
        print(f"# 2**{float(mpmath.log(error, 2)):.1f}\n{name} = (")
        print("".join(f"    {float(c)!r},\n" for c in reversed(coefficients)) + ")")

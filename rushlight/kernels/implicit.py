"""How a gamma or beta sample moves with its shape parameter, its rank held fixed (Figurnov et al. 2018).

With F the distribution function and f the density, ``dx/da = -(dF/da) / f``. The integrals come from double-exponential
quadrature (Takahasi & Mori 1974) from whichever end of the support is nearer, so that nothing cancels; about 1e-10 accurate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .special import digamma

_X = np.arange(-72, 73) * (1 / 16)
#: Nodes and weights on (0, 1), by their logarithms: the ends are reached to 1e-300.
_T = 0.5 * np.pi * np.sinh(_X)
_LOG_U = -np.log1p(np.exp(-2 * _T))  # log of the node
_WEIGHT = np.pi * np.cosh(_X) / 16 * np.exp(_LOG_U - np.logaddexp(0, 2 * _T))
#: Nodes and weights on (0, inf).
_S = np.exp(_T * 0.5)
_S_WEIGHT = _S * 0.25 * np.pi * np.cosh(_X) / 16


def gamma_slope(a: Any, z: Any) -> Any:
    """d(sample)/d(shape) of a gamma sample ``z`` of shape ``a`` and scale 1."""
    a, z = (np.asarray(x, np.float64)[..., None] for x in np.broadcast_arrays(a, z))
    psi = digamma(a)
    with np.errstate(all="ignore"):
        grown = np.exp(_LOG_U / a)
        below = -(z / a) * np.exp(z * (1 - grown)) * (np.log(z) + _LOG_U / a - psi) * _WEIGHT
        above = np.exp((a - 1) * np.log1p(_S / z) - _S) * (np.log(z + _S) - psi) * _S_WEIGHT
        # a weight that has vanished wins over what it multiplies
        parts = np.where(z > a, np.nan_to_num(above, nan=0.0), np.nan_to_num(below, nan=0.0))
    return parts.sum(-1)


def beta_slope(a: Any, b: Any, x: Any) -> Any:
    """d(sample)/da of a beta sample ``x`` of shapes ``a`` and ``b``."""
    a, b, x = (np.asarray(v, np.float64)[..., None] for v in np.broadcast_arrays(a, b, x))
    shift = digamma(a + b) - digamma(a)
    y = 1 - x
    with np.errstate(all="ignore"):
        left = np.exp(_LOG_U / a)
        below = np.exp((b - 1) * (np.log1p(-x * left) - np.log1p(-x))) * (np.log(x) + _LOG_U / a + shift) * (-x / a)
        right = np.exp(_LOG_U / b)
        above = np.exp((a - 1) * (np.log1p(-y * right) - np.log1p(-y))) * (np.log1p(-y * right) + shift) * (y / b)
        parts = np.nan_to_num(np.where(x > a / (a + b), above, below) * _WEIGHT, nan=0.0)
    return parts.sum(-1)

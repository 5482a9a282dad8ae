"""Norms of arrays and the memory of the process."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

_STATM = Path("/proc/self/statm")


def norm(array: np.ndarray[Any, Any]) -> float:
    """The Euclidean norm of all elements: by BLAS in the array's own precision, in float64 where that overflows or vanishes."""
    flat = array.reshape(-1)
    if flat.dtype.kind not in "fc" or flat.dtype.itemsize < 4:
        flat = flat.astype(np.float32)
    square = float(np.vdot(flat, flat).real)
    if not 1e-30 < square < 1e38 and flat.dtype.itemsize <= 8:
        flat = flat.astype(np.complex128 if flat.dtype.kind == "c" else np.float64)
        square = float(np.vdot(flat, flat).real)
    return math.sqrt(square) if square == square else math.nan


def total(norms: list[float]) -> float:
    """The norm of the whole from those of its parts."""
    return math.hypot(*norms)


def ratio(update: float, weight: float) -> float:
    """An update beside what it changes; nan where that is zero."""
    return update / weight if weight > 0 else math.nan


def memory() -> float:
    """Bytes of the process in memory now; where the system does not say, the most that they have been; nan without both."""
    if _STATM.exists():
        import os

        return float(int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return math.nan
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most if sys.platform == "darwin" else most * 1024)

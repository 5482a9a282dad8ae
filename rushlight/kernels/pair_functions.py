"""Functions that PyTorch's vectors take from a library which carries pairs of numbers (``code.pairs``, of float64 ``code.long_pairs``):
as a loop or, from the same source, by NumPy."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import doubles, elementwise
from .llvm import patience
from .symbols import Symbol

_STEPS = 60  # NumPy's passes, about
_MOST = 32768  # numbers for which NumPy takes the steps; the nearest number is had in a twentieth of the time
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


@functools.cache
def _steps(name: str) -> Callable[..., Any]:
    from .by_numpy import by_numpy
    from .code import pairs

    return by_numpy(getattr(pairs, name))


def by_pairs(name: str, ufunc: Any) -> Callable[..., Any]:
    """The function ``name`` of float32 and float64 arrays, and symbols; ``ufunc`` of other dtypes, and where the steps take too long."""
    native = f"vector_{name}"
    long = doubles.taken(native, "long_pairs", name, ufunc, passes=400)

    def function(*arrays: Any) -> Any:
        for x in arrays:
            if x.__class__ is Symbol:
                return x.recording.computed(native, *arrays)
            if getattr(x, "dtype", None) != _FLOAT32:
                whole = all([y.__class__ is np.ndarray and y.dtype == _FLOAT64 for y in arrays])
                return long(*arrays) if whole else ufunc(*arrays)
        given = [np.asarray(x) for x in arrays]
        if patience.over_or_large(_STEPS * given[0].size, _STEPS, _STEPS * _MOST):
            found = elementwise.run_anyhow(native, *given)
            if found is not None:
                return found
        if given[0].size > _MOST:
            return ufunc(*given, dtype=_FLOAT64).astype(_FLOAT32)
        return _steps(name)(*given)

    function.__name__ = function.__qualname__ = name
    return (
        function if name == "atan2" else elementwise.instruction(native)(function)
    )  # which asks for a small array's loop first


tanh = by_pairs("tanh", np.tanh)

"""Views made by other strides, seen through a wrapper: the same steps through the memory inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors
from ..kernels.cpython import address
from ..tensor import root_array

ndarray = np.ndarray
strided: Callable[..., ndarray[Any, Any]] = np.lib.stride_tricks.as_strided


def alike(a: ndarray[Any, Any], of: ndarray[Any, Any], seen: ndarray[Any, Any], front: bool) -> ndarray[Any, Any]:
    """What ``seen`` shows of ``of``, shown of ``a``; with ``front`` for each slice of ``a`` along its first dimension.

    Raises:
        NotImplementedError: for a view that begins before its tensor. RuntimeError: for one that leaves its memory.
    """
    shape = (len(a), *seen.shape) if front else seen.shape
    strides = (a.strides[0], *seen.strides) if front else seen.strides
    if not a.size:
        return np.empty(shape, a.dtype)
    start = address(seen) - address(of)
    if start < 0:
        raise NotImplementedError("as_strided inside vmap or forward mode: the view begins before its tensor")
    byte = strided(strided(a, (1,), (a.itemsize,)).view(np.uint8), (start + a.itemsize,), (1,))
    view = strided(byte[start:].view(a.dtype).reshape(()), shape, strides)
    bounds, memory = np.lib.array_utils.byte_bounds(view), np.lib.array_utils.byte_bounds(root_array(a))
    if bounds[0] < memory[0] or bounds[1] > memory[1]:
        raise errors.runtime(
            "setStorage: sizes and strides of a view under vmap are out of bounds for the storage of its tensor"
        )
    return view

"""``empty`` for results: large ones take the memory that earlier ones gave back (``code.allocator``).

NumPy lets a context have its own allocator (NEP 49); ours is set in a context that only ``empty`` runs in, so that no array of the
user's is concerned. Where that cannot be had it is ``np.empty``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from contextvars import Context
from typing import Any

import numpy as np

from . import llvm

Array = np.ndarray[Any, Any]

LARGE = 1 << 18  # bytes: beyond half of it the C library may ask the system for pages and give them back
CAP = 512 << 20  # bytes that are kept for later arrays at most
SET_HANDLER = 304  # PyDataMem_SetHandler in NumPy's table of functions

_kept: list[Any] = []


def empty(shape: Any, dtype: np.dtype[Any]) -> Array:
    """An array that is not initialised."""
    if llvm.patience.ready is False or dtype.itemsize * (shape if shape.__class__ is int else math.prod(shape)) < LARGE:
        return np.empty(shape, dtype)
    run = _context()
    return np.empty(shape, dtype) if run is None else run(np.empty, shape, dtype)  # type: ignore[no-any-return]


def maker(shape: Any, dtype: np.dtype[Any]) -> Callable[[], Array]:
    """``empty`` of one shape and dtype, with the questions asked once."""
    size = shape if shape.__class__ is int else math.prod(shape)
    run = _context() if dtype.itemsize * size >= LARGE else None
    return functools.partial(np.empty, shape, dtype) if run is None else functools.partial(run, np.empty, shape, dtype)


@functools.cache
def _context() -> Any:
    """``run`` of the context whose arrays are ours; None if NumPy does not take the allocator."""
    if not llvm.available():
        return None
    import ctypes

    from . import cpython
    from .code import allocator

    libc = ctypes.CDLL(None)
    symbols = {
        name: ctypes.cast(getattr(libc, name), ctypes.c_void_p).value or 0
        for name in ("malloc", "free", "memcpy", "memset", "madvise")
    }
    code = llvm.code(("allocator",), written, symbols)
    state = (ctypes.c_int64 * allocator.WORDS)()
    state[allocator.CAP] = CAP
    handler = cpython.MemoryHandler(
        b"rushlight", 1, ctypes.addressof(state),
        *[code[name] for name in ("allocate", "allocate_zeros", "change", "give_back")],
    )  # fmt: skip
    _kept.extend((state, handler))
    for thing in (state, handler):  # arrays may be freed after this module
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
    make = ctypes.pythonapi.PyCapsule_New
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    capsule = make(ctypes.addressof(handler), b"mem_handler", None)
    set_handler = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(cpython.numpy_function(SET_HANDLER))
    context = Context()
    context.run(set_handler, capsule)
    made = context.run(np.empty, 3)
    name = np._core.multiarray.get_handler_name  # type: ignore[attr-defined]
    return context.run if name(made) == "rushlight" else None


def written() -> str:
    """The code of the allocator."""
    from .code import allocator
    from .emit import Module
    from .language import UNHURRIED, function

    module = Module()
    for name in ("allocate", "allocate_zeros", "change", "give_back"):
        function(module, name, getattr(allocator, name), UNHURRIED)
    return str(module)

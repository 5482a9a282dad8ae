"""Machine code of the samplers (``kernels.code.streams`` and ``draws``), and when to use it.

Every function says whether the work is done; if not, nothing has happened, and NumPy is to do it. The bits are the same. They share
the state with the NumPy path: NumPy's own memory of the key, the tempered block and the position of ``MT19937``.
"""

from __future__ import annotations

import functools
import importlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels import llvm
from . import libm

if TYPE_CHECKING:
    from .generator import MT19937

Array = np.ndarray[Any, Any]

PIECE = 8192  # words that a thread takes at a time
SLACK = 64  # by how many words the last piece may be longer, so that the last block of 16 normal numbers, drawn anew, is within it
#: From here on NumPy takes 0.3 ms or more, and code that lies on disk is worth loading at once.
LARGE = 50_000
_CHUNK = 4  # pieces that a thread does in one go: 10 us of the quickest sampler's work

_kernels: dict[Any, Any] = {}


def wanted(n: int) -> bool:
    """Whether machine code is to make so many numbers."""
    ready = llvm.patience.ready
    if ready is None:
        ready = (n >= LARGE and llvm.available()) or llvm.patience.over(n, 1)
    return ready


def fill(
    gen: MT19937,
    name: str,
    out: Array,
    *,
    per: int = 2,
    tail: int = 0,
    other: Array | None = None,
    a: float = 0.0,
    b: float = 0.0,
    c: float = 0.0,
    k: int = 0,
    m: int = 0,
    in_order: bool = False,
    count: int | None = None,
) -> bool:
    """Where it is ``wanted``: draw numbers into a contiguous array by a function of ``kernels.code.draws``, which says what the
    parameters are.

    A number takes ``per`` words; ``count`` of them, by default one for each element, and ``tail`` more. ``in_order``: by one thread.
    """
    n = out.size if count is None else count
    key = (name, out.dtype, None if other is None else other.dtype)
    try:
        run = _kernels[key]
    except KeyError:
        run = _kernels[key] = _compiled(name, per, out.dtype, None if other is None else other.dtype)
    if run is None:
        return False
    total = (n + tail) * per
    pieces = max(1, -(-(total - SLACK) // PIECE))
    shared = gen.shared(total)
    if shared is None:
        return False
    grain = pieces if in_order else _CHUNK
    if not run(pieces, grain, out, other, *shared, total, pieces, tail, a, b, c, k, m):
        return False
    gen.moved(total, shared[2])
    return True


def one_by_one(gen: MT19937, name: str, dtype: Any, n: int, *operands: Any) -> Array | None:
    """Numbers (float64) by a sampler of ``kernels.code.rejection``; None if NumPy and Python are to do it."""
    if not n or not wanted(n * 100):  # a number takes Python as long as NumPy takes for a hundred others
        return None
    run = _kernel("rejection", name, dtype)
    shared = gen.shared(PIECE)  # as many as may be, so that there is room for a block
    if run is None or shared is None:
        return None
    _, memory, block, position = shared
    spot = np.array([position, 0])
    cached = np.zeros(4)
    if gen.next_normal is not None:
        cached[:2] = gen.next_normal, 1
    out = np.empty(n)
    if not run(1, 1, out, *operands, memory, block, spot, cached):
        return None
    gen.moved_to(int(spot[0]), block if spot[1] else None)
    gen.next_normal = float(cached[0]) if cached[1] else None
    return out


def within_unit(p: Array) -> bool | None:
    """Whether all numbers of a contiguous array are from 0 to 1; None if NumPy is to find out."""
    run = _kernel("categories", "within", p.dtype)
    bad = np.zeros(1, np.int64)
    return not bad[0] if run is not None and run(p.size, 1 << 16, bad, p) else None


def scaled(x: Array, deviation: float, mean: float, raised: bool = False) -> bool:
    """``x`` becomes ``fma(x, deviation, mean)``, and then its exponential if ``raised``."""
    run = _kernel("draws", "scaled")
    return run is not None and run(x.size, 1 << 11 if raised else 1 << 14, x, mean, deviation, int(raised))


def running_sums(weights: Array) -> Array | None:
    """Of each row, divided by the last; None if NumPy is to do it, as it must where a weight or a sum is not what it should be."""
    run = _kernel("categories", "running", weights.dtype)
    rows, columns = weights.shape
    sums, bad = np.empty(weights.shape, weights.dtype), np.zeros(1, np.int64)
    grain = 4 * max(1, 1 << 12 // columns)
    return sums if run is not None and run(rows, grain, sums, bad, weights, columns) and not bad[0] else None


def looked_up(sums: Array, draws: Array) -> Array | None:
    """Where in its row of running sums each draw belongs; ``draws`` has a row for each of theirs."""
    run = _kernel("categories", "look_up", sums.dtype)
    out = np.empty(draws.shape, np.int64)
    return out if run is not None and run(out.size, 1 << 10, out, sums, draws, sums.shape[1], draws.shape[1]) else None


def _compiled(name: str, per: int, dtype: Any, other: Any) -> Any:
    """The kernel that fills an array of a dtype; None if it cannot be had."""
    if _symbols() is None:
        return None
    from ..kernels.code import draws

    numbers = {"T": _type(dtype), "P": _type(np.dtype(np.float32) if other is None else other)}
    return _made("streams", "fill", PIECE=PIECE, SLACK=SLACK, transform=getattr(draws, name), per=per, **numbers)


def _kernel(module: str, name: str, dtype: Any = None) -> Any:
    """Another one, for a dtype if it depends on one."""
    key = (module, name, dtype)
    if key not in _kernels:
        _kernels[key] = _made(module, name, **({} if dtype is None else {"T": _type(dtype)}))
    return _kernels[key]


def _made(module: str, name: str, **bindings: Any) -> Any:
    symbols = _symbols()
    if symbols is None:
        return None
    from ..kernels import kernel

    python: Any = getattr(importlib.import_module(f"rushlight.kernels.code.{module}"), name)
    python.symbols = symbols
    return kernel.compiled(python, **bindings)


def _type(dtype: Any) -> Any:
    """A dtype in the language of kernels."""
    from ..kernels import words

    return {"f4": words.f32, "f8": words.f64, "i8": words.i64, "i4": words.i32, "u1": words.u8}[dtype.str[1:]]


#: Functions of the C library that the code calls; those that ``math`` has are compared with it.
_LIBM = ("log", "log1p", "exp", "tan", "lgamma", "pow", "log1pf", "sincos")


@functools.cache
def _symbols() -> dict[str, int] | None:
    """Their addresses; None without compiled code, or where they are not what ``math`` calls."""
    if not llvm.available() or not (llvm.has("fma") or llvm.has("neon")):
        return None
    import ctypes

    found = {}
    for name in _LIBM:
        function: Any = libm._from_c(name, False)
        if function is None or not all(function(x) == getattr(math, name)(x) for x in _probes(name)):
            return None
        found[name] = ctypes.cast(function, ctypes.c_void_p).value or 0
    if not _is_sine_and_cosine(found["sincos"]):
        return None
    found["sched_yield"] = ctypes.cast(ctypes.CDLL(None).sched_yield, ctypes.c_void_p).value or 0
    return found


def _is_sine_and_cosine(address: int) -> bool:
    """Whether the function gives what ``math`` does."""
    import ctypes

    place = ctypes.POINTER(ctypes.c_double)
    function = ctypes.CFUNCTYPE(None, ctypes.c_double, place, place)(address)
    sine, cosine = ctypes.c_double(), ctypes.c_double()
    for x in _probes("sin"):
        function(x, ctypes.byref(sine), ctypes.byref(cosine))
        if (sine.value, cosine.value) != (math.sin(x), math.cos(x)):
            return False
    return True


def _probes(name: str) -> list[float]:
    if name not in libm._DOMAIN:
        return []
    low, high = libm._DOMAIN[name]
    return [low + (high - low) * (i * 0.618034 % 1) for i in range(1, 100)]

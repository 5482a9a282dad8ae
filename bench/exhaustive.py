"""Every float32 instruction of one operand over all 2**32 numbers, against float64: the table in docs/kernels.md.

``python bench/exhaustive.py [NAME ...]`` prints a row for each: the stated bound, the largest error in units in the last place, and how
many results are not the nearest number. The reference is NumPy's float64 function (of erf and its kin ``kernels.special``'s); where a
result differs from its rounded value, mpmath decides in 60 digits, of at most ``CHECKED`` of them. One function takes from half a minute to
five, of the gamma function's an hour; ``nice`` it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import mpmath
import numpy as np

from rushlight.kernels import ir, llvm, loops, special

Array = np.ndarray[Any, Any]
PIECE, FEW, CHECKED = 1 << 13, 8, 2000
SLOPE = 2 / np.sqrt(np.pi)
mpmath.mp.dps = 60


def _split(inside: Any, low: float, high: float, below: Any, beyond: Any) -> Callable[[Array], Array]:
    """A reference for numbers between two sizes; below and beyond, the first terms of its series and its limit, which cost less.

    The numbers given to it are in the order of their sizes, and have one sign.
    """

    def reference(x: Array) -> Array:
        if abs(x[-1]) < low:
            return below(x)
        return beyond(x) if abs(x[0]) > high and abs(x[-1]) < INF else inside(x)

    return reference


def _outside(above: float, under: float) -> Callable[[Array], Array]:
    return lambda x: np.full(x.shape, above if x[0] > 0 else under)


def _erfinv(x: Array) -> Array:
    return np.where(np.abs(x) == 1, np.copysign(np.inf, x), np.where(np.abs(x) > 1, np.nan, special.erfinv(x)))


INF, NAN, TINY, SMALL = np.inf, np.nan, 2.0**-30, 2.0**-14
_EXP = _split(np.exp, TINY, 128, lambda x: 1 + x, _outside(INF, 0))

#: The reference in float64, the same in mpmath, and what f(-x) is: ``odd``, ``even``, or nothing simple.
REFERENCES: dict[str, tuple[Callable[[Array], Array], Any, str]] = {
    "sqrt": (np.sqrt, mpmath.sqrt, ""),
    "rounded_root": (np.sqrt, mpmath.sqrt, ""),
    "exp": (_EXP, mpmath.exp, ""),
    "single_exp": (_EXP, mpmath.exp, ""),
    "library_exp": (_EXP, mpmath.exp, ""),
    "vector_exp2": (
        _split(np.exp2, TINY, 256, lambda x: 1 + x * np.log(2), _outside(INF, 0)), lambda x: mpmath.mpf(2) ** x, "",
    ),
    "vector_expm1": (_split(np.expm1, 2.0**-26, 128, lambda x: x + x * x / 2, _outside(INF, -1)), mpmath.expm1, ""),
    "rounded_tanh": (_split(np.tanh, SMALL, 32, lambda x: x - x * x * x / 3, _outside(1, -1)), mpmath.tanh, "odd"),
    "vector_tanh": (_split(np.tanh, SMALL, 32, lambda x: x - x * x * x / 3, _outside(1, -1)), mpmath.tanh, "odd"),
    "vector_sinh": (_split(np.sinh, SMALL, 128, lambda x: x + x * x * x / 6, _outside(INF, -INF)), mpmath.sinh, "odd"),
    "vector_cosh": (_split(np.cosh, SMALL, 128, lambda x: 1 + x * x / 2, _outside(INF, INF)), mpmath.cosh, "even"),
    "library_log": (np.log, mpmath.log, ""),
    "rounded_log": (np.log, mpmath.log, ""),
    "rounded_log2": (np.log2, lambda x: mpmath.log(x, 2), ""),
    "rounded_log10": (np.log10, mpmath.log10, ""),
    "rounded_log1p": (_split(np.log1p, 2.0**-26, INF, lambda x: x - x * x / 2, np.log1p), mpmath.log1p, ""),
    "log1p": (_split(np.log1p, 2.0**-26, INF, lambda x: x - x * x / 2, np.log1p), mpmath.log1p, ""),
    "library_sin": (_split(np.sin, SMALL, INF, lambda x: x - x * x * x / 6, np.sin), mpmath.sin, "odd"),
    "library_cos": (_split(np.cos, SMALL, INF, lambda x: 1 - x * x / 2, np.cos), mpmath.cos, "even"),
    "rounded_tan": (_split(np.tan, SMALL, INF, lambda x: x + x * x * x / 3, np.tan), mpmath.tan, "odd"),
    "rounded_asin": (_split(np.arcsin, SMALL, 1.5, lambda x: x + x * x * x / 6, _outside(NAN, NAN)), mpmath.asin, "odd"),
    "rounded_acos": (_split(np.arccos, TINY, 1.5, lambda x: np.pi / 2 - x, _outside(NAN, NAN)), mpmath.acos, ""),
    "rounded_atan": (
        _split(np.arctan, SMALL, 2.0**30, lambda x: x - x * x * x / 3, lambda x: np.sign(x) * np.pi / 2 - 1 / x), mpmath.atan, "odd",
    ),
    "vector_atanh": (_split(np.arctanh, SMALL, 1.5, lambda x: x + x * x * x / 3, _outside(NAN, NAN)), mpmath.atanh, "odd"),
    "asinh": (_split(np.arcsinh, SMALL, INF, lambda x: x - x * x * x / 6, np.arcsinh), mpmath.asinh, "odd"),
    "acosh": (np.arccosh, mpmath.acosh, ""),
    "rounded_erf": (_split(special.erf, SMALL, 8, lambda x: x * SLOPE * (1 - x * x / 3), _outside(1, -1)), mpmath.erf, "odd"),
    "rounded_erfc": (_split(special.erfc, TINY, 16, lambda x: 1 - x * SLOPE, _outside(0, 2)), mpmath.erfc, ""),
    "rounded_lgamma": (special.lgamma, lambda x: mpmath.re(mpmath.loggamma(x)), ""),
    "rounded_erfinv": (
        _split(_erfinv, SMALL, 1.5, lambda x: x / SLOPE * (1 + np.pi / 12 * x * x), _outside(NAN, NAN)), mpmath.erfinv, "odd",
    ),
}  # fmt: skip


def runner(name: str) -> Any:
    loop = ir.Loop("f32", ["out", "x"])
    loop.store(0, loop.emit(name, loop.load(1)))
    return loops.compiled(loop)


def units(x: Array) -> Array:
    """The unit in the last place of float32 at float64 numbers."""
    return np.ldexp(1.0, np.maximum(np.frexp(x)[1] - 1, -126) - 23)


def check(run: Any, reference: Any, first: int, symmetry: str) -> tuple[int, Array, Array]:
    """How many results of a piece, all numbers from the bits ``first`` on, are not the reference rounded; and the worst of them, inputs and
    results. With a symmetry the numbers with the other sign are checked beside them.
    """
    x = np.arange(first, first + PIECE, dtype=np.uint32).view(np.float32)
    with np.errstate(all="ignore"):
        true = reference(x.astype(np.float64))
        nearest = true.astype(np.float32)
    count, inputs, outputs = 0, [], []
    for sign in (1, -1) if symmetry else (1,):
        given, out = x if sign == 1 else -x, np.empty_like(x)
        assert run(out, given)
        wanted = -nearest if (sign, symmetry) == (-1, "odd") else nearest
        differs = (out.view(np.uint32) != wanted.view(np.uint32)) & ~(np.isnan(out) & np.isnan(wanted))
        if differs.any():
            places = np.flatnonzero(differs)
            count += len(places)
            if len(places) > FEW:
                exact = (-true if (sign, symmetry) == (-1, "odd") else true)[places]
                places = places[np.argsort(np.abs(out[places] - exact) / units(exact))[-FEW:]]
            inputs.append(given[places])
            outputs.append(out[places])
    none = np.empty(0, np.float32)
    return count, np.concatenate([none, *inputs]), np.concatenate([none, *outputs])


def exactly(function: Any, x: Array, out: Array) -> tuple[float, float]:
    """The largest error of some results, and the share of them that are not the nearest numbers, by mpmath."""
    worst, wrong = 0.0, 0
    for a, y in zip(x.tolist(), out.tolist(), strict=True):
        true = function(mpmath.mpf(a))
        if isinstance(true, mpmath.mpc) or mpmath.isnan(true) or mpmath.isinf(true) or not np.isfinite(y):
            return float("inf"), 1.0
        unit = float(units(np.float64(float(true))))
        error = float(abs(mpmath.mpf(y) - true) / unit)
        worst, wrong = max(worst, error), wrong + (error > 0.5)
    return worst, wrong / max(len(x), 1)


def measured(name: str, threads: int = 2) -> tuple[float, int]:
    """The largest error and how many of 2**32 results are not the nearest number."""
    reference, exact, symmetry = REFERENCES[name]
    run = runner(name)
    share = 256 * PIECE

    def some(start: int) -> list[tuple[int, Array, Array]]:
        found = [check(run, reference, first, symmetry) for first in range(start, start + share, PIECE)]
        return [one for one in found if one[0]]

    with ThreadPoolExecutor(threads) as pool:
        found = [one for ones in pool.map(some, range(0, 1 << (31 if symmetry else 32), share)) for one in ones]
    count = sum(one[0] for one in found)
    if not count:
        return 0.5, 0
    x, out = (np.concatenate([one[i] for one in found]) for i in (1, 2))
    if len(x) == count <= CHECKED:
        worst, share_of_wrong = exactly(exact, x, out)
        return max(worst, 0.5), round(share_of_wrong * count)
    with np.errstate(all="ignore"):
        true = np.concatenate([reference(x[i : i + 1].astype(np.float64)) for i in range(len(x))])
        worst_first = np.argsort(np.abs(out - true) / units(true))[::-1][:CHECKED]
    return exactly(exact, x[worst_first], out[worst_first])[0], count


def main(names: list[str]) -> None:
    llvm.patience.ready = False  # the references are NumPy's
    known = ir.instructions()
    unary = [n for n, k in known.items() if k.takes == k.gives == "n" and "f32" in k.kinds and isinstance(k.ulp, tuple)]
    missing = set(unary) - set(REFERENCES)
    if missing and not names:
        sys.exit(f"no reference for {', '.join(sorted(missing))}")
    print("| function | bound | largest error | not the nearest | seconds |\n| --- | --- | --- | --- | --- |")
    for name in names or unary:
        start = time.perf_counter()
        worst, wrong = measured(name)
        print(
            f"| {name} | {known[name].ulp[0]} | {worst:.8f} | {wrong} | {time.perf_counter() - start:.0f} |", flush=True
        )


if __name__ == "__main__":
    main(sys.argv[1:])

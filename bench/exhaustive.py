"""Every float32 instruction of one operand over all 2**32 numbers, against float64: the table in docs/kernels.md.

``python bench/exhaustive.py [NAME ...]`` prints a row for each: the stated bound, the largest error in units in the last place, and how
many results are not the nearest number. The reference is NumPy's float64 function (of erf and its kin ``kernels.special``'s); where a
result differs from its rounded value, mpmath decides in 60 digits, of at most ``CHECKED`` of them. One function takes from half a minute to
five; ``nice`` it.
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
PIECE, CHECKED = 1 << 20, 3000
SLOPE = 2 / np.sqrt(np.pi)
mpmath.mp.dps = 60


def _split(
    inside: Callable[[Array], Array], edges: tuple[float, float], below: Any, beyond: Any
) -> Callable[[Array], Array]:
    """A slow reference where it is needed, its limits elsewhere."""

    def reference(x: Array) -> Array:
        size = np.abs(x)
        if size.max() < edges[0]:
            return below(x)
        return beyond(x) if size.min() > edges[1] else inside(x)

    return reference


def _erfinv(x: Array) -> Array:
    return np.where(np.abs(x) == 1, np.copysign(np.inf, x), np.where(np.abs(x) > 1, np.nan, special.erfinv(x)))


#: The reference in float64, the same in mpmath, and what f(-x) is: ``odd``, ``even``, or nothing simple.
REFERENCES: dict[str, tuple[Callable[[Array], Array], Any, str]] = {
    **{
        name: (getattr(np, name.removeprefix("rounded_")), getattr(mpmath, name.removeprefix("rounded_"), None), symmetry)
        for name, symmetry in {
            "rounded_exp": "", "rounded_exp2": "", "rounded_expm1": "", "rounded_tanh": "odd", "rounded_sinh": "odd",
            "rounded_cosh": "even", "rounded_log": "", "rounded_log2": "", "rounded_log10": "", "rounded_log1p": "", "rounded_sin": "odd",
            "rounded_cos": "even", "rounded_tan": "odd", "exp": "", "log1p": "", "sqrt": "",
        }.items()
    },
    "rounded_root": (np.sqrt, mpmath.sqrt, ""),
    "single_exp": (np.exp, mpmath.exp, ""),
    "rounded_asin": (np.arcsin, mpmath.asin, "odd"),
    "rounded_acos": (np.arccos, mpmath.acos, ""),
    "rounded_atan": (np.arctan, mpmath.atan, "odd"),
    "rounded_atanh": (np.arctanh, mpmath.atanh, "odd"),
    "rounded_erf": (
        _split(special.erf, (2.0**-14, 8.0), lambda x: x * SLOPE * (1 - x * x / 3), lambda x: np.where(x == x, np.sign(x), x)),
        mpmath.erf, "odd",
    ),
    "rounded_erfc": (
        _split(special.erfc, (2.0**-30, 16.0), lambda x: 1 - x * SLOPE, lambda x: np.where(x == x, 1 - np.sign(x), x)),
        mpmath.erfc, "",
    ),
    "rounded_erfinv": (
        _split(_erfinv, (2.0**-14, 1.5), lambda x: x / SLOPE * (1 + np.pi / 12 * x * x), lambda x: x * np.nan),
        mpmath.erfinv, "odd",
    ),
}  # fmt: skip
REFERENCES["rounded_exp2"] = (np.exp2, lambda x: mpmath.mpf(2) ** x, "")
REFERENCES["rounded_log2"] = (np.log2, lambda x: mpmath.log(x, 2), "")


def runner(name: str) -> Any:
    loop = ir.Loop("f32", ["out", "x"])
    loop.store(0, loop.emit(name, loop.load(1)))
    return loops.compiled(loop)


def units(x: Array) -> Array:
    """The unit in the last place of float32 at float64 numbers."""
    return np.ldexp(1.0, np.maximum(np.frexp(x)[1] - 1, -126) - 23)


def check(run: Any, reference: Any, first: int, symmetry: str) -> tuple[Array, Array]:
    """The inputs of a piece, all numbers from the bits ``first`` on, whose results are not the reference rounded; and the results.

    With a symmetry the numbers with the other sign are checked beside them.
    """
    x = np.arange(first, first + PIECE, dtype=np.uint32).view(np.float32)
    with np.errstate(all="ignore"):
        nearest = reference(x.astype(np.float64)).astype(np.float32)
    inputs, outputs = [], []
    for sign in (1, -1) if symmetry else (1,):
        given, out = x if sign == 1 else -x, np.empty_like(x)
        assert run(out, given)
        wanted = -nearest if (sign, symmetry) == (-1, "odd") else nearest
        differs = (out.view(np.uint32) != wanted.view(np.uint32)) & ~(np.isnan(out) & np.isnan(wanted))
        inputs.append(given[differs])
        outputs.append(out[differs])
    return np.concatenate(inputs), np.concatenate(outputs)


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


def measured(name: str, threads: int) -> tuple[float, int]:
    """The largest error and how many of 2**32 results are not the nearest number."""
    reference, exact, symmetry = REFERENCES[name]
    run = runner(name)
    pieces = range(0, 1 << (31 if symmetry else 32), PIECE)
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(lambda first: check(run, reference, first, symmetry), pieces))
    x, out = (np.concatenate([part[i] for part in found]) for i in (0, 1))
    if not x.size:
        return 0.5, 0
    if x.size <= CHECKED:
        worst, share = exactly(exact, x, out)
        return max(worst, 0.5), round(share * x.size)
    with np.errstate(all="ignore"):
        wide = reference(x.astype(np.float64))
        errors = np.abs(out.astype(np.float64) - wide) / units(wide)
    worst_of_all = np.argsort(errors)[-CHECKED:]
    return exactly(exact, x[worst_of_all], out[worst_of_all])[0], x.size


def main(names: list[str], threads: int = 2) -> None:
    llvm.patience.ready = False  # the references are NumPy's
    known = ir.instructions()
    unary = [n for n, k in known.items() if k.takes == k.gives == "n" and "f32" in k.kinds and isinstance(k.ulp, tuple)]
    missing = set(unary) - set(REFERENCES)
    if missing and not names:
        sys.exit(f"no reference for {', '.join(sorted(missing))}")
    print("| function | bound | largest error | not the nearest | seconds |\n| --- | --- | --- | --- | --- |")
    for name in names or unary:
        start = time.perf_counter()
        worst, wrong = measured(name, threads)
        print(
            f"| {name} | {known[name].ulp[0]} | {worst:.8f} | {wrong} | {time.perf_counter() - start:.0f} |", flush=True
        )


if __name__ == "__main__":
    main(sys.argv[1:])

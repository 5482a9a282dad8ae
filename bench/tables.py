"""The tables of ``rushlight/kernels/code/library_tables.py``, in 60 digits: ``python bench/tables.py`` writes the file."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import mpmath
from minimax import fitted
from mpmath import mp, mpf

mp.dps = 60

#: What tanh of numbers below 1/8 is made of: x and these times x**2 to x**11. The minimax polynomial of tanh(x) / x, whose constant was set
#: to 1 (so that all results are a little small), then its last digits were tried until most results were PyTorch's.
TANH_BELOW = (
    -2.2640846702117174e-14, -0.333333333327337, -6.1635137732861e-10, 0.13333336552529368, -9.665753766972814e-07,
    -0.0539505620285069, -0.00020087372259955583, 0.0232532647082403, -0.005319892931291786,
)  # fmt: skip
START = 0x3FE6000000000000  # the bits of 0.6875


def interpolated(f: Callable[[Any], Any], low: Any, high: Any, degree: int) -> list[Any]:
    """The coefficients, of powers of the distance from the middle, of the polynomial that meets ``f`` at Chebyshev's places."""
    middle, half, count = (low + high) / 2, (high - low) / 2, degree + 1
    angles = [mp.pi * (i + mpf(1) / 2) / count for i in range(count)]
    values = [f(middle + half * mpmath.cos(t)) for t in angles]
    out = [mpf(0)] * count
    before, now = [mpf(1)], [mpf(0), mpf(1)]  # Chebyshev's polynomials, the lowest power first
    for k in range(count):
        share = mpmath.fsum(v * mpmath.cos(k * t) for v, t in zip(values, angles, strict=True)) * 2 / count
        polynomial = before if k == 0 else now
        for i, c in enumerate(polynomial):
            out[i] += (share / 2 if k == 0 else share) * c
        if k:
            after = [mpf(0), *(2 * c for c in now)]
            for i, c in enumerate(before):
                after[i] -= c
            before, now = now, after
    return [c / half**i for i, c in enumerate(out)]


def eighths(low: Any, high: Any) -> Iterator[tuple[Any, Any]]:
    """The eighths of the octaves from ``low``, a power of two, to ``high``."""
    octave = low
    while octave < high:
        for i in range(8):
            if octave + octave * i / 8 < high:
                yield octave + octave * i / 8, octave + octave * (i + 1) / 8
        octave *= 2


def two(x: Any) -> list[float]:
    """A number as two."""
    return [float(x), float(x - float(x))]


def _tanh_from(middle: Any, z: Any) -> Any:
    return mpmath.tanh(middle + z)


def tanh_pieces() -> list[float]:
    rows = [[0.0, 0.0, 1.0, *TANH_BELOW]]
    for low, high in eighths(mpf(1) / 8, mpf("20.5")):
        middle, half = (low + high) / 2, (high - low) / 2
        near = partial(_tanh_from, middle)
        c, _ = fitted(near, lambda z, near=near: 1 / near(z), -half, half, 11)  # the relative error counts
        rows.append([*two(c[0]), *map(float, c[1:])])
    return [x for row in rows for x in row]


def erf_pieces() -> list[float]:
    series = [mpf(0)] * 12
    for k in range(6):
        series[2 * k + 1] = (-1) ** k * 2 / mpmath.sqrt(mp.pi) / mpmath.factorial(k) / (2 * k + 1)
    rows = [series, *(interpolated(mpmath.erf, low, high, 11) for low, high in eighths(mpf(1) / 16, mpf(6)))]
    return [x for c in rows for x in (*two(c[0]), *two(c[1]), *map(float, c[2:]))]


def inverses() -> list[float]:
    """Of the middles of 128 steps; of the two beside 1, 1."""
    ends = [struct.unpack("<d", struct.pack("<Q", START + (i << 45)))[0] for i in range(129)]
    return [1.0 if 1.0 in (a, b) else float(2 / (mpf(a) + mpf(b))) for a, b in zip(ends, ends[1:], strict=False)]


def named(name: str, numbers: list[float], comment: str = "") -> str:
    text = base64.b85encode(struct.pack(f"<{len(numbers)}d", *numbers)).decode()
    lines = "".join(f'    "{text[i : i + 112]}"\n' for i in range(0, len(text), 112))
    return f"{comment}{name} = _numbers(\n{lines})\n"


HEAD = '''"""Tables of ``code.library``, as ``bench/tables.py`` computes them: float64 numbers as text to the base of 85."""

from __future__ import annotations

import base64
import struct


def _numbers(text: str) -> tuple[float, ...]:
    data = base64.b85decode(text)
    return struct.unpack(f"<{len(data) // 8}d", data)


'''


def written() -> str:
    parts = [two(mpf(2) ** (mpf(i) / 64)) for i in range(64)]
    inverse = inverses()
    logarithms = [two(-mpmath.log(mpf(x))) for x in inverse]
    sines, cosines = ([two(f(i * mp.pi / 64)) for i in range(-16, 17)] for f in (mpmath.sin, mpmath.cos))
    return HEAD + "".join(
        (
            named(
                "TANH",
                tanh_pieces(),
                "#: tanh: for each piece its value in the middle as two numbers, and the coefficients of the powers of the distance from\n"
                "#: it from the first to the tenth. Of the first piece, from 0 to 1/8, the middle is 0.\n",
            ),
            named(
                "ERF",
                erf_pieces(),
                "#: erf: the value in the middle and the slope as two numbers each, and the coefficients from the second to the eleventh.\n"
                "#: The first piece reaches from 0 to 1/16, and its middle is 0.\n",
            ),
            named("PARTS", [high for high, _ in parts], "#: exp: ``2**(i/64)``, and what is left of it.\n"),
            named("PARTS_LEFT", [low for _, low in parts]),
            named(
                "INVERSES",
                inverse,
                "#: log: inverses of numbers from 0.6875 to 1.375 in 128 steps, and minus their logarithms as two numbers.\n",
            ),
            named("LOGARITHMS", [high for high, _ in logarithms]),
            named("LOGARITHMS_LEFT", [low for _, low in logarithms]),
            named(
                "SINES",
                [high for high, _ in sines],
                "#: sin: sines and cosines of multiples of pi / 64, from -16 to 16, as two numbers each.\n",
            ),
            named("SINES_LEFT", [low for _, low in sines]),
            named("COSINES", [high for high, _ in cosines]),
            named("COSINES_LEFT", [low for _, low in cosines]),
        )
    )


if __name__ == "__main__":
    place = Path(__file__).parent.parent / "rushlight" / "kernels" / "code" / "library_tables.py"
    place.write_text(written())

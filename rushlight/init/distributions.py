"""What an array of weights looks like: its distribution, recognised by test, and which initialiser draws that.

Exact patterns are looked for first (constants, the identity, orthogonal rows, two values, whole numbers). What is left is compared
with a uniform, a normal and a truncated normal distribution by the statistic of Kolmogorov and Smirnov: the largest distance
between the share of elements below x and what the distribution says, which for n draws from it exceeds 1.95 / sqrt(n) once in 1000.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

ndarray = np.ndarray[Any, Any]

MOST = 20_000  # elements that are looked at
CRITICAL = 1.95
#: From so many elements on a cut at two standard deviations is told from chance.
ENOUGH = 500


class Family(NamedTuple):
    """A recognised distribution: ``uniform`` with ``low`` and ``high``, ``normal`` with ``mean`` and ``std``, a pattern."""

    name: str
    text: str
    mean: float
    std: float
    low: float = -math.inf
    high: float = math.inf
    scale: float = math.nan  # of a truncated normal, before it was cut

    def density(self, x: ndarray) -> ndarray | None:
        """What a histogram of it approaches; None for patterns."""
        inside = (x >= self.low) & (x <= self.high)
        if self.name == "uniform":
            return inside / (self.high - self.low)
        if self.name == "normal":
            return _bell((x - self.mean) / self.std) / self.std
        if self.name == "truncated normal":
            share = 2 * _below(np.array([(self.high - self.mean) / self.scale]))[0] - 1
            return inside * _bell((x - self.mean) / self.scale) / self.scale / share
        return None


class Drawn(NamedTuple):
    """An initialiser that draws such numbers, as it is written, and the standard deviation that it aims at."""

    text: str
    std: float


# --- the family -------------------------------------------------------------------------------------------------------
def recognise(array: ndarray) -> list[Family]:
    """The families that the elements may be drawn from, the likeliest first; of few elements, several. At least ``unknown``.

    >>> recognise(np.eye(3))[0].text
    'identity'
    >>> [family.name for family in recognise(np.random.default_rng(0).uniform(-1, 1, (40, 50)))]
    ['uniform']
    """
    flat = np.asarray(array, np.float64).reshape(-1)
    mean, std = float(flat.mean()), float(flat.std())
    if not math.isfinite(std):
        return [Family("not finite", "holds inf or nan", mean, std)]
    for look in (_constant, _identity, _discrete, _orthogonal, _with_zeros):
        found = look(array, flat, mean, std)
        if found is not None:
            return [found]
    return _continuous(flat, mean, std)


def _constant(array: ndarray, flat: ndarray, mean: float, std: float) -> Family | None:
    return Family("constant", f"constant {flat[0]:.4g}", flat[0], 0.0) if (flat == flat[0]).all() else None


def _identity(array: ndarray, flat: ndarray, mean: float, std: float) -> Family | None:
    if array.ndim == 2 and np.array_equal(array, np.eye(*array.shape)):
        return Family("identity", "identity", mean, std)
    if array.ndim in (3, 4, 5):
        centre = tuple(n // 2 for n in array.shape[2:])
        middle = array[(slice(None), slice(None), *centre)]
        if np.count_nonzero(array) == np.count_nonzero(middle):
            for groups in (g for g in range(1, len(middle) + 1) if len(middle) % g == 0):
                if np.array_equal(middle, np.tile(np.eye(len(middle) // groups, middle.shape[1]), (groups, 1))):
                    return Family("dirac", "dirac: hands its channels on", mean, std)
    return None


def _discrete(array: ndarray, flat: ndarray, mean: float, std: float) -> Family | None:
    values = np.unique(flat[:MOST])
    if len(values) == 2 and flat.size > 4 and np.isin(flat, values).all():
        low, high = values
        share = float((flat == high).mean())
        what = f"Bernoulli, p = {share:.2f}" if (low, high) == (0, 1) else f"two values, {low:.3g} and {high:.3g}"
        return Family("Bernoulli", what, mean, std, low, high)
    if (flat == np.round(flat)).all() and flat.size > 4:
        return Family(
            "whole numbers", f"whole numbers {flat.min():.0f} to {flat.max():.0f}, as multinomial draws", mean, std
        )
    return None


def _orthogonal(array: ndarray, flat: ndarray, mean: float, std: float) -> Family | None:
    if array.ndim < 2 or min(len(array), flat.size // len(array)) < 2:
        return None
    rows = flat.reshape(len(array), -1)
    product = rows @ rows.T if rows.shape[0] <= rows.shape[1] else rows.T @ rows
    square = float(np.trace(product)) / len(product)
    if square > 0 and np.abs(product / square - np.eye(len(product))).max() < 1e-4:
        return Family("orthogonal", f"orthogonal, gain {math.sqrt(square):.3g}", mean, std)
    return None


def _with_zeros(array: ndarray, flat: ndarray, mean: float, std: float) -> Family | None:
    zeros = flat == 0
    share = float(zeros.mean())
    if share < 0.05 or flat[~zeros].size < 2:
        return None
    rest = recognise(flat[~zeros])[0]
    counts = zeros.reshape(array.shape).sum(axis=0) if array.ndim == 2 else np.array([0, 1])
    name = "sparse" if (counts == counts.flat[0]).all() else "masked"
    where = "in each column" if name == "sparse" else "scattered"
    return Family(name, f"{share:.0%} zeros {where}, the rest {rest.text}", mean, std, scale=rest.std)


def _continuous(flat: ndarray, mean: float, std: float) -> list[Family]:
    x = np.sort(flat[:: -(-flat.size // MOST)])
    low, high = float(flat.min()), float(flat.max())
    pairs = [(_distance(x, family), family) for family in _fitted(mean, std, low, high, flat.size)]
    found = [pair for pair in pairs if pair[0] * math.sqrt(len(x)) < CRITICAL]
    unknown = Family("unknown", "no distribution known here", mean, std, low, high)
    return [family for _, family in sorted(found, key=lambda pair: pair[0])] or [unknown]


def _fitted(mean: float, std: float, low: float, high: float, n: int) -> Iterator[Family]:
    edge = (high - low) / 2
    margin = edge / n  # the extremes of n draws lie that far inside, on average
    text = f"uniform on ±{edge:.3g}" if abs(high + low) < 0.1 * edge else f"uniform on {low:.3g} to {high:.3g}"
    yield Family("uniform", text, (low + high) / 2, (edge + margin) / math.sqrt(3), low - margin, high + margin)
    yield Family("normal", f"normal, std {std:.3g}", mean, std)
    cut = _cut(std / edge) if n >= ENOUGH and edge > 0 else math.inf
    if 0.5 < cut < 2.6:
        scale = edge / cut
        text = f"normal, std {scale:.3g}, cut at ±{edge:.3g}"
        yield Family("truncated normal", text, (low + high) / 2, std, low, high, scale)


def _cut(relative: float) -> float:
    """Where (in its own std) a normal is cut whose remainder has ``relative`` times the cut as its standard deviation."""
    low, high = 1e-3, 10.0
    for _ in range(60):
        t = (low + high) / 2
        inside = math.erf(t / math.sqrt(2))
        variance = 1 - 2 * t * math.exp(-t * t / 2) / math.sqrt(2 * math.pi) / inside
        low, high = (t, high) if math.sqrt(max(variance, 0.0)) / t > relative else (low, t)
    return low


def _distance(x: ndarray, family: Family) -> float:
    """Kolmogorov's and Smirnov's statistic of sorted numbers."""
    if family.name == "uniform":
        expected = np.clip((x - family.low) / (family.high - family.low), 0, 1)
    else:
        expected = _below((x - family.mean) / (family.std if family.name == "normal" else family.scale))
        if family.name == "truncated normal":
            ends = _below((np.array([family.low, family.high]) - family.mean) / family.scale)
            expected = (expected - ends[0]) / (ends[1] - ends[0])
    n = len(x)
    ranks = np.arange(n + 1) / n
    return float(max((ranks[1:] - expected).max(), (expected - ranks[:-1]).max()))


def _below(z: ndarray) -> ndarray:
    return np.array([0.5 + 0.5 * math.erf(v / math.sqrt(2)) for v in z])


def _bell(z: ndarray) -> ndarray:
    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


# --- the initialiser ----------------------------------------------------------------------------------------------------
_GAINS = {"": 1.0, "relu": math.sqrt(2), "tanh": 5 / 3, "selu": 0.75}


def initialisers(fans: tuple[int, int] | None, hidden: int | None) -> Iterator[tuple[str, Drawn]]:
    """What might have drawn a parameter: (family, initialiser), the likeliest first.

    ``fans`` are those of a weight (of its layer's weight, for a bias), ``hidden`` the units of a recurrent layer.
    """
    if hidden:
        yield "uniform", Drawn("default, ±1/sqrt(hidden)", 1 / math.sqrt(3 * hidden))
    if fans is not None:
        fan_in, fan_out = fans
        yield "uniform", Drawn("default, ±1/sqrt(fan_in)", 1 / math.sqrt(3 * fan_in))
        for family in ("uniform", "normal"):
            for fan, mode in ((fan_in, ""), (fan_out, ", mode='fan_out'")):
                yield family, Drawn(f"kaiming_{family}_(nonlinearity='relu'{mode})", math.sqrt(2 / fan))
            for name, gain in _GAINS.items():
                given = f"gain={gain:.3g}" if name else ""
                yield family, Drawn(f"xavier_{family}_({given})", gain * math.sqrt(2 / (fan_in + fan_out)))
            for fan, mode in ((fan_in, ""), (fan_out, ", mode='fan_out'")):
                yield family, Drawn(f"kaiming_{family}_(nonlinearity='linear'{mode})", 1 / math.sqrt(fan))
    for std in (1.0, 0.02, 0.01, 0.1, 0.05):
        yield "normal", Drawn(f"normal_(std={std:g})" if std != 1 else "normal_()", std)
        yield "uniform", Drawn(f"uniform_(-{std:g}, {std:g})", std / math.sqrt(3))


def identify(array: ndarray, fans: tuple[int, int] | None, hidden: int | None) -> tuple[Family, Drawn | None]:
    """The first initialiser under which the elements are no surprise, and what it should give; without one, what they look like."""
    families = recognise(array)
    first = families[0]
    if first.name == "constant":
        known = {0.0: "zeros_()", 1.0: "ones_()"}
        return first, Drawn(known.get(first.mean, f"constant_({first.mean:.4g})"), 0.0)
    if first.name in _WRITTEN:
        return first, Drawn(_WRITTEN[first.name], first.std)
    for name, drawn in initialisers(fans, hidden):
        for family in families:
            if family.name == name and _FITS[name](array, family, drawn.std):
                return _exactly(name, drawn), drawn
    if first.name == "truncated normal":
        return first, Drawn(f"trunc_normal_(std={first.scale:.3g}, a={first.low:.3g}, b={first.high:.3g})", first.std)
    if first.name == "uniform" and array.size >= ENOUGH:
        low, high = round(first.low, 2) + 0.0, round(first.high, 2) + 0.0
        return first, Drawn(f"uniform_({low:g}, {high:g})", (high - low) / math.sqrt(12))
    return first, None


_WRITTEN = {
    "identity": "eye_()", "dirac": "dirac_()", "orthogonal": "orthogonal_()", "sparse": "sparse_()",
    "Bernoulli": "torch.bernoulli", "whole numbers": "torch.multinomial",
}  # fmt: skip


def _exactly(name: str, drawn: Drawn) -> Family:
    """The distribution that an initialiser draws from."""
    if name == "normal":
        return Family("normal", f"normal, std {drawn.std:.3g}", 0.0, drawn.std)
    bound = drawn.std * math.sqrt(3)
    return Family("uniform", f"uniform on ±{bound:.3g}", 0.0, drawn.std, -bound, bound)


def _uniform_fits(array: ndarray, family: Family, std: float) -> bool:
    """Whether the greatest of n draws within a bound would be as far below it as this one, once in 1000 or more often."""
    share = float(np.abs(array).max()) / (std * math.sqrt(3))
    error = 3.3 * std / math.sqrt(array.size)
    return share <= 1 + 1e-6 and array.size * math.log(share) > math.log(1e-3) and abs(float(array.mean())) < error


def _normal_fits(array: ndarray, family: Family, std: float) -> bool:
    """Whether the measured standard deviation lies within 3.3 of its own standard errors, and the mean too."""
    error = 3.3 / math.sqrt(array.size)
    return abs(family.std / std - 1) < error / math.sqrt(2) and abs(family.mean) < error * std


_FITS: dict[str, Callable[[ndarray, Family, float], bool]] = {"uniform": _uniform_fits, "normal": _normal_fits}

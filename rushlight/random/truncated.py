"""Normals confined to an interval, the sampling half of ``nn.init.trunc_normal_``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight import errors
from rushlight.fpstate import quiet
from rushlight.random.generator import MT19937
from rushlight.random.kinds import require_floating, round_to
from rushlight.random.layout import empty_like_dense
from rushlight.random.normal import normal_
from rushlight.random.uniform import uniform_

Array = np.ndarray[Any, Any]

_LIKELY = 0.3  # from this acceptance probability on, plain normals are redrawn until they fit


def trunc_normal_(
    gen: MT19937, a: Array, mean: float = 0.0, std: float = 1.0, low: float = -2.0, high: float = 2.0
) -> Array:
    """Fill with normals, of the given mean and standard deviation before truncation, that lie in [low, high].

    Every round draws for *all* elements and uses the draws of those still outside. If the interval holds more than 30
    % of the distribution, normals are redrawn; else uniform candidates are accepted by the ratio of their density to
    its peak.

    Raises:
        NotImplementedError: if the dtype is not floating.
        ZeroDivisionError: for std = 0.
    """
    kind = require_floating(a, "normal_kernel_cpu")
    if mean < low - 2 * std or mean > high + 2 * std:
        errors.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )
    inside = _normal_cdf((high - mean) / std) - _normal_cdf((low - mean) / std)
    with gen.lock, quiet():
        if inside > _LIKELY:
            _redraw(gen, a, mean, std, round_to(kind.np, low), round_to(kind.np, high))
        else:
            _accept_by_density(gen, a, mean, std, low, high)
    return a


def _normal_cdf(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def _redraw(gen: MT19937, a: Array, mean: float, std: float, low: float, high: float) -> None:
    normal_(gen, a, mean, std)
    while (outside := (a < low) | (a > high)).any():
        np.copyto(a, normal_(gen, empty_like_dense(a), mean, std), where=outside)


def _accept_by_density(gen: MT19937, a: Array, mean: float, std: float, low: float, high: float) -> None:
    peak = -0.5 * ((max(low, min(mean, high)) - mean) / std) ** 2
    pending = np.ones(a.shape, np.bool_)
    while pending.any():
        candidate = uniform_(gen, empty_like_dense(a), low, high)
        np.copyto(a, candidate, where=pending)
        score = _score(candidate, mean, std, peak)
        pending &= _log(uniform_(gen, empty_like_dense(a))) > score


def _score(x: Array, mean: float, std: float, peak: float) -> Array:
    """``-((x - mean) / std)^2 / 2 - peak``, every step rounded to the dtype; 16-bit types compute a step in float32."""
    work = np.float64 if x.dtype.itemsize == 8 else np.float32
    steps = (
        lambda v: v - work(mean),
        lambda v: v / work(std),
        lambda v: v * v,
        lambda v: v * work(-0.5),
        lambda v: v - work(peak),
    )
    for step in steps:
        x = step(x.astype(work)).astype(x.dtype)
    return x


def _log(u: Array) -> Array:
    """log by way of float64, so that narrower results do not depend on the CPU."""
    wide = np.log(u.astype(np.float64))
    return wide if u.dtype.itemsize == 8 else wide.astype(np.float32).astype(u.dtype)

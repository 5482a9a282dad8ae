"""Draws of categories."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight import types
from rushlight.fpstate import quiet
from rushlight.kernels.topk_order import topk_rows
from rushlight.random import streams
from rushlight.random.generator import MT19937
from rushlight.random.layout import empty_like_dense
from rushlight.random.transforms import exponential_
from rushlight.random.uniform import fill_unit

Array = np.ndarray[Any, Any]


def multinomial(gen: MT19937, p: Array, n: int, replacement: bool = False) -> Array:
    """Indices (int64) of ``n`` categories for each row of weights ``p``, of shape (C,) or (rows, C).

    Without replacement, and for one sample: an exponential race. With q exponential, the n largest of p / q win,
    largest first. With replacement: each sample is looked up in the running sums of the row, normalised, in the dtype
    of ``p`` (float32 for 16-bit types).

    Raises:
        RuntimeError: for bad shapes, dtypes, counts, or weights that are negative, not finite or sum to nothing.
    """
    _check(p, n, replacement)
    rows = p.reshape(1, -1) if p.ndim == 1 else p
    with gen.lock, quiet():
        if n == 1 or not replacement:
            _check_weights(p)
            out = _race(gen, rows, n)
        else:
            out = _replaced(gen, rows, n)
    return out.reshape(n) if p.ndim == 1 else out


def _check(p: Array, n: int, replacement: bool) -> None:
    kind = types.of_array(p)
    if p.ndim not in (1, 2):
        raise RuntimeError(f"prob_dist must be 1 or 2 dim, got shape {p.shape}")
    if not kind.is_floating_point:
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {types.scalar_name(kind)}")
    if n <= 0:
        raise RuntimeError(f"cannot sample n_sample <= 0 samples, got {n}")
    if p.shape[-1] > 1 << 24:
        raise RuntimeError(f"number of categories cannot exceed 2^24, got {p.shape[-1]}")
    if not replacement and n > p.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement\n\n"
            f"{n} samples were asked for of {p.shape[-1]} categories: pass replacement=True."
        )


def _check_weights(p: Array) -> None:
    if not (np.isfinite(p) & (p >= 0)).all():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if (np.add.reduce(p, axis=-1, dtype=np.float64) == 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")


def _race(gen: MT19937, p: Array, n: int) -> Array:
    q = exponential_(gen, empty_like_dense(p), 1.0)
    np.divide(p, q, out=q)
    if n == 1:
        return q.argmax(axis=1).reshape(-1, 1).astype(np.int64)
    return topk_rows(q, n)


def _replaced(gen: MT19937, p: Array, n: int) -> Array:
    if len(p) and streams.wanted(p.size + len(p) * n):
        sums = streams.running_sums(np.ascontiguousarray(p, np.float32 if p.dtype.itemsize == 2 else p.dtype))
        if sums is not None:
            draws = np.empty((len(p), n))
            fill_unit(gen, draws.reshape(-1))
            out = streams.looked_up(sums, draws)
            assert out is not None
            return out
    return np.stack([_look_up(gen, row, n) for row in p]) if len(p) else np.empty((0, n), np.int64)


def _look_up(gen: MT19937, weights: Array, n: int) -> Array:
    if not (weights >= 0).all():
        raise RuntimeError("invalid multinomial distribution (encountering probability entry < 0)")
    if not np.isfinite(weights).all():
        raise RuntimeError("invalid multinomial distribution (encountering probability entry = infinity or NaN)")
    sums = np.add.accumulate(weights.astype(np.float32) if weights.dtype.itemsize == 2 else weights)  # one by one
    if not sums[-1] > 0:
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    sums /= sums[-1]
    sums[-1] = 1
    return np.searchsorted(sums.astype(np.float64), gen.r64(n), side="left").astype(np.int64)

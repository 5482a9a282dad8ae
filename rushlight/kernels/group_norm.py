"""The gradients of group norm in float32 with PyTorch's bits, by native code (``code.group_norm``) or by NumPy."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .batch_norm import CHUNK, LANES, takes, worth
from .fused import fma
from .memory import empty
from .summation import in_order, in_order_last

Array = np.ndarray[Any, Any]


@functools.cache
def _compiled() -> Any:
    from .code import group_norm as code
    from .kernel import compiled

    return compiled(code.gradients), compiled(code.parameters)


def gradients(
    g: Array, x: Array, weight: Array | None, mean: Array, rstd: Array, groups: int
) -> tuple[Array, Array, Array] | None:
    """Those of x, weight and bias, x of (images, channels, ...); None for what is no batch of float32 with places."""
    if not takes(x) or g.dtype != x.dtype or (weight is not None and weight.dtype != x.dtype):
        return None
    to_input, to_parameters = _compiled() if worth(x) else (None, None)
    images, channels = x.shape[:2]
    length, each = x.size // (images * channels), channels // groups
    x, g = np.ascontiguousarray(x), np.ascontiguousarray(g)
    mean, rstd = np.ascontiguousarray(mean).reshape(-1), np.ascontiguousarray(rstd).reshape(-1)
    weights = None if weight is None else np.ascontiguousarray(weight)
    to_x = empty(x.shape, x.dtype)
    products, sums, of_weight, of_bias = [
        np.empty(n, x.dtype) for n in (images * channels, images * channels, channels, channels)
    ]
    done = to_input is not None and to_input(
        images * groups, max(1, CHUNK // (each * length)), to_x, products, sums, g, x, weights, int(weight is not None), mean, rstd,
        groups, each, length, 1.0 / (each * length),
    )  # fmt: skip
    if (
        done
        and to_parameters is not None
        and to_parameters(
            channels, max(1, CHUNK // images), of_weight, of_bias, products, sums, mean, rstd, images, groups, each
        )
    ):
        return to_x, of_weight, of_bias
    whole, share = (images, groups, each, length), x.dtype.type(1.0 / (each * length))
    parts = _by_numpy(
        g.reshape(whole), x.reshape(whole), weights, mean.reshape(images, groups), rstd.reshape(images, groups), share
    )
    return parts[0].reshape(x.shape), *parts[1:]


def _by_numpy(
    g: Array, x: Array, weight: Array | None, mean: Array, rstd: Array, share: Any
) -> tuple[Array, Array, Array]:
    """The same steps for all groups at once."""
    images, groups, each, _ = x.shape
    weights = np.ones((groups, each), x.dtype) if weight is None else weight.reshape(groups, each)
    products, sums = _lanes_added(g * x), _lanes_added(g)
    product, total = np.zeros((2, images, groups), x.dtype)
    whole = each // LANES * LANES
    if whole:
        some, others = np.zeros((2, images, groups, LANES), x.dtype)
        for j in range(0, whole, LANES):
            lanes = slice(j, j + LANES)
            some = fma(products[..., lanes], weights[:, lanes], some)
            others = fma(sums[..., lanes], weights[:, lanes], others)
        product, total = (in_order_last(part.reshape(-1, LANES)).reshape(images, groups) for part in (some, others))
    for j in range(whole, each):
        product, total = fma(products[..., j], weights[:, j], product), fma(sums[..., j], weights[:, j], total)
    by_x = fma(total, mean, -product) * rstd * rstd * rstd * share
    rest = fma(-(total * rstd), share, -by_x * mean)
    by_g = rstd[..., None] * weights
    to_x = fma(g, by_g[..., None], x * by_x[..., None, None]) + rest[..., None, None]
    to_weight, to_bias = np.zeros((2, groups, each), x.dtype)
    for n in range(images):
        middle, root = mean[n, :, None], rstd[n, :, None]
        to_weight = fma(fma(-sums[n], middle, products[n]), root, to_weight)
        to_bias = to_bias + sums[n]
    return to_x, to_weight.reshape(-1), to_bias.reshape(-1)


def _lanes_added(values: Array) -> Array:
    """The sums over the last dimension in eight lanes, and of the lanes by halves; what is left over goes to the first lanes. Fewer than
    eight are added in order."""
    *outer, n = values.shape
    if n < LANES:
        return in_order_last(values.reshape(-1, n)).reshape(outer)
    padded = np.zeros((*outer, -(-n // LANES) * LANES), values.dtype)
    padded[..., :n] = values
    lanes = in_order(padded.reshape(-1, padded.shape[-1] // LANES, LANES)).reshape(*outer, LANES)
    width = LANES
    while width > 1:
        width //= 2
        lanes = lanes[..., :width] + lanes[..., width:]
    return lanes[..., 0]

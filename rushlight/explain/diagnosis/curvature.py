"""The sharpness of a loss: the largest eigenvalue of its Hessian, from the graph that a forward has left.

Power iteration on Hessian-vector products, each one a derivative of the derivative. Gradient descent on a quadratic moves each
eigendirection by the factor ``1 - lr * eigenvalue`` and so grows where ``lr > 2 / eigenvalue``; with momentum ``m`` the bound is
``2 * (1 + m) / eigenvalue``. [Cohen et al., Gradient descent on neural networks typically occurs at the edge of stability, 2021]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...autograd import grad
from ...tensor import Tensor, wrap

ITERATIONS = 20
CLOSE = 1e-3  # relative change of the eigenvalue at which the iteration ends


def gradients(roots: Sequence[Tensor], seeds: Sequence[Tensor], leaves: Sequence[Tensor]) -> list[Tensor | None]:
    """The gradient of each leaf, which can be differentiated again; the graph stays."""
    return list(grad(roots, leaves, seeds, retain_graph=True, create_graph=True, allow_unused=True))


def sharpness(
    grads: Sequence[Tensor | None], leaves: Sequence[Tensor], rng: Any, iterations: int = ITERATIONS
) -> float:
    """The largest eigenvalue of the Hessian whose rows ``grads`` are differentiated to; 0.0 if they are constant."""
    pairs = [(g, p) for g, p in zip(grads, leaves, strict=True) if g is not None and g.requires_grad]
    if not pairs:
        return 0.0
    found = _dominant(pairs, rng, iterations, 0.0)
    if found >= 0:
        return found
    return found + _dominant(pairs, rng, iterations, -found)  # the largest in size is negative: look above it


def _dominant(pairs: list[tuple[Tensor, Tensor]], rng: Any, iterations: int, shift: float) -> float:
    """The eigenvalue of largest size of the Hessian plus ``shift``."""
    vectors = _normed([rng.standard_normal(p.shape).astype(p._a.dtype) for _, p in pairs])
    value = 0.0
    for _ in range(iterations):
        products = grad(
            [g for g, _ in pairs],
            [p for _, p in pairs],
            [wrap(v) for v in vectors],
            retain_graph=True,
            allow_unused=True,
        )
        moved = [shift * v if h is None else h._a + shift * v for h, v in zip(products, vectors, strict=True)]
        before, value = value, _dot(moved, vectors)
        if not np.isfinite(value) or abs(value - before) <= CLOSE * abs(value):
            break
        vectors = _normed(moved)
    return value


def _dot(a: list[Any], b: list[Any]) -> float:
    return float(sum(np.vdot(x.astype(np.float64), y.astype(np.float64)).real for x, y in zip(a, b, strict=True)))


def _normed(vectors: list[Any]) -> list[Any]:
    size = np.sqrt(_dot(vectors, vectors))
    return [np.asarray(v / size, v.dtype) for v in vectors] if size > 0 else vectors

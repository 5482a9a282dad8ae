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
from ..statistics import array_of

ITERATIONS, AGAIN = 20, 6  # at most; the second number is for searches that begin with a direction found before
CLOSE = 2e-3  # relative change of the eigenvalue at which the iteration ends


def gradients(
    roots: Sequence[Tensor], seeds: Sequence[Tensor], leaves: Sequence[Tensor], twice: bool = True
) -> list[Tensor | None]:
    """The gradient of each leaf, which can be differentiated again if ``twice``; the graph stays."""
    return list(grad(roots, leaves, seeds, retain_graph=True, create_graph=twice, allow_unused=True))


class Sharpness:
    """The largest eigenvalue of the Hessian, again and again: each search begins with the direction that the last one has found."""

    def __init__(self, rng: Any, iterations: int = ITERATIONS, again: int = AGAIN):
        self.rng: Any = rng
        self.iterations: int = iterations
        self.again: int = again
        self.directions: dict[bool, list[Any]] = {}  # of the first search, and of the one above a negative eigenvalue

    def __call__(self, grads: Sequence[Tensor | None], leaves: Sequence[Tensor]) -> float:
        """Of the Hessian whose rows ``grads`` are differentiated to; 0.0 if they are constant."""
        pairs = [(g, p) for g, p in zip(grads, leaves, strict=True) if g is not None and g.requires_grad]
        if not pairs:
            return 0.0
        found = self.dominant(pairs, 0.0)
        if found >= 0:
            return found
        return found + self.dominant(pairs, -found)  # the largest in size is negative: look above it

    def dominant(self, pairs: list[tuple[Tensor, Tensor]], shift: float) -> float:
        """The eigenvalue of largest size of the Hessian plus ``shift``."""
        vectors = _normed(self.start(pairs, bool(shift)))
        value = 0.0
        for _ in range(self.again if bool(shift) in self.directions else self.iterations):
            products = grad(
                [g for g, _ in pairs],
                [p for _, p in pairs],
                [wrap(v) for v in vectors],
                retain_graph=True,
                allow_unused=True,
            )
            moved = [
                shift * v if h is None else array_of(h) + shift * v for h, v in zip(products, vectors, strict=True)
            ]
            before, value = value, _dot(moved, vectors)
            if not np.isfinite(value):
                return value
            if abs(value - before) <= CLOSE * abs(value):
                break
            vectors = _normed(moved)
        self.directions[bool(shift)] = vectors
        return value

    def start(self, pairs: list[tuple[Tensor, Tensor]], shifted: bool) -> list[Any]:
        """The direction found last, a little of a random one beside it so that no other is missed; random at first."""
        drawn = _normed([self.rng.standard_normal(p.shape).astype(p._a.dtype) for _, p in pairs])
        known = self.directions.get(shifted)
        if known is None or [v.shape for v in known] != [v.shape for v in drawn]:
            return drawn
        return [k + np.asarray(0.3 * v, v.dtype) for k, v in zip(known, drawn, strict=True)]


def _dot(a: list[Any], b: list[Any]) -> float:
    return float(sum(np.vdot(x.astype(np.float64), y.astype(np.float64)).real for x, y in zip(a, b, strict=True)))


def _normed(vectors: list[Any]) -> list[Any]:
    size = np.sqrt(_dot(vectors, vectors))
    return [np.asarray(v / size, v.dtype) for v in vectors] if size > 0 else vectors

"""The local derivatives of a graph: what each edge multiplies by.

A node's own rules are asked, the ones that backward runs, so that nothing is derived twice. An edge between two numbers has a number. An
edge between arrays has a Jacobian, too large to write down; its Frobenius norm and the share of inputs that get nothing are
found from products with vectors of random signs: exact where each output depends on one input or there is one output, an
estimate (marked so) elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import fpstate
from ..autograd import mode
from ..autograd.function import FunctionNode
from ..autograd.graph import Node as GradNode
from ..kernels.lazy import computed
from ..node import OpNode
from ..readers import arrays, tensors
from ..tensor import Tensor, wrap
from ..writing import CopySlices
from .recording import keepsake

#: Vectors that an estimate is made from; one for outputs of more elements than ``MANY``.
PROBES, MANY = 4, 1 << 16

FREED = (
    "its saved values were freed by backward. Explain before backward(), call backward(retain_graph=True), or compute the graph "
    "inside rushlight.explain.recording()"
)


class Unknown(Exception):
    """A derivative that cannot be had; the text says why."""


@contextmanager
def readable(fn: GradNode) -> Iterator[None]:
    """Inside, a node can be run as if no backward had freed what it saved, if that was kept."""
    kept = keepsake(fn)
    if isinstance(fn, OpNode):
        previous: Any = fn.saved, fn.versions
        if kept is not None and kept.copied:
            fn.saved, fn.versions = kept.saved, ()  # as it was, whatever was written since
        elif kept is not None and fn.saved is None:
            fn.saved = kept.saved
        try:
            if fn.saved is None:
                raise Unknown(FREED)
            yield
        finally:
            fn.saved, fn.versions = previous
    elif isinstance(fn, FunctionNode):
        previous = fn._saved, fn.freed
        if fn.freed and kept is not None:
            fn._saved, fn.freed = kept.saved, False
        try:
            if fn.freed:
                raise Unknown(FREED)
            yield
        finally:
            fn._saved, fn.freed = previous
    elif isinstance(fn, CopySlices):
        previous = fn.inner
        fn.inner = previous or (kept.saved if kept is not None else None)
        try:
            if fn.inner is None:
                raise Unknown(FREED)
            with readable(fn.inner):
                yield
        finally:
            fn.inner = previous
    else:
        yield


def is_freed(fn: GradNode) -> bool:
    """Whether a backward has taken what the rules of a node read."""
    if isinstance(fn, OpNode):
        return fn.saved is None
    return fn.freed if isinstance(fn, FunctionNode) else isinstance(fn, CopySlices) and fn.inner is None


def run(fn: GradNode, g: Any, k: Any = arrays) -> list[Any]:
    """What a node's rules make of a gradient: one for each edge, as it arrives at the input (summed and cast to fit).

    Args:
        g: the gradient of the output, a list with None for several outputs.

    Raises:
        Unknown: if the saved values are gone or were written since, or the user's own backward failed.
    """
    previous = mode.recording()
    token = fpstate.enter(fpstate.QUIET)
    try:
        if k is arrays:
            mode.mode.set(mode.OFF)
        with readable(fn):
            found = [computed(x) for x in fn.run(k, g, False)]
        return [None if e is None or x is None else fit(x, e, k) for x, e in zip(found, fn.edges, strict=False)]
    except Unknown:
        raise
    except Exception as error:  # the user's backward may raise anything, and an explanation must not fail for it
        raise Unknown(str(error).partition("\n")[0]) from error
    finally:
        fpstate.leave(token)
        mode.mode.set(previous)


def fit(g: Any, edge: Any, k: Any) -> Any:
    """A gradient as the engine delivers it at an edge."""
    shape, np_dtype = edge[0].output_meta(edge[1])
    if k is arrays:
        g = np.asarray(g)
    if tuple(g.shape) != shape:
        g = k.sum_to_size(g, size=shape)
    same = (g if k is arrays else g._a).dtype == np_dtype
    return g if same else k.cast_gradient(g, np_dtype=np_dtype)


def gradients_of(fn: GradNode, nr: int, g: Any, k: Any = arrays) -> list[Any]:
    """``run`` for a gradient of one output alone."""
    if fn.n_outputs == 1:
        return run(fn, g, k)
    several: list[Any] = [None] * fn.n_outputs
    several[nr] = g
    return run(fn, several, k)


class Local:
    """The derivatives of one output of a node with respect to each input.

    ``numbers``, ``norms`` and ``sparsities`` have one entry for each edge, None where none flows; ``problem`` says why there are none.
    """

    def __init__(self, fn: GradNode, nr: int, seed: int):
        self.numbers: list[float | None] = [None] * len(fn.edges)
        self.norms: list[float | None] = [None] * len(fn.edges)
        self.sparsities: list[float | None] = [None] * len(fn.edges)
        self.problem: str | None = None
        shape, np_dtype = fn.output_meta(nr)
        size = int(np.prod(shape))
        alone = size == 1
        self.exact: bool = alone or (isinstance(fn, OpNode) and fn.op.family in ("elementwise", "movement"))
        if np_dtype.kind == "c":
            self.problem = "complex numbers: the derivative is not one number"
            return
        if size == 0:
            return
        random = np.random.default_rng(seed)
        try:
            for _ in range(1 if self.exact or size > MANY else PROBES):
                signs = np.ones(shape, np_dtype) if alone else random.choice(np.array([-1, 1], np_dtype), shape)
                self.add(gradients_of(fn, nr, signs), alone)
        except Unknown as error:
            self.problem = str(error)
            return
        probes = 1 if self.exact or size > MANY else PROBES
        self.norms = [None if n is None else float(np.sqrt(n / probes)) for n in self.norms]

    def add(self, found: list[Any], alone: bool) -> None:
        """Take in what one vector gave: the mean of the squares is the square of the norm."""
        for i, x in enumerate(found):
            if x is None or x.dtype.kind == "c":
                continue
            if alone and x.size == 1:
                self.numbers[i] = float(x.reshape(()))
            wide = x.astype(np.float64)
            self.norms[i] = (self.norms[i] or 0.0) + float(np.vdot(wide, wide))
            zeros = float(np.mean(x == 0)) if x.size else 0.0
            before = self.sparsities[i]
            self.sparsities[i] = zeros if before is None else min(before, zeros)


# --- products with the Jacobian -----------------------------------------------------------------------------------------
def vjp(fn: GradNode, nr: int, i: int, g: Tensor) -> Tensor:
    """``g`` times the Jacobian: what arrives at input ``i`` from a gradient ``g`` of output ``nr``."""
    found = gradients_of(fn, nr, g._a)[i]
    return wrap(np.zeros(*fn.edges[i][0].output_meta(fn.edges[i][1])) if found is None else np.array(found))


def jvp(fn: GradNode, nr: int, i: int, v: Tensor) -> Tensor:
    """The Jacobian times ``v``: how output ``nr`` moves when input ``i`` moves along ``v``.

    Backward is linear in the gradient that it starts from; its derivative by that, in the direction ``v``, is this product.
    """
    from ..autograd import grad

    shape, np_dtype = fn.output_meta(nr)
    start = wrap(np.zeros(shape, np_dtype))
    start.requires_grad_(True)
    with mode.enable_grad():
        arrived = gradients_of(fn, nr, start, tensors)[i]
    if arrived is None or not arrived.requires_grad:
        return wrap(np.zeros(shape, np_dtype))
    found: Any = grad(arrived, start, v, allow_unused=True, materialize_grads=True)[0]
    return found  # type: ignore[no-any-return]

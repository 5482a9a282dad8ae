"""See and explain: the graph of a result as data, and pictures of it.

``rushlight.explain(loss)`` is the graph that led to ``loss``: operations with their lines, modules, shapes, statistics and
memory, and edges with the local derivative that backward multiplies by. ``str`` of it is a tree for a terminal; it shows itself
in notebooks, and writes HTML, SVG and DOT.

>>> import rushlight as torch
>>> w = torch.tensor(1.0, requires_grad=True)
>>> y = 11 * w
>>> loss = (y - 21) ** 2
>>> e = torch.explain(loss)
>>> [f"{edge.source.title} by {edge.target.title}: {edge.formula} = {edge.derivative:g}" for edge in e.edges]
['y by w: 11 = 11', 'sub by y: 1 = 1', 'loss by sub: 2 * input = -20']
>>> e.paths(w)
[loss \u2190 sub \u2190 y \u2190 w: \u221220 \u00d7 1 \u00d7 11 = \u2212220]
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .. import errors
from ..autograd.graph import DeadEnd
from ..tensor import Tensor, edge_of
from . import names, places
from .failure import Failure, failure
from .graph import Edge, Explanation, Node
from .recording import recording

__all__ = ["Edge", "Explanation", "Failure", "Node", "explain", "failure", "recording"]


def explain(tensor: Tensor, names: Any = None, *, gradient: Tensor | None = None) -> Explanation:
    """The graph that led to a tensor, as data.

    Args:
        tensor: usually a loss. If it has several elements, gradients are those of their sum.
        names: a module, or a dict from names to tensors and modules. Variables where it is called are found without.
        gradient: what the gradient starts from, instead of ones; shaped like the tensor.

    Raises:
        RuntimeError: for a tensor that no gradient flows through.
        TypeError: for what is no tensor.
    """
    if not isinstance(tensor, Tensor):
        raise errors.type_(f"explain(): expected a Tensor, not {type(tensor).__name__}")
    edge = edge_of(tensor)
    if edge is None or isinstance(edge[0], DeadEnd):
        raise errors.runtime(
            "explain(): this tensor does not require grad and does not have a grad_fn",
            "It has no graph. Set requires_grad=True on the leaves before computing it, and check for .detach(), .item(), "
            "torch.no_grad() or integer tensors on the way.",
        )
    if gradient is not None and gradient.shape != tensor.shape:
        raise errors.runtime(
            f"explain(): the gradient has shape {list(gradient.shape)}, the tensor {list(tensor.shape)}; they must be the same"
        )
    labels = _of_given(names)
    for key, name in _of_frame(places.user_frame(sys._getframe(1))).items():
        labels.setdefault(key, name)
    return Explanation(tensor, labels, gradient)


_of_given, _of_frame = names.of_given, names.of_frame


class _Callable(ModuleType):
    """The module is the function too: ``rushlight.explain(loss)``."""

    __call__ = staticmethod(explain)


sys.modules[__name__].__class__ = _Callable

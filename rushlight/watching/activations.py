"""Which units a batch leaves without a gradient: read off the nodes of the graph, functions and modules alike.

The derivative of most nonlinearities nearly vanishes for a part of their inputs. An element there is called *saturated*: its
derivative is below a twentieth of the greatest one. A unit (a channel, or a place of the last dimension) is *dead* if all of
its elements in the batch are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..autograd.graph import Node
from ..nn.layers.recurrent import GRU, LSTM, RNN
from ..node import OpNode
from ..tensor import Tensor

ndarray = np.ndarray[Any, Any]

#: op -> what of it is looked at, and which elements of that are saturated. The constants solve |f'(x)| = max |f'| / 20.
SATURATED: dict[str, tuple[str, Callable[[ndarray, dict[str, Any]], ndarray]]] = {
    "relu": ("out", lambda y, _: y <= 0),
    "sigmoid": ("out", lambda y, _: np.abs(y - 0.5) > 0.4873),
    "tanh": ("out", lambda y, _: np.abs(y) > 0.9747),
    "hardtanh": ("input", lambda x, given: (x <= given["min_val"]) | (x >= given["max_val"])),
    "hardsigmoid": ("input", lambda x, _: np.abs(x) >= 3),
    "hardswish": ("input", lambda x, _: x <= -3),
    "threshold": ("input", lambda x, given: x <= given["threshold"]),
    "gelu": ("input", lambda x, _: x < -2.28),
    "silu": ("input", lambda x, _: x < -3.93),
    "mish": ("input", lambda x, _: x < -3.98),
    "elu": ("input", lambda x, _: x < -3),
    "celu": ("input", lambda x, given: x < -3 * given["alpha"]),
    "softplus": ("input", lambda x, given: x * given["beta"] < -3),
}
#: Those of which one side is flat by design: many saturated elements are as it should be, dead units are not.
ONE_SIDED = frozenset(SATURATED) - {"sigmoid", "tanh", "hardtanh", "hardsigmoid"}

_RECURRENT = (RNN, LSTM, GRU)
_CHANNELS_FIRST = ("Conv", "BatchNorm", "GroupNorm", "InstanceNorm")
_HOPS = 6  # how far behind a nonlinearity the module is looked for that feeds it


class Activation(NamedTuple):
    """A nonlinearity in one backward: ``fc1 > relu``, shares of its elements and of its units, and which units are dead."""

    name: str
    op: str
    saturated: float
    dead: float
    dead_units: ndarray


class Modules:
    """Remembers which module made which node, while a step is measured."""

    def __init__(self, names: dict[Any, str]):
        self.names = names  # module -> dotted path
        self.made: dict[Node, tuple[str, Any]] = {}
        self.recurrent: list[tuple[str, Any, ndarray]] = []

    def called(self, module: Any, args: Any, output: Any) -> None:
        """A hook for all modules' forwards: notes the nodes of those that have no submodules."""
        path = self.names.get(module)
        if path is None or module._modules:
            return
        for t in output if isinstance(output, tuple) else (output,):
            if isinstance(t, Tensor) and t.grad_fn is not None:
                self.made.setdefault(t.grad_fn, (path, module))
        if isinstance(module, _RECURRENT) and isinstance(output[0], Tensor) and output[0].grad_fn is not None:
            self.recurrent.append((path, module, output[0]._a))

    def behind(self, node: Node) -> tuple[str, Any]:
        """The module that feeds a node: its path and itself, or an empty path."""
        for _ in range(_HOPS):
            before = [edge[0] for edge in node.edges if edge is not None]
            if not before:
                break
            node = max(before, key=lambda n: n.seq)
            if node in self.made:
                return self.made[node]
        return "", None


def activations(roots: Sequence[Tensor], modules: Modules) -> list[Activation]:
    """All nonlinearities in the graph behind ``roots``, first computed first. Call it before the backward frees what they keep."""
    found = [_of_recurrent(path, module, array) for path, module, array in modules.recurrent]
    for node in _nodes(roots):
        kept, test = SATURATED[node.op.name]
        array = node.saved[node.op.slot_of[kept]] if node.saved is not None else None
        if isinstance(array, np.ndarray) and array.size:
            path, module = modules.behind(node)
            name = f"{path} > {node.op.name}" if path else node.op.name
            first = type(module).__name__.startswith(_CHANNELS_FIRST)
            found.append(_measured(name, node.op.name, test(array, node.attrs), 1 if first else -1))
    counts: dict[str, int] = {}
    numbered = []
    for one in found:
        counts[one.name] = number = counts.get(one.name, 0) + 1
        numbered.append(one if number == 1 else one._replace(name=f"{one.name} ({number})"))
    return numbered


def _nodes(roots: Sequence[Tensor]) -> list[OpNode]:
    seen: set[Node] = set()
    stack = [root.grad_fn for root in roots if root.grad_fn is not None]
    found = []
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, OpNode) and node.op.name in SATURATED:
            found.append(node)
        stack.extend(edge[0] for edge in node.edges if edge is not None and not edge[0].is_leaf)
    return sorted(found, key=lambda n: n.seq)


def _of_recurrent(path: str, module: Any, array: ndarray) -> Activation:
    op = "relu" if getattr(module, "nonlinearity", "tanh") == "relu" else "tanh"
    return _measured(f"{path} > {op}", op, SATURATED[op][1](array, {}), -1)


def _measured(name: str, op: str, flat: ndarray, axis: int) -> Activation:
    """From which elements are saturated; ``axis`` numbers the units."""
    if flat.ndim > 1:
        axis %= flat.ndim
        units: ndarray = np.all(flat, axis=tuple(i for i in range(flat.ndim) if i != axis))
    else:
        units = flat.reshape(-1)
    return Activation(name, op, float(flat.mean()), float(units.mean()), units)

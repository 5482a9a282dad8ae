"""The size of signals: inputs by feature, layers forward and backward, activations; and what the loss sums over."""

from __future__ import annotations

import math
from collections import Counter
from functools import partial
from typing import Any

import numpy as np

from ...autograd import mode
from ...tensor import Tensor
from .. import places
from ..statistics import norm, rms
from .changes import LINEAR, feature_dim, raw_input
from .leaves import Leaves
from .reuse import Reuse, spectral_radius
from .trace import Layer, Part, Recurrent, Trace, Units

ENDS = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
#: How many operations a loss is followed back to its sums: as many as a sequence has steps whose losses are added one by one.
DEEP = 200
#: So many losses of one kind, added one by one, are those of samples or of the steps of a sequence; fewer may be different ones.
ALIKE = 8
#: What may make a mean of a sum, term by term too.
SCALING = frozenset({"mul", "div"})
AT_AN_END = 0.02  # of the range: where a sigmoid's slope is below 8 % of its largest


def fan_in(node: Any, weight: np.ndarray[Any, Any], stands_first: bool) -> int:
    """How many numbers of its input each number of a layer's output is a sum over."""
    if node.op.name == "convolve":
        return math.prod(weight.shape[1:])
    if node.op.name == "convolve_input":  # transposed: each input reaches a kernel's places, which lie a stride apart
        return max(1, weight.shape[0] * math.prod(weight.shape[2:]) // math.prod(node.attrs["stride"]))
    return int(weight.shape[-1 if stands_first else -2])


def products_of(shape: tuple[int, ...]) -> set[int]:
    """The products of some of the sizes of a shape."""
    products = {1}
    for size in shape:
        products |= {size * p for p in products}
    return products


def is_of_dims(n: float, shape: tuple[int, ...]) -> bool:
    return any(math.isclose(n, p, rel_tol=1e-3) for p in products_of(shape))


def nearest(n: float, shape: tuple[int, ...]) -> float:
    """The product of sizes that a number is near to; with smoothed labels, a sum of 12 counts nine tenths of itself, and of the rest."""
    near = min(products_of(shape), key=lambda p: abs(p - n))
    return near if abs(near - n) < 0.2 * n else n


def terms_of(node: Any) -> list[Any]:
    """What a chain of additions adds."""
    stack: list[Any] = [node]
    found: list[Any] = []
    while stack and len(found) < 4 * DEEP:
        node = stack.pop()
        op = getattr(node, "op", None)
        if op is not None and op.name == "add":
            stack += [e[0] for e in node.edges if e is not None]
        else:
            found.append(node)
    return found


class Signals:
    """Told of inputs, of every new node at some steps, of every root."""

    trace: Trace
    leaves: Leaves
    batches: int

    BATCHES = 10  # from which features are measured

    def __init__(self, trace: Trace, leaves: Leaves):
        self.trace, self.leaves = trace, leaves
        self.sums: list[Any] = []  # samples, sum, sum of squares, by feature
        self.batches = 0
        self.of_sum: tuple[int, ...] = ()  # the shape of what a loss sums
        self.forward = 0  # which one runs, and how often it has come by each activation
        self.calls: Counter[str] = Counter()
        self.reuse: Reuse = Reuse(trace)

    # --- inputs -----------------------------------------------------------------------------------------------------------
    def given(self, args: tuple[Any, ...], plain: list[int]) -> None:
        """The arguments of a model, of which ``plain`` are data."""
        first = next((x for x in args if isinstance(x, Tensor) and x._a.ndim), None)
        if first is not None and not self.trace.batch:
            self.trace.batch = first._a.shape[0]
        if not plain or self.batches >= self.BATCHES:
            return
        a = args[plain[0]]._a
        if not a.ndim or not a.size or a.dtype.kind != "f":
            return
        self.batches += 1
        rows = np.moveaxis(a, feature_dim(a.ndim), -1).reshape(-1, a.shape[feature_dim(a.ndim)]).astype(np.float64)
        found = [len(rows), rows.sum(0), (rows * rows).sum(0)]
        if not self.sums:
            self.sums = found
        elif len(self.sums[1]) == len(found[1]):
            self.sums = [x + y for x, y in zip(self.sums, found, strict=True)]
        n, total, squares = self.sums
        mean = total / n
        self.trace.features = (mean, np.sqrt(np.maximum(squares / n - mean * mean, 0.0)), n)

    def sequence(self, module: Any, args: tuple[Any, ...]) -> None:
        """At a call of an ``nn.RNN``: how long its sequences are, and the spectral radius of its hidden weights."""
        if type(module).__name__ != "RNN" or not args or not isinstance(args[0], Tensor):
            return
        shape = args[0]._a.shape
        length = shape[1] if len(shape) == 3 and module.batch_first else shape[0]
        for name, p in module._parameters.items():
            known = self.leaves.names.get(id(p))
            if p is not None and name.startswith("weight_hh") and known is not None:
                self.trace.recurrent.setdefault(
                    known, Recurrent(length, spectral_radius(p._a), Part(1, 0, p._a.shape[1]))
                )

    def evaluated(self, module: Any, args: tuple[Any, ...]) -> None:
        """At a call of batch normalisation: whether it is trained with the statistics of something else."""
        path = places.module_path()
        mean, var, weight = module.running_mean, module.running_var, module.weight
        if module.training or mean is None or path in self.trace.evaluated or not mode.recording():
            return
        if (
            weight is None
            or not weight.requires_grad
            or not args
            or not isinstance(args[0], Tensor)
            or args[0]._a.ndim < 2
        ):
            return
        a = args[0]._a
        across = (0, *range(2, a.ndim))
        if a.size // a.shape[1] < 4:
            return
        apart = float(np.median(a.var(axis=across) / np.maximum(var._a, 1e-30)))
        off = float(np.median(np.abs(a.mean(axis=across) - mean._a) / np.sqrt(var._a + module.eps)))
        count = module.num_batches_tracked
        self.trace.evaluated[path] = (places.user_line(), 0 if count is None else int(count._a), apart, off)

    # --- nodes ------------------------------------------------------------------------------------------------------------
    def noticed(self, node: Any, outs: Any, results: Any, inputs: Any) -> None:
        """Of each new node."""
        op = getattr(node, "op", None)
        if op is None:
            return
        if op.name in LINEAR:
            if self.trace.backwards == 0:
                self.layer(node, op.name, results[0], inputs)
            raw = None if self.leaves.models else raw_input(inputs)
            if raw is not None:
                self.trace.model_line = self.trace.model_line or places.user_line()
                self.given(inputs, [raw])
        elif op.name in ENDS or op.name == "relu":
            self.units(op.name, results[0])

    def layer(self, node: Any, name: str, result: Any, inputs: Any) -> None:
        leaves = [self.leaf_of(x) for x in inputs]
        at, leaf = next(((i, p) for i, p in enumerate(leaves) if p is not None and p._a.ndim > 1), (0, None))
        others = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and leaves[i] is None and x._a.ndim]
        if leaf is None or not others:
            return
        name_of_leaf = self.leaves.add(leaf).seen.name
        of_data = max(others, key=lambda i: inputs[i]._a.size)
        turned = name != "linear" and inputs[at] is not leaf
        self.reuse.used(name_of_leaf, leaf, int((at < of_data or name == "linear") != turned), node, inputs[of_data])
        if any(layer.leaf == name_of_leaf for layer in self.trace.layers):
            return
        data, weight = inputs[of_data]._a, inputs[at]._a
        layer = Layer(name_of_leaf, name, fan_in(node, weight, at < of_data), places.module_path(), places.user_line())
        layer.into, layer.out, layer.mean = rms(data), rms(result), float(data.mean(dtype=np.float64))
        self.trace.layers.append(layer)
        node.register_prehook(partial(self.came_back, layer))

    @staticmethod
    def leaf_of(x: Any) -> Tensor | None:
        """The leaf that a tensor is, or that it shows turned."""
        if not isinstance(x, Tensor):
            return None
        for t in (x, x._base):
            if t is not None and t._edge is not None and t._edge[0].is_leaf:
                return t
        return None

    @staticmethod
    def came_back(layer: Layer, grads: Any) -> None:
        if grads[0] is not None and not layer.back:
            layer.back = norm(grads[0]._a)

    def units(self, name: str, result: Any) -> None:
        line, module = places.user_line(), places.module_path()
        if self.forward != self.trace.backwards:
            self.forward = self.trace.backwards
            self.calls.clear()
        place = f"{module} {line}"
        self.calls[place] += 1  # a line may call several, one after the other
        key = f"{place} {self.calls[place]}"
        seen = self.trace.units.setdefault(key, Units(name, module, line, len(self.trace.layers)))
        if result.ndim < 2 or len(result) < 4:
            return
        if name == "relu":
            at = 1 if result.ndim >= 4 else result.ndim - 1
            others = tuple(i for i in range(result.ndim) if i != at)
            seen.dead.append(float(np.mean(~(result > 0).any(axis=others))))
        else:
            low, high = ENDS[name]
            margin = AT_AN_END * (high - low)
            seen.saturated.append(float(np.mean((result < low + margin) | (result > high - margin))))

    # --- the loss -----------------------------------------------------------------------------------------------------------
    def of_loss(self, root: Tensor) -> None:
        edge = root._edge
        if edge is not None and not self.trace.summed:
            self.trace.summed = round(nearest(self.summed(edge[0], DEEP, {}), self.of_sum))

    def summed(self, node: Any, depth: int, known: dict[Any, float]) -> float:
        """Over how many samples a loss adds, times the numbers that it is multiplied with; 1 for a mean or what is unknown.

        What is divided by a number must leave whole dimensions to be a sum over them: ``sum() / mask.sum()`` is a mean.
        """
        op = getattr(node, "op", None)
        if op is None or not depth:
            return 1.0
        shapes = [None if e is None or e[0].n_outputs > 1 else e[0].meta[0] for e in node.edges]
        shape = next((s for s in shapes if s), ())
        if op.name == "nll":  # one number of each sample's classes is added
            shape = shape[:1] + shape[2:] if len(shape) > 1 else ()
        if op.name == "sum" and node.edges[0] is not None and getattr(node.edges[0][0], "op", None) is not None:
            inner = node.edges[0][0]
            if inner.op.name == "stack" and not inner.meta[0][1:]:  # of losses one by one
                return self.added([e[0] for e in inner.edges if e is not None], depth - 1, known)
        if op.name == "sum" or node.attrs.get("reduction") == "sum":
            self.of_sum = shape
            return float(np.prod(shape)) if shape and self.is_of_batch(shape) else 1.0
        if op.name in SCALING and node.saved is not None and node.edges[1] is None:
            number = float(node.saved[1]) if isinstance(node.saved[1], np.ndarray) and node.saved[1].size == 1 else 0.0
            if number:
                inner = self.summed(node.edges[0][0], depth - 1, known)
                if op.name == "mul":
                    return max(1.0, inner * number) if inner > 1 else 1.0
                return inner / number if is_of_dims(inner / number, self.of_sum) else 1.0
        if op.name == "add" and node not in known:
            known[node] = self.added(terms_of(node), depth - 1, known)
        if op.name in ("add", "sub", "neg", "view", "squeeze", "reshape"):
            if node not in known:
                below = [self.summed(e[0], depth - 1, known) for e in node.edges if e is not None]
                known[node] = sum(n for n in below if n > 1) or 1.0  # a sum of sums is one over all of them
            return known[node]
        return 1.0

    def added(self, terms: list[Any], depth: int, known: dict[Any, float]) -> float:
        """Over how many samples losses add that are added themselves: all that their sums are over, or as many as there are of one kind."""
        found = sum(n for n in (self.summed(term, depth, known) for term in terms) if n > 1)
        if found:
            return found
        ops = [term.op.name for term in terms if getattr(term, "op", None) is not None]
        alike = max(Counter(name for name in ops if name not in SCALING).values(), default=0)
        if alike < ALIKE:
            return 1.0
        self.of_sum = (alike,)
        return float(alike)

    def is_of_batch(self, shape: tuple[int, ...]) -> bool:
        batch = self.trace.batch
        return not batch or shape[0] % batch == 0 or batch % shape[0] == 0

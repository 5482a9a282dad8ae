"""Backward while modes are open: what PyTorch computes with an operation of its own is one here (``tanh_backward``), the rule of the record
as a whole (``aten.by_rule``); all other rules are read with tensors, operation by operation."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..autograd import mode as grad_mode
from ..node import check_versions, gather_edges, reads
from ..readers import arrays
from ..tensor import Tensor
from ..types import of_array
from .forms import GRADIENT, rules_of
from .stack import ask, current_mode, stack

#: Whether a rule is being read.
backward_running: ContextVar[bool] = ContextVar("rushlight_backward_running", default=False)


#: Records whose gradient PyTorch computes operation by operation; and all movements.
_BY_OPERATIONS = frozenset(
    "add sub mul div neg rsub pow exp log sqrt rsqrt sin cos reciprocal abs square sum mean amax amin max_all min_all max_dim min_dim "
    "var std prod cumsum logsumexp vector_norm where clamp maximum minimum mm addmm bmm baddbmm addmv mv dot cat stack clone convert "
    "index_get index_put gather sum_scaled addcmul addcdiv masked_fill copy fill overwritten region_get region_put cast_gradient "
    "sum_to_size broadcast_gradient own_gradient reshape_gradient formal_gradient index_scatter basic_put copied_reshape".split()
)


def run(node: Any, k: Any, g: Any, release: bool) -> Any:
    """What runs a node in the engine's place."""
    op: Any = getattr(node, "op", None)
    saved = getattr(node, "saved", None)
    if op is None or saved is None or not stack.get():
        return node.run(k, g, release)
    plain = k is not arrays and not grad_mode.recording()
    if plain and all(type(x) is Tensor for x in (g if isinstance(g, list) else [g]) if x is not None):
        if op.name in _FORMS and saved is not None:
            return _known(node, g, release)
        if op.name not in _BY_OPERATIONS and op.family != "movement" and not op.variadic:
            return _whole(node, g, release)
    return _by_operations(node, k, g, release)


def _by_operations(node: Any, k: Any, g: Any, release: bool) -> Any:
    token, kept = backward_running.set(True), node.saved
    try:
        node.saved = unpacked(node.op, kept)
        found = node.run(k, g, release)
        known = getattr(current_mode(), "knows", None)
        if known is not None and not all(map(known, found)):
            raise NotImplementedError(f"make_fx: the gradient of {node.name()} cannot be traced")
        return found
    finally:
        backward_running.reset(token)
        if not release:
            node.saved = kept


def _saved(node: Any, release: bool) -> Any:
    check_versions(node)
    saved = node.kept_tensors(unpacked(node.op, node.saved))
    if release:
        node.saved = None
    return saved


def _known(node: Any, g: Any, release: bool) -> Any:
    """A gradient that is an operation of PyTorch's."""
    saved = _saved(node, release)
    name, more, named = _FORMS[node.op.name](node, saved)
    return (ask(name, "default", (g, *[saved[slot] for slot in node.op.rules[0].slots], *more), named),)


def _whole(node: Any, g: Any, release: bool) -> Any:
    """A gradient that is one call here: the rules as they are read with arrays, digit by digit."""
    needed = [edge is not None for edge in node.edges]
    saved = _saved(node, release)
    slots = {slot for rule in rules_of(node.op, needed) for slot in rule.slots}
    kept = [x if i in slots else None for i, x in enumerate(saved)]
    found = ask(f"{node.op.name}{GRADIENT}", "default", (g, kept, needed), dict(node.attrs))
    return tuple(found)


#: Results that were saved, as PyTorch saves them: without their history. By the address of the array, as long as that lives.
_kept: dict[int, Tensor] = {}


#: Python's numbers, of which a node has saved arrays, by the address of the array.
numbers: dict[int, Any] = {}


def keep(op: Any, inputs: Any, answer: Any) -> None:
    """A result that a rule reads is detached when it is saved."""
    n_in = len(op.inputs)
    if op.variadic or not any(n_in <= slot < n_in + len(op.outputs) for slot in reads(op)):
        return
    edges = gather_edges(op, inputs)
    if edges is not None:
        rules = [op.joint] if op.joint else [r for r, e in zip(op.rules, edges, strict=False) if r and e is not None]
        results = answer if isinstance(answer, (tuple, list)) else (answer,)
        for nr in sorted(
            {slot - n_in for rule in rules for slot in rule.slots if n_in <= slot < n_in + len(op.outputs)}
        ):
            array = results[nr]._a
            if array.dtype.kind not in "fcV":
                continue
            _kept[id(array)] = ask("detach", "default", (results[nr],), {})
            weakref.finalize(array, _kept.pop, id(array), None)


def unpacked(op: Any, saved: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a node has saved, with results detached again when they are read."""
    n_in = len(op.inputs)
    found = [numbers.get(id(x), x) if isinstance(x, np.ndarray) else x for x in saved]
    for slot in range(n_in, n_in + len(op.outputs)):
        kept = _kept.get(id(saved[slot]))
        if kept is not None:
            found[slot] = ask("detach", "default", (kept,), {})._a
    return tuple(found)


def _activation(name: str, *more: Any) -> Callable[..., Any]:
    return lambda node, saved: (name, more, dict(node.attrs))


def _of_softmax(name: str) -> Callable[..., Any]:
    return lambda node, saved: (name, (node.attrs["dim"], of_array(saved[node.op.rules[0].slots[0]]._a)), {})


_FORMS: dict[str, Callable[..., Any]] = {
    "relu": _activation("threshold_backward", 0), "sigmoid": _activation("sigmoid_backward"), "tanh": _activation("tanh_backward"),
    "silu": _activation("silu_backward"), "softmax": _of_softmax("_softmax_backward_data"),
    "log_softmax": _of_softmax("_log_softmax_backward_data"),
    "gelu": lambda node, saved: ("gelu_backward", (), {} if node.attrs["approximate"] == "none" else dict(node.attrs)),
}  # fmt: skip

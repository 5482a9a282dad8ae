"""``torch.autograd``: gradients of what was recorded.

``backward`` and ``grad`` check their arguments here and hand over to ``engine``; ``mode`` switches recording, ``graph`` holds
the nodes, ``function`` user-defined operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import errors, levels, types
from ..functions import FUNCTIONS
from ..tensor import Tensor, edge_of, wrap
from . import engine, graph
from .mode import (
    detect_anomaly,
    enable_grad,
    inference_mode,
    is_anomaly_enabled,
    no_grad,
    set_detect_anomaly,
    set_grad_enabled,
    through_tensors,
    unusual,
)

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "grad_mode",
    "gradcheck",
    "gradgradcheck",
    "functional",
    "graph",
    "inference_mode",
    "is_anomaly_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]

_LAZY = {
    "Function": "function", "FunctionCtx": "function", "Variable": "variable", "grad_mode": "mode",
    "set_multithreading_enabled": "mode", "NestedIOFunction": "function", "anomaly_mode": "mode",
    "gradcheck": "gradcheck", "gradgradcheck": "gradcheck", "GradcheckError": "gradcheck",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    import importlib

    if name in ("function", "variable", "functional", "forward_ad", "profiler"):
        return importlib.import_module(f"{__name__}.{name}")
    if name in _LAZY:
        module = importlib.import_module(f"{__name__}.{_LAZY[name]}")
        for other, place in _LAZY.items():  # all at once: importing a submodule put the module itself under its name
            if place == _LAZY[name]:
                globals()[other] = module if other in ("grad_mode", "anomaly_mode") else getattr(module, other)
        return globals()[name]
    raise AttributeError(f"module 'torch.autograd' has no attribute '{name}'")


def _as_tuple(x: Any) -> tuple[Any, ...]:
    return (x,) if isinstance(x, (Tensor, graph.GradientEdge)) or x is None else tuple(x)


def _at_edge(x: Any) -> Any:
    """A ``GradientEdge`` as a tensor of its shape that stands at it; a tensor as it is."""
    if not isinstance(x, graph.GradientEdge):
        return x
    t = wrap(np.empty(*x.node.output_meta(x.output_nr)))
    t._edge = (x.node, x.output_nr)
    return t


def _batched(
    outputs: Any, inputs: Any, vectors: Any, retain: bool | None, create_graph: bool, unused: Any, materialize: bool
) -> tuple[Any, ...]:
    """``grad`` for each row of the vectors, the results stacked; None where no row reaches an input."""
    from ..op import REGISTRY

    rows = _as_tuple(vectors)
    n = next(v._a.shape[0] for v in rows if v is not None)
    keep = create_graph if retain is None else retain
    found = []
    for i in range(n):
        row = tuple(None if v is None else v[i] for v in rows)
        found.append(grad(outputs, inputs, row, keep or i + 1 < n, create_graph, True, unused, False, materialize))
    return tuple(None if g[0] is None else REGISTRY["stack"].public(list(g)) for g in zip(*found, strict=True))


def _check_roots(roots: Sequence[Tensor], grads: Sequence[Any]) -> list[Tensor]:
    """The gradient of each root: as given, or 1 for a scalar."""
    if len(grads) != len(roots):
        raise errors.runtime(f"got {len(roots)} tensors and {len(grads)} gradients")
    out = []
    for i, (root, g) in enumerate(zip(roots, grads, strict=True)):
        edge = edge_of(root)
        if edge is None or edge[0].__class__ is graph.DeadEnd:
            raise errors.runtime(
                f"element {i} of tensors does not require grad and does not have a grad_fn",
                "Nothing that led to it requires grad. Set requires_grad=True on the leaves before computing it, and check "
                "for .detach(), .item(), torch.no_grad() or integer tensors on the way.",
            )
        a = root._a
        if g is None:
            if a.size != 1:
                raise errors.runtime(
                    "grad can be implicitly created only for scalar outputs",
                    f"This tensor has shape {list(a.shape)}. Reduce it first (x.sum().backward()), or pass the gradient: "
                    "x.backward(torch.ones_like(x)).",
                )
            if a.dtype.kind == "c":
                raise errors.runtime(
                    "grad can be implicitly created only for real scalar outputs but got " + str(root.dtype)
                )
            g = ones_for(root)
        elif not isinstance(g, Tensor):
            raise errors.type_(f"gradients can be either Tensors or None, but got {type(g).__name__}")
        elif g._a.shape != a.shape:
            raise errors.runtime(
                f"Mismatch in shape: grad_output[{i}] has a shape of {g.shape} and output[{i}] has a shape of {root.shape}."
            )
        out.append(g)
    return out


def ones_for(root: Tensor) -> Tensor:
    """The gradient that backward begins with."""
    a = root._a
    if unusual and (through_tensors.get() or root.is_meta):
        return FUNCTIONS["ones_like"].fn(
            root.detach() if root.is_meta else wrap(a), memory_format=types.preserve_format
        )  # type: ignore[no-any-return]
    return wrap(np.array(1, a.dtype) if not a.ndim else np.ones(a.shape, a.dtype))


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of ``tensors`` to the ``.grad`` of the leaves that they came from.

    Raises:
        RuntimeError: for tensors that do not require grad, non-scalars without a gradient, a freed graph.
    """
    if levels.running:
        levels.check_backward()
    roots = (tensors,) if tensors.__class__ is Tensor else _as_tuple(tensors)
    grads = _check_roots(roots, (None,) * len(roots) if grad_tensors is None else _as_tuple(grad_tensors))
    if inputs is not None:
        inputs = _as_tuple(inputs)
        if not inputs:
            raise errors.runtime("`inputs` argument to `backward()` cannot be empty.")
        for x in inputs:
            if edge_of(x) is None:
                raise errors.runtime("can't retain_grad on Tensor that has requires_grad=False")
    keep = create_graph if retain_graph is None else retain_graph
    found = engine.backward(roots, grads, keep_graph=keep, create_graph=create_graph, inputs=inputs)
    if inputs is None:
        return
    for x, g in zip(inputs, found, strict=True):
        if g is not None and not x.is_leaf:  # leaves were filled on the way
            x._grad = g if x._grad is None else x._grad + g


def unused(i: int, x: Tensor) -> Exception:
    """The error of ``grad`` for an input that no output depends on."""
    return errors.runtime(
        f"The differentiated Tensor at index {i} appears to not have been used in the graph. Set allow_unused=True if this is the "
        "desired behavior.",
        f"Its shape is {list(x._a.shape)}.",
    )


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Gradients of ``outputs`` with respect to ``inputs``, as a tuple; nothing is added to any ``.grad``.

    Raises:
        RuntimeError: for an input that does not require grad, or that was not used (unless ``allow_unused``).
    """
    if is_grads_batched:
        return _batched(outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused, materialize_grads)
    if materialize_grads and allow_unused is False:
        raise errors.value(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    allow_unused = bool(allow_unused) or materialize_grads
    outs, ins = tuple(map(_at_edge, _as_tuple(outputs))), tuple(map(_at_edge, _as_tuple(inputs)))
    if not ins:
        raise errors.runtime("`inputs` argument to `grad()` cannot be empty.")
    if levels.running and (at := levels.innermost((*outs, *ins, *_as_tuple(grad_outputs)))) is not None and at.number:
        from ..transforms.gradients import of_wrapped

        vectors = [None] * len(outs) if grad_outputs is None else list(_as_tuple(grad_outputs))
        return of_wrapped(outs, ins, vectors, create_graph, allow_unused, materialize_grads)
    grads = _check_roots(outs, (None,) * len(outs) if grad_outputs is None else _as_tuple(grad_outputs))
    for x in ins:
        if edge_of(x) is None:
            raise errors.runtime(
                "One of the differentiated Tensors does not require grad",
                "Set requires_grad=True on it before using it.",
            )
    keep = create_graph if retain_graph is None else retain_graph
    found = engine.backward(outs, grads, keep_graph=keep, create_graph=create_graph, inputs=ins, accumulate=False)
    for i, (x, g) in enumerate(zip(ins, found, strict=True)):
        if g is None and not allow_unused:
            raise unused(i, x)
        if g is None and materialize_grads:
            found[i] = wrap(np.zeros(x._a.shape, x._a.dtype)).requires_grad_(create_graph)
    return tuple(found)

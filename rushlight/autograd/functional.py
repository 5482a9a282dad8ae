"""Derivatives of functions: ``vjp``, ``jvp``, ``jacobian``, ``hessian``, ``vhp``, ``hvp``.

All but the forward-mode Jacobian are made of backward passes. A Jacobian-vector product takes two: the gradient with respect to ``u`` of
``<J^T u, v>`` is ``J v``, whatever ``u`` is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors
from ..op import REGISTRY
from ..tensor import Tensor, edge_of, wrap
from ..transforms.derivatives import basis, jacfwd, jacrev
from ..transforms.mapping import vmap
from . import grad
from .mode import enable_grad, is_grad_enabled

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Function = Callable[..., Any]


# --- arguments --------------------------------------------------------------------------------------------------------
def _as_tuple(inp: Any, arg_name: str | None = None, fn_name: str | None = None) -> Any:
    """``(whether it was a tuple, the tensors)``, by its name in PyTorch, which minimisers import; without names the tensors alone."""
    if arg_name is None and fn_name is None:
        return tuple(inp) if isinstance(inp, (tuple, list)) else (inp,)
    many = isinstance(inp, tuple)
    items = inp if many else (inp,)
    for i, item in enumerate(items):
        if not isinstance(item, Tensor):
            given = f"value at index {i}" if many else f"given {arg_name}"
            raise errors.type_(
                f"The {arg_name} given to {fn_name} must be either a Tensor or a tuple of Tensors but the {given} has type "
                f"{type(item)}.",
                "Write (x, y) with parentheses." if isinstance(item, list) else "",
            )
    return many, items


def _tuple(x: Any, what: str, name: str) -> tuple[bool, tuple[Any, ...]]:
    """``_as_tuple`` of inputs or of what the function gave."""
    found: tuple[bool, tuple[Any, ...]] = _as_tuple(
        x, "outputs of the user-provided function" if what == "outputs" else what, name
    )
    return found


def _prepared(inputs: tuple[Tensor, ...], create_graph: bool) -> tuple[Any, ...]:
    """Inputs to differentiate by: views of the given ones, or leaves of their own if no graph is wanted."""
    return tuple(x.view_as(x) if create_graph and edge_of(x) is not None else _leaf(x) for x in inputs)


def _leaf(x: Tensor) -> Any:
    return x.detach().requires_grad_()


def _finished(x: Any, many: bool, create_graph: bool) -> Any:
    out = tuple(t if create_graph else t.detach() for t in x)
    return out if many else out[0]


def _filled(grads: tuple[Any, ...], like: tuple[Any, ...], strict: bool, what: str) -> tuple[Any, ...]:
    """Gradients with zeros where there are none."""
    for i, g in enumerate(grads):
        if g is None and strict:
            raise errors.runtime(f"The output of the user-provided function is independent of input {i}. {what}")
    return tuple(x.new_zeros(x.shape) if g is None else g for g, x in zip(grads, like, strict=True))


def _check_strict(outputs: tuple[Any, ...], strict: bool) -> None:
    if not strict:
        return
    for i, o in enumerate(outputs):
        if edge_of(o) is None:
            raise errors.runtime(
                f"Output {i} of the user-provided function does not require gradients. The outputs must be computed in a "
                "differentiable manner from the input when running in strict mode."
            )


def _vector(v: Any, like: tuple[Tensor, ...], name: str) -> tuple[Any, ...]:
    _, vectors = _tuple(v, "v", name)
    if len(vectors) != len(like):
        raise errors.runtime(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(vectors)}."
            if len(like) > 1
            else "The given v should contain a single Tensor."
        )
    for i, (x, y) in enumerate(zip(vectors, like, strict=True)):
        if x._a.shape != y._a.shape:
            entry = f"Entry {i} in v" if len(like) > 1 else "v"
            raise errors.runtime(f"{entry} has invalid size: should be {y.shape} but got {x.shape}.")
    return vectors


def _vector_of_inputs(v: Any, inputs: tuple[Tensor, ...], name: str) -> tuple[Any, ...]:
    """``v`` as a tuple like the inputs; 1 without one, if there is one element."""
    if v is not None:
        return _vector(v, inputs, name)
    if len(inputs) != 1 or inputs[0]._a.size != 1:
        raise errors.runtime(
            "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element."
        )
    return (inputs[0].detach() * 0 + 1,)


def _gradients(outputs: Any, inputs: Any, vectors: Any = None, create_graph: bool = False) -> tuple[Any, ...]:
    """``grad`` that skips outputs without a history, and gives None for everything if none is left."""
    vectors = [None] * len(outputs) if vectors is None else vectors
    flowing = [(o, v) for o, v in zip(outputs, vectors, strict=True) if edge_of(o) is not None]
    if not flowing:
        return (None,) * len(inputs)
    outs, vs = zip(*flowing, strict=True)
    return grad(outs, inputs, vs, retain_graph=True, create_graph=create_graph, allow_unused=True)


# --- products ---------------------------------------------------------------------------------------------------------
def vjp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """``(func(inputs), v^T J)``: the gradient from the vector ``v`` at the outputs (1 for one element).

    Raises:
        RuntimeError: no ``v`` for more than one element, or one of another shape.
    """
    with enable_grad():
        many, given = _tuple(inputs, "inputs", "vjp")
        xs = _prepared(given, create_graph)
        many_out, outputs = _tuple(func(*xs), "outputs", "vjp")
        _check_strict(outputs, strict)
        if v is None:
            if len(outputs) != 1 or outputs[0]._a.size != 1:
                raise errors.runtime(
                    "The vector v can only be None if the user-provided function returns a single Tensor with a single element.",
                    "Pass v, shaped like the outputs.",
                )
            vectors: tuple[Any, ...] = (REGISTRY["add"].public(outputs[0].detach() * 0, 1),)
        else:
            vectors = _vector(v, outputs, "vjp")
    graph = create_graph or is_grad_enabled() and strict
    with enable_grad():
        grads = _filled(_gradients(outputs, xs, vectors, graph), xs, strict, "This is not allowed in strict mode.")
    return _finished(outputs, many_out, create_graph), _finished(grads, many, create_graph)


def jvp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """``(func(inputs), J v)``, by differentiating twice.

    Raises:
        RuntimeError: no ``v`` for an input of more than one element, or one of another shape.
    """
    with enable_grad():
        _, given = _tuple(inputs, "inputs", "jvp")
        xs = _prepared(given, create_graph)
        vectors = _vector_of_inputs(v, xs, "jvp")
        many_out, outputs = _tuple(func(*xs), "outputs", "jvp")
        _check_strict(outputs, strict)
        us = tuple(_leaf(o.detach() * 0 + 1) for o in outputs)  # a rule may treat a gradient of zero apart
        backwards = _filled(_gradients(outputs, xs, us, True), xs, strict, "This is not allowed in strict mode.")
        products = _filled(_gradients(backwards, us, vectors, create_graph), us, False, "")
    return _finished(outputs, many_out, create_graph), _finished(products, many_out, create_graph)


def jacobian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The matrix of all derivatives, shaped output shape + input shape; tuples of them for several outputs and inputs.

    Args:
        create_graph: make the result differentiable.
        strict: raise if an output does not depend on an input, instead of giving zeros.
        vectorize: compute all rows (or columns) at once, as ``torch.vmap`` does.
        strategy: ``"reverse-mode"``, row by row, or (with ``vectorize``) ``"forward-mode"``, column by column.

    Raises:
        RuntimeError, NotImplementedError: options that exclude each other.
    """
    _check_strategy(strategy, create_graph, strict, vectorize)
    if strategy == "forward-mode":
        many, given = _tuple(inputs, "inputs", "jacobian")
        return _by_columns(func, given, many)
    with enable_grad():
        many, given = _tuple(inputs, "inputs", "jacobian")
        xs = _prepared(given, create_graph)
        many_out, outputs = _tuple(func(*xs), "outputs", "jacobian")
        _check_strict(outputs, strict)
        if strict and vectorize:
            raise errors.runtime(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. Please either "
                "set `strict=False` or `vectorize=False`."
            )
        if vectorize:
            rows = _all_rows(outputs, xs, create_graph)
        else:
            rows = tuple(_rows(o, i, xs, create_graph, strict) for i, o in enumerate(outputs))
    found = tuple(_finished(row, many, create_graph) for row in rows)
    return found if many_out else found[0]


def _construct_standard_basis_for(tensors: Any, tensor_numels: Any) -> tuple[Tensor, ...]:
    """The rows of the identity over all elements of tensors, cut into a part for each: ``(sum(numels), numel)``."""
    total, start, parts = sum(tensor_numels), 0, []
    for t, n in zip(tensors, tensor_numels, strict=True):
        part = np.zeros((total, n), t._a.dtype)
        part[start : start + n] = np.eye(n, dtype=t._a.dtype)
        parts.append(wrap(part))
        start += n
    return tuple(parts)


# By their names in PyTorch, which minimisers import beside the basis.
def _tuple_postprocess(res: Any, to_unpack: Any) -> Any:
    """The one element of a tuple that was none before: ``to_unpack`` says whether it was, of outputs and inputs or of one."""
    outer, inner = to_unpack if isinstance(to_unpack, tuple) else (to_unpack, True)
    res = res if inner else tuple(x[0] for x in res)
    return res if outer else res[0]


def _grad_postprocess(inputs: Any, create_graph: bool) -> Any:
    """Tensors in tuples, without their history unless a graph was asked for."""
    if isinstance(inputs, Tensor):
        return inputs if create_graph else inputs.detach()
    return tuple(_grad_postprocess(x, create_graph) for x in inputs)


def _check_strategy(strategy: str, create_graph: bool, strict: bool, vectorize: bool) -> None:
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs than inputs, '
            '"forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "reverse-mode":
        return
    together = (
        '`{}=True` and `strategy="forward-mode"` are not supported together (yet). Please either set `{}=False` or '
    )
    for name, given, kind in (("create_graph", create_graph, NotImplementedError), ("strict", strict, RuntimeError)):
        if given:
            text = f"torch.autograd.functional.jacobian: {together.format(name, name)}"
            raise kind(text + '`strategy="reverse-mode"`.')
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly implemented for `vectorize=True`."
        )


def _by_columns(func: Function, given: tuple[Tensor, ...], many: bool) -> Any:
    """Forward mode for all unit vectors of the inputs at once. PyTorch gives lists where there are several."""
    many_out = [False]

    def checked(*xs: Any) -> Any:
        several, outputs = _tuple(func(*xs), "outputs", "jacobian")
        many_out[0] = several
        return outputs

    rows = [list(row) for row in jacfwd(checked, tuple(range(len(given))))(*given)]
    if many:
        return rows if many_out[0] else rows[0]
    return tuple([row[0] for row in rows]) if many_out[0] else rows[0][0]


def _all_rows(outputs: tuple[Any, ...], xs: tuple[Any, ...], create_graph: bool) -> tuple[tuple[Any, ...], ...]:
    """The Jacobians of all outputs with respect to each input, all rows in one backward pass."""

    def row(vectors: Any) -> Any:
        return _filled(_gradients(outputs, xs, vectors, create_graph), xs, False, "")

    columns = vmap(row)(basis(outputs))
    found, start = [], 0
    for o in outputs:
        n = o._a.size
        found.append(
            tuple([c.narrow(0, start, n).reshape((*o.shape, *x.shape)) for c, x in zip(columns, xs, strict=True)])
        )
        start += n
    return tuple(found)


def _rows(output: Any, which: int, xs: tuple[Any, ...], create_graph: bool, strict: bool) -> tuple[Any, ...]:
    """The Jacobians of one output with respect to each input."""
    columns: list[list[Any]] = [[] for _ in xs]
    for element in output.reshape(-1).unbind():
        grads = _gradients((element,), xs, None, create_graph)
        for i, g in enumerate(grads):
            if g is None and strict:
                raise errors.runtime(
                    f"Output {which} of the user-provided function is independent of input {i}. This is not allowed in strict mode."
                )
        for column, g in zip(columns, _filled(grads, xs, False, ""), strict=True):
            column.append(g)
    stack = REGISTRY["stack"].public
    return tuple(
        stack(c).reshape((*output.shape, *x.shape)) if c else x.new_zeros((*output.shape, *x.shape))
        for c, x in zip(columns, xs, strict=True)
    )


# --- second derivatives -------------------------------------------------------------------------------------------------
def _scalar(func: Function, name: str) -> Function:
    def checked(*xs: Any) -> Any:
        out = func(*xs)
        _, outputs = _tuple(out, "outputs", name)
        if not isinstance(out, Tensor):
            raise errors.runtime(f"The function given to {name} should return a single Tensor")
        if outputs[0]._a.size != 1:
            raise errors.runtime(f"The Tensor returned by the function given to {name} should contain a single element")
        return out if not out._a.ndim else out.reshape(())  # type: ignore[attr-defined]

    return checked


def hessian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The matrix of second derivatives of a function with one element as its result.

    Args: as for ``jacobian``; ``outer_jacobian_strategy`` is that of the derivative of the gradient.

    Raises:
        RuntimeError: if it has more.
    """
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')
    many, given = _tuple(inputs, "inputs", "hessian")
    scalar = _scalar(func, "hessian")
    if outer_jacobian_strategy == "forward-mode":
        _check_strategy(outer_jacobian_strategy, create_graph, strict, vectorize)
        numbers = tuple(range(len(given)))
        rows = [list(row) for row in jacfwd(jacrev(scalar, numbers), numbers)(*given)]
        return rows if many else rows[0][0]

    def gradient(*xs: Any) -> Any:
        rows = jacobian(scalar, tuple(xs), create_graph=True)
        return rows if many else rows[0]

    return jacobian(gradient, inputs, create_graph=create_graph, strict=strict, vectorize=vectorize)


def vhp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """``(func(inputs), v^T H)`` with the Hessian ``H``."""
    return _hessian_product("vhp", func, inputs, v, create_graph, strict)


def hvp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """``(func(inputs), H v)`` with the Hessian ``H``, which is symmetric: the same as ``vhp``."""
    return _hessian_product("hvp", func, inputs, v, create_graph, strict)


def _hessian_product(name: str, func: Function, inputs: Any, v: Any, create_graph: bool, strict: bool) -> Any:
    with enable_grad():
        many, given = _tuple(inputs, "inputs", name)
        xs = _prepared(given, create_graph)
        vectors = _vector_of_inputs(v, xs, name)
        output = _scalar(func, name)(*xs)
        first = _filled(_gradients((output,), xs, None, True), xs, strict, "This is not allowed in strict mode.")
        second = _filled(_gradients(first, xs, vectors, create_graph), xs, False, "")
    return _finished((output,), False, create_graph), _finished(second, many, create_graph)

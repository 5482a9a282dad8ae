"""``torch.func``'s derivatives: ``grad``, ``vjp``, ``jvp``, ``jacrev``, ``jacfwd``, ``hessian``, ``linearize``.

Reverse mode runs a function on fresh variables and asks the engine for their gradients; forward mode runs it on dual tensors. A Jacobian is
one of them under ``vmap`` over the rows of the identity. All nest: what an outer derivative needs of an inner one is recorded, or carried
along, like everything else the function does.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from .. import errors, types
from ..autograd import ones_for
from ..autograd.mode import enable_grad
from ..levels import Level, dual
from ..readers import REGISTRY
from ..tensor import Tensor, wrap
from . import trees
from .gradients import Variables, primal, tangent
from .mapping import vmap
from .tangents import DualLevel

Function = Callable[..., Any]


class GradLevel(Level):
    """A running reverse-mode derivative. It wraps nothing: the graph of its variables is all it needs."""


# --- arguments ----------------------------------------------------------------------------------------------------------------
def _numbers(argnums: Any, n: int) -> tuple[int, ...]:
    """The positions of the arguments to differentiate by."""
    many = isinstance(argnums, tuple)
    if not many and not isinstance(argnums, int):
        raise errors.runtime(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    given = argnums if many else (argnums,)
    for i in given:
        if not isinstance(i, int):
            raise errors.runtime(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
        if not -n <= i < n:
            raise errors.runtime(f"Got argnum={i}, but only {n} positional inputs")
    found = tuple([i % n for i in given])
    if len(set(found)) != len(found):
        raise errors.runtime(f"argnums elements must be unique, got {argnums}")
    return found


def _chosen(args: Sequence[Any], argnums: Any) -> tuple[Any, Callable[[Any], list[Any]]]:
    """The arguments to differentiate by, and a function that puts others in their place."""
    numbers = _numbers(argnums, len(args))

    def replaced(values: Any) -> list[Any]:
        out = list(args)
        for i, v in zip(numbers, values if isinstance(argnums, tuple) else (values,), strict=True):
            out[i] = v
        return out

    chosen = tuple([args[i] for i in numbers])
    return (chosen if isinstance(argnums, tuple) else chosen[0]), replaced


def _tensors(tree: Any) -> tuple[list[Tensor], trees.TreeSpec]:
    leaves, spec = trees.flatten(tree)
    for x in leaves:
        if not isinstance(x, Tensor):
            raise errors.value(f"Thing passed to transform API must be Tensor, got {type(x)}")
    return leaves, spec


def _split_aux(out: Any, has_aux: bool, what: str) -> tuple[Any, Any]:
    if not has_aux:
        return out, None
    if not isinstance(out, tuple) or len(out) != 2:
        raise errors.runtime(f"{what}: output of function f should be a tuple: (output, aux) if has_aux is True")
    return out


def _only_tensors(out: Any, what: str) -> tuple[list[Tensor], trees.TreeSpec]:
    """The leaves of what a function returned."""
    leaves, spec = trees.flatten(out)
    for x in leaves:
        if not isinstance(x, Tensor):
            raise errors.runtime(f"{what}: expected f(*primals) to return only tensors, got unsupported type {type(x)}")
    return leaves, spec


def _zeros(x: Tensor) -> Tensor:
    return wrap(np.zeros(x._a.shape, x._a.dtype))


# --- reverse mode ---------------------------------------------------------------------------------------------------------------
def grad_and_value(func: Function, argnums: Any = 0, has_aux: bool = False) -> Function:
    """A function that gives the gradient of ``func``, and its value: ``(gradient, value)``.

    Args:
        argnums: which positional arguments (trees of tensors) to differentiate by; a tuple gives a tuple of gradients.
        has_aux: ``func`` returns ``(value, aux)``, and so ``(gradient, (value, aux))`` is returned.

    Raises:
        RuntimeError: if ``func`` does not return a tensor of one element without dimensions.
    """
    what = "grad_and_value(f)(*args)"

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with GradLevel():
            chosen, replaced = _chosen(args, argnums)
            given, spec = _tensors(chosen)
            xs = Variables(given)
            with enable_grad():
                out = func(*replaced(trees.unflatten(xs.tensors, spec)), **kwargs)
            out, aux = _split_aux(out, has_aux, what)
            if not isinstance(out, Tensor):
                raise errors.runtime(f"{what}: Expected f(*args) to return a Tensor, got {type(out)}")
            if out._a.ndim:
                raise errors.runtime(
                    f"{what}: Expected f(*args) to return a scalar Tensor, got tensor with {out._a.ndim} dims. Maybe you wanted to "
                    "use the vjp or jacrev APIs instead?"
                )
            one = ones_for(out)
            found = xs.gradients([out], [one])
            grads = [_zeros(x) if g is None else g for g, x in zip(found, given, strict=True)]
            value = xs.settled(out)
            aux = trees.mapped(xs.settled, aux) if has_aux else None
            xs.close()
        result = trees.unflatten(grads, spec)
        return result, (value, aux) if has_aux else value

    return wrapper


def grad(func: Function, argnums: Any = 0, has_aux: bool = False) -> Function:
    """A function that gives the gradient of ``func``, whose result has one element; with ``has_aux`` ``(gradient, aux)``.

    >>> import rushlight as torch
    >>> torch.func.grad(torch.sin)(torch.tensor(0.0))
    tensor(1.)
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        result, value = both(*args, **kwargs)
        return (result, value[1]) if has_aux else result

    return wrapper


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> Any:
    """``(func(*primals), vjp_fn)``: ``vjp_fn(cotangents)`` gives ``cotangents^T J``, one for each primal.

    With ``has_aux`` ``func`` returns ``(output, aux)``, and ``(output, vjp_fn, aux)`` is returned.
    """
    return _vjp(func, primals, None, has_aux)


def _vjp(func: Function, primals: tuple[Any, ...], argnums: Any, has_aux: bool) -> Any:
    what = "vjp(f, *primals)"
    with GradLevel():
        chosen, replaced = (primals, list) if argnums is None else _chosen(primals, argnums)
        given, spec = _tensors(chosen)
        xs = Variables(given)
        with enable_grad():
            out = func(*replaced(trees.unflatten(xs.tensors, spec)))
        out, aux = _split_aux(out, has_aux, what)
        outputs, out_spec = _only_tensors(out, what)
        values = [xs.settled(o) for o in outputs]
        aux = trees.mapped(xs.settled, aux) if has_aux else None
        xs.close()

    def vjp_fn(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        vectors, given_spec = trees.flatten(cotangents)
        if given_spec != out_spec:
            raise errors.runtime(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function. "
                f"cotangents: {trees.drawn(given_spec)}, primal output: {trees.drawn(out_spec)}"
            )
        for i, (v, o) in enumerate(zip(vectors, outputs, strict=True)):
            if v._a.shape != o._a.shape:
                raise errors.runtime(
                    f"Mismatch in shape: grad_output[{i}] has a shape of {v.shape} and output[{i}] has a shape of {o.shape}."
                )
        found = xs.gradients(outputs, vectors)
        grads = [_zeros(x) if g is None else g for g, x in zip(found, given, strict=True)]
        return trees.unflatten(grads, spec)

    result = trees.unflatten(values, out_spec)
    return (result, vjp_fn, aux) if has_aux else (result, vjp_fn)


# --- forward mode -----------------------------------------------------------------------------------------------------------------
def jvp(func: Function, primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False) -> Any:
    """``(func(*primals), J tangents)``, in one run of the function on dual tensors; with ``has_aux`` aux as a third.

    Raises:
        RuntimeError: primals and tangents of different structure or shape; with ``strict`` an output that does not depend on them.
    """
    what = "jvp(f, primals, tangents)"
    if not isinstance(primals, tuple):
        raise errors.runtime(f"{what}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    given, spec = trees.flatten(primals)
    slopes, slope_spec = trees.flatten(tangents)
    if spec != slope_spec:
        raise errors.runtime(
            f"{what}: Expected primals and tangents to have the same python structure. For example, if primals is a tuple of 3 "
            f"tensors, tangents also must be. Got primals with structure {spec!r} and tangents with structure {slope_spec!r}"
        )
    for name, values in (("primals", given), ("tangents", slopes)):
        for x in values:
            if not isinstance(x, Tensor):
                raise errors.runtime(f"{what}: Expected {name} to only contain Tensors, got {type(x)}")
        if not values:
            raise errors.runtime(f"{what}: Expected {name} to contain at least one Tensor.")
    with DualLevel() as level:
        duals = [make_dual(x, t, level) for x, t in zip(given, slopes, strict=True)]
        out = func(*trees.unflatten(duals, spec))
        out, aux = _split_aux(out, has_aux, what)
        outputs, out_spec = _only_tensors(out, what)
        values = [primal(o, level) for o in outputs]
        found = [tangent(o, level) for o in outputs]
        if strict and any(t is None for t in found):
            raise errors.runtime(
                "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not allowed with "
                "strict=True."
            )
        found = [_zeros(o) if t is None else t for t, o in zip(found, outputs, strict=True)]
        aux = trees.mapped(lambda x: primal(x, level), aux) if has_aux else None
    result = trees.unflatten(values, out_spec), trees.unflatten(found, out_spec)
    return (*result, aux) if has_aux else result


def check_tangent(x: Tensor, t: Tensor) -> None:
    """Refuse a tangent that does not fit its tensor.

    Raises:
        ValueError: for integers. RuntimeError: for a tangent of another shape.
    """
    if types.of_array(x._a).category < types.FLOATING:
        raise errors.value(f"Expected primal to be floating point or complex, but got: {x.dtype}")
    if types.of_array(t._a).category < types.FLOATING:
        raise errors.value(f"Expected tangent to be floating point or complex, but got: {t.dtype}")
    if x._a.shape != t._a.shape:
        raise errors.runtime(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not supported. "
            f"Tensor is of size {list(x._a.shape)} while the given forward gradient is of size {list(t._a.shape)}."
        )


def make_dual(x: Tensor, t: Tensor, level: Level) -> Tensor:
    """``x`` with the tangent ``t``, at a level."""
    check_tangent(x, t)
    return dual(x, t, level)


def linearize(func: Function, *primals: Any) -> tuple[Any, Function]:
    """``(func(*primals), jvp_fn)``: ``jvp_fn(*tangents)`` gives ``J tangents`` at these primals without running ``func`` again.

    The graph of ``func`` is kept, and ``J t`` found by differentiating ``u -> J^T u``, which is linear.

    Raises:
        RuntimeError: tangents that do not fit the primals.
    """
    what = "linearize(f, *primals)"
    with GradLevel():
        given, spec = _tensors(primals)
        xs = Variables(given)
        recorded = xs.recorded
        with enable_grad():
            outputs, out_spec = _only_tensors(func(*trees.unflatten(xs.tensors, spec)), what)
            us = Variables([wrap(np.ones(o._a.shape, o._a.dtype)) for o in outputs])
            xs.recorded = True  # what is pulled back leads to `us`
            pulled = xs.gradients(outputs, us.tensors)
        xs.recorded = us.recorded = recorded
        values = [xs.settled(o) for o in outputs]
        xs.close()
        us.close()

    def jvp_fn(*tangents: Any) -> Any:
        vectors, given_spec = trees.flatten(tangents)
        if given_spec != spec:
            raise errors.runtime(f"Expected the tangents {given_spec} to have the same argspec as the primals {spec}")
        for i, (v, x) in enumerate(zip(vectors, given, strict=True)):
            if v._a.shape != x._a.shape:
                raise errors.runtime(
                    f"tangent:{i} with shape {v.shape} in flattened pytree doesn't match the shape {x.shape} of the corresponding "
                    "primal."
                )
            if v._a.dtype is not x._a.dtype:
                raise errors.runtime(
                    f"tangent:{i} with dtype {v.dtype} in flattened pytree doesn't match the dtype {x.dtype} of the corresponding "
                    "primal."
                )
        found = us.gradients(
            pulled, [None if p is None else v for v, p in zip(vectors, pulled, strict=True)], also_own=xs
        )
        slopes = [_zeros(o) if t is None else t for t, o in zip(found, outputs, strict=True)]
        return trees.unflatten(slopes, out_spec)

    return trees.unflatten(values, out_spec), jvp_fn


# --- Jacobians ----------------------------------------------------------------------------------------------------------------------
def basis(like: Sequence[Tensor]) -> list[Tensor]:
    """The unit vectors of the space of some tensors together: for each tensor one part of them, (total, *shape)."""
    sizes = [x._a.size for x in like]
    total, start, out = sum(sizes), 0, []
    for x, n in zip(like, sizes, strict=True):
        rows = np.zeros((total, n), x._a.dtype)
        rows[np.arange(start, start + n), np.arange(n)] = 1
        out.append(wrap(rows.reshape(total, *x._a.shape)))
        start += n
    return out


def jacrev(
    func: Function,
    argnums: Any = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Function:
    """A function that gives the Jacobian of ``func`` row by row, by reverse mode: trees of (*output shape, *input shape).

    Args:
        argnums: which positional arguments to differentiate by.
        has_aux: ``func`` returns ``(output, aux)``, and ``(Jacobian, aux)`` is returned.
        chunk_size: how many rows to compute at once; all by default.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise errors.value("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def wrapper(*args: Any) -> Any:
        found = _vjp(func, args, argnums, has_aux)
        outputs, out_spec = trees.flatten(found[0])
        chosen, _ = _chosen(args, argnums)
        inputs, spec = trees.flatten(chosen)

        def row(vectors: Any) -> Any:
            return trees.flatten(found[1](trees.unflatten(vectors, out_spec)))[0]

        # (total, *input shape) for each input, cut into the rows of each output
        whole = vmap(row, chunk_size=chunk_size)(basis(outputs))
        by_input = [_cut(j, outputs, x) for j, x in zip(whole, inputs, strict=True)]
        result = [trees.unflatten([parts[i] for parts in by_input], spec) for i in range(len(outputs))]
        jacobian = trees.unflatten(result, out_spec)
        return (jacobian, found[2]) if has_aux else jacobian

    return wrapper


def _cut(rows: Any, outputs: Sequence[Tensor], x: Tensor) -> list[Any]:
    out, start = [], 0
    for o in outputs:
        n = o._a.size
        out.append(rows.narrow(0, start, n).reshape(*o._a.shape, *x._a.shape))
        start += n
    return out


def jacfwd(
    func: Function,
    argnums: Any = 0,
    has_aux: bool = False,
    *,
    randomness: str = "error",
    chunk_size: int | None = None,
) -> Function:
    """A function that gives the Jacobian of ``func`` column by column, by forward mode: trees of (*output shape, *input shape).

    Args: as for ``jacrev``; ``randomness`` as for ``vmap``.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise errors.value("jacfwd: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def wrapper(*args: Any) -> Any:
        chosen, replaced = _chosen(args, argnums)
        inputs, spec = _tensors(chosen)
        aux: list[Any] = []
        shape: list[Any] = []

        def column(vectors: Any) -> Any:
            out = jvp(
                lambda *xs: func(*replaced(trees.unflatten(xs, spec))), tuple(inputs), tuple(vectors), has_aux=has_aux
            )
            aux[:] = out[2:]
            leaves, out_spec = trees.flatten(out[1])
            shape[:] = [[x._a.shape for x in leaves], out_spec]
            return leaves, out[2:]

        columns, found_aux = vmap(column, out_dims=(0, None), randomness=randomness, chunk_size=chunk_size)(
            basis(inputs)
        )
        shapes, out_spec = shape
        result = []
        for whole, out_shape in zip(columns, shapes, strict=True):
            parts, start = [], 0
            for x in inputs:
                n = x._a.size
                part = whole.narrow(0, start, n)
                order = (*range(1, part._a.ndim), 0)
                parts.append(REGISTRY["permute"].public(part, order).reshape(*out_shape, *x._a.shape))
                start += n
            result.append(trees.unflatten(parts, spec))
        jacobian = trees.unflatten(result, out_spec)
        return (jacobian, found_aux[0]) if has_aux else jacobian

    return wrapper


def hessian(func: Function, argnums: Any = 0) -> Function:
    """A function that gives the second derivatives of ``func``: forward mode over reverse mode, ``jacfwd(jacrev(func))``."""
    return jacfwd(jacrev(func, argnums), argnums)


# --- others ---------------------------------------------------------------------------------------------------------------------------
#: Whether what is traced is to write nothing.
functional: ContextVar[bool] = ContextVar("rushlight_functional", default=False)


def functionalize(func: Function, *, remove: str = "mutations") -> Function:
    """``func``, traced by ``make_fx`` without writes to tensors that nothing else shows. Its results are the same either way.

    Raises:
        RuntimeError: for an unknown ``remove``.
    """
    if remove not in ("mutations", "mutations_and_views"):
        raise errors.runtime(
            f"functionalize(f, remove='mutations'): received invalid argument for remove={remove}. Valid options are:\n"
            "     remove='mutations': all inplace and out= operators will be removed from the program, and replaced with their "
            "out-of-place equivalents.\n"
            "     remove='mutations_and_views': In addition to the above, all aliasing operators {view} will be replaced with their "
            "non-aliasing counterparts, {view}_copy.\n"
        )

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        token = functional.set(True)
        try:
            return func(*args, **kwargs)
        finally:
            functional.reset(token)

    return wrapper

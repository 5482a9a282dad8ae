"""``vmap``: a function of one example made one of a batch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import errors
from ..functions import FUNCTIONS
from ..levels import Batched, Wrapped, batched
from ..readers import REGISTRY
from ..tensor import Tensor
from . import trees
from .batching import DIFFERENT, ERROR, SAME, MapLevel

Function = Callable[..., Any]


def vmap(
    func: Function, in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *, chunk_size: int | None = None
) -> Function:
    """A function that maps ``func`` over a dimension of its arguments, as one computation rather than a loop.

    Inside ``func`` each tensor lacks that dimension. It must not depend on the elements of one example: no ``.item()``, no ``if`` on a
    tensor, no results whose shape differs.

    Args:
        in_dims: the dimension to map over for each argument, None for one that is the same for all: an int for all of them, or a tuple
            (with trees of ints for arguments that are trees).
        out_dims: where the dimension appears in the results, likewise; None for a result that does not depend on it.
        randomness: what random functions do inside: ``"error"``, ``"same"`` draws for all, ``"different"`` draws for each.
        chunk_size: how many examples to compute at once; all by default.

    Raises:
        ValueError: dimensions that do not fit the arguments, or sizes that differ. RuntimeError: what depends on elements.

    >>> import rushlight as torch
    >>> torch.vmap(torch.dot)(torch.ones(2, 3), torch.ones(2, 3))
    tensor([3., 3.])
    """
    if randomness not in (ERROR, DIFFERENT, SAME):
        raise errors.runtime(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}"
        )
    if chunk_size is not None and chunk_size <= 0:
        raise errors.value(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        name = name_of(func)
        leaves, spec = trees.flatten(args)
        dims = input_dims(in_dims, leaves, spec, name)
        size = batch_size(leaves, dims)
        if chunk_size is not None and chunk_size < size:
            return _chunked(func, name, leaves, spec, dims, out_dims, randomness, chunk_size, size, kwargs)
        return _run(func, name, leaves, spec, dims, out_dims, randomness, size, kwargs)

    return mapped


def name_of(func: Any) -> str:
    """What errors call a function."""
    if hasattr(func, "__name__"):
        return func.__name__  # type: ignore[no-any-return]
    if isinstance(func, functools.partial):
        return f"functools.partial({name_of(func.func)}, ...)"
    return repr(func)


# --- in --------------------------------------------------------------------------------------------------------------------
def input_dims(in_dims: Any, leaves: list[Any], spec: trees.TreeSpec, name: str) -> list[int | None]:
    """The dimension of each leaf, not negative.

    Raises:
        ValueError: saying which does not fit.
    """
    call = f"vmap({name}, in_dims={in_dims}, ...)(<inputs>)"
    if not isinstance(in_dims, int) and not isinstance(in_dims, tuple):
        raise errors.value(
            f"{call}: expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, got: "
            f"{type(in_dims)}."
        )
    if not leaves:
        raise errors.value(
            f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a function with "
            "no inputs. The latter is unsupported."
        )
    dims = trees.spread(in_dims, spec)
    if dims is None:
        raise errors.value(
            f"{call}: in_dims is not compatible with the structure of `inputs`. in_dims has structure "
            f"{trees.flatten(in_dims)[1]!r} but inputs has structure {spec!r}."
        )
    for i, (x, dim) in enumerate(zip(leaves, dims, strict=True)):
        if dim is not None and not isinstance(dim, int):
            raise errors.value(
                f"{call}: Got in_dim={dim} for an input but in_dim must be either an integer dimension or None."
            )
        if dim is None:
            continue
        if not isinstance(x, Tensor):
            raise errors.value(
                f"{call}: Got in_dim={dim} for an input but the input is of type {type(x)}. We cannot vmap over non-Tensor "
                "arguments, please use None as the respective in_dim"
            )
        n = x._a.ndim
        if not -n <= dim < n:
            raise errors.value(
                f"{call}: Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {n} so expected in_dim to "
                f"satisfy -{n} <= in_dim < {n}."
            )
        dims[i] = dim % n
    return dims


def batch_size(leaves: list[Any], dims: list[int | None]) -> int:
    """How many examples there are.

    Raises:
        ValueError: if no tensor is mapped over, or the sizes differ.
    """
    sizes = [x._a.shape[d] for x, d in zip(leaves, dims, strict=True) if d is not None]
    if not sizes:
        raise errors.value("vmap: Expected at least one Tensor to vmap over")
    if len(set(sizes)) > 1:
        raise errors.value(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the mapped dimension"
        )
    return sizes[0]  # type: ignore[no-any-return]


def in_front(x: Tensor, dim: int) -> Tensor:
    """A tensor with dimension ``dim`` moved to the front."""
    return x if dim == 0 else FUNCTIONS["movedim"].fn(x, dim, 0)  # type: ignore[no-any-return]


# --- out -------------------------------------------------------------------------------------------------------------------
def output_dims(out_dims: Any, out: Any, spec: trees.TreeSpec, name: str) -> list[Any]:
    """Where the batch goes in each leaf of the results."""
    if isinstance(out, Tensor):  # (0,) is taken for one result, too
        if isinstance(out_dims, tuple) and len(out_dims) == 1:
            out_dims = out_dims[0]
        dims = [out_dims] if trees.is_leaf(out_dims) else None
    else:
        dims = trees.spread(out_dims, spec)
    given = trees.flatten(out_dims)[0]
    if any(d is not None and not isinstance(d, int) for d in given):
        raise errors.value(
            f"vmap({name}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python collection of ints representing "
            "where in the outputs the vmapped dimension should appear."
        )
    if dims is None:
        raise errors.value(
            f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure of `outputs`. out_dims "
            f"has structure {trees.flatten(out_dims)[1]!r} but outputs has structure {spec!r}."
        )
    return dims


def unwrapped(x: Any, dim: Any, level: MapLevel, name: str) -> Any:
    """A result with the batch at ``dim``."""
    if not isinstance(x, Tensor):
        if dim is None:
            return x
        raise errors.value(
            f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(x)}. Did you mean to set out_dims= to None for "
            "output?"
        )
    mine = isinstance(x, Batched) and x.at is level
    if dim is None:
        if mine:
            raise errors.value(f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None")
        return x
    value = level.whole(x)
    n = value._a.ndim
    if not -n <= dim < n:
        raise errors.dim_range(dim, n)
    return value if dim % n == 0 else FUNCTIONS["movedim"].fn(value, 0, dim)


# --- running ---------------------------------------------------------------------------------------------------------------
def _run(
    func: Function,
    name: str,
    leaves: list[Any],
    spec: trees.TreeSpec,
    dims: list[Any],
    out_dims: Any,
    randomness: str,
    size: int,
    kwargs: dict[str, Any],
) -> Any:
    given = [x if d is None else in_front(x, d) for x, d in zip(leaves, dims, strict=True)]
    with MapLevel(size, randomness) as level:
        inner = [x if d is None else batched(x, level) for x, d in zip(given, dims, strict=True)]
        out = func(*trees.unflatten(inner, spec), **kwargs)
        results, out_spec = trees.flatten(out)
        where = output_dims(out_dims, out, out_spec, name)
        finished = [unwrapped(x, d, level, name) for x, d in zip(results, where, strict=True)]
    return trees.unflatten(finished, out_spec)


def _chunked(
    func: Function,
    name: str,
    leaves: list[Any],
    spec: trees.TreeSpec,
    dims: list[Any],
    out_dims: Any,
    randomness: str,
    chunk: int,
    size: int,
    kwargs: dict[str, Any],
) -> Any:
    """``chunk`` examples at a time, the results joined."""
    rows, out_spec = [], trees.LEAF
    for start in range(0, size, chunk):
        n = min(chunk, size - start)
        part = [x if d is None else x.narrow(d, start, n) for x, d in zip(leaves, dims, strict=True)]
        out = _run(func, name, part, spec, dims, out_dims, randomness, n, kwargs)
        found, out_spec = trees.flatten(out)
        rows.append(found)
    where = output_dims(out_dims, trees.unflatten(rows[0], out_spec), out_spec, name)
    cat = REGISTRY["cat"].public
    joined = [
        parts[0] if d is None else cat(list(parts), d) for parts, d in zip(zip(*rows, strict=True), where, strict=True)
    ]
    return trees.unflatten(joined, out_spec)


def is_wrapped(x: Any) -> bool:
    return isinstance(x, Wrapped)

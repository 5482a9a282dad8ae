"""One tensor as several views: ``unbind``, ``split``, ``chunk`` and their kin.

The parts of one call share a node with an output for each, and may not be written while gradients are recorded.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import errors, levels, types
from ..autograd.graph import Node, next_seq, notice
from ..autograd.mode import recording
from ..errors import check_dim
from ..functions import FUNCTIONS, function
from ..node import history_first
from ..readers import REGISTRY
from ..tensor import PART_OF_MANY, Tensor, edge_of, mark, requires_grad, view_of, wrap

ndarray = np.ndarray


class PartsNode(Node):
    """The node of several views of one tensor: their gradients side by side are the tensor's.

    Gradient of ``input``: ``g`` where this part lies, 0 elsewhere.
    """

    __slots__ = ("n_outputs", "dim", "joins")  # type: ignore[assignment]

    inputs: Any = ("input",)
    n_outputs: int
    dim: int
    joins: str  # the op that puts the parts together again: cat or stack

    def run(self, k: Any, g: Any, release: bool) -> Any:
        like = next(x for x in g if x is not None)
        whole = []
        for x, (shape, np_dtype) in zip(g, self.meta, strict=True):
            if x is None:
                if isinstance(like, Tensor):
                    x = FUNCTIONS["zeros"].fn(shape, dtype=types.from_numpy_dtype(np_dtype))
                else:
                    x = np.zeros(shape, np_dtype)
            whole.append(x)
        return [getattr(k, self.joins)(whole, self.dim)]


_CLASSES: dict[str, type[PartsNode]] = {}


def parts(name: str, input: Tensor, arrays: list[Any], dim: int, joins: str, view: bool = True) -> tuple[Tensor, ...]:
    """Views of ``input`` that are the outputs of one node called ``name``."""
    if levels.running and (isinstance(input, levels.Batched | levels.Dual) or input.is_meta):
        return tuple(_parts_by_ops(input, arrays, dim, joins))
    out = [view_of(input, a) if view else wrap(a) for a in arrays]
    if view:
        for t in out:
            mark(t, PART_OF_MANY)
    if not out or not recording() or not requires_grad(input):
        return tuple(out)
    cls = _CLASSES.get(name)
    if cls is None:
        cls = _CLASSES[name] = type(name, (PartsNode,), {"__slots__": ()})
    node = cls()
    node.seq, node.edges, node.hooks, node.stack = next_seq(), (edge_of(input),), None, None
    node.dim, node.joins, node.n_outputs = dim, joins, len(out)
    meta = [(a.shape, a.dtype) for a in arrays]
    node.meta = meta[0] if len(out) == 1 else meta
    if len(out) == 1:
        node.__class__ = _single(cls)
    for nr, t in enumerate(out):
        t._edge = (node, nr)
    if recording() >= 2:
        notice(node, out, arrays, (input,))
    return tuple(out)


def _parts_by_ops(input: Tensor, arrays: list[Any], dim: int, joins: str) -> Iterator[Tensor]:
    """The same parts of a tensor inside ``vmap`` or forward mode, each by an op of its own."""
    start = 0
    for i, a in enumerate(arrays):
        if joins == "stack":
            yield REGISTRY["select"].public(input, dim, i)
        else:
            yield REGISTRY["slice_along"].public(input, dim, start, start + a.shape[dim])
            start += a.shape[dim]


def _single(cls: type[PartsNode]) -> type[PartsNode]:
    """The node class for one part, whose gradient comes alone and not in a list."""
    key = cls.__name__ + "/1"
    if key not in _CLASSES:

        def run(self: PartsNode, k: Any, g: Any, release: bool) -> Any:
            return [getattr(k, self.joins)([g], self.dim)]

        _CLASSES[key] = type(cls.__name__, (PartsNode,), {"__slots__": (), "run": run})
    return _CLASSES[key]


def along(a: ndarray[Any, Any], dim: int, where: Any) -> ndarray[Any, Any]:
    """The view ``a[:, ..., where]`` with ``where`` at dimension ``dim``."""
    return a[(slice(None),) * dim + (where, ...)]


_BAD_DIM = "Dimension out of range"


@function(methods="unbind", samples=lambda m: [
    m(m.f(2, 3)), m(m.f(2, 3), 1), m(m.nc(3, 2), -1), m(m.f(0, 2)), m(m.f(0, 2), 1), m(m.i(3)), m(m.f(1, 2)),
    m.without("0-d", "PyTorch: there is no dimension to unbind")],
    errors=lambda m: [
    m.error(IndexError, "Dimension specified as 0 but tensor has no dimensions", m.f()),
    m.error(IndexError, _BAD_DIM, m.f(2, 3), 2), m.error(TypeError, "", 3.0)])  # fmt: skip
@history_first
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """All slices along a dimension, as views without it.

    >>> import rushlight as torch
    >>> torch.tensor([[1, 2], [3, 4]]).unbind(1)
    (tensor([1, 3]), tensor([2, 4]))
    """
    need_tensor("unbind", input)
    a = input._a
    if not a.ndim:
        raise errors.index("Dimension specified as 0 but tensor has no dimensions")
    dim = check_dim(dim, a.ndim)
    return parts("UnbindBackward0", input, [along(a, dim, i) for i in range(a.shape[dim])], dim, "stack")


def need_tensor(name: str, x: Any, argument: str = "input") -> None:
    """Refuse what is no tensor."""
    if not isinstance(x, Tensor):
        raise errors.not_a_tensor(name, argument, 1, x)


def _sections(name: str, input: Tensor, sizes: list[int], dim: int, node: str, view: bool = True) -> tuple[Tensor, ...]:
    arrays, start = [], 0
    for size in sizes:
        arrays.append(along(input._a, dim, slice(start, start + size)))
        start += size
    return parts(node, input, arrays, dim, "cat", view)


@function(samples=lambda m: [
    m(m.f(5, 2), 2), m(m.f(2, 5), [2, 3], 1), m(m.nc(3, 2), 1), m(m.f(0, 2), 2), m(m.f(4), [4]), m(m.f(4), 9), m(m.f(3), [0, 3]),
    m(m.i(3), 1), m.without("0-d", "PyTorch: there is no dimension to split")],
    errors=lambda m: [
    m.error(RuntimeError, "split expects split_size be non-negative, but got split_size=-1", m.f(3), -1),
    m.error(RuntimeError, "expects split_sizes to sum exactly to 3", m.f(3), [1, 1]),
    m.error(RuntimeError, "split expects at least a 1-dimensional tensor", m.f(), 1),
    m.error(IndexError, _BAD_DIM, m.f(3), 1, 1)])  # fmt: skip
@history_first
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of this size, or of these sizes, one after another along a dimension; the last may be smaller.

    >>> import rushlight as torch
    >>> torch.arange(5).split(2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    need_tensor("split", tensor, "tensor")
    if isinstance(split_size_or_sections, Tensor) and not split_size_or_sections.ndim:
        split_size_or_sections = errors.need_int("split", "split_size", 2, split_size_or_sections)
    if not isinstance(split_size_or_sections, int):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    sizes = _equal_sizes(tensor, split_size_or_sections, dim)
    return _sections("split", tensor, sizes, check_dim(dim, tensor._a.ndim), "SplitBackward0")


def _equal_sizes(input: Tensor, size: int, dim: int) -> list[int]:
    if not input._a.ndim:
        raise errors.runtime("split expects at least a 1-dimensional tensor")
    n = input._a.shape[check_dim(dim, input._a.ndim)]
    if size < 0:
        raise errors.runtime(f"split expects split_size be non-negative, but got split_size={size}")
    if size == 0 and n:
        raise errors.runtime(f"split_size can only be 0 if dimension size is 0, but got dimension size of {n}")
    return [min(size, n - i) for i in range(0, n, size)] if n else [0]


@function(methods="split_with_sizes", samples=lambda m: [
    m(m.f(5, 2), [2, 3]), m(m.f(2, 5), [2, 0, 3], 1), m(m.nc(3, 2), [1, 2]), m(m.f(0, 2), [0, 0]),
    m.without("0-d", "PyTorch: there is no dimension to split")],
    errors=lambda m: [
    m.error(RuntimeError, "expects split_sizes to sum exactly to 3", m.f(3), [1, 1]),
    m.error(RuntimeError, "expects split_sizes have only non-negative entries", m.f(3), [4, -1])])  # fmt: skip
def split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of these sizes, one after another along a dimension.

    >>> import rushlight as torch
    >>> torch.arange(5).split_with_sizes([1, 4])
    (tensor([0]), tensor([1, 2, 3, 4]))
    """
    need_tensor("split_with_sizes", input)
    sizes = errors.need_ints("split_with_sizes", "split_sizes", 2, split_sizes)
    if not input._a.ndim:
        raise errors.runtime("split expects at least a 1-dimensional tensor")
    at = check_dim(dim, input._a.ndim)
    n = input._a.shape[at]
    if any(s < 0 for s in sizes):
        raise errors.runtime(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={sizes}"
        )
    if sum(sizes) != n:
        raise errors.runtime(
            f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension {dim}), but got "
            f"split_sizes={sizes}"
        )
    return _sections("split_with_sizes", input, sizes, at, "SplitWithSizesBackward0")


@function(methods="chunk", samples=lambda m: [
    m(m.f(5, 2), 2), m(m.f(2, 5), 3, 1), m(m.nc(3, 2), 4), m(m.f(0, 2), 2), m(m.f(4), 1),
    m.without("0-d", "PyTorch: there is no dimension to split")],
    errors=lambda m: [
    m.error(RuntimeError, "chunk expects `chunks` to be greater than 0, got: 0", m.f(3), 0),
    m.error(RuntimeError, "chunk expects at least a 1-dimensional tensor", m.f(), 1),
    m.error(IndexError, _BAD_DIM, m.f(3), 1, 1)])  # fmt: skip
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most ``chunks`` views of equal size (the last may be smaller).

    >>> import rushlight as torch
    >>> torch.arange(5).chunk(2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    need_tensor("chunk", input)
    if not input._a.ndim:
        raise errors.runtime("chunk expects at least a 1-dimensional tensor")
    chunks = errors.need_int("chunk", "chunks", 2, chunks)
    if chunks <= 0:
        raise errors.runtime(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = input._a.shape[check_dim(dim, input._a.ndim)]
    return split(input, -(-n // chunks), dim) if n else split_with_sizes(input, [0] * chunks, dim)


# --- parts with a node each -----------------------------------------------------------------------------------------
@function(methods="tensor_split", samples=lambda m: [
    m(m.f(5, 2), 2), m(m.f(2, 5), 3, 1), m(m.f(5), (1, 3)), m(m.nc(3, 2), 4), m(m.f(0, 2), 2), m(m.f(4), (9, 2)),
    m(m.f(4), m.a([1, 2])), m.without("0-d", "PyTorch: there is no dimension to split")],
    errors=lambda m: [
    m.error(RuntimeError, "number of sections must be larger than 0, got 0", m.f(3), 0),
    m.error(RuntimeError, "tensor_split expected at least a 1-dimensional tensor", m.f(), 1)])  # fmt: skip
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views between these indices, or so many views of nearly equal size.

    >>> import rushlight as torch
    >>> torch.arange(5).tensor_split(2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    need_tensor("tensor_split", input)
    a = input._a
    if not a.ndim:
        raise errors.runtime(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims", "Use x.reshape(1)."
        )
    at = check_dim(dim, a.ndim)
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    n = a.shape[at]
    if isinstance(indices_or_sections, int):
        count = indices_or_sections
        if count <= 0:
            raise errors.runtime(f"number of sections must be larger than 0, got {count}")
        size, more = divmod(n, count)
        cuts = [i * size + min(i, more) for i in range(1, count)]
    else:
        cuts = cuts_at("tensor_split", input, indices_or_sections)
    edges = [0, *cuts, n]
    where = [slice(s, e).indices(n)[:2] for s, e in zip(edges, edges[1:], strict=False)]
    take = REGISTRY["slice_along"].public
    return tuple(take(input, at, start, end) for start, end in where)


def cuts_at(name: str, input: Tensor, indices: Any) -> list[int]:
    """The places between parts: a tuple or list of ints.

    Raises:
        TypeError: for anything else.
    """
    if isinstance(indices, (tuple, list)) and all(hasattr(i, "__index__") for i in indices):
        return [operator.index(i) for i in indices]
    kinds = ["Tensor input, int sections", "Tensor input, tuple of ints indices"]
    raise errors.combination(name, (input, indices), kinds)


def _divided(name: str, at: int, minimum: int) -> Any:
    def fn(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
        need_tensor(name, input)
        shape = input._a.shape
        if len(shape) < minimum:
            raise errors.runtime(
                f"torch.{name} requires a tensor with at least {minimum} dimension{'s' if minimum > 1 else ''}, but got a tensor "
                f"with {len(shape)} dimensions!"
            )
        d = 0 if name == "hsplit" and len(shape) == 1 else at
        if isinstance(indices_or_sections, Tensor) and not indices_or_sections.ndim:
            indices_or_sections = indices_or_sections.item()
        if isinstance(indices_or_sections, int):
            count = indices_or_sections
            if count <= 0 or shape[d] % count:
                raise errors.runtime(
                    f"torch.{name} attempted to split along dimension {d}, but the size of the dimension {shape[d]} is not "
                    f"divisible by the split_size {count}!"
                )
        else:
            indices_or_sections = cuts_at(name, input, indices_or_sections)
        return tensor_split(input, indices_or_sections, d)

    fn.__name__ = fn.__qualname__ = name
    return fn


def _divided_samples(m: Any) -> list[Any]:
    return [m(m.f(2, 4, 6), 2), m(m.f(2, 4, 6), (1,)), m(m.nc(2, 2, 2), 2), m(m.f(0, 0, 0), 2),
            m.without("0-d", "PyTorch: there is no dimension to split")]  # fmt: skip


for _name, _at, _minimum in (("hsplit", 1, 1), ("vsplit", 0, 2), ("dsplit", 2, 3)):
    _fn = _divided(_name, _at, _minimum)
    _fn.__doc__ = f"""``tensor_split`` along dimension {_at}, into equal parts if given their count.

    >>> import rushlight as torch
    >>> [tuple(p.shape) for p in torch.zeros(2, 2, 2).{_name}(2)]
    {[tuple(1 if d == _at else 2 for d in range(3))] * 2}
    """
    globals()[_name] = function(
        name=_name,
        methods=_name,
        samples=_divided_samples,
        errors=lambda m, name=_name: [
            m.error(RuntimeError, "not divisible by the split_size 3", m.f(2, 2, 2), 3),
            m.error(TypeError, name + "() received an invalid combination of arguments", m.f(2, 2, 2), "ab"),
            m.error(TypeError, name + "() received an invalid combination of arguments", m.f(2, 2, 2), [1.5]),
        ],
    )(_fn)


@function(methods="unsafe_split", samples=lambda m: [
    m(m.f(5, 2), 2), m(m.f(2, 5), 3, 1), m(m.nc(3, 2), 1), m(m.f(0, 2), 2),
    m.without("0-d", "PyTorch: there is no dimension to split")],
    errors=lambda m: [m.error(RuntimeError, "non-negative", m.f(3), -1)])  # fmt: skip
def unsafe_split(tensor: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """``split`` whose parts may be written: the writes are then not seen by the history of ``tensor``.

    >>> import rushlight as torch
    >>> torch.arange(4).unsafe_split(2)
    (tensor([0, 1]), tensor([2, 3]))
    """
    need_tensor("unsafe_split", tensor, "tensor")
    sizes = _equal_sizes(tensor, split_size, dim)
    return _sections("unsafe_split", tensor, sizes, check_dim(dim, tensor._a.ndim), "UnsafeSplitBackward0", view=False)


@function(methods="unsafe_chunk", samples=lambda m: [
    m(m.f(5, 2), 2), m(m.f(2, 5), 3, 1), m(m.nc(3, 2), 4),
    m.without("empty", "nothing to split"), m.without("0-d", "PyTorch: there is no dimension to split")],
    errors=lambda m: [m.error(RuntimeError, "to be greater than 0", m.f(3), 0)])  # fmt: skip
def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """``chunk`` whose parts may be written: the writes are then not seen by the history of ``input``.

    >>> import rushlight as torch
    >>> torch.arange(4).unsafe_chunk(2)
    (tensor([0, 1]), tensor([2, 3]))
    """
    need_tensor("unsafe_chunk", input)
    if chunks <= 0:
        raise errors.runtime(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = input._a.shape[check_dim(dim, input._a.ndim)]
    return unsafe_split(input, -(-n // chunks), dim)

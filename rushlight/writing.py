"""Writing into memory that exists: in-place operations, views, ``out=``.

After ``v.mul_(y)`` on a view ``v`` of ``base`` the history of ``base`` has changed: part of it now comes from the
multiplication. ``rebase`` records this as a ``CopySlices`` node on the base, and every view of the base reads its
gradient edge anew from there (``tensor.edge_of``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import errors, types
from .autograd.graph import FREED, Node, next_seq, notice
from .autograd.mode import recording
from .kernels.copies import assign
from .kernels.cpython import address
from .kernels.lazy import computed, expose, settle
from .kernels.strides import contiguous_strides, element_strides, is_non_overlapping_and_dense, root_array
from .tensor import Tensor, edge_of, inference, of_inference, requires_grad, set_edge

ndarray = np.ndarray
strided: Callable[..., np.ndarray[Any, Any]] = np.lib.stride_tricks.as_strided


class Region:
    """Which elements of a base a view shows; read and written through a buffer laid out like the memory of both.

    A view made by ``as_strided`` may show memory beside its base's: that reads as zeros, and what is written there is lost.
    """

    __slots__ = ("shape", "span", "base", "view")

    def __init__(self, base: ndarray[Any, Any], view: ndarray[Any, Any]):
        low, high = np.lib.array_utils.byte_bounds(base)
        if base.size and view.size:
            first, last = np.lib.array_utils.byte_bounds(view)
            low, high = min(low, first), max(high, last)
        self.shape: Any = view.shape
        self.span: int = high - low
        self.base: Any = (base.shape, base.dtype, address(base) - low, base.strides)
        self.view: Any = (view.shape, view.dtype, address(view) - low, view.strides)

    def _laid_out(self, a: ndarray[Any, Any]) -> tuple[ndarray[Any, Any], ndarray[Any, Any]]:
        """A copy of ``a`` (shaped like the base) in the base's memory layout, and the region of it."""
        memory = np.zeros(self.span, np.uint8)
        shape, np_dtype, offset, strides = self.base
        whole: ndarray[Any, Any] = ndarray(shape, np_dtype, memory, offset, strides)
        whole[...] = a
        shape, np_dtype, offset, strides = self.view
        return whole, ndarray(shape, np_dtype, memory, offset, strides)

    def read(self, a: ndarray[Any, Any]) -> ndarray[Any, Any]:
        """The region of ``a``."""
        return self._laid_out(a)[1].copy() if self.span else np.empty(self.shape, self.view[1])

    def write(self, a: ndarray[Any, Any], values: Any) -> ndarray[Any, Any]:
        """A copy of ``a`` whose region holds ``values``."""
        return in_order(self.filled(a, values))

    def filled(self, a: ndarray[Any, Any], values: Any) -> ndarray[Any, Any]:
        """``write``, laid out as the base is."""
        if not self.span:
            return a.copy()
        whole, part = self._laid_out(a)
        part[...] = values
        return whole

    def add_zero(self, values: ndarray[Any, Any]) -> ndarray[Any, Any]:
        """Zeros shaped like the base with ``values`` added in the region (twice where the view shows an element twice)."""
        zeros = np.zeros(self.base[0], self.base[1])
        if not self.span:
            return zeros
        whole, part = self._laid_out(zeros)
        if may_overlap(part) or may_overlap(whole):  # of elements of the base in one place one stands for all
            where = np.arange(1, zeros.size + 1).reshape(zeros.shape)  # 0 is beside the base
            index = Region.__new__(Region)
            scale = np.dtype(np.int64).itemsize / zeros.dtype.itemsize
            index.shape, index.span = self.shape, int(self.span * scale)
            for name in ("base", "view"):
                shape, _, offset, strides = getattr(self, name)
                new = tuple(int(s * scale) for s in strides)
                setattr(index, name, (shape, np.dtype(np.int64), int(offset * scale), new))
            sums = np.zeros(zeros.size + 1, zeros.dtype)
            np.add.at(sums, index.read(where).reshape(-1), values.reshape(-1))
            return sums[1:].reshape(zeros.shape)
        part[...] = values
        return in_order(whole)


def in_order(a: ndarray[Any, Any]) -> ndarray[Any, Any]:
    """The elements in row-major order; NumPy's own gives a 0-d array a dimension."""
    return a if a.flags.c_contiguous else np.ascontiguousarray(a)


class CopySlices(Node):
    """A base after one of its views was written: the gradient of the region goes through the writing node.

    Gradient of ``base``: ``g`` where nothing was written; where something was, what the write makes of it (0 for a copy).
    Gradient of ``value``: ``g`` where it was written, as the write makes of it (as it is for a copy).
    """

    __module__ = "builtins"
    __slots__ = ("inner", "region", "shape")

    inputs: tuple[str, ...] = ("base", "value")
    inner: Any

    def __init__(self, base: Tensor, view: Tensor, inner: Node):
        self.seq: int = next_seq()
        self.inner = inner
        self.region: Region = Region(base._a, view._a)
        # The first edge, where the old values go, leads to the old history of the base.
        self.edges: tuple[Any, ...] = (edge_of(base), *inner.edges[1:])
        self.meta: Any = (base._a.shape, base._a.dtype)
        self.hooks: Any = None
        self.stack: list[str] | None = inner.stack
        if recording() >= 2:
            notice(self, (base,), (base._a,), ())

    def run(self, k: Any, g: Any, release: bool) -> Any:
        if self.inner is None:
            raise errors.runtime(FREED, "The node is CopySlices: a write to a view of this tensor.")
        self.inner.written = self  # only now: a node that knew it from the start would keep both alive
        try:
            through = [computed(x) for x in self.inner.run(k, k.region_get(g, region=self.region), release)]
        finally:
            del self.inner.written
        if release:
            self.inner = None
        if self.edges[0] is None:
            return [None, *through[1:]]
        shape, _, _, strides = self.region.view
        if through[0] is not None and repeats(shape, strides):  # the gradients of one place may differ
            raise overlapping("clone() the expanded tensor before writing to it, whose gradient this is.")
        old = k.region_put(g, 0.0 if through[0] is None else through[0], region=self.region)
        return [old, *through[1:]]


def has_overlap(a: ndarray[Any, Any]) -> bool:
    """True if an element is certainly shown twice: a dimension of size > 1 with stride 0, as ``expand`` makes."""
    return repeats(a.shape, a.strides)


def repeats(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """``has_overlap`` of an array of this shape with these strides."""
    return 0 in strides and 0 not in shape and any(n > 1 and s == 0 for n, s in zip(shape, strides, strict=True))


def overlapping(advice: str) -> Exception:
    """What is raised where one place of the memory that is written stands for several elements."""
    return errors.runtime(
        "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
        + advice
    )


def may_overlap(a: ndarray[Any, Any]) -> bool:
    """False if certainly no place in memory stands for two elements: each stride steps over all that smaller ones reach."""
    reach = a.itemsize
    for stride, n in sorted((abs(s), n) for s, n in zip(a.strides, a.shape, strict=True) if n > 1):
        if stride < reach:
            return True
        reach = stride * n
    return False


def check_writable(x: Tensor, *others: Any, overlap: bool = True, recorded: bool = True) -> None:
    """Refuse what PyTorch refuses to write into; ``others`` are the further inputs of the operation that writes.

    Raises:
        RuntimeError: for a leaf that requires grad, a view of one, one output of a multi-output view, an expanded tensor,
            an inference tensor outside inference mode.
    """
    settle()
    if (
        recorded
        and recording()
        and (requires_grad(x) or any(isinstance(o, Tensor) and requires_grad(o) for o in others))
    ):
        check_history(x)
    if overlap:
        check_overlap(x._a)
    check_inference(x)


def check_inference(x: Tensor) -> None:
    """Refuse to write to an inference tensor outside inference mode."""
    if of_inference(x) and not inference.get():
        raise errors.runtime(
            "Inplace update to inference tensor outside InferenceMode is not allowed. You can make a clone to get a normal "
            "tensor before doing inplace update. See https://github.com/pytorch/rfcs/pull/17 for more details."
        )


def check_overlap(a: ndarray[Any, Any]) -> None:
    """Refuse to write to memory in which one place stands for several elements."""
    if has_overlap(a):
        raise overlapping("Please clone() the tensor before performing the operation.")


def check_apart(x: Tensor, others: tuple[Any, ...], whole: bool = False) -> None:
    """Refuse to write into memory that another input shows in part (or, with ``whole``, at all)."""
    for o in others:
        if o is x and whole and x._a.size:
            raise shared()
        if not isinstance(o, Tensor) or (o is x and not whole) or not np.may_share_memory(x._a, o._a):
            continue
        a, b = x._a, o._a
        if (whole or not is_same(a, b)) and is_dense(a) and is_dense(b):
            raise shared()


def shared() -> RuntimeError:
    return errors.runtime(
        "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
        "location. Please clone() the tensor before performing the operation."
    )


def is_same(a: ndarray[Any, Any], b: ndarray[Any, Any]) -> bool:
    """Whether two arrays show the same elements in the same order."""
    return address(a) == address(b) and a.shape == b.shape and _steps(a) == _steps(b)


def _steps(a: ndarray[Any, Any]) -> list[int]:
    return [s for s, n in zip(a.strides, a.shape, strict=True) if n > 1]


def is_dense(a: ndarray[Any, Any]) -> bool:
    """Whether the elements fill their stretch of memory without gaps."""
    low, high = np.lib.array_utils.byte_bounds(a)
    return high - low == a.nbytes


def check_history(x: Tensor) -> None:
    """Refuse a write that would be recorded, and whose history could not be kept."""
    base = x._base
    if base is not None:
        kind = None if x._extra is None else x._extra.get("view_kind")
        if kind is not None:
            raise errors.runtime(kind.message(x, "is being"), "Write to a clone of it, or inside torch.no_grad().")
        if requires_grad(x) and (base._edge is None or base._edge[0].is_leaf):
            raise errors.runtime(
                "a view of a leaf Variable that requires grad is being used in an in-place operation.",
                "Write inside `with torch.no_grad():`, or to a clone: y = x.clone(); y[0] = 1.",
            )
        return
    if x._edge is not None and x._edge[0].is_leaf:
        raise errors.runtime(
            "a leaf Variable that requires grad is being used in an in-place operation.",
            "Its old value would be lost to backward(). Update parameters inside `with torch.no_grad():`, or use the "
            "out-of-place form: x = x + 1 instead of x += 1.",
        )


def check_result(x: Tensor, r: ndarray[Any, Any], broadcast_error: str = "") -> None:
    """Refuse a result that does not fit the tensor it is to be written into."""
    if r.shape != x._a.shape:
        raise errors.runtime(
            broadcast_error
            or f"output with shape {list(x._a.shape)} doesn't match the broadcast shape {list(r.shape)}",
            "An in-place operation never changes a shape; use the out-of-place form.",
        )
    if r.dtype is not x._a.dtype:
        check_cast(types.of_array(r), types.of_array(x._a))


def check_cast(from_: types.dtype, to: types.dtype) -> None:
    if not types.can_cast(from_, to):
        raise errors.runtime(
            f"result type {types.scalar_name(from_)} can't be cast to the desired output type {types.scalar_name(to)}",
            "An in-place operation never changes a dtype; use the out-of-place form or convert with .to() first.",
        )


def bump(x: Tensor) -> None:
    """Count a write to the memory of ``x``."""
    x._vc[0] += 1


def rebase(x: Tensor, edge: Any) -> None:
    """Make ``edge`` the history of ``x`` after an in-place operation; for a view, part of its base's history."""
    base = x._base
    if base is None:
        set_edge(x, edge)
    else:
        set_edge(base, (CopySlices(base, x, edge[0]), 0))
        x._gen = -1  # no version: the next look regenerates the edge from the base


def write_out(name: str, out: Any, result: Any, inputs: tuple[Any, ...] = (), rule: str = "") -> Any:
    """Copy a result into ``out=``, resizing it as PyTorch does. Nothing is written unless all of it may be.

    Args:
        inputs: the operands of the call, whose memory may be that of ``out``.
        rule: what PyTorch asks of ``out``, in words: ``exact`` (it has the dtype of the result; without it, one that the result
            can be cast to), ``partial`` (no operand shows a part of its memory), ``apart`` (nor all of it), ``loose`` (its own
            elements may share memory).
    """
    if not isinstance(result, tuple):
        check_out(name, out, result, inputs, rule)
        return fill_out(out, result)
    if not isinstance(out, (tuple, list)) or len(out) != len(result):
        raise errors.type_(f"{name}(): argument 'out' must be tuple of Tensors, not {type(out).__name__}")
    for o, r in zip(out, result, strict=True):
        check_out(name, o, r, inputs, rule)
    for o, r in zip(out, result, strict=True):
        fill_out(o, r)
    return type(result)(*out) if hasattr(result, "_fields") else tuple(out)


def check_out(name: str, out: Any, result: Tensor, inputs: tuple[Any, ...], rule: str) -> None:
    """Refuse an ``out=`` that the result may not be written into.

    Raises:
        TypeError: if it is no tensor. RuntimeError: if gradients are recorded, for a dtype or memory that ``rule`` forbids, for an
            inference tensor outside inference mode.
    """
    if not isinstance(out, Tensor):
        raise errors.type_(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if recording() and (edge_of(result) is not None or edge_of(out) is not None):
        raise errors.runtime(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the arguments "
            "requires grad."
        )
    check_inference(out)
    if result._a.dtype is not out._a.dtype:
        if "exact" in rule:
            raise errors.runtime(
                f"Expected out tensor to have dtype {types.c_name(result.dtype)}, but got {types.c_name(out.dtype)} instead"
            )
        check_cast(result.dtype, out.dtype)
    same_shape = result._a.shape == out._a.shape  # otherwise it gets memory of its own
    if (same_shape and "loose" not in rule) or "apart" in rule:
        check_overlap(out._a)
    if "apart" in rule and any(x is out for x in inputs):
        raise shared()
    if "apart" in rule or ("partial" in rule and same_shape):
        check_apart(out, inputs, whole="apart" in rule)


def _resized(out: Tensor, r: ndarray[Any, Any]) -> tuple[ndarray[Any, Any], ndarray[Any, Any], ndarray[Any, Any]]:
    """Memory for a result in the place of ``out``'s, laid out as the result is; where there is no room in what ``out`` shows, a longer
    copy of it. And the bytes that others still show there, with those which are to be copied into them."""
    a = out._a
    itemsize = a.itemsize
    memory, start, needed = storage_bytes(a), out.storage_offset() * itemsize, r.size * itemsize  # type: ignore[attr-defined]
    shown = memory[start:]
    if start + needed > memory.size:
        grown = np.empty(start + needed, np.uint8)
        grown[: memory.size] = memory
        memory = grown
    else:
        shown = shown[:0]
    strides = element_strides(r)
    if not is_non_overlapping_and_dense(r.shape, strides):
        strides = contiguous_strides(r.shape)
    flat = memory[start : start + needed].view(a.dtype)
    made = strided(flat, r.shape, [s * itemsize for s in strides])
    return made, shown, memory[start : start + shown.size]


def storage_bytes(a: ndarray[Any, Any]) -> ndarray[Any, Any]:
    """All the memory behind an array, as bytes that alias it."""
    expose(a)
    root = root_array(a)
    low, high = np.lib.array_utils.byte_bounds(root)
    if not root.size:
        return np.empty(0, np.uint8)
    order = sorted(range(root.ndim), key=lambda d: -root.strides[d])
    flat = root.transpose(order)
    if flat.flags.c_contiguous:
        return flat.reshape(-1).view(np.uint8)
    return strided(strided(root, (1,), (root.itemsize,)).view(np.uint8), (high - low,), (1,))


def fill_out(out: Tensor, result: Tensor) -> Tensor:
    """Write a result into ``out``, which is resized if the shape is another."""
    r = result._a
    if r.shape != out._a.shape:
        if out._a.size:
            errors.warn(
                "An output with one or more elements was resized since it had shape "
                f"{list(out._a.shape)}, which does not match the required output shape {list(r.shape)}. This behavior is "
                "deprecated, and in a future PyTorch release outputs will not be resized unless they have zero elements. "
                "You can explicitly reuse an out tensor t by resizing it, inplace, to zero elements with t.resize_(0).",
                UserWarning,
                stacklevel=5,
            )
        out._a, shown, written = _resized(out, r)
        settle()
        assign(out._a, r)
        if shown.flags.writeable:
            shown[...] = written  # as far as it goes: PyTorch's storage grows under all that show it
    else:
        settle()
        assign(out._a, r)
    bump(out)
    return out

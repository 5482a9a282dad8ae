"""The Tensor: an ndarray and its place in the graph.

A tensor is an array (``_a``), the edge through which gradients reach it (``_edge``), a version counter shared with all its
views (``_vc``), and, for a view, the tensor it looks into (``_base``). This module holds the data and what can be read off
it; operators and methods come from the op registry and are attached by ``rushlight.methods``.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from . import types
from .kernels.cpython import address
from .kernels.lazy import expose
from .kernels.strides import element_strides, root_array

if TYPE_CHECKING:
    from ._tensor_methods import Methods  # a stub alone, made from what rushlight.methods attaches
else:
    Methods = object

ndarray = np.ndarray
_new = object.__new__

#: ``(node, output number)``; a leaf's node is its AccumulateGrad. None where no gradient flows.
Edge = tuple[Any, int]


class TensorBase(Methods):
    """The slots. They live in a base class so that Tensor itself may have a lazy ``__dict__`` for user attributes."""

    __slots__ = ("_a", "_edge", "_grad", "_vc", "_base", "_gen", "_extra")

    _a: np.ndarray[Any, Any]  # the elements
    _edge: Edge | None  # where its gradient goes
    _grad: Tensor | None  # what backward() left here
    _vc: list[int]  # one cell: how often the memory was written; shared by views and detach()
    _base: Tensor | None  # for a differentiable view: the tensor whose memory it shows
    _gen: int  # for a view: the version at which _edge was made
    _extra: dict[str, Any] | None  # rare state: view kind, retain_grad


class Tensor(TensorBase):
    """A multi-dimensional array of one dtype that can record how it was computed."""

    __array_priority__ = 1000  # NumPy hands `array * tensor` to us
    __module__ = "torch"

    # --- what it is ---------------------------------------------------------------------------------------------
    @property
    def dtype(self) -> types.dtype:
        """Type of the elements."""
        return types.of_array(self._a)

    @property
    def shape(self) -> types.Size:
        """Sizes of the dimensions."""
        return types.Size(self._a.shape)

    @property
    def device(self) -> types.device:
        """Always ``device(type='cpu')``."""
        return types.CPU

    @property
    def layout(self) -> types.layout:
        """Always ``torch.strided``."""
        return types.strided

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return self._a.ndim

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self._a.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._a.nbytes

    def stride(self, dim: int | None = None) -> Any:
        """Step in elements from one index to the next, for all dimensions or one."""
        strides = element_strides(self._a)
        if dim is None:
            return strides
        if not -self._a.ndim <= dim < self._a.ndim:
            n = max(self._a.ndim, 1)
            raise IndexError(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})")
        return strides[dim]

    def storage_offset(self) -> int:
        """Elements between the start of the memory and the first element."""
        return (address(self._a) - address(root_array(self._a))) // self._a.itemsize

    def data_ptr(self) -> int:
        """Address of the first element."""
        expose(self._a)
        return address(self._a)

    # --- its place in the graph -----------------------------------------------------------------------------------
    @property
    def grad_fn(self) -> Any:
        """The node that computes gradients through the operation that made this tensor; None for a leaf."""
        edge = self._edge if self._base is None else edge_of(self)
        return None if edge is None or edge[0].is_leaf else edge[0]

    @property
    def is_leaf(self) -> bool:
        """True if no recorded operation made it: what the user created, or what does not require grad."""
        edge = self._edge if self._base is None else edge_of(self)
        return edge is None or edge[0].is_leaf

    @property
    def output_nr(self) -> int:
        """Which output of ``grad_fn`` this is."""
        edge = edge_of(self)
        return 0 if edge is None else edge[1]

    @property
    def retains_grad(self) -> bool:
        """True for a non-leaf whose ``.grad`` backward() fills."""
        return self._extra is not None and self._extra.get("retains_grad", False) and not self.is_leaf

    @property
    def _version(self) -> int:
        if of_inference(self):
            raise RuntimeError("Inference tensors do not track version counter.")
        return self._vc[0]

    def _is_view(self) -> bool:
        return self._base is not None


inference: ContextVar[bool] = ContextVar("rushlight_inference", default=False)
#: An entry for each inference mode that is on, in any thread: what hot paths ask before they ask ``inference``.
inferring: list[object] = []


def wrap(array: np.ndarray[Any, Any]) -> Tensor:
    """A new tensor around an array: a leaf that does not require grad."""
    t: Tensor = _new(Tensor)
    t._a = array
    t._edge = t._grad = t._base = t._extra = None
    t._vc = [0]
    if inferring:
        return marked(t)
    return t


def marked(t: Tensor) -> Tensor:
    """A new tensor, as an inference tensor if inference mode is on here: it may enter no graph, and writes to it are not counted."""
    if inference.get():
        t._extra = {"inference": True}
    return t


def of_inference(x: Tensor) -> bool:
    """Whether a tensor was made in inference mode: it may not be saved for a gradient, nor written to outside of that mode."""
    return x._extra is not None and "inference" in x._extra


def view_of(x: Tensor, array: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shows ``array``, a part of the memory of ``x``, and shares its version counter."""
    t: Tensor = _new(Tensor)
    t._a = array
    t._edge = t._grad = t._extra = None
    t._vc = x._vc
    t._base = x if x._base is None else x._base
    t._gen = x._vc[0]
    rare = x._extra
    if rare is not None and ("inference" in rare or "view_kind" in rare):
        if "inference" not in rare:
            t._extra = rare["view_kind"].alone
        else:
            t._extra = {kind: rare[kind] for kind in ("inference", "view_kind") if kind in rare}
    elif not _recording():
        t._extra = NO_GRAD_VIEW.alone
    return t


class ViewKind:
    """A view that may not be written while gradients are recorded, and why: the text of the error."""

    __slots__ = ("why", "alone")

    def __init__(self, why: str):
        self.why: str = why
        #: The rare state of the views of this kind that have no other: one dict for all of them, which ``extra`` copies.
        self.alone: dict[str, Any] = {"view_kind": self}

    def message(self, view: Tensor, what: str) -> str:
        """The error for ``view``; ``what`` says what was written: it, or its base."""
        edge = view._edge
        if edge is None or edge[0].is_leaf:
            return f"A view was created in no_grad mode and {what} modified inplace with grad mode enabled. {self.why}"
        name = edge[0].name().removesuffix("Backward0").removesuffix("Backward")
        if self is NO_GRAD_VIEW:
            what = f"of a view which was created in no_grad mode and {what}"
            return f"Output {edge[1]} of {name} is a view {what} modified inplace with grad mode enabled. {self.why}"
        return f"Output {edge[1]} of {name} is a view and {what} modified inplace. {self.why}"


NO_GRAD_VIEW = ViewKind(
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view "
    "and the inplace either both inside the no_grad block (if you don't want the inplace to be tracked) or both outside (if "
    "you want the inplace to be tracked)."
)
PART_OF_MANY = ViewKind(
    "This view is the output of a function that returns multiple views. Such functions do not allow the output views to be "
    "modified inplace. You should replace the inplace operation by an out-of-place one."
)
FROM_FUNCTION = ViewKind(
    "This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to handle "
    "view+inplace would override the custom backward associated with the custom Function, leading to incorrect gradients. "
    "This behavior is forbidden. You can fix this by cloning the output of the custom Function."
)


def mark(view: Tensor, kind: ViewKind) -> None:
    """Make a view one of this kind."""
    if view._extra is None or _is_shared(view._extra):
        view._extra = kind.alone
    else:
        view._extra["view_kind"] = kind


def alias_of(x: Tensor, array: np.ndarray[Any, Any], share_version: bool) -> Tensor:
    """The same memory outside the graph: ``detach()`` shares the version counter, ``.data`` does not."""
    t = wrap(array)
    if share_version:
        t._vc = x._vc
    t._extra = {"inference": True} if of_inference(x) else None
    return t


def edge_of(x: Tensor) -> Edge | None:
    """The current edge of a tensor; a view whose memory was written since gets a fresh one from its base."""
    base = x._base
    if base is not None and (x._edge is None or x._gen != x._vc[0]):
        edge = x._edge
        if base._edge is not None or not (edge is None or edge[0].is_leaf):
            return _view_edge(x)
    return x._edge


def set_edge(x: Tensor, edge: Edge | None) -> None:
    """Give a tensor another history. A ``.grad`` that is to be retained is that of what the tensor is now."""
    old = x._edge
    if x._extra is not None and x._extra.get("retains_grad") and old is not None and edge is not None and old[0].hooks:
        ref = old[0].hooks.retain.pop(old[1], None)
        if ref is not None:
            edge[0]._hooks().retain[edge[1]] = ref
    x._edge = edge


def requires_grad(x: Tensor) -> bool:
    """Whether a gradient is computed for it; asking never makes an edge. A view requires grad if its base does."""
    return x._edge is not None or (x._base is not None and x._base._edge is not None)


def _view_edge(view: Tensor) -> Edge | None:
    kind = None if view._extra is None else view._extra.get("view_kind")
    if view._gen == view._vc[0]:  # no edge of its own: made while nothing was recorded
        return _dead_end(view)
    elif kind is not None:
        if not _recording():
            return view._edge  # nobody will follow it
        raise RuntimeError(kind.message(view, "its base or another view of its base has been"))
    else:
        view._gen = view._vc[0]
        set_edge(view, _regenerate(view))
    return view._edge


def _regenerate(view: Tensor) -> Edge | None:
    raise NotImplementedError("set by rushlight.op, which knows how to record a view")


def _dead_end(x: Tensor) -> Edge:
    raise NotImplementedError("set by rushlight.autograd.graph, which has the nodes")


def _recording() -> int:
    raise NotImplementedError("set by rushlight.autograd.mode")


def extra(x: Tensor) -> dict[str, Any]:
    """The dict of a tensor's rare state, to be written to; made on first use."""
    if x._extra is None or _is_shared(x._extra):
        x._extra = dict(x._extra or {})
    return x._extra


def _is_shared(rare: dict[str, Any]) -> bool:
    """Whether this state is that of all views of a kind."""
    return "view_kind" in rare and rare is rare["view_kind"].alone


_held: Any = TensorBase._a  # type: ignore[misc]  # the slot itself


class _LikeTensor(type):
    """Makes a class equal to Tensor, also as a key: who compares types, or looks one up, need not know of it."""

    def __eq__(cls, other: object) -> bool:
        return other is Tensor or other is cls

    def __hash__(cls) -> int:
        return hash(Tensor)


class Deferred(Tensor, metaclass=_LikeTensor):
    """A tensor whose elements are computed when they are asked for (``kernels.lazy``); then it becomes a Tensor.

    Its slot holds what is to be computed. Whoever reads ``_a`` gets the array.
    """

    __slots__ = ()
    __module__ = "torch"

    @property
    def _a(self) -> np.ndarray[Any, Any]:  # type: ignore[override]
        held: Any = _held.__get__(self)
        array = held if held.__class__ is ndarray else held.array()
        _held.__set__(self, array)
        self.__class__ = Tensor  # type: ignore[assignment]
        return array  # type: ignore[no-any-return]

    @_a.setter
    def _a(self, array: np.ndarray[Any, Any]) -> None:
        _held.__set__(self, array)
        self.__class__ = Tensor  # type: ignore[assignment]


Deferred.__name__, Deferred.__qualname__ = Tensor.__name__, Tensor.__qualname__


def held_by(x: Tensor) -> Any:
    """What a tensor holds: its array, or what is deferred and has not been computed, for it or for another, yet."""
    held: Any = _held.__get__(x)
    return held if held.__class__ is ndarray or held.found is None else x._a


#: By the class of tensors without elements, that of parameters; set by rushlight.meta.
elsewhere: dict[type, Any] = {}


class Parameter(Tensor):
    """A tensor that is a module's parameter: assigned as a module attribute it is registered there.

    Args:
        data: the values, shared, not copied.
        requires_grad: whether gradients are computed for it.
    """

    __module__ = "torch.nn.parameter"

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:
        if data is None:
            data = wrap(np.empty((0,), types.get_default_dtype().np))
        if isinstance(data, Tensor) and (here := elsewhere.get(data.__class__)) is not None:
            return here(data, requires_grad)  # type: ignore[no-any-return]
        if not isinstance(data, Tensor):
            raise TypeError(f"Parameter(): data must be a Tensor, not {type(data).__name__}")
        t = _new(cls)
        t._a = data._a
        t._edge = t._grad = t._base = t._extra = None
        t._vc = [0]
        if of_inference(data):
            t._extra = {"inference": True}
        if requires_grad:
            types.check_differentiable(t.dtype)
            t.requires_grad_(True)
        return t

    def __init__(self, *args: Any, **kwargs: Any):
        """Nothing: ``__new__`` says what it takes, and a subclass's may take more."""

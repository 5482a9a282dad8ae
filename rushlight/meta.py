"""Tensors on the device ``meta``: shape, strides and dtype without elements.

A meta tensor is seen through a level (``levels``) that never ends, so that no short path takes it and its operations arrive at
``Meta.process``. What an operation gives follows from its record: a view is made of an array of the right strides over memory that is
nowhere (zeros that the system maps when they are read, all from one page), an elementwise result has the shape to which the operands
broadcast, a reduction loses its dimensions, a product has the sizes of its operands; every other body is run on zeros, whose results say
shape and dtype. The graph is recorded as ever, and backward runs on meta tensors. While no meta tensor is alive, nothing of this is asked.
"""

from __future__ import annotations

import math
import mmap
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from . import errors, levels, types
from . import op as ops
from .autograd.mode import recording, unusual
from .kernels.layouts import result_strides
from .kernels.strides import broadcast_shapes, element_strides
from .levels import Blind, Level, Wrapped, fresh
from .node import gather_edges, record
from .promotion import promote
from .readers import arrays
from .tensor import Parameter, Tensor, elsewhere, requires_grad, wrap

ndarray = np.ndarray
META = types.device("meta")

NO_DATA = "Cannot copy out of meta tensor; no data!"


def no_data() -> NotImplementedError:
    """The error of what needs elements."""
    return errors.advised(
        NotImplementedError(NO_DATA),
        "A tensor on the device 'meta' has a shape and a dtype alone: make it with device='cpu'.",
    )


def no_item() -> Exception:
    return errors.runtime("Tensor.item() cannot be called on meta tensors", "They have no elements.")


# --- arrays without elements ------------------------------------------------------------------------------------------------
class Ghost(Blind):
    """The array of a meta tensor: it refuses to be read."""

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise no_data()

    def __array_function__(self, func: Any, kinds: Any, args: Any, kwargs: Any) -> NoReturn:
        raise no_data()

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise no_data()

    def fill(self, value: Any) -> None:  # type: ignore[override]
        """Nothing is written."""

    def __setitem__(self, index: Any, value: Any) -> None:
        """Nothing is written."""

    def rebuilt(self) -> Tensor:
        """The tensor that a node has saved of it."""
        return shown(self)


for _name in (
    "min max any all __bool__ __int__ __float__ __complex__ __index__ __contains__ __iter__ "
    "item tolist tobytes sort argsort nonzero searchsorted dump dumps"
).split():
    setattr(Ghost, _name, Ghost._refuse)

_memory: list[Any] = [np.zeros(1 << 16, np.uint8)]


def _zeros(nbytes: int) -> Any:
    """Zeros that take no memory until they are read."""
    if nbytes > len(_memory[0]):
        size = 1 << math.ceil(math.log2(nbytes))
        _memory[0] = _mapped(size) if size > 1 << 26 else np.zeros(size, np.uint8)
    return _memory[0]


def _mapped(size: int) -> Any:
    """Memory that is only reserved, of which nothing is counted: more than there is may be."""
    private, anonymous = getattr(mmap, "MAP_PRIVATE", None), getattr(mmap, "MAP_ANONYMOUS", None)
    if private is None or anonymous is None:
        return mmap.mmap(-1, size, access=mmap.ACCESS_READ)
    no_reserve = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)
    return mmap.mmap(-1, size, flags=private | anonymous | no_reserve, prot=mmap.PROT_READ)


def ghost(shape: tuple[int, ...], dtype: Any, strides: tuple[int, ...] | None = None) -> ndarray[Any, Any]:
    """An array of zeros of a shape, with these strides in bytes, that takes no memory; it may not be written to."""
    size = np.dtype(dtype).itemsize
    if strides is None:
        strides, step = (), size
        for n in reversed(shape):
            strides = (step, *strides)
            step *= max(n, 1)
    span = size + sum([(n - 1) * abs(s) for n, s in zip(shape, strides, strict=True) if n > 1])
    made: ndarray[Any, Any] = np.ndarray(shape, dtype, _zeros(span), 0, strides)
    made.flags.writeable = False
    return made


# --- tensors ----------------------------------------------------------------------------------------------------------------
class MetaTensor(Wrapped):
    """A tensor without elements."""

    @property
    def device(self) -> types.device:
        """``device(type='meta')``."""
        return META

    is_meta = True  # type: ignore[assignment]
    __torch_function__ = None  # type: ignore[assignment]
    counted = False

    # A wrapper of ``torch.func`` answers by what is inside; here nothing is.
    requires_grad = property(lambda self: requires_grad(self), lambda self, value: self.requires_grad_(value))  # type: ignore[assignment]
    grad_fn = property(lambda self: Tensor.grad_fn.__get__(self))  # type: ignore[assignment]
    is_leaf = property(lambda self: Tensor.is_leaf.__get__(self))  # type: ignore[assignment]

    def inside(self) -> tuple[Tensor, ...]:
        return ()

    def __del__(self) -> None:
        if self.counted:
            LEVEL.forget()

    def detach(self) -> Any:
        """The same without a history."""
        return shown(self._a)

    def zero_(self) -> Any:
        """Nothing is written but the version."""
        self._vc[0] += 1
        return self

    def item(self) -> Any:
        """Raises what PyTorch raises."""
        raise no_item()

    __bool__ = __int__ = __float__ = __complex__ = __index__ = item  # type: ignore[assignment]

    def tolist(self) -> Any:
        """Raises what PyTorch raises."""
        raise no_data()

    def numpy(self, *, force: bool = False) -> Any:
        """Raises what PyTorch raises."""
        raise TypeError(
            "can't convert meta device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."
        )

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.numpy()

    def cpu(self, **options: Any) -> Any:
        """Raises what PyTorch raises."""
        raise no_data()

    def data_ptr(self) -> int:
        """0: there is no memory."""
        return 0

    def nonzero(self, **options: Any) -> Any:
        """Raises what PyTorch raises."""
        raise NotImplementedError(
            "The register_meta function for torch.nonzero() raises unimplemented by default, as a correct data-independent "
            "implementation does not exist."
        )

    @property
    def data(self) -> Any:
        """The same without a history."""
        return shown(self._a)

    @data.setter
    def data(self, other: Any) -> None:
        if not isinstance(other, MetaTensor):
            raise RuntimeError(
                "Attempted to call `variable.set_data(tensor)`, but `variable` and `tensor` have incompatible tensor type."
            )
        self._a = other._a

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = like(self, type(self))
        made.__dict__.update({k: v for k, v in self.__dict__.items() if k != "at"})
        memo[id(self)] = made
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _restored, (isinstance(self, Parameter), self._a.shape, self.dtype, self._a.strides, self.requires_grad)


class MetaParameter(MetaTensor, Parameter):
    """A parameter without elements."""

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        return like(data, cls, requires_grad)


for _cls, _as in ((MetaTensor, Tensor), (MetaParameter, Parameter)):
    _cls.__name__, _cls.__qualname__, _cls.__module__ = _as.__name__, _as.__qualname__, _as.__module__


def shown(a: ndarray[Any, Any], cls: Any = MetaTensor) -> Any:
    """A meta tensor of the shape, strides and dtype of an array."""
    made = a if isinstance(a, Ghost) else ghost(a.shape, a.dtype, a.strides).view(Ghost)
    t = fresh(cls, made, LEVEL)
    t.counted = True
    LEVEL.remember()
    return t


def made(shape: tuple[int, ...], dtype: Any, requires_grad: bool = False) -> Tensor:
    """A new meta tensor."""
    t: Tensor = shown(ghost(shape, dtype))
    return t.requires_grad_(True) if requires_grad else t


def made_like(x: Tensor, np_dtype: Any, requires_grad: bool = False) -> Tensor:
    """A new meta tensor of another's shape, in its order of memory."""
    steps = result_strides(x._a.shape, [(x._a.shape, element_strides(x._a))])
    size = np.dtype(np_dtype).itemsize
    t: Tensor = shown(ghost(x._a.shape, np_dtype, tuple([step * size for step in steps])))
    return t.requires_grad_(True) if requires_grad else t


def like(x: Tensor, cls: Any = MetaTensor, requires_grad: bool | None = None) -> Any:
    """A meta tensor like another."""
    t = shown(x._a, cls)
    if x.requires_grad if requires_grad is None else requires_grad:
        t.requires_grad_(True)
    return t


def _restored(parameter: bool, shape: Any, dtype: Any, strides: Any, requires_grad: bool) -> Any:
    t = shown(ghost(shape, dtype.np, strides), MetaParameter if parameter else MetaTensor)
    return t.requires_grad_(True) if requires_grad else t


def of_size(shape: tuple[int, ...], np_dtype: Any, device: Any = None) -> Tensor:
    """Uninitialised memory for a layer, on a device or the one that ``with torch.device(...)`` says."""
    where = types.default_device.get() if device is None else device
    if where is not None and types.is_meta(where):
        return made(shape, np_dtype)
    types.check_device(where)
    return wrap(np.empty(shape, np_dtype))


def is_meta(x: Any) -> bool:
    """Whether a tensor has no elements."""
    return isinstance(x, MetaTensor)


# --- operations -------------------------------------------------------------------------------------------------------------
class Meta(Level):
    """The level through which meta tensors are seen. It is there while one is alive, below every transformation."""

    is_func = False
    number = 0
    alive = True
    thread = -1
    count = 0

    def remember(self) -> None:
        self.count += 1
        if self.count == 1:
            levels.running.append(self)
            unusual.append(self)

    def forget(self) -> None:
        self.count -= 1
        if self.count == 0:
            levels.running.remove(self)
            unusual.remove(self)

    def process(self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """What an operation gives, from its record."""
        _check_devices(op, inputs)
        results = _results(op, inputs, attrs)
        outs = [shown(r) for r in results[: len(op.outputs)]]
        if op.view:
            outs[0]._base = inputs[0] if inputs[0]._base is None else inputs[0]._base
            outs[0]._gen, outs[0]._vc = inputs[0]._vc[0], inputs[0]._vc
        if recording():
            edges = gather_edges(op, inputs)
            if edges is not None:
                saved = tuple([x._a if isinstance(x, Tensor) else x for x in inputs])
                kept = tuple([r if isinstance(r, Ghost) else shown(r)._a for r in results])
                record(op, outs, kept, inputs, saved, attrs, edges)
        return outs[0] if len(outs) == 1 else tuple(outs)

    def write(self, x: Tensor, result: Tensor) -> None:
        """A write changes nothing but the version.

        Raises:
            NotImplementedError: if ``x`` has elements.
        """
        if not isinstance(x, MetaTensor):
            raise no_data()
        x._vc[0] += 1

    def get(self, x: Tensor, index: Any) -> Tensor:
        if any(
            isinstance(i, Tensor) and i._a.dtype.kind == "b" for i in (index if isinstance(index, tuple) else (index,))
        ):
            raise NotImplementedError("nonzero() of a meta tensor: how many elements a mask picks is not known.")
        found = plain(x)[plain(index)]
        return shown(found._a)  # type: ignore[no-any-return]

    def set(self, x: Tensor, index: Any, value: Any) -> None:
        if not isinstance(x, MetaTensor):
            raise no_data()
        part = self.get(x, index)._a.shape
        if isinstance(value, Tensor) and broadcast_shapes(part, value._a.shape) != part:
            raise errors.runtime(
                f"shape mismatch: value tensor of shape {list(value.shape)} cannot be broadcast to {list(part)}"
            )
        x._vc[0] += 1

    def custom(self, cls: Any, args: tuple[Any, ...]) -> Any:
        return cls._applied(args, {})[0]


LEVEL = Meta()


def plain(x: Any) -> Any:
    """Arguments with zeros in the place of meta tensors."""
    if isinstance(x, MetaTensor):
        return wrap(x._a.view(ndarray))
    return type(x)([plain(y) for y in x]) if type(x) in (tuple, list) else x


def _check_devices(op: Any, inputs: tuple[Any, ...]) -> None:
    if op.family == "elementwise" and op.name != "copy":
        for x in inputs:
            if isinstance(x, Tensor) and not isinstance(x, MetaTensor) and x._a.ndim:
                raise errors.runtime(
                    "Tensor on device cpu is not on the expected device meta!", "Make both on one device."
                )


def _results(op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> tuple[Any, ...]:
    """Arrays without elements as the results of an operation."""
    tensors = [x for x in inputs if isinstance(x, Tensor)]
    shapes = [x._a.shape for x in tensors]
    if op.view:
        return (op.forward(arrays, inputs[0]._a.view(ndarray), **attrs),)
    rule = _PRODUCTS.get(op.name)
    if rule is not None:
        dtype = tensors[0]._a.dtype
        return (ghost(rule(*shapes), dtype),)
    if op.family == "elementwise" and len(op.outputs) == 1 and not op.extras:
        return (_elementwise(op, inputs, attrs, shapes),)
    if (
        sum(map(math.prod, shapes)) > SMALL
        and "dim" in attrs
        and isinstance(attrs["dim"], tuple)
        and op.family == "reduction"
    ):
        return _reduced(op, inputs, attrs)
    if op.name in _OF_DATA:
        raise NotImplementedError(
            f"aten::{op.name}: attempted to run this operator with Meta tensors: how large its result is depends on elements, of which "
            "they have none."
        )
    found = ops.evaluate(op, tuple([plain(x) for x in inputs]), _attributes(attrs))[0]
    return found if isinstance(found, tuple) else (np.asarray(found),)


#: Records whose results are as large as the elements say.
_OF_DATA = frozenset("unique_parts masked_select nonzero_matrix bincount".split())


def _attributes(attrs: dict[str, Any]) -> dict[str, Any]:
    """Attributes with arrays of their own in the place of those without elements, which a body may write to."""

    def own(x: Any) -> Any:
        if isinstance(x, Ghost):
            return np.zeros(x.shape, x.dtype)
        return type(x)([own(y) for y in x]) if type(x) in (tuple, list) else x

    return {name: own(x) for name, x in attrs.items()}


#: Above so many elements a reduction is not tried out.
SMALL = 1 << 16


def _points(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The operands with one element each, of as many dimensions: what only dtypes matter for is tried on them."""
    found = []
    for x in inputs:
        if isinstance(x, MetaTensor) or (isinstance(x, Tensor) and x._a.ndim):
            x = wrap(np.ones((1,) * x._a.ndim, x._a.dtype))
        found.append(x)
    return tuple(found)


def _elementwise(op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any], shapes: list[Any]) -> Any:
    try:
        shape = broadcast_shapes(*shapes)
    except (ValueError, RuntimeError):
        promote(op, tuple([plain(x) for x in inputs]))
        ops.evaluate(op, tuple([plain(x) for x in inputs]), attrs)  # which says what is wrong
        raise
    one = np.asarray(ops.evaluate(op, _points(inputs), attrs)[0])
    if len(shape) < 2 or op.row_major is True:
        return ghost(shape, one.dtype)
    given = [x._a for x in inputs if isinstance(x, Tensor)][:: -1 if op.row_major == "turned" else 1]
    steps = result_strides(shape, [(a.shape, element_strides(a)) for a in given])
    return ghost(shape, one.dtype, tuple([step * one.itemsize for step in steps]))


def _reduced(op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> tuple[Any, ...]:
    ones = ops.evaluate(op, _points(inputs), attrs)[0]
    shape, dims = inputs[0]._a.shape, {d % max(inputs[0]._a.ndim, 1) for d in attrs["dim"]}
    left = tuple([1 if d in dims else n for d, n in enumerate(shape) if attrs.get("keepdim") or d not in dims])
    return tuple([ghost(left, np.asarray(r).dtype) for r in (ones if isinstance(ones, tuple) else (ones,))])


def _fit(name: str, a: Any, b: Any) -> None:
    if a[-1] != b[-2 if len(b) > 1 else -1]:
        raise errors.runtime(f"a and b must have same reduction dim, but got {list(a)} X {list(b)}.")


def _mm(a: Any, b: Any) -> tuple[int, ...]:
    _fit("mm", a, b)
    return (*a[:-1], b[-1])


#: The shapes of products, which would take the longest to try out.
_PRODUCTS: dict[str, Callable[..., tuple[int, ...]]] = {
    "mm": _mm, "bmm": _mm, "addmm": lambda bias, a, b: _mm(a, b), "baddbmm": lambda bias, a, b: _mm(a, b),
}  # fmt: skip


elsewhere.update({MetaTensor: MetaParameter, MetaParameter: MetaParameter})

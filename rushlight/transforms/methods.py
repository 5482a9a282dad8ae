"""What wrapped tensors answer themselves: methods of Tensor that read elements, leave the graph, or print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from .. import errors
from ..levels import Batched, Dual, Wrapped, batched, data_dependent, shown_as
from ..tensor import Tensor, requires_grad

#: In-place forms of views.
_VIEWS_IN_PLACE = "t_ unsqueeze_ squeeze_ transpose_ swapaxes_ swapdims_".split()
_ABSENT = "as_strided_ resize_ resize_as_ set_ detach_".split()


def on(cls: type, name: str) -> Callable[[Any], Any]:
    """Give a wrapper a method."""

    def declare(fn: Any) -> Any:
        setattr(cls, name, fn)
        return fn

    return declare


# --- both -----------------------------------------------------------------------------------------------------------------
Wrapped.__torch_function__ = None  # type: ignore[attr-defined]  # levels take calls over, not overrides
Wrapped.requires_grad = property(  # type: ignore[assignment, method-assign]
    lambda self: any(x.requires_grad for x in self.inside()), doc="Whether gradients are computed for what is inside."
)
Wrapped.grad_fn = property(lambda self: self.inside()[0].grad_fn)  # type: ignore[assignment]
Wrapped.is_leaf = property(lambda self: self.inside()[0].is_leaf)  # type: ignore[assignment]


@on(Wrapped, "__deepcopy__")
def __deepcopy__(self: Wrapped, memo: dict[int, Any]) -> Any:
    return self.rewrapped(lambda x: x.clone())


def _refused(name: str) -> Callable[..., NoReturn]:
    def method(self: Wrapped, *args: Any, **kwargs: Any) -> NoReturn:
        raise errors.advised(
            NotImplementedError(f"Tensor.{name} of a tensor inside vmap, jvp or forward_ad is not supported."),
            f"Use the form that returns another tensor: {name.rstrip('_')}.",
        )

    method.__name__ = name
    return method


for _name in _ABSENT:
    setattr(Wrapped, _name, _refused(_name))


def _view_in_place(name: str) -> Callable[..., Any]:
    """``x.squeeze_()``: let the object be what ``x.squeeze()`` is."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        new = getattr(Tensor, name.rstrip("_"))(self, *args, **kwargs)
        self._a = new._a
        self.__dict__.update(new.__dict__)
        if isinstance(self, Dual):
            shown_as(self, self.primal)
        return self

    method.__name__ = name
    return method


for _name in _VIEWS_IN_PLACE:
    setattr(Wrapped, _name, _view_in_place(_name))


# --- one example of a batch -----------------------------------------------------------------------------------------------
@on(Batched, "item")
def item(self: Batched) -> NoReturn:
    raise errors.runtime(
        "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on a Tensor, please try "
        "to rewrite what you're doing with other operations. If error is occurring somewhere inside PyTorch internals, please file a "
        "bug report.",
        "A function under vmap runs once for all examples. Keep the tensor as it is: most functions take one where they take a number.",
    )


for _name in ("__float__", "__int__", "__complex__", "__index__"):
    setattr(Batched, _name, item)


@on(Batched, "__bool__")
def __bool__(self: Batched) -> NoReturn:
    raise data_dependent()


@on(Batched, "__contains__")
def __contains__(self: Batched, element: Any) -> NoReturn:
    raise data_dependent()


def _no_storage(self: Batched, *args: Any, **kwargs: Any) -> NoReturn:
    raise errors.runtime(
        "Cannot access data pointer of Tensor that doesn't have storage",
        "Inside vmap a tensor stands for all examples; return it and read it outside.",
    )


for _name in ("tolist", "numpy", "__array__", "data_ptr", "untyped_storage", "storage", "__dlpack__", "__reduce_ex__"):
    setattr(Batched, _name, _no_storage)


@on(Batched, "detach")
def detach(self: Batched) -> Tensor:
    return batched(self.value.detach(), self.at)


Batched.data = property(detach)  # type: ignore[assignment, method-assign]


@on(Batched, "zero_")
def zero_(self: Batched) -> Batched:
    self.value.zero_()
    return self


def _new(name: str) -> Callable[..., Any]:
    """``x.new_zeros(size)``: memory for every example."""

    def method(self: Batched, *size: Any, **kwargs: Any) -> Any:
        shape = kwargs.pop("size", size[0] if size and isinstance(size[0], (tuple, list)) else size)
        more = size[1:] if name == "new_full" else ()
        value = self.value
        return batched(getattr(value, name)((value._a.shape[0], *shape), *more, **kwargs), self.at)

    method.__name__ = name
    return method


for _name in ("new_zeros", "new_ones", "new_empty", "new_full"):
    setattr(Batched, _name, _new(_name))


@on(Batched, "__repr__")
def __repr__(self: Batched, *, tensor_contents: Any = None) -> str:
    return _shown(self, f"BatchedTensor(lvl={self.at.number}, bdim=0, value=", self.value)


def _shown(self: Wrapped, head: str, value: Tensor) -> str:
    inner = repr(value).replace("\n", "\n    ")
    return f"{head}\n    {inner}\n)"


# --- a value and its tangent ---------------------------------------------------------------------------------------------------
@on(Dual, "detach")
def detach_dual(self: Dual) -> Tensor:
    return self.primal.detach()  # type: ignore[no-any-return]


Dual.data = property(detach_dual)  # type: ignore[assignment, method-assign]


@on(Dual, "zero_")
def zero_dual(self: Dual) -> Dual:
    self.primal.zero_()
    self.tangent.zero_()
    return self


@on(Dual, "item")
def item_of_dual(self: Dual) -> Any:
    return self.primal.item()


for _name in ("tolist", "numpy", "__array__", "__float__", "__int__", "__complex__", "__index__", "__bool__", "data_ptr",
              "__format__"):  # fmt: skip
    setattr(Dual, _name, lambda self, *args, _name=_name, **kwargs: getattr(self.primal, _name)(*args, **kwargs))


@on(Dual, "__repr__")
def repr_of_dual(self: Dual, *, tensor_contents: Any = None) -> str:
    if self.at.is_func:
        return _shown(self, f"GradTrackingTensor(lvl={self.at.number}, value=", self.primal)
    text, tangent = repr(self.primal), f"{self.tangent}"
    if not self.at.alive:
        return text
    return f"{text[:-1]}, tangent={tangent})" if "\n" not in text else f"{text[:-1]},\n       tangent={tangent})"


for _cls in (Batched, Dual):
    _cls.__str__ = _cls.__repr__  # type: ignore[assignment, method-assign]


def needs_grad(x: Tensor) -> bool:
    """Whether a gradient is computed for a tensor or for what it wraps."""
    return any(map(needs_grad, x.inside())) if isinstance(x, Wrapped) else requires_grad(x)

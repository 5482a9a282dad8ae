"""``torch.nn.parameter``: parameters, and those whose shape is still to be seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..override import DisableTorchFunctionSubclass
from ..tensor import Parameter, Tensor, wrap

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "is_lazy"]

#: What may be asked of a tensor without a shape.
_ALLOWED = frozenset(
    "to float double half bfloat16 cpu cuda is_floating_point is_complex requires_grad_ convert".split()
)


class _BufferMeta(type):
    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, Tensor) and getattr(x, "_is_buffer", False)


class Buffer(metaclass=_BufferMeta):
    """A tensor that becomes a buffer of the module that it is assigned to.

    Args:
        data: the tensor, shared, not copied. persistent: whether it is saved with the module.
    """

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        made = wrap(np.empty((0,), types.get_default_dtype().np)) if data is None else data.detach()
        made.requires_grad_(data is not None and data.requires_grad)
        made.persistent, made._is_buffer = persistent, True
        return made


class _Uninitialized:
    """What is shared by parameters and buffers without a shape."""

    _a: Any

    @property
    def shape(self) -> Any:
        """Raises: there is none yet."""
        raise errors.runtime(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` when "
            "trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the parameters "
            "before accessing their attributes."
        )

    @classmethod
    def __torch_function__(cls, func: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.__name__ in _ALLOWED:
            with DisableTorchFunctionSubclass():
                return func(*args, **(kwargs or {}))
        raise errors.value(
            f"Attempted to use an uninitialized parameter in {func}. This error happens when you are using a `LazyModule` or "
            "explicitly manipulating `torch.nn.parameter.UninitializedParameter` objects. When using LazyModules Call `forward` "
            "with a dummy batch to initialize the parameters before calling torch functions"
        )

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Give it a shape (and memory that is still to be filled); from here on it is an ordinary tensor."""
        types.check_device(device)
        learns = self.requires_grad  # type: ignore[attr-defined]
        self._a = np.empty(tuple(shape), self._a.dtype if dtype is None else dtype.np)
        self.__class__ = self.cls_to_become  # type: ignore[attr-defined]
        self._edge = None  # the old one expects gradients of no elements
        self.requires_grad_(learns)  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = type(self)(self.requires_grad, dtype=types.of_array(self._a))  # type: ignore[attr-defined, call-arg]
        memo[id(self)] = made
        return made


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape is seen at the first forward."""

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        types.check_device(device)
        return super().__new__(cls, wrap(np.empty(0, (dtype or types.get_default_dtype()).np)), requires_grad)

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None):
        pass

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, None, types.of_array(self._a))


class UninitializedBuffer(_Uninitialized, Tensor):
    """A buffer whose shape is seen at the first forward."""

    cls_to_become = Tensor

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> Any:
        types.check_device(device)
        made = object.__new__(cls)
        made._a = np.empty(0, (dtype or types.get_default_dtype()).np)
        made._edge = made._grad = made._base = made._extra = None
        made._vc = [0]
        return made


#: The name by which libraries ask.
UninitializedTensorMixin = _Uninitialized


def is_lazy(x: Any) -> bool:
    """True for a parameter or buffer without a shape."""
    return isinstance(x, _Uninitialized)

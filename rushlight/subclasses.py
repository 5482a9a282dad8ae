"""What a subclass of Tensor with a ``__torch_function__`` of its own asks it about beside operations: attributes and short methods.

Those of Tensor ask nobody, as every program pays for them. A class that takes calls over gets its own when it is made, which do.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from .asking import asking
from .override import disabled, handle, has_override
from .tensor import Tensor

METHODS = (
    "item tolist numpy is_inference backward requires_grad_ detach __bool__ __float__ __int__ __complex__ __index__ __len__ __repr__ "
    "__format__ __contains__ __deepcopy__ __reduce_ex__ __array__ __array_wrap__ __dlpack__ __dlpack_device__ stride storage_offset "
    "data_ptr size dim ndimension numel nelement to contiguous type_as expand_as view_as reshape flatten is_floating_point is_complex "
    "unsqueeze_ squeeze_ transpose_ t_ swapaxes_ swapdims_"
).split()

ATTRIBUTES = (
    "dtype shape device layout ndim itemsize nbytes grad_fn is_leaf output_nr retains_grad _version T mT is_cuda is_sparse is_quantized "
    "is_meta is_mps is_mkldnn is_xpu is_nested is_sparse_csr is_xla is_vulkan is_ipu is_maia is_mtia is_cpu real imag H mH "
    "requires_grad grad data"
).split()


def attribute(plain: property) -> property:
    """An attribute that asks ``__torch_function__``."""

    def get(self: Any) -> Any:
        if has_override(self):
            return handle(plain.__get__, (self,), (self,), {})
        return plain.__get__(self)

    def set_(self: Any, value: Any) -> None:
        if has_override(self):
            handle(plain.__set__, (self,), (self, value), {})
        else:
            plain.__set__(self, value)

    return property(get, set_ if plain.fset is not None else None, plain.fdel, plain.__doc__)


def complete(cls: type) -> None:
    """Give a class that takes calls over what asks it, where it has nothing of its own."""
    own = cls.__dict__.get("__torch_function__")
    if (
        own is None
        or own is disabled
        or getattr(own, "__func__", own) is disabled
        or cls.__module__.startswith("rushlight.")
    ):
        return
    for name in METHODS:
        method, found = vars(Tensor)[name], vars(cls).get(name, getattr(cls, name))
        if isinstance(method, FunctionType) and found == method:
            setattr(cls, name, asking(method, method))
    for name in ATTRIBUTES:
        plain, found = vars(Tensor)[name], getattr(cls, name)
        if isinstance(plain, property) and found == plain:
            setattr(cls, name, attribute(plain))


def _init_subclass(cls: type, **kwargs: Any) -> None:
    super(Tensor, cls).__init_subclass__(**kwargs)  # type: ignore[misc]
    complete(cls)


Tensor.__init_subclass__ = classmethod(_init_subclass)  # type: ignore[assignment, arg-type]

"""``torch.utils._python_dispatch``: who is asked about every operation below autograd (``rushlight.dispatch``)."""

from __future__ import annotations

from typing import Any

from ..dispatch.modes import TorchDispatchMode as TorchDispatchMode
from ..dispatch.modes import _Without, _WithoutAll
from ..dispatch.stack import current_mode as _get_current_dispatch_mode
from ..dispatch.stack import stack as _stack

_pop_mode_temporarily = _Without
_disable_current_modes = _WithoutAll


def _get_current_dispatch_mode_stack() -> list[Any]:
    """The modes, the innermost last."""
    return list(_stack.get())


def is_in_torch_dispatch_mode(include_infra_modes: bool = True) -> bool:
    """Whether a mode is entered."""
    return _get_current_dispatch_mode() is not None


def is_in_any_mode_without_ignore_compile_internals() -> bool:
    """Whether a mode is entered."""
    return _get_current_dispatch_mode() is not None


def is_traceable_wrapper_subclass(t: Any) -> bool:
    """Whether an object says how it is taken apart (``__tensor_flatten__``) and put together again; no tensor here does by itself."""
    return hasattr(t, "__tensor_flatten__") and hasattr(t, "__tensor_unflatten__")

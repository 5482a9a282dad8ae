"""``torch._C``: PyTorch's inside, of which programs name a little."""

from __future__ import annotations

from . import levels as _levels
from .errors import LinAlgError as _LinAlgError  # noqa: F401
from .errors import OutOfMemoryError as OutOfMemoryError  # noqa: F401
from .override import DisableTorchFunction as DisableTorchFunction  # noqa: F401
from .override import DisableTorchFunctionSubclass as DisableTorchFunctionSubclass  # noqa: F401
from .override import _overrides
from .override import disabled as _disabled_torch_function_impl  # noqa: F401
from .override import modes as _modes
from .random.generator import Generator as Generator  # noqa: F401
from .settings import get_default_device as _get_device
from .tensor import TensorBase as TensorBase  # noqa: F401
from .types import Size as Size  # noqa: F401
from .types import device as device  # noqa: F401
from .types import dtype as dtype  # noqa: F401

#: The class of Tensor's class.
_TensorMeta = type(TensorBase)

#: What is asked for below it is found by ``__getattr__``.
__path__: list[str] = []


class _OfScripts:
    """A part of a program that ``torch.jit`` has compiled, of which packages speak in annotations; nothing is compiled here."""


Graph = type("Graph", (_OfScripts,), {"__module__": "torch._C"})
Node = type("Node", (_OfScripts,), {"__module__": "torch._C"})
Value = type("Value", (_OfScripts,), {"__module__": "torch._C"})
Block = type("Block", (_OfScripts,), {"__module__": "torch._C"})
FunctionSchema = type("FunctionSchema", (_OfScripts,), {"__module__": "torch._C"})

_backend_name = ["privateuseone"]


def _get_privateuse1_backend_name() -> str:
    """The name of a device that somebody else may bring: ``privateuseone``."""
    return _backend_name[0]


def _is_torch_function_mode_enabled() -> bool:
    """Whether a ``TorchFunctionMode`` is entered."""
    return bool(_modes.get())


def _len_torch_function_stack() -> int:
    """How many are."""
    return len(_modes.get())


def _is_torch_function_enabled() -> bool:
    """Whether ``__torch_function__`` of subclasses is asked."""
    return _overrides.get()


def _get_tracing_state() -> None:
    """None: nothing is being traced by ``torch.jit``, which lets programs run as they are."""


def _log_api_usage_once(event: str) -> None:
    """Nothing is reported."""


def _are_functorch_transforms_active() -> bool:
    """Whether a function is being mapped or differentiated by ``torch.func``."""
    return bool(_levels.running)


def _get_accelerator() -> device:
    """The CPU: there is no accelerator."""
    return device("cpu")


def _get_default_device() -> str:
    """The device of new tensors."""
    return str(_get_device())


def _jit_setting(*args: object) -> bool:
    """A setting of a compiler that is not there: it was off, and changes nothing."""
    return False


_jit_set_profiling_executor = _jit_set_profiling_mode = _jit_override_can_fuse_on_cpu = (
    _jit_override_can_fuse_on_gpu
) = _jit_setting
_jit_set_texpr_fuser_enabled = _jit_set_nvfuser_enabled = _jit_can_fuse_on_cpu = _jit_can_fuse_on_gpu = _jit_setting


def __getattr__(name: str) -> object:
    if name == "_nn":  # the functions of layers, as PyTorch's inside has them
        from .nn import inner

        return inner
    if name == "_functorch":
        from ._functorch import inner as questions

        return questions
    raise AttributeError(f"module 'torch._C' has no attribute '{name}'")

"""``torch._C``: PyTorch's inside, of which programs name a little."""

from __future__ import annotations

from .errors import LinAlgError as _LinAlgError  # noqa: F401
from .errors import OutOfMemoryError as OutOfMemoryError  # noqa: F401
from .override import DisableTorchFunction as DisableTorchFunction  # noqa: F401
from .override import DisableTorchFunctionSubclass as DisableTorchFunctionSubclass  # noqa: F401
from .override import disabled as _disabled_torch_function_impl  # noqa: F401
from .random.generator import Generator as Generator  # noqa: F401
from .tensor import TensorBase as TensorBase  # noqa: F401
from .types import Size as Size  # noqa: F401
from .types import device as device  # noqa: F401
from .types import dtype as dtype  # noqa: F401

_backend_name = ["privateuseone"]


def _get_privateuse1_backend_name() -> str:
    """The name of a device that somebody else may bring: ``privateuseone``."""
    return _backend_name[0]


def _get_tracing_state() -> None:
    """None: nothing is being traced by ``torch.jit``, which lets programs run as they are."""

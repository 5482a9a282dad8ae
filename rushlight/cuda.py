"""``torch.cuda`` as PyTorch's CPU build answers: there is no device."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NoReturn

from . import errors, types
from .errors import OutOfMemoryError  # noqa: F401

__path__: list[str] = []  # `import torch.cuda.amp` asks for a package
_initialized = False


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def manual_seed(seed: int) -> None:
    """Nothing to seed."""


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Nothing is cached."""


def _refuse() -> NoReturn:
    types.check_device("cuda")
    raise AssertionError("a device of CUDA was not refused")


def current_device() -> int:
    """The number of the device in use. Raises AssertionError: there is none."""
    _refuse()


def get_device_name(device: Any = None) -> str:
    """The name of a device. Raises AssertionError: there is none."""
    _refuse()


def get_device_properties(device: Any = None) -> Any:
    """What is known of a device. Raises AssertionError: there is none."""
    _refuse()


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """The version of a device's instructions. Raises AssertionError: there is none."""
    _refuse()


def synchronize(device: Any = None) -> None:
    """Wait for a device. Raises AssertionError: there is none."""
    _refuse()


def init() -> None:
    """Start CUDA. Raises AssertionError: there is none."""
    _refuse()


def ipc_collect() -> None:
    """Free memory that other processes have released. Raises AssertionError: there is none."""
    _refuse()


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Free and total memory of a device. Raises AssertionError: there is none."""
    _refuse()


def initial_seed() -> int:
    """The seed of the device in use. Raises AssertionError: there is none."""
    _refuse()


def default_stream(device: Any = None) -> Any:
    """The stream that a device starts with. Raises AssertionError: there is none."""
    _refuse()


def get_rng_state(device: Any = "cuda") -> Any:
    """The state of a device's generator. Raises AssertionError: there is none."""
    _refuse()


def current_stream(device: Any = None) -> Any:
    """The stream in use. Raises AssertionError: there is none."""
    _refuse()


class Event:
    """Cannot be made without a GPU."""

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False, external: bool = False
    ):
        raise errors.advised(
            RuntimeError("Tried to instantiate dummy base class Event"), "Ask torch.cuda.is_available() first."
        )


class Stream:
    """Cannot be made without a GPU."""

    def __init__(self, device: Any = None, priority: int = 0, **kwargs: Any):
        raise errors.advised(
            RuntimeError("torch.cuda.Stream requires CUDA support"), "Ask torch.cuda.is_available() first."
        )


class CUDAGraph:
    """Cannot be made without a GPU."""

    def __init__(self, keep_graph: bool = False):
        raise errors.advised(
            RuntimeError("Tried to instantiate dummy base class CUDAGraph"), "Ask torch.cuda.is_available() first."
        )


#: The generators of the devices, of which there are none.
default_generators: tuple[Any, ...] = ()


class stream:
    """``with torch.cuda.stream(None):`` changes nothing."""

    def __init__(self, stream: Any):
        self.stream = stream

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass


StreamContext = stream


class graph:
    """``with torch.cuda.graph(g):`` needs a ``CUDAGraph``, which cannot be made without a GPU."""

    def __init__(self, cuda_graph: Any, pool: Any = None, stream: Any = None, **options: Any):
        _refuse()


def is_current_stream_capturing() -> bool:
    """Raises RuntimeError, as a CPU build does."""
    raise errors.advised(
        RuntimeError("Tried to instantiate dummy base class _cuda_isCurrentStreamCapturing"),
        "Ask torch.cuda.is_available() first.",
    )


def set_per_process_memory_fraction(fraction: float, device: Any = None) -> None:
    """Raises AssertionError: there is no device."""
    _refuse()


def seed_all() -> None:
    """Nothing to seed."""


seed = seed_all


def get_rng_state_all() -> list[Any]:
    """No device, no state."""
    return []


def set_rng_state(new_state: Any, device: Any = "cuda") -> None:
    """Nothing to restore."""


def set_rng_state_all(new_states: Any) -> None:
    """Nothing to restore."""


def get_arch_list() -> list[str]:
    """Empty."""
    return []


def memory_stats(device: Any = None) -> dict[str, Any]:
    """Empty."""
    return {}


def set_device(device: Any) -> None:
    """Raises as PyTorch's CPU build does, unless the device is negative (none)."""
    if not (isinstance(device, int) and device < 0):
        raise errors.advised(
            AttributeError("module 'torch._C' has no attribute '_cuda_setDevice'"),
            "Rushlight computes on the CPU: ask torch.cuda.is_available() first.",
        )


def memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


max_memory_allocated: Callable[..., int] = memory_allocated
memory_reserved: Callable[..., int] = memory_allocated
max_memory_reserved: Callable[..., int] = memory_allocated


def reset_peak_memory_stats(device: Any = None) -> None:
    """Nothing to reset."""
    _refuse()


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """A table of what a device holds: there is none.

    Raises:
        KeyError: always, as PyTorch does without a GPU.
    """
    raise KeyError("allocated_bytes.all.current")


def _compile_kernel(kernel_source: str, kernel_name: str, *args: Any, **kwargs: Any) -> Any:
    """Compile CUDA C.

    Raises:
        NotImplementedError: always: it needs a GPU.
    """
    raise errors.advised(
        NotImplementedError("torch.cuda._compile_kernel is not implemented."),
        "It needs a GPU: write the formula with tensors.",
    )


class device:
    """``with torch.cuda.device(i):`` nothing changes."""

    def __init__(self, device: Any):
        self.idx = device

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass


def _nccl_version() -> Any:
    """Raises AttributeError, as a CPU build does."""
    raise AttributeError("module 'torch._C' has no attribute '_nccl_version'")


nccl: ModuleType = ModuleType("rushlight.cuda.nccl", "NCCL, which is not there.")
nccl.__dict__.update(version=_nccl_version, is_available=lambda tensors: False)


def _no_marks(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises RuntimeError, as a CPU build does."""
    raise RuntimeError("NVTX functions not installed. Are you sure you have a CUDA build?")


@contextlib.contextmanager
def _marked(msg: str, *args: Any, **kwargs: Any) -> Iterator[None]:
    _no_marks()
    yield


nvtx: ModuleType = ModuleType("rushlight.cuda.nvtx", "Marks for a profiler of GPUs, which is not there.")
nvtx.__dict__.update(
    range=_marked, range_push=_no_marks, range_pop=_no_marks, range_start=_no_marks, range_end=_no_marks, mark=_no_marks
)


def __getattr__(name: str) -> Any:
    if name.endswith("Tensor") and name[0].isupper():
        from .ops.legacy_types import TYPED

        if name in TYPED:
            return type(name, (), {"__new__": lambda cls, *a, **k: _refuse(), "__module__": "torch.cuda"})
    if name == "amp":
        import importlib

        return importlib.import_module(__name__.rpartition(".")[0] + ".backends.cuda_amp")
    raise AttributeError(f"module 'torch.cuda' has no attribute '{name}'")

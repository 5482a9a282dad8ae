"""Switches of the process: threads, determinism, precision, default device, compilation."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from . import errors, types
from .kernels import iteration

_state: dict[str, Any] = {"deterministic": False, "warn_only": False, "precision": "highest", "interop": None}


# --- threads ----------------------------------------------------------------------------------------------------------
def set_num_threads(n: int) -> None:
    """How many threads kernels use, and whose order of operations reductions follow; NumPy's BLAS has its own count
    (OPENBLAS_NUM_THREADS).

    Raises:
        RuntimeError: for what is no positive int.
    """
    if not isinstance(n, int) or isinstance(n, bool):
        raise errors.runtime(f"set_num_threads expects an int, but got {type(n).__name__}")
    if n < 1:
        raise errors.runtime("set_num_threads expects a positive integer")
    iteration.set_threads(n)


def get_num_threads() -> int:
    """The number of threads."""
    return iteration.get_threads()


def set_num_interop_threads(n: int) -> None:
    """Kept, and changes nothing: operations run one after another.

    Raises:
        RuntimeError: for what is no positive int.
    """
    if not isinstance(n, int) or isinstance(n, bool):
        raise errors.runtime(f"set_num_interop_threads expects an int, but got {type(n).__name__}")
    if n < 1:
        raise errors.runtime("set_num_interop_threads expects a positive integer")
    _state["interop"] = n


def get_num_interop_threads() -> int:
    """What was set, else the number of CPUs."""
    return _state["interop"] or iteration.default_threads()


# --- how things are computed --------------------------------------------------------------------------------------------
def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Kept: every operation is deterministic anyway."""
    _state["deterministic"], _state["warn_only"] = bool(mode), bool(warn_only)


def are_deterministic_algorithms_enabled() -> bool:
    """What ``use_deterministic_algorithms`` was told."""
    return _state["deterministic"]  # type: ignore[no-any-return]


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether it was told to warn only."""
    return _state["deterministic"] and _state["warn_only"]  # type: ignore[no-any-return]


def set_float32_matmul_precision(precision: str) -> None:
    """``highest``, ``high`` or ``medium``: kept; products are computed in full precision."""
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current setFloat32MatmulPrecision call has no effect.",
            UserWarning,
            stacklevel=2,
        )
        return
    _state["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What was set."""
    return _state["precision"]  # type: ignore[no-any-return]


def set_flush_denormal(mode: bool) -> bool:
    """False: NumPy cannot flush denormal numbers to zero."""
    return False


def set_default_device(device: Any) -> None:
    """Only the CPU.

    Raises:
        AssertionError or RuntimeError: as ``torch.device`` does where it is used, for another device.
    """
    if device is not None:
        types.check_device(device)


def get_default_device() -> types.device:
    """``device(type='cpu')``."""
    return types.CPU


def compile(model: Any = None, **options: Any) -> Any:  # noqa: A001
    """The function or module as it is: it runs eagerly. Also a decorator, with or without options."""
    if model is not None:
        return model

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        return fn

    return decorate


# --- automatic mixed precision: what is remembered of it ----------------------------------------------------------------
_autocast: dict[str, Any] = {"enabled": {}, "dtypes": {"cpu": types.bfloat16, "cuda": types.float16}, "cache": True}


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether automatic mixed precision was switched on for a kind of device."""
    return _autocast["enabled"].get(types.device(device_type).type, False)  # type: ignore[no-any-return]


def set_autocast_enabled(device_type: Any, enabled: bool | None = None) -> None:
    """Kept, for ``is_autocast_enabled``; the older form takes the value alone and means CUDA."""
    kind, value = ("cuda", device_type) if enabled is None else (types.device(device_type).type, enabled)
    _autocast["enabled"][kind] = bool(value)


def get_autocast_dtype(device_type: str) -> types.dtype:
    """The dtype of automatic mixed precision: bfloat16 on the CPU, float16 on CUDA, unless set."""
    kind = types.device(device_type).type
    return _autocast["dtypes"].get(kind, types.bfloat16)  # type: ignore[no-any-return]


def set_autocast_dtype(device_type: str, dtype: types.dtype) -> None:
    """Kept, for ``get_autocast_dtype``."""
    _autocast["dtypes"][types.device(device_type).type] = dtype


def is_autocast_cpu_enabled() -> bool:
    """``is_autocast_enabled("cpu")``."""
    return is_autocast_enabled("cpu")


def set_autocast_cpu_enabled(enabled: bool) -> None:
    """``set_autocast_enabled("cpu", enabled)``."""
    set_autocast_enabled("cpu", enabled)


def get_autocast_cpu_dtype() -> types.dtype:
    """``get_autocast_dtype("cpu")``."""
    return get_autocast_dtype("cpu")


def set_autocast_cpu_dtype(dtype: types.dtype) -> None:
    """``set_autocast_dtype("cpu", dtype)``."""
    set_autocast_dtype("cpu", dtype)


def get_autocast_gpu_dtype() -> types.dtype:
    """``get_autocast_dtype("cuda")``."""
    return get_autocast_dtype("cuda")


def set_autocast_gpu_dtype(dtype: types.dtype) -> None:
    """``set_autocast_dtype("cuda", dtype)``."""
    set_autocast_dtype("cuda", dtype)


def is_autocast_cache_enabled() -> bool:
    """What ``set_autocast_cache_enabled`` was told; True at first."""
    return _autocast["cache"]  # type: ignore[no-any-return]


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Kept: nothing is cached."""
    _autocast["cache"] = bool(enabled)


def clear_autocast_cache() -> None:
    """Nothing is cached."""


def autocast_increment_nesting() -> int:
    """One block deeper; how deep."""
    _autocast["depth"] = _autocast.get("depth", 0) + 1
    return _autocast["depth"]  # type: ignore[no-any-return]


def autocast_decrement_nesting() -> int:
    """One block less deep; how deep."""
    _autocast["depth"] = _autocast.get("depth", 0) - 1
    return _autocast["depth"]  # type: ignore[no-any-return]


def _assert(condition: Any, message: str) -> None:
    """``assert condition, message`` as a call, which programs as graphs hold."""
    if not condition:
        raise AssertionError(message)


def typename(obj: Any) -> str:
    """The name of an object's type with its module."""
    from .tensor import Tensor

    if isinstance(obj, Tensor):
        return obj.type()  # type: ignore[no-any-return]
    kind = obj if isinstance(obj, type) else type(obj)
    module = "" if kind.__module__ in ("builtins", "__builtin__", None) else f"{kind.__module__}."
    return module + kind.__qualname__

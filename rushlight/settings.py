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


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """False: there is no automatic mixed precision."""
    return False


def typename(obj: Any) -> str:
    """The name of an object's type with its module."""
    from .tensor import Tensor

    if isinstance(obj, Tensor):
        return obj.type()  # type: ignore[no-any-return]
    kind = obj if isinstance(obj, type) else type(obj)
    module = "" if kind.__module__ in ("builtins", "__builtin__", None) else f"{kind.__module__}."
    return module + kind.__qualname__

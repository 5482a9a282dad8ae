"""Switches of the process: threads, determinism, precision, default device, compilation."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
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


# --- automatic mixed precision: what a thread has switched on; rushlight.autocasting says what it does --------------------------
class Autocast:
    """Automatic mixed precision in a thread: for which kinds of devices it is on, the dtypes, the cache of weights, how many blocks."""

    enabled: frozenset[str]
    dtypes: dict[str, types.dtype]
    cache: bool
    depth: int

    __slots__ = ("enabled", "dtypes", "cache", "depth")

    def __init__(self, enabled: frozenset[str], dtypes: dict[str, types.dtype], cache: bool, depth: int):
        self.enabled, self.dtypes, self.cache, self.depth = enabled, dtypes, cache, depth

    def but(self, **changes: Any) -> Autocast:
        """The same with some fields changed."""
        return Autocast(**{name: changes.get(name, getattr(self, name)) for name in self.__slots__})


_16_BITS = {
    **dict.fromkeys("cpu hpu xla maia".split(), types.bfloat16),
    **dict.fromkeys("cuda xpu mps ipu mtia privateuseone".split(), types.float16),
}
_OFF = Autocast(frozenset(), _16_BITS, True, 0)  # changed by nobody: ``but`` makes another
_autocast: ContextVar[Autocast] = ContextVar("rushlight_autocast", default=_OFF)
autocast_state: Callable[[], Autocast] = _autocast.get
set_autocast_state: Callable[[Autocast], Token[Autocast]] = _autocast.set


@contextmanager
def autocast_as(state: Autocast) -> Iterator[None]:
    """Inside, automatic mixed precision is as ``state`` says."""
    token = _autocast.set(state)
    try:
        yield
    finally:
        _autocast.reset(token)


def _kind(function: str, device_type: Any, unknown: str) -> str:
    """A kind of device that has automatic mixed precision."""
    if not isinstance(device_type, str):
        raise errors.type_(
            f"{function}(): argument 'device_type' (position 1) must be str, not {type(device_type).__name__}"
        )
    kind = types.device(device_type).type
    if kind not in _16_BITS:
        raise errors.runtime(unknown, f"There is no autocast for {kind!r}. Kinds that have one: {', '.join(_16_BITS)}.")
    return kind


_NO_KEY = "unknown device type for autocast in get_autocast_dispatch_key_from_device_type"


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether automatic mixed precision is on in this thread for a kind of device."""
    return _kind("is_autocast_enabled", device_type, _NO_KEY) in autocast_state().enabled


def set_autocast_enabled(device_type: Any, enabled: bool | None = None) -> None:
    """Switch it on or off for good; the older form takes the value alone and means CUDA. ``torch.autocast`` does it for a block."""
    kind, value = (
        ("cuda", device_type) if enabled is None else (_kind("set_autocast_enabled", device_type, _NO_KEY), enabled)
    )
    state = autocast_state()
    if kind == "cpu" and value:
        from . import autocasting

        autocasting.enter()  # without an end: nobody says when
    set_autocast_state(state.but(enabled=state.enabled | {kind} if value else state.enabled - {kind}))


def get_autocast_dtype(device_type: str) -> types.dtype:
    """The dtype of automatic mixed precision: bfloat16 on the CPU, float16 on CUDA, unless set."""
    return autocast_state().dtypes[_kind("get_autocast_dtype", device_type, "unsupported scalarType")]


def set_autocast_dtype(device_type: str, dtype: types.dtype) -> None:
    """What products compute in while automatic mixed precision is on for a kind of device."""
    kind, state = _kind("set_autocast_dtype", device_type, "unsupported scalarType"), autocast_state()
    set_autocast_state(state.but(dtypes={**state.dtypes, kind: dtype}))


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
    """Whether a weight that is cast is kept until the outermost block ends; True at first."""
    return autocast_state().cache


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Keep weights that are cast, or cast them again each time."""
    set_autocast_state(autocast_state().but(cache=bool(enabled)))


def clear_autocast_cache() -> None:
    """Forget the weights that were cast."""
    from . import autocasting

    autocasting.forget()


def autocast_increment_nesting() -> int:
    """One block deeper; how deep."""
    return _nest(1)


def autocast_decrement_nesting() -> int:
    """One block less deep; how deep."""
    return _nest(-1)


def _nest(step: int) -> int:
    state = autocast_state()
    set_autocast_state(state.but(depth=state.depth + step))
    return state.depth + step


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

"""``torch.amp``: mixed precision. On the CPU in bfloat16 or float16; what is meant for a GPU switches itself off.

What autocast does to which operation stands in ``rushlight.autocasting``, the scaling of losses in ``rushlight.scaling``.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from . import autocasting, errors, settings, types
from .scaling import GradScaler, OptState  # noqa: F401
from .tensor import Tensor


def is_autocast_available(device_type: str) -> bool:
    """Whether PyTorch has an autocast for a kind of device: for the CPU and what stands in its name for an accelerator."""
    if not isinstance(device_type, str):
        kind = type(device_type).__name__
        raise errors.type_(f"_is_autocast_available(): argument 'device_type' (position 1) must be str, not {kind}")
    return types.device(device_type).type in settings.autocast_state().dtypes


def _require_str(device_type: Any) -> None:
    if not isinstance(device_type, str):
        raise errors.value(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")


class autocast:
    """Inside, products of matrices, convolutions and attention compute in 16 bits; losses, decompositions and transforms in float32.

    Results keep those dtypes; all other operations take what they are given. Float64 is left alone. A context manager and a decorator.

    Args:
        device_type: "cpu". For "cuda" it warns and does nothing, as without a GPU; other accelerators hold no tensors here.
        dtype: bfloat16 (the default, with the package ml_dtypes) or float16.
        enabled: False switches it off within a block in which it is on.
        cache_enabled: keep each weight that was cast until the outermost block ends.

    Raises:
        NotImplementedError: for bfloat16 without ml_dtypes. RuntimeError: for a device that has no autocast.

    >>> import rushlight as torch
    >>> x = torch.ones(2, 2)
    >>> with torch.autocast("cpu", dtype=torch.float16):
    ...     y = x @ x
    ...     z = x + x
    >>> y.dtype, z.dtype
    (torch.float16, torch.float32)
    """

    device: str
    fast_dtype: types.dtype

    def __init__(self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None):
        _require_str(device_type)
        self.fast_dtype = settings.get_autocast_dtype(device_type) if dtype is None else dtype
        self.device = device_type
        if not is_autocast_available(device_type):
            raise errors.runtime(f"User specified an unsupported autocast device_type '{device_type}'")
        if device_type == "privateuseone":
            raise errors.advised(
                AssertionError(
                    "Tried to use AMP with the `privateuseone` backend, but the backend has not registered a module or  the module "
                    "miss some necessary funcs."
                ),
                'There is no such backend: write device_type="cpu".',
            )
        self._cache_enabled = settings.is_autocast_cache_enabled() if cache_enabled is None else cache_enabled
        if enabled and device_type == "cuda":
            warnings.warn(
                "CUDA is not available or torch_xla is imported. Disabling autocast.", UserWarning, stacklevel=2
            )
            enabled = False
        elif enabled and self.fast_dtype not in (types.bfloat16, types.float16):
            warnings.warn(
                f"In {device_type.upper()} autocast, but the target dtype is not supported. Disabling autocast.\n"
                f"{device_type.upper()} Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                UserWarning,
                stacklevel=2,
            )
            enabled = False
        if enabled and device_type == "cpu":
            _ = self.fast_dtype.np  # says what to install, before anything is computed
        self._enabled = enabled
        self._before: list[settings.Autocast] = []

    def __enter__(self) -> autocast:
        before = settings.autocast_state()
        self._before.append(before)
        kind = types.device(self.device).type
        if self._enabled and kind == "cpu":
            autocasting.enter()
        settings.set_autocast_state(
            before.but(
                enabled=before.enabled | {kind} if self._enabled else before.enabled - {kind},
                dtypes={**before.dtypes, kind: self.fast_dtype},
                cache=self._cache_enabled,
                depth=before.depth + 1,
            )
        )
        return self

    def __exit__(self, *exc: object) -> None:
        if settings.autocast_decrement_nesting() == 0:
            settings.clear_autocast_cache()
        if self._enabled and types.device(self.device).type == "cpu":
            autocasting.leave()
        settings.set_autocast_state(self._before.pop().but(depth=settings.autocast_state().depth))

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        if not callable(func):
            raise errors.type_(
                f"autocast()(func) requires a callable, but got {type(func).__name__}. Did you mean to use autocast as a context "
                "manager? For example:\n    with torch.autocast(device_type=...):\n        output = model(input)"
            )

        @functools.wraps(func)
        def run(*args: Any, **kwargs: Any) -> Any:
            with autocast(self.device, self.fast_dtype, self._enabled, self._cache_enabled):
                return func(*args, **kwargs)

        return run


# --- user-defined operations --------------------------------------------------------------------------------------------
def custom_fwd(fwd: Any = None, *, device_type: str, cast_inputs: Any = None) -> Any:
    """Decorator of a Function's ``forward``: it notes whether autocast was on, for ``custom_bwd``.

    With ``cast_inputs`` the floating tensors among its arguments are converted to that dtype and it runs without autocast.
    """
    _require_str(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(*args: Any, **kwargs: Any) -> Any:
        ctx, on = args[0], settings.is_autocast_enabled(device_type)
        ctx._dtype = settings.get_autocast_dtype(device_type)
        ctx._fwd_used_autocast = on and cast_inputs is None
        if not on or cast_inputs is None:
            return fwd(*args, **kwargs)
        with autocast(device_type, enabled=False):
            return fwd(*_converted(args, device_type, cast_inputs), **_converted(kwargs, device_type, cast_inputs))

    return forward


def custom_bwd(bwd: Any = None, *, device_type: str) -> Any:
    """Decorator of a Function's ``backward``: it runs with autocast as ``forward`` did."""
    _require_str(device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(*args: Any, **kwargs: Any) -> Any:
        with autocast(device_type, args[0]._dtype, enabled=args[0]._fwd_used_autocast):
            return bwd(*args, **kwargs)

    return backward


def _converted(value: Any, device_type: str, dtype: types.dtype) -> Any:
    """The floating tensors of nested containers in another dtype."""
    if isinstance(value, Tensor):
        mine = autocasting.is_floating(value) and value.device.type == device_type
        return value.to(dtype) if mine else value
    if isinstance(value, (str, bytes, np.ndarray)):
        return value
    if isinstance(value, Mapping):
        return {_converted(k, device_type, dtype): _converted(v, device_type, dtype) for k, v in value.items()}
    if isinstance(value, Iterable):
        converted = (_converted(v, device_type, dtype) for v in value)
        return type(value)(converted) if isinstance(value, (list, tuple)) else converted  # type: ignore[call-arg]
    return value

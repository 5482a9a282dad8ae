"""``torch.amp``: mixed precision as programs mention it. On a CPU build what is meant for a GPU switches itself off."""

from __future__ import annotations

import enum
import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from . import errors, types
from .tensor import Tensor


class autocast:
    """``with autocast("cuda"):`` warns and changes nothing, as without a GPU. For the CPU only ``enabled=False`` is supported.

    Raises:
        NotImplementedError: for ``autocast("cpu")``, which would compute products in bfloat16.
    """

    device: str
    fast_dtype: types.dtype

    def __init__(self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None):
        if not isinstance(device_type, str):
            raise errors.value(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        self.device, self.fast_dtype, self._enabled = device_type, dtype or types.bfloat16, enabled
        if device_type == "cuda":
            if enabled:
                warnings.warn(
                    "CUDA is not available or torch_xla is imported. Disabling autocast.", UserWarning, stacklevel=2
                )
            self._enabled = False
        elif device_type == "cpu":
            if enabled:
                raise NotImplementedError(
                    'torch.autocast("cpu") is not supported: it would compute matrix products in bfloat16. Leave it out, or '
                    "write enabled=False."
                )
        else:
            raise errors.runtime(f"User specified an unsupported autocast device_type '{device_type}'")

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def __call__(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(fn)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self:
                return fn(*args, **kwargs)

        return run


class OptState(enum.Enum):
    """How far a scaler is with an optimizer."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


class GradScaler:
    """Loss scaling (Micikevicius et al. 2018): multiply the loss, divide the gradients, skip steps that overflowed.

    For a GPU, which is not there, it warns and hands everything through.
    """

    def __init__(
        self, device: str = "cuda", init_scale: float = 2.0**16, growth_factor: float = 2.0, backoff_factor: float = 0.5,
        growth_interval: int = 2000, enabled: bool = True,
    ):  # fmt: skip
        self._device, self._enabled = device, enabled
        if device == "cuda" and enabled:
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.",
                UserWarning,
                stacklevel=2,
            )
            self._enabled = False
        if self._enabled:
            if growth_factor <= 1.0:
                raise AssertionError("The growth factor must be > 1.0.")
            if backoff_factor >= 1.0:
                raise AssertionError("The backoff factor must be < 1.0.")
        self._scale, self._good = init_scale, 0
        self._growth_factor, self._backoff_factor, self._growth_interval = (
            growth_factor,
            backoff_factor,
            growth_interval,
        )
        self._found: dict[int, bool] = {}

    def scale(self, outputs: Any) -> Any:
        """A tensor (or several, nested) times the scale."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            return outputs * self._scale  # type: ignore[operator]
        if isinstance(outputs, (list, tuple)):
            return type(outputs)(self.scale(o) for o in outputs)
        raise errors.value("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the scale, once before its step."""
        if not self._enabled:
            return
        if id(optimizer) in self._found:
            raise errors.runtime("unscale_() has already been called on this optimizer since the last update().")
        bad = False
        for group in optimizer.param_groups:
            for p in group["params"]:
                if p._grad is not None:
                    p._grad._a *= 1.0 / self._scale
                    p._grad._vc[0] += 1
                    bad = bad or not np.isfinite(p._grad._a).all()
        self._found[id(optimizer)] = bad

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """The optimizer's step, unless a gradient is infinite or NaN."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise errors.runtime("Closure use is not currently supported if GradScaler is enabled.")
        if id(optimizer) not in self._found:
            self.unscale_(optimizer)
        return None if self._found[id(optimizer)] else optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Lower the scale after an overflow, raise it after ``growth_interval`` good steps."""
        if not self._enabled:
            return
        if new_scale is not None:
            self._scale = float(new_scale)
        elif any(self._found.values()):
            self._scale, self._good = self._scale * self._backoff_factor, 0
        else:
            self._good += 1
            if self._good == self._growth_interval:
                self._scale, self._good = self._scale * self._growth_factor, 0
        self._found.clear()

    def get_scale(self) -> float:
        """The scale; 1 if switched off."""
        return self._scale if self._enabled else 1.0

    def is_enabled(self) -> bool:
        """Whether it does anything."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """The scale and what it follows; empty if switched off."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale, "growth_factor": self._growth_factor, "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval, "_growth_tracker": self._good,
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what ``state_dict`` gave."""
        if not self._enabled:
            return
        if not state_dict:
            raise errors.runtime(
                "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
            )
        self._scale, self._good = state_dict["scale"], state_dict["_growth_tracker"]
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]


def custom_fwd(fwd: Any = None, *, device_type: str = "cuda", cast_inputs: Any = None) -> Any:
    """Decorator of a Function's ``forward``: as it is."""
    return fwd if fwd is not None else (lambda fn: fn)


def custom_bwd(bwd: Any = None, *, device_type: str = "cuda") -> Any:
    """Decorator of a Function's ``backward``: as it is."""
    return bwd if bwd is not None else (lambda fn: fn)


def is_autocast_available(device_type: str) -> bool:
    """False."""
    return False

"""Loss scaling: gradients that would vanish in 16 bits are computed of a larger loss, and divided before the step."""

from __future__ import annotations

import enum
import warnings
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

from . import errors, types
from .autograd.mode import no_grad
from .functions import FUNCTIONS
from .tensor import Tensor

_UNSCALED_ONCE = "unscale_() has already been called on this optimizer since the last update()."


class OptState(enum.Enum):
    """How far a scaler is with an optimizer."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


def _fresh() -> dict[str, Any]:
    return {"stage": OptState.READY, "found_inf_per_device": {}}


def _full(value: float, dtype: types.dtype) -> Any:
    return FUNCTIONS["full"].fn((), value, dtype=dtype)


class GradScaler:
    """Multiply the loss, divide the gradients, skip steps that overflowed (Micikevicius et al. 2018).

    For a GPU, which is not there, it warns and hands everything through.

    Args:
        device: "cpu" or "cuda".
        init_scale: the first factor. growth_factor, growth_interval: it grows by the one after so many good steps.
        backoff_factor: what it is multiplied by after a step with infinite or NaN gradients.

    Raises:
        AssertionError: for a growth factor that is not above 1 or a backoff factor that is not below.
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
        if not self._enabled:
            return
        if growth_factor <= 1.0:
            raise AssertionError("The growth factor must be > 1.0.")
        if backoff_factor >= 1.0:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._init_scale, self._init_growth_tracker = init_scale, 0
        self._growth_factor, self._backoff_factor, self._growth_interval = (
            growth_factor,
            backoff_factor,
            growth_interval,
        )
        #: The factor and the number of good steps, tensors from the first ``scale()`` on.
        self._scale: Any = None
        self._growth_tracker: Any = None
        self._per_optimizer_states: dict[int, dict[str, Any]] = defaultdict(_fresh)

    def _started(self, what: str) -> Any:
        """The factor, for what needs one."""
        for name in ("_scale", "_growth_tracker"):
            if getattr(self, name) is None:
                raise AssertionError(
                    f"Attempted {what} but {name} is None.  This may indicate your script did not use scaler.scale(loss or "
                    "outputs) earlier in the iteration."
                )
        return self._scale

    def scale(self, outputs: Any) -> Any:
        """A tensor (or several, nested) times the scale."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            if self._scale is None:
                self._scale = _full(self._init_scale, types.float32)
                self._growth_tracker = _full(self._init_growth_tracker, types.int32)
            return outputs * self._scale  # type: ignore[operator]
        if isinstance(outputs, Iterable):
            scaled = map(self.scale, outputs)
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled  # type: ignore[call-arg]
        raise errors.value("outputs must be a Tensor or an iterable of Tensors")

    # --- the step ---------------------------------------------------------------------------------------------------
    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the scale, once before its step: to clip them, for example.

        Raises:
            RuntimeError: if it was done already, or ``step`` was. ValueError: for float16 gradients, which cannot hold the quotients.
        """
        if not self._enabled:
            return
        scale, state = self._started("unscale_"), self._per_optimizer_states[id(optimizer)]
        if state["stage"] is OptState.UNSCALED:
            raise errors.runtime(_UNSCALED_ONCE)
        if state["stage"] is OptState.STEPPED:
            raise errors.runtime("unscale_() is being called after step().")
        state["found_inf_per_device"] = self._divided(optimizer, np.float32(1 / float(scale)))
        state["stage"] = OptState.UNSCALED

    def _divided(self, optimizer: Any, factor: Any) -> dict[Any, Any]:
        """Multiply the gradients by ``factor``; whether one of them was not finite, by device."""
        params = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        for p in params:
            if p.grad.dtype is types.float16:
                raise errors.value("Attempting to unscale FP16 gradients.")
        bad = 0.0
        with no_grad():
            for p in params:
                grad = p.grad.coalesce()._values() if p.grad.is_sparse else p.grad
                if not bool(grad.isfinite().all()):
                    bad = 1.0
                (p.grad if p.grad.is_sparse else grad).mul_(float(factor))
        return {types.CPU: _full(bad, types.float32)} if params else {}

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """The optimizer's step, unless a gradient is infinite or NaN.

        Raises:
            RuntimeError: for a closure, or a second step before ``update``. AssertionError: if no parameter has a gradient.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise errors.runtime("Closure use is not currently supported if GradScaler is enabled.")
        self._started("step")
        state = self._per_optimizer_states[id(optimizer)]
        if state["stage"] is OptState.STEPPED:
            raise errors.runtime("step() has already been called since the last update().")
        if state["stage"] is OptState.READY:
            self.unscale_(optimizer)
        found = state["found_inf_per_device"]
        if not found:
            raise AssertionError("No inf checks were recorded for this optimizer.")
        result = None if any(float(x) for x in found.values()) else optimizer.step(*args, **kwargs)
        state["stage"] = OptState.STEPPED
        return result

    def update(self, new_scale: Any = None) -> None:
        """Lower the scale after an overflow, raise it after ``growth_interval`` good steps; or set it.

        Raises:
            AssertionError: if there was no step, or for a ``new_scale`` that is neither a float nor a tensor of one element.
        """
        if not self._enabled:
            return
        scale = self._started("update")
        if isinstance(new_scale, float):
            scale.fill_(new_scale)
        elif new_scale is not None:
            if not isinstance(new_scale, Tensor) or new_scale.numel() != 1 or new_scale.requires_grad:  # type: ignore[attr-defined]
                raise AssertionError(
                    "new_scale should be a float or a 1-element torch.cuda.FloatTensor or torch.FloatTensor with "
                    "requires_grad=False."
                )
            scale.copy_(new_scale)
        else:
            found = [x for s in self._per_optimizer_states.values() for x in s["found_inf_per_device"].values()]
            if not found:
                raise AssertionError("No inf checks were recorded prior to update.")
            self._follow(any(float(x) for x in found))
        self._per_optimizer_states = defaultdict(_fresh)

    def _follow(self, overflowed: bool) -> None:
        """The next scale, after good steps or an overflow; it never becomes infinite."""
        if overflowed:
            self._scale.mul_(self._backoff_factor)
            self._growth_tracker.fill_(0)
            return
        good = int(self._growth_tracker) + 1
        if good == self._growth_interval:
            grown = self._scale * self._growth_factor
            if bool(grown.isfinite()):
                self._scale.copy_(grown)
            good = 0
        self._growth_tracker.fill_(good)

    # --- what it knows ----------------------------------------------------------------------------------------------
    def get_scale(self) -> float:
        """The scale; 1 if switched off."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else float(self._scale)

    def get_growth_factor(self) -> float:
        """What the scale is multiplied by after ``growth_interval`` good steps."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Another growth factor."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the scale is multiplied by after an overflow."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Another backoff factor."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """How many good steps the scale waits before it grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Another growth interval."""
        self._growth_interval = new_interval

    def _get_growth_tracker(self) -> int:
        if not self._enabled:
            return 0
        return self._init_growth_tracker if self._growth_tracker is None else int(self._growth_tracker)

    def is_enabled(self) -> bool:
        """Whether it does anything."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """The scale and what it follows; empty if switched off."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(), "growth_factor": self._growth_factor, "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval, "_growth_tracker": self._get_growth_tracker(),
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what ``state_dict`` gave."""
        if not self._enabled:
            return
        if not state_dict:
            raise errors.runtime(
                "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
            )
        self._init_scale, self._init_growth_tracker = state_dict["scale"], state_dict["_growth_tracker"]
        if self._scale is not None:
            self._scale.fill_(self._init_scale)
            self._growth_tracker.fill_(self._init_growth_tracker)
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]

    def __getstate__(self) -> dict[str, Any]:
        """Pickled between two iterations: the numbers, from which the tensors are made again."""
        state = dict(self.__dict__)
        if self._enabled:
            if self._per_optimizer_states:
                raise AssertionError(
                    "A GradScaler instance may only be pickled at the beginning of an iteration, or at the end after "
                    "scaler.update()."
                )
            state |= {
                "_init_scale": self.get_scale(), "_init_growth_tracker": self._get_growth_tracker(), "_scale": None,
                "_growth_tracker": None,
            }  # fmt: skip
        return state

"""``torch.cuda.amp``: the older names of what ``torch.amp`` has."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

from .. import amp
from ..amp import custom_bwd, custom_fwd  # noqa: F401


def _older(name: str) -> None:
    warnings.warn(
        f"`torch.cuda.amp.{name}(args...)` is deprecated. Please use `torch.amp.{name}('cuda', args...)` instead.",
        FutureWarning,
        stacklevel=3,
    )


class autocast(amp.autocast):
    """``torch.amp.autocast("cuda")``."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True):
        _older("autocast")
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """``torch.amp.GradScaler("cuda")``."""

    def __init__(self, *args: Any, **kwargs: Any):
        _older("GradScaler")
        super().__init__("cuda", *args, **kwargs)


__path__: list[str] = []  # `import torch.cuda.amp.grad_scaler` asks for a package
grad_scaler: ModuleType = ModuleType(f"{__name__}.grad_scaler", "The older home of GradScaler.")
grad_scaler.__dict__.update(GradScaler=GradScaler, OptState=amp.OptState)
autocast_mode: ModuleType = ModuleType(f"{__name__}.autocast_mode", "The older home of autocast.")
autocast_mode.__dict__.update(autocast=autocast, custom_fwd=custom_fwd, custom_bwd=custom_bwd)

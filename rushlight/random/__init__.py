"""PyTorch's random streams, bit for bit, on NumPy arrays. As ``torch.random``: the global generator."""

from __future__ import annotations

from typing import Any

from .generator import default_generator


class fork_rng:
    """``with fork_rng():`` what is drawn inside does not move the global stream on. Devices are ignored: there are none."""

    def __init__(self, devices: Any = None, enabled: bool = True, device_type: str = "cuda", **_: Any):
        self.enabled = enabled

    def __enter__(self) -> None:
        self.state: Any = default_generator.get_state_array() if self.enabled else None

    def __exit__(self, *exc: object) -> None:
        if self.state is not None:
            default_generator.set_state_array(self.state)


def __getattr__(name: str) -> Any:
    if name in ("manual_seed", "seed", "initial_seed", "get_rng_state", "set_rng_state"):
        from ..ops import sampling

        return getattr(sampling, name)
    raise AttributeError(f"module 'torch.random' has no attribute '{name}'")

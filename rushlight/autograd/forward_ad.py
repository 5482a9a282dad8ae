"""Absent: forward-mode differentiation. Every name raises NotImplementedError that says so."""

from __future__ import annotations

from typing import Any

_NAMES = ("dual_level", "make_dual", "unpack_dual", "enter_dual_level", "exit_dual_level", "UnpackedDualTensor")


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'torch.autograd.forward_ad' has no attribute '{name}'")

    def absent(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f"torch.autograd.forward_ad.{name}: forward-mode derivatives are not supported; torch.autograd.functional.jvp "
            "computes Jacobian-vector products by two backward passes."
        )

    return absent

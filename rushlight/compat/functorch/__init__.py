"""``functorch``, the package that comes with torch: ``torch.func`` by its older names."""

from __future__ import annotations

from typing import Any

from ..._functorch import deprecated
from ..._functorch.make_functional import FunctionalModule as FunctionalModule
from ..._functorch.make_functional import FunctionalModuleWithBuffers as FunctionalModuleWithBuffers
from ..version import TORCH_VERSION

__version__ = TORCH_VERSION

_NAMES = (
    "combine_state_for_ensemble functionalize grad grad_and_value hessian jacfwd jacrev jvp make_functional make_functional_with_buffers "
    "vjp vmap"
).split()
globals().update({name: getattr(deprecated, name) for name in _NAMES})


def __getattr__(name: str) -> Any:
    if name == "make_fx":
        from ...fx.experimental.proxy_tensor import make_fx

        return make_fx
    raise AttributeError(f"module 'functorch' has no attribute '{name}'")

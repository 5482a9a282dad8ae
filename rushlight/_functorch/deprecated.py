"""``functorch``'s functions, which warn that they are ``torch.func``'s."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from .. import func
from . import make_functional as functional


def _told(name: str, fn: Callable[..., Any], instead: str) -> Callable[..., Any]:
    @functools.wraps(fn)
    def called(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(
            f"We've integrated functorch into PyTorch. As the final step of the integration, `functorch.{name}` is deprecated as of "
            f"PyTorch 2.0 and will be deleted in a future version of PyTorch >= 2.3. Please use `{instead}` instead; see the PyTorch 2.0 "
            "release notes and/or the `torch.func` migration guide for more details https://pytorch.org/docs/main/func.migrating.html",
            FutureWarning,
            stacklevel=2,
        )
        return fn(*args, **kwargs)

    called.__name__ = called.__qualname__ = name
    return called


_IN_FUNC = "grad grad_and_value vjp jvp jacrev jacfwd hessian functionalize".split()
globals().update({name: _told(name, getattr(func, name), f"torch.func.{name}") for name in _IN_FUNC})
vmap = _told("vmap", func.vmap, "torch.vmap")
make_functional = _told("make_functional", functional.make_functional, "torch.func.functional_call")
make_functional_with_buffers = _told(
    "make_functional_with_buffers", functional.make_functional_with_buffers, "torch.func.functional_call"
)
combine_state_for_ensemble = _told(
    "combine_state_for_ensemble", functional.combine_state_for_ensemble, "torch.func.stack_module_state"
)

"""``torch.nn.functional``: the names that the registries place here."""

from __future__ import annotations

from typing import Any

from ..families import module_getattr, waiting
from ..op import names_under
from ..tensor import Tensor as Tensor

globals().update(names_under("nn.functional."))
_find = module_getattr("nn.functional.", __name__)

#: What PyTorch's own file has of other modules, which libraries import from there.
_ELSEWHERE = {
    "handle_torch_function": "overrides", "has_torch_function": "overrides", "has_torch_function_unary": "overrides",
    "has_torch_function_variadic": "overrides", "grad": "nn", "conv_tbc": "native_forms",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    from importlib import import_module

    home = _ELSEWHERE.get(name)
    if home is not None:
        return getattr(import_module(f"rushlight.{home}"), name)
    return _find(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *waiting("nn.functional.")})

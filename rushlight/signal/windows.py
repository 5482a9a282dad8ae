"""``torch.signal.windows``: the names that the registries place here."""

from __future__ import annotations

from ..families import module_getattr, waiting
from ..op import names_under

globals().update(names_under("signal.windows."))
__getattr__ = module_getattr("signal.windows.", __name__)
__all__ = sorted(waiting("signal.windows."))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

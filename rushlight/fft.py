"""``torch.fft``: the names that the registries place here."""

from __future__ import annotations

from .families import module_getattr, waiting
from .op import names_under

globals().update(names_under("fft."))
__getattr__ = module_getattr("fft.", __name__)


def __dir__() -> list[str]:
    return sorted({*globals(), *waiting("fft.")})

"""``torch.linalg``: the names that the registries place here."""

from __future__ import annotations

from .errors import LinAlgError  # noqa: F401
from .families import module_getattr, waiting
from .op import names_under

globals().update(names_under("linalg."))
__getattr__ = module_getattr("linalg.", __name__)


def __dir__() -> list[str]:
    return sorted({*globals(), *waiting("linalg.")})

"""``torch.linalg``: the names that the registries place here."""

from __future__ import annotations

from .errors import LinAlgError  # noqa: F401
from .op import names_under

globals().update(names_under("linalg."))

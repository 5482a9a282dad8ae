"""``torch._inductor``: a compiler that is not there; its settings are kept."""

from . import config  # noqa: F401

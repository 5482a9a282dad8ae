"""``rushlight.watch``: follow a training."""

from .findings import Finding
from .history import History
from .session import Watch, watch

__all__ = ["Finding", "History", "Watch", "watch"]

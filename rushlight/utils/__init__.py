"""``torch.utils``: ``data`` is rushlight.data, the same object."""

from .. import data

__all__ = ["data"]

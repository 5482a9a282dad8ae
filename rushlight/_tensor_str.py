"""``torch._tensor_str``: how tensors print, by the names that libraries use."""

from __future__ import annotations

from typing import Any

from .printing import _body, options

#: The settings of ``set_printoptions``, read at every print.
PRINT_OPTS = options


def _tensor_str(self: Any, indent: int) -> str:
    """The elements of a tensor as text, without what stands around them."""
    return _body(self.detach()._a, indent)

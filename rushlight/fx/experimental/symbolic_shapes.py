"""``torch.fx.experimental.symbolic_shapes``: questions about sizes that are not known yet. Here all are known."""

from __future__ import annotations

from typing import Any


def guard_or_false(a: Any) -> bool:
    """The truth of ``a``; False if it were not known."""
    return bool(a)


def guard_or_true(a: Any) -> bool:
    """The truth of ``a``; True if it were not known."""
    return bool(a)


guard_size_oblivious = statically_known_true = guard_or_false


def is_symbolic(val: Any) -> bool:
    """False: every number is known."""
    return False


is_nested_int = is_symbolic
has_free_symbols = is_symbolic

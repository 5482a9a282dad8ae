"""The named tuples that ops with several results return: ``torch.return_types.max`` and its kind."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

_made: dict[str, Any] = {}


def named(name: str, fields: tuple[str, ...]) -> Any:
    """The result type of an op, made once."""
    found = _made.get(name)
    if found is None:
        base = namedtuple(name, fields)  # type: ignore[misc]

        def __repr__(self: Any) -> str:
            members = ",\n".join(f"{f}={getattr(self, f)!r}" for f in fields)
            return f"torch.return_types.{name}(\n{members})"

        found = _made[name] = type(
            name, (base,), {"__repr__": __repr__, "__module__": "torch.return_types", "__slots__": ()}
        )
    return found


def __getattr__(name: str) -> Any:
    if name in _made:
        return _made[name]
    raise AttributeError(f"module 'torch.return_types' has no attribute '{name}'")

"""Text of a value as Jupyter shows it: ``repr``, with long containers broken at width 79, one item a line."""

from __future__ import annotations

from typing import Any

WIDTH = 79
_BRACKETS: dict[type, tuple[str, str]] = {list: ("[", "]"), tuple: ("(", ")"), dict: ("{", "}"), set: ("{", "}")}


def pretty(value: Any) -> str:
    """Jupyter's plain text of ``value``.

    >>> print(pretty([1, 2]))
    [1, 2]
    >>> print(pretty({"a": "x" * 50, "b": "y" * 50}))
    {'a': 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
     'b': 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'}
    """
    return _render(value, 0, 0, 0)


def _render(value: Any, indent: int, column: int, trailing: int) -> str:
    """Text of ``value`` from ``column`` on, later lines from ``indent`` on, with ``trailing`` characters to follow."""
    flat = repr(value)
    if type(value) not in _BRACKETS or not value:
        return flat.replace("\n", "\n" + " " * indent)
    if "\n" not in flat and column + len(flat) + trailing <= WIDTH:
        return flat
    opening, closing = _BRACKETS[type(value)]
    if isinstance(value, tuple) and len(value) == 1:
        closing = "," + closing
    inner = indent + 1
    items: list[str] = []
    for item in _in_order(value):
        head = ""
        if isinstance(value, dict):
            head, item = repr(item) + ": ", value[item]
        # The first item stands right behind the bracket, the others on lines of their own; the last has what closes.
        start = inner if items else column + 1
        behind = 1 if len(items) + 1 < len(value) else len(closing) + trailing
        items.append(head + _render(item, inner, start + len(head), behind))
    return opening + (",\n" + " " * inner).join(items) + closing


def _in_order(value: Any) -> list[Any]:
    """A container's items; a set's sorted where they compare, so that its text does not depend on hashing."""
    items = list(value)
    if isinstance(value, set):
        try:
            items.sort()
        except TypeError:
            return items
    return items

"""The state of a random program while it is drawn: its tensors so far, and the draws of its next line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import torch
from side_by_side import has_history

#: Of a tensor in a line.
NAME = re.compile(r"\bt\d+\b")


class Drawing:
    """The tensors of a program that is being drawn, by name, and the draws of its next line."""

    def __init__(self, integer: Callable[[int], int]):
        self.integer = integer
        self.tensors: dict[str, torch.Tensor] = {}
        self.made = 0
        self.lines: list[str] = []
        self.used: set[str] = set()  # the names that stand in its lines, other than before a first ``=``
        self.careful = False  # draw no index that is out of range

    def number(self, n: int) -> int:
        """One of 0 ... n - 1."""
        return self.integer(n) if n > 1 else 0

    def choice(self, options: Any) -> Any:
        return options[self.number(len(options))]

    def rarely(self) -> bool:
        return self.number(12) == 11

    def pick(self, fits: Any = None) -> str:
        """The name of a tensor, the newest first; of one that fits, if any does and it is not one of the rare misfits."""
        names = list(reversed(self.tensors))
        if fits is not None and not self.rarely():
            names = [n for n in names if has_history(self.tensors[n]) and fits(self.tensors[n])] or names
        return self.choice(names)

    def like(self, x: str) -> str:
        """The name of a tensor that broadcasts with ``x``."""
        shape = self.tensors[x].shape
        return self.pick(lambda t: broadcasts(t.shape, shape))

    def into(self, x: str) -> str:
        """The name of a tensor that broadcasts to the shape of ``x``."""
        shape = self.tensors[x].shape
        return self.pick(lambda t: len(t.shape) <= len(shape) and broadcasts(t.shape, shape, expand=False))

    def alike(self, x: str) -> str:
        """The name of a tensor of the shape of ``x``."""
        return self.pick(lambda t: t.shape == self.tensors[x].shape)

    def dim(self, x: str, *, more: int = 0) -> int:
        """A dimension of ``x``, from its end or its beginning; one that is not there on rare occasions."""
        n = max(len(self.tensors[x].shape) + more, 1)
        return n if self.rarely() else self.number(2 * n) - n

    def size(self, x: str, dim: int) -> int:
        shape = self.tensors[x].shape
        return shape[dim] if shape and -len(shape) <= dim < len(shape) else 1

    def position(self, n: int) -> int:
        """A position in a dimension of this size, also from its end; beyond it on rare occasions."""
        return n if n == 0 or (self.rarely() and not self.careful) else self.number(2 * n) - n

    def positions(self, n: int, count: int) -> list[int]:
        return [self.position(n) for _ in range(count)]


def broadcasts(a: Any, b: Any, *, expand: bool = True) -> bool:
    """Whether shape ``a`` broadcasts with ``b``; without ``expand``, to just ``b``."""
    return all(m == n or m == 1 or (expand and n == 1) for m, n in zip(reversed(a), reversed(b), strict=False))


def shares_memory(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()

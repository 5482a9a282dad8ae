"""What a graph does not know of itself and can be kept on request: where each operation was called, and its values.

A node knows its inputs and what its derivative reads, and a first backward frees that. Inside ``recording()`` every new node
gets a keepsake: the user's line, the modules that run, what it read and gave. Keepsakes hang on their nodes by weak references and
die with them, so that a training loop keeps no more than the graphs that it holds anyway. Outside nothing is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ..autograd import mode
from ..autograd.function import FunctionNode
from ..node import OpNode
from ..tensor import Tensor
from ..writing import CopySlices
from . import places

#: Arrays up to this size are copied as they are at the call; larger ones are kept by reference, with their version.
SMALL = 4096


class Call:
    """One call of a module: which, what it is called in the module around it, and the how-manieth call it is of all."""

    module: Any
    name: str
    number: int

    __slots__ = ("module", "name", "number")

    def __init__(self, module: Any, name: str, number: int):
        self.module, self.name, self.number = module, name, number


class Kept:
    """An array as it was when an operation gave or read it."""

    __slots__ = ("array", "cell", "version")

    def __init__(self, array: Any, cell: list[int] | None):
        copied = array.size <= SMALL
        self.array: np.ndarray[Any, Any] = array.copy() if copied else array
        self.cell: list[int] | None = None if copied else cell
        self.version: int = 0 if cell is None else cell[0]

    @property
    def written_since(self) -> bool:
        return self.cell is not None and self.cell[0] != self.version


class Keepsake:
    """What is kept of one operation. ``calls`` are the modules around it, outermost first."""

    __slots__ = ("line", "calls", "results", "inputs", "saved", "copied")

    line: places.Line | None
    calls: tuple[Call, ...]
    results: list[Kept | None]
    inputs: list[Any]  # numbers as they are, leaves and constants as ``Kept``, None for what another operation gave
    saved: Any  # what the node had saved: a first backward takes it away
    copied: bool  # whether all of it are copies, which no later write reaches


_keepsakes: WeakKeyDictionary[Any, Keepsake] = WeakKeyDictionary()


def keepsake(node: Any) -> Keepsake | None:
    """What was kept of a node; None if it was made outside of ``recording()``."""
    return _keepsakes.get(node)


class recording:
    """Inside, operations that record a graph keep what ``explain`` tells of them.

    Without it an explanation still has operations, shapes and derivatives, up to the first backward. It adds lines of the program, module
    paths, the values of all results, and keeps what backward frees. It makes each recorded operation up to a tenth of a millisecond longer.

    >>> import rushlight as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> with torch.explain.recording():
    ...     loss = ((11 * w - 21) ** 2).sum()
    >>> loss.backward()
    >>> torch.explain(loss).gradient(w)
    tensor([-220.])
    """

    count: int

    def __init__(self) -> None:
        self.watching: mode.watching = mode.watching(self.watch)
        self.stack: list[tuple[FrameType, Call]] = []  # the module calls that ran at the last operation
        self.count = 0

    def __enter__(self) -> recording:
        self.watching.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.watching.__exit__(*exc)
        self.stack.clear()

    def watch(self, node: Any, outs: Sequence[Any], results: Sequence[Any], inputs: Sequence[Any]) -> None:
        """Keep what is to be told of a new node."""
        frame = sys._getframe(2)
        kept = _keepsakes[node] = Keepsake()
        kept.line = places.user_line(frame)
        kept.calls = self.running(frame)
        kept.results = [
            Kept(np.asarray(r), t._vc if t._a is r else None) if isinstance(t, Tensor) else None
            for t, r in zip(outs, results, strict=False)
        ]
        kept.inputs = [_input(x) for x in inputs]
        kept.saved, kept.copied = _saved(node, outs, results)

    def running(self, frame: FrameType) -> tuple[Call, ...]:
        """The module calls under way. A call is the same as at the last operation if its frame is."""
        frames = places.module_frames(frame)
        same = 0
        while same < min(len(frames), len(self.stack)) and frames[same] is self.stack[same][0]:
            same += 1
        del self.stack[same:]
        modules = [f.f_locals["self"] for f in frames[max(same - 1, 0) :]] if same < len(frames) else []
        if same == 0 and modules:
            self._enter(frames[0], modules[0], places.root_name(modules[0], frames[0].f_back))
        for outer, inner, f in zip(modules, modules[1:], frames[max(same, 1) :], strict=False):
            self._enter(f, inner, places.child_name(outer, inner))
        return tuple([call for _, call in self.stack])

    def _enter(self, frame: FrameType, module: Any, name: str) -> None:
        self.count += 1
        self.stack.append((frame, Call(module, name, self.count)))


def _input(x: Any) -> Any:
    if not isinstance(x, Tensor):
        return x
    return Kept(x._a, x._vc) if x._edge is None or x._edge[0].is_leaf else None


def _saved(node: Any, outs: Sequence[Any], results: Sequence[Any]) -> tuple[Any, bool]:
    """What a node has saved, small arrays copied; and whether all of them are.

    Of an in-place operation the result is taken from ``results``: the tensor is written only after its node was made.
    """
    if isinstance(node, CopySlices):
        return node.inner, False
    if isinstance(node, FunctionNode):
        return node._saved, False
    if not isinstance(node, OpNode):
        return None, False
    first = len(node.op.inputs) if not node.op.variadic else 1
    own = dict(zip(range(first, first + len(node.op.outputs)), results, strict=False))
    copied = True

    def copy(a: Any) -> Any:
        nonlocal copied
        if a.__class__ is list:
            return [copy(x) for x in a]
        if not isinstance(a, np.ndarray):
            return a
        if a.size > SMALL:
            copied = False
            return a
        return a.copy()

    assert node.saved is not None
    return tuple(
        [copy(np.asarray(own[i]) if i in own and a is not None else a) for i, a in enumerate(node.saved)]
    ), copied

"""Who is called, and for how long: operations, nodes of backward, optimizers' steps, and what a program marks.

Python's own hook for profilers (``sys.setprofile``) tells of every Python function that is entered and left, so that nothing is
asked of operations while no profiler runs. Operators that have become machine code are Python again meanwhile.
"""

from __future__ import annotations

import sys
import time
from types import CodeType, FrameType, FunctionType
from typing import Any

from .. import fast, routes
from ..autograd.graph import Node
from ..functions import FUNCTIONS
from ..kernels.lazy import looking, settle
from ..op import Op
from ..ops.matmul import matmul
from ..optim.optimizer import Optimizer
from ..readers import REGISTRY
from ..tensor import Tensor
from .events import FunctionEvent

_PACKAGE = __file__.rpartition("profiler")[0]
_MACHINE_CODE = {
    "__add__": "add",
    "__radd__": "add",
    "__sub__": "sub",
    "__mul__": "mul",
    "__rmul__": "mul",
    "__truediv__": "div",
}

#: What the functions are called, in op, fast, plain and inplace, that a program's call of an op enters.
_FORMS = frozenset("public fast of_tensors slow assign in_place".split())

#: The watcher that runs, if one does.
current: list[Watcher] = []


class Watcher:
    """Collects events between ``start`` and ``stop``."""

    shapes: bool
    memory: bool
    stacks: bool

    def __init__(self, record_shapes: bool = False, profile_memory: bool = False, with_stack: bool = False):
        self.shapes, self.memory, self.stacks = record_shapes, profile_memory, with_stack
        self.events: list[FunctionEvent] = []
        self._open: list[tuple[Any, FunctionEvent | None]] = []  # what was entered: a frame, or a mark of the program's
        self._names: dict[CodeType, Any] = {}  # by code: a name, how to find one, or None for what is not watched
        self._known = (0, 0)

    def start(self) -> None:
        """Begin to watch this thread.

        Raises:
            RuntimeError: if another watcher runs.
        """
        if current:
            raise RuntimeError("Can't disable Kineto profiler when it's not running: another profiler is running.")
        current.append(self)
        settle()
        looking.append(self)
        routes.close("profiler")
        self._operators = {name: vars(Tensor)[name] for name in (*_MACHINE_CODE, "__matmul__")}
        setattr(Tensor, "__matmul__", _at)  # noqa: B010 - mypy
        for name, op in _MACHINE_CODE.items():
            if not isinstance(self._operators[name], FunctionType):
                setattr(Tensor, name, fast.operator(REGISTRY[op], op))
        self._before = sys.getprofile()
        sys.setprofile(self._saw)

    def stop(self) -> None:
        """Stop watching; what is still open ends now."""
        sys.setprofile(self._before)
        for name, function in self._operators.items():
            setattr(Tensor, name, function)
        current.remove(self)
        looking.remove(self)
        routes.open_again("profiler")
        while self._open:
            self._leave(None)

    # --- marks ----------------------------------------------------------------------------------------------------
    def enter(self, token: Any, name: str, kind: str) -> FunctionEvent:
        """An event begins."""
        event = FunctionEvent(name, 0.0, kind)
        parent = next((e for _, e in reversed(self._open) if e is not None), None)
        if parent is not None:
            event.cpu_parent = parent
            parent.cpu_children.append(event)
        self.events.append(event)
        self._open.append((token, event))
        event.start = event.end = time.perf_counter_ns() / 1000
        return event

    def leave(self, token: Any, result: Any = None) -> None:
        """The event of ``token`` ends, and all that began within it."""
        if any(open_token is token for open_token, _ in self._open):
            while self._open and self._leave(result) is not token:
                pass

    def _leave(self, result: Any) -> Any:
        now = time.perf_counter_ns() / 1000
        token, event = self._open.pop()
        if event is not None:
            event.end = now
            if self.memory:
                made = isinstance(result, Tensor) and result._base is None and event.kind == "cpu_op"
                within = sum(child.cpu_memory_usage for child in event.cpu_children)
                event.cpu_memory_usage = result._a.nbytes if made else within
        return token

    # --- what Python tells ------------------------------------------------------------------------------------------
    def _saw(self, frame: FrameType, what: str, argument: Any) -> None:
        if what == "call":
            code = frame.f_code
            known = self._names.get(code, self)
            if known is self:
                known = self._names[code] = self._look(frame)
            if known is not None:
                self._call(frame, known)
        elif what == "return" and self._open and self._open[-1][0] is frame:
            self._leave(argument)

    def _call(self, frame: FrameType, known: Any) -> None:
        name = known if known.__class__ is str else known(frame)
        if name is None:
            return
        top = next((e for _, e in reversed(self._open) if e is not None), None)
        if top is not None and top.name == name and top.kind == "cpu_op":
            self._open.append((frame, None))  # the op's own way from its short path to its general one
            return
        event = self.enter(frame, name, "user_annotation" if name.startswith("Optimizer.") else "cpu_op")
        if self.shapes and name.startswith("aten::"):
            event.input_shapes = _shapes(frame)
        if self.stacks:
            event.stack = _stack(frame)

    def _look(self, frame: FrameType) -> Any:
        """What to do with a function: nothing (None), a name, or how to find the name in a frame."""
        code = frame.f_code
        if code.co_name in ("run", "step", "zero_grad"):
            return _of_node if code.co_name == "run" else _of_optimizer
        if not code.co_filename.startswith(_PACKAGE):
            return None
        if code.co_name in _FORMS and ("op" in code.co_freevars or "slow" in code.co_freevars):
            return _of_op
        for function in FUNCTIONS.values():
            if getattr(_general(function.fn), "__code__", None) is code:
                return "aten::" + function.torch_name.rpartition(".")[2]
        return None


def _at(self: Tensor, other: Any) -> Any:
    """``x @ y`` by the way of ``torch.matmul``, which is seen, and what it calls within."""
    return matmul(self, other) if isinstance(other, Tensor) else NotImplemented


def _general(function: Any) -> Any:
    """A function without the short ways and the looking up of known calls around it."""
    while isinstance(inside := getattr(function, "__wrapped__", None), FunctionType):
        function = inside
    return function


def _of_op(frame: FrameType) -> str | None:
    op = frame.f_locals.get("op")
    if op is None:
        slow: Any = frame.f_locals.get("slow")
        cells = (
            zip(slow.__code__.co_freevars, slow.__closure__ or (), strict=True)
            if isinstance(slow, FunctionType)
            else ()
        )
        op = next((cell.cell_contents for name, cell in cells if name == "op"), None)
    return f"aten::{op.name}" if isinstance(op, Op) else None


def _of_node(frame: FrameType) -> str | None:
    node = frame.f_locals.get("self")
    return node.name() if isinstance(node, Node) else None


def _of_optimizer(frame: FrameType) -> str | None:
    optimizer = frame.f_locals.get("self")
    if not isinstance(optimizer, Optimizer):
        return None
    method = frame.f_code.co_name
    return f"Optimizer.{method}#{type(optimizer).__name__}.{method}"


def _shapes(frame: FrameType) -> list[list[int]]:
    """The shapes of a call's arguments; empty lists for what is no tensor."""
    code, values = frame.f_code, frame.f_locals
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    given = [values.get(name) for name in names]
    if code.co_flags & 0x04:
        given += values.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount], ())
    return [list(x._a.shape) if isinstance(x, Tensor) else [] for x in given]


def _stack(frame: FrameType | None) -> list[str]:
    """The lines of the program that lead to a call, innermost first."""
    lines = []
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(_PACKAGE):
            lines.append(f"{code.co_filename}({frame.f_lineno}): {code.co_name}")
        frame = frame.f_back
    return lines

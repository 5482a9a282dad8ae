"""What ``torch.overrides.TorchFunctionMode`` sees: every call of a public function, a method or an attribute while its block is open.

Nothing asks for modes on the way to an operation. While a block is open somewhere, public functions and methods are led through doors
(``doors``), the operators that machine code has replaced are Python's again, and attributes are ones that ask. While a mode is asked it
is not there, so that what it calls goes to the mode around it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

from . import asking, families, plain, synonyms
from .doors import beneath, close_door, led, open_door, with_code
from .functions import FUNCTIONS
from .override import handle, modes
from .readers import REGISTRY
from .subclasses import ATTRIBUTES
from .tensor import Tensor

#: Methods of Tensor that nobody is asked about.
_SILENT = frozenset(
    "__init__ __new__ __init_subclass__ __torch_function__ __hash__ __iter__ __setstate__ __dir__ __getattr__ __class_getitem__".split()
)

#: Operators by the methods as which they are known.
_OPERATORS = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "mod": "remainder", "matmul": "matmul", "floordiv": "floor_divide",
    "gt": "gt", "ge": "ge", "lt": "lt", "le": "le", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
    "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift", "pow": "pow",
}  # fmt: skip
#: Of these, the ones whose plain and swapped forms keep their own names.
_OWN = frozenset("__floordiv__ __and__ __or__ __xor__ __lshift__ __rshift__ __pow__".split())


def known_as(function: FunctionType, name: str) -> Callable[..., Any]:
    """What is said to have been called when a method of Tensor was: ``x + 1`` is ``Tensor.add``."""
    inside = name.strip("_")
    if not name.startswith("__") or name in _OWN:
        return function
    if inside[:1] == "i" and inside[1:] in _OPERATORS:
        return getattr(Tensor, f"{_OPERATORS[inside[1:]]}_")  # type: ignore[no-any-return]
    if inside in ("radd", "rmul"):
        inside = inside[1:]
    return getattr(Tensor, _OPERATORS[inside]) if inside in _OPERATORS else function


def ask(public: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the modes of this context answer, the innermost first, then the arguments; TypeError if none does."""
    stack = modes.get()
    asked = asking.among(args, kwargs)
    kinds = tuple(dict.fromkeys(type(x) for x in asked))
    while stack:
        mode, stack = stack[-1], stack[:-1]
        token = modes.set(stack)
        try:
            result = mode.__torch_function__(public, kinds, args, kwargs)
        finally:
            modes.reset(token)
        if result is not NotImplemented:
            return result
    return handle(public, asked, args, kwargs)


class Door:
    """A public function while modes are open."""

    def __init__(self, public: FunctionType, said: Callable[..., Any]):
        self.public: FunctionType = public
        self.said: Callable[..., Any] = said
        self.led: CodeType = led(public, self)
        self.code: CodeType | None = None
        self.beneath: Callable[..., Any]

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if modes.get():
            return ask(self.said, args, kwargs)
        code = beneath(self.public, "mode")
        if code is not self.code:
            self.code, self.beneath = code, with_code(self.public, code)
        return self.beneath(*args, **kwargs)


def attribute(own: property, name: str) -> property:
    """An attribute of Tensor that asks the modes."""

    def get(self: Any) -> Any:
        return ask(found.__get__, (self,), {}) if modes.get() else own.__get__(self)

    def set_(self: Any, value: Any) -> None:
        if modes.get():
            ask(found.__set__, (self, value), {})
        else:
            own.__set__(self, value)

    get.__name__ = name
    found = property(get, set_ if own.fset is not None else None, own.fdel, own.__doc__)
    return found


def public_functions() -> Iterator[tuple[Any, Callable[..., Any]]]:
    """All functions and methods of the families that are loaded, and what they are known as."""
    named: list[Any] = [op.public for op in REGISTRY.values() if op.public_name] + [f.fn for f in FUNCTIONS.values()]
    for function in [*named, *asking.MADE]:
        for other in (function, *synonyms.of(function).values()):
            yield other, other
    for name, value in list(vars(Tensor).items()):
        if isinstance(value, FunctionType) and name not in _SILENT and (name[0] != "_" or name.startswith("__")):
            yield value, known_as(value, name)


class _Doors:
    """The doors of all public functions, which stand open while somebody has entered a mode."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.doors: dict[int, Door] = {}
        self.before: list[tuple[Any, str, Any]] = []

    def lead(self) -> None:
        for public, said in public_functions():
            if isinstance(public, FunctionType):
                door = self.doors.get(id(public))
                if door is None:
                    door = self.doors[id(public)] = Door(public, said)
                open_door(public, "mode", door.led)

    def put(self, place: Any, name: str, value: Any) -> None:
        self.before.append((place, name, vars(place).get(name, getattr(place, name))))
        setattr(place, name, value)

    def enter(self) -> None:
        with self.lock:
            self.count += 1
            if self.count > 1:
                return
            native = sys.modules.get(f"{__package__}.entry_points")
            self.put(plain.entries, "wanted", False)
            for name, python in ({} if native is None else native.replaced).items():
                self.put(Tensor, name, python)
            for name in ATTRIBUTES:
                self.put(Tensor, name, attribute(vars(Tensor)[name], name))
            self.lead()

    def leave(self) -> None:
        with self.lock:
            self.count -= 1
            if self.count:
                return
            for door in self.doors.values():
                close_door(door.public, "mode")
            while self.before:
                setattr(*self.before.pop())

    def after_load(self) -> None:
        with self.lock:
            if self.count:
                self.lead()


doors: _Doors = _Doors()
families.after_load.append(doors.after_load)

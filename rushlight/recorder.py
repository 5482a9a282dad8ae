"""The third reader of op bodies: it writes them down as formulas.

``formula(op)`` reads a body with symbols instead of arrays and prints what it computes; ``single_call`` tells whether that is
one call, so that the fast path may use the NumPy ufunc directly. Kernels will be compiled from the same expressions.

>>> import rushlight as torch
>>> from rushlight import recorder
>>> recorder.formula(torch.sigmoid.__op__)
'1 / (1 + exp(-input))'
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .op import Op
from .readers import REGISTRY, ArrayReader

#: How operators are written, and how tightly they bind, as in Python; between them stand a minus before something, and calls.
_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "matmul": "@", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
          "eq": "==", "ne": "!=", "and": "&", "or": "|"}  # fmt: skip
_COMPARE, _NEG, _POW, _CALL = 1, 6, 7, 8
_BINDS = {
    "or": 2, "and": 3, "add": 4, "sub": 4, "mul": 5, "div": 5, "matmul": 5, "pow": _POW,
    **dict.fromkeys(("lt", "le", "gt", "ge", "eq", "ne"), _COMPARE),
}  # fmt: skip
#: What needs no parentheses on the right: ``a + (b + c)`` is read as well without, ``a - (b - c)`` is not.
_ASSOCIATIVE = ("add", "mul", "matmul")


class Unreadable(Exception):
    """A body that looks at values or shapes: no formula."""


class Expr:
    """A symbol or a call of symbols."""

    name: str
    args: tuple[Any, ...]
    attrs: dict[str, Any]

    __slots__ = ("name", "args", "attrs")

    def __init__(self, name: str, args: tuple[Any, ...] = (), attrs: dict[str, Any] | None = None):
        self.name, self.args, self.attrs = name, args, attrs or {}

    def __bool__(self) -> bool:
        raise Unreadable("the body branches on a value")

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise Unreadable("the body hands the symbol to NumPy")

    def __add__(self, other: Any) -> Expr:
        return Expr("add", (self, other))

    def __radd__(self, other: Any) -> Expr:
        return Expr("add", (other, self))

    def __sub__(self, other: Any) -> Expr:
        return Expr("sub", (self, other))

    def __rsub__(self, other: Any) -> Expr:
        return Expr("sub", (other, self))

    def __mul__(self, other: Any) -> Expr:
        return Expr("mul", (self, other))

    def __rmul__(self, other: Any) -> Expr:
        return Expr("mul", (other, self))

    def __truediv__(self, other: Any) -> Expr:
        return Expr("div", (self, other))

    def __rtruediv__(self, other: Any) -> Expr:
        return Expr("div", (other, self))

    def __pow__(self, other: Any) -> Expr:
        return Expr("pow", (self, other))

    def __neg__(self) -> Expr:
        return Expr("neg", (self,))

    def __lt__(self, other: Any) -> Expr:
        return Expr("lt", (self, other))

    def __le__(self, other: Any) -> Expr:
        return Expr("le", (self, other))

    def __gt__(self, other: Any) -> Expr:
        return Expr("gt", (self, other))

    def __ge__(self, other: Any) -> Expr:
        return Expr("ge", (self, other))

    def __eq__(self, other: object) -> Expr:  # type: ignore[override]
        return Expr("eq", (self, other))

    def __ne__(self, other: object) -> Expr:  # type: ignore[override]
        return Expr("ne", (self, other))

    def __and__(self, other: Any) -> Expr:
        return Expr("and", (self, other))

    def __or__(self, other: Any) -> Expr:
        return Expr("or", (self, other))

    def __invert__(self) -> Expr:
        return Expr("logical_not", (self,))

    def __hash__(self) -> int:
        return id(self)

    def __str__(self) -> str:
        if not self.args:
            return self.name
        if self.name in _SIGNS and len(self.args) == 2:
            left, right = self.args
            binds = _BINDS[self.name]
            same = self.name in _ASSOCIATIVE and isinstance(right, Expr) and right.name == self.name
            left = _within(left, binds + (binds in (_POW, _COMPARE)))
            return f"{left} {_SIGNS[self.name]} {_within(right, binds + (not same))}"
        if self.name.startswith("."):
            return f"{_within(self.args[0], _CALL)}{self.name}"
        if self.name == "neg":
            return f"-{_within(self.args[0], _BINDS['mul'])}"
        parts = [str(a) for a in self.args] + [f"{n}={v}" for n, v in self.attrs.items()]
        return f"{self.name}({', '.join(parts)})"

    __repr__ = __str__


def _within(x: Any, least: int) -> str:
    """Part of an expression as text, in parentheses if it binds less tightly than what stands around it."""
    binds = _CALL
    if isinstance(x, Expr):
        binds = _BINDS.get(x.name, _CALL) if len(x.args) == 2 else _NEG if x.name == "neg" else _CALL
    elif isinstance(x, (int, float)) and x < 0:
        binds = _NEG
    return str(x) if binds >= least else f"({x})"


class ExprReader:
    """Reads a body with symbols: each name it calls becomes a call expression."""

    @staticmethod
    def conj(x: Any) -> Any:
        """Formulas are written for real numbers."""
        return x

    @staticmethod
    def is_complex(x: Any) -> bool:
        return False

    @staticmethod
    def times(x: Any, number: Any) -> Any:
        return x * number

    @staticmethod
    def fma(a: Any, b: Any, c: Any) -> Any:
        return a * b + c

    @staticmethod
    def either(kernel: Callable[..., Any], formula: Callable[..., Any], *args: Any, long: bool = False) -> Any:
        return formula(*args)

    def __getattr__(self, name: str) -> Callable[..., Expr]:
        if name not in REGISTRY and not hasattr(ArrayReader, name):
            raise AttributeError(f"no op '{name}' for a body to read")
        return lambda *args, **attrs: Expr(name, args, attrs)


_reader = ExprReader()


def read(op: Op) -> Expr:
    """The body as an expression.

    Raises:
        Unreadable: if it works on arrays directly or branches on values.
    """
    try:
        result = op.forward(_reader, *[Expr(n) for n in op.inputs], **op.defaults)
    except (AttributeError, TypeError, ValueError) as error:
        raise Unreadable(f"{op.name}: {error}") from error
    if not isinstance(result, Expr):
        raise Unreadable(f"{op.name}: the body gives {type(result).__name__}")
    return result


def formula(op: Op) -> str:
    """What an op computes, in terms of simpler ops."""
    return str(read(op))


def derivative(op: Op, name: str, g: Any = None, known: dict[str, Any] | None = None) -> str:
    """The rule for one input, in terms of ``g``, the inputs and the output; see ``read_rule``."""
    return str(read_rule(op, name, g, known))


def read_rule(op: Op, name: str, g: Any = None, known: dict[str, Any] | None = None) -> Any:
    """The rule for one input as an expression, or as a number where that is all it gives.

    Args:
        g: what stands for the gradient; the symbol ``g`` unless it is given.
        known: values of attributes and of inputs that are numbers, which are put in their places.

    Raises:
        Unreadable: if there is no rule, or it looks at values or shapes.
    """
    where = op.inputs.index(name)
    rule = op.joint or op.rules[where]
    if rule is None:
        raise Unreadable(f"{op.name} has no rule for '{name}'")
    known = known or {}
    names = {slot: n for n, slot in op.slot_of.items()}
    symbols = [known.get(names[s], Expr(names[s])) for s in rule.slots]
    attrs = {n: known.get(n, op.defaults.get(n)) for n in rule.attrs}
    if "needs" in attrs:
        attrs["needs"] = (True,) * len(op.inputs)
    try:
        result = rule.fn(_reader, Expr("g") if g is None else g, *symbols, **attrs)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError, RuntimeError) as error:
        raise Unreadable(f"{op.name}, '{name}': {error}") from error
    result = result[where] if op.joint else result
    if not isinstance(result, (Expr, int, float)):
        raise Unreadable(f"{op.name}, '{name}': the rule gives {type(result).__name__}")
    return result


def single_call(op: Op) -> str | None:
    """The name of the one function the body calls with exactly the op's inputs, if it is that simple."""
    try:
        e = read(op)
    except Unreadable:
        return None
    plain = not e.attrs and len(e.args) == len(op.inputs)
    if plain and all(
        isinstance(a, Expr) and a.name == n and not a.args for a, n in zip(e.args, op.inputs, strict=True)
    ):
        return e.name
    return None

"""Derivatives as formulas, read off the records of the operations.

A rule is read with symbols (``rushlight.recorder``): what the node knows, numbers and shapes, stands in their places, and what
multiplies by 1 or adds 0 goes. An operation of single elements gives a factor, ``2 * input``; any other what becomes of an arriving
gradient ``g``, ``g @ mat2.T``. Rules that call kernels, or work on arrays in ways that are no formula, are told by the operation's
documentation, which says "Gradient of ``input``: ..." for each input (or "Gradient ..." for its only one). Where that depends on an
attribute or on which result the gradient comes from, it has a sentence for each: "Gradient of ``A`` (from S): ...", "Gradient of
``gates`` (mode gru): ...".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ..op import Op
from ..recorder import Expr, Unreadable, formula, read_rule


class Shaped(Expr):
    """A symbol whose shape is known, so that rules may ask for it, also of what part of it they take."""

    __slots__ = ("shape",)

    def __init__(self, name: str, shape: tuple[int, ...], args: tuple[Any, ...] = ()):
        super().__init__(name, args)
        self.shape: tuple[int, ...] = shape

    def __mul__(self, other: Any) -> Expr:
        return Shaped("mul", self.shape, (self, other)) if number(other) else super().__mul__(other)

    def __truediv__(self, other: Any) -> Expr:
        return Shaped("div", self.shape, (self, other)) if number(other) else super().__truediv__(other)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


def of_operation(op: Op) -> str:
    """What an operation computes: its formula where its body is one, the first sentence of its documentation otherwise."""
    try:
        text = formula(op)
    except Unreadable:
        return first_sentence(op)
    return first_sentence(op) if text == f"{op.name}({', '.join(op.inputs)})" else text


def first_sentence(op: Op) -> str:
    text = " ".join((op.doc or "").split())
    return re.split(r"(?<=[.:;])\s", text, maxsplit=1)[0].rstrip(".:;").replace("``", "")


def of_derivative(op: Op, name: str, output: str, shape: tuple[int, ...], known: dict[str, Any]) -> str:
    """The local derivative of one output by one input; empty if neither the rule nor the documentation gives a formula.

    Args:
        shape: of the arriving gradient.
        known: attributes, numbers, and shapes (tuples) of inputs and outputs, by name.
    """
    told = documented_gradient(op.doc, name, {**known, "from": output})
    if told:
        return told
    symbols = {n: Shaped(n, v) if n in op.slot_of and not n.endswith("_shape") and isinstance(v, tuple) else v
               for n, v in known.items()}  # fmt: skip
    arriving = 1 if op.family == "elementwise" else Shaped("g", shape)  # 1: a factor
    try:
        try:
            return write(read_rule(op, name, arriving, symbols))
        except ArithmeticError:  # a number that is known, and that the rule divides by, is zero
            return write(read_rule(op, name, arriving, {n: v for n, v in symbols.items() if not number(v)}))
    except Unreadable:
        return first_gradient(op.doc)


def documented_gradient(doc: str | None, name: str, known: dict[str, Any]) -> str:
    """What a documentation says of the gradient of this input, in the sentence whose condition (``mode gru``) is ``known`` to hold."""
    sentence = rf"^\s*Gradient of ``{name}``(?: \((\w+) ([^)]+)\))?: (.*?)(?=\n\s*Gradient of|\n\s*\n|\s*\Z)"
    for found in re.finditer(sentence, doc or "", re.MULTILINE | re.DOTALL):
        if found[1] is None or str(known.get(found[1])) == found[2]:
            return as_text(found[3])
    return ""


def first_gradient(doc: str | None) -> str:
    """What a documentation says in the sentence that begins with "Gradient": of the only input, or of all."""
    sentence = r"Gradient(?:\s+of the input)?:?\s+(?!of ``)(.*?)(?:\.\s|\.?$)"
    found = re.search(sentence, " ".join((doc or "").split()))
    return as_text(found[1]) if found else ""


def as_text(documentation: str) -> str:
    return " ".join(documentation.split()).replace("``", "").rstrip(".")


def write(e: Any) -> str:
    """An expression as text, simplified."""
    return re.sub(r"\d+\.\d{6,}(?:e[-+]\d+)?", lambda m: f"{float(m[0]):.6g}", str(simplified(e)))


# --- simplification -----------------------------------------------------------------------------------------------------
def number(x: Any) -> bool:
    return isinstance(x, (int, float, np.number)) and not isinstance(x, bool)


def _add(a: Any, b: Any) -> Any:
    return b if _is(a, 0) else a if _is(b, 0) else None


def _sub(a: Any, b: Any) -> Any:
    return a if _is(b, 0) else Expr("neg", (b,)) if _is(a, 0) else None


def _mul(a: Any, b: Any) -> Any:
    if _is(a, 0) or _is(b, 0):
        return 0
    if _is(a, 1) or _is(b, 1):
        return b if _is(a, 1) else a
    if _is(a, -1) or _is(b, -1):
        return simplified(Expr("neg", (b if _is(a, -1) else a,)))
    if number(b) and not number(a):  # numbers stand first
        return simplified(Expr("mul", (b, a)))
    if number(a) and isinstance(b, Expr) and b.name == "mul" and number(b.args[0]):
        return Expr("mul", (_plain(a * b.args[0]), b.args[1]))
    return Expr("pow", (a, 2)) if isinstance(a, Expr) and str(a) == str(b) else None


def _div(a: Any, b: Any) -> Any:
    return a if _is(b, 1) else 0 if _is(a, 0) else None


def _pow(a: Any, b: Any) -> Any:
    return 1 if _is(b, 0) else a if _is(b, 1) else None


def _neg(a: Any) -> Any:
    return a.args[0] if isinstance(a, Expr) and a.name == "neg" else None


def _where(condition: Any, a: Any, b: Any) -> Any:
    if isinstance(condition, (bool, np.bool_)):
        return a if condition else b
    return a if number(a) and number(b) and a == b else None


def _logical(name: str) -> Callable[[Any, Any], Any]:
    def simplify(a: Any, b: Any) -> Any:
        decided = name == "or"
        if a is decided or b is decided:
            return decided
        return b if a is (not decided) else a if b is (not decided) else None

    return simplify


def _transposed(a: Any, *dims: int) -> Any:
    """A matrix turned; ``None`` if it is not the last two dimensions that change places."""
    if dims not in ((), (-2, -1)):
        return None
    if isinstance(a, Expr) and a.name == ".T":
        return a.args[0]
    if isinstance(a, Expr) and a.name == "matmul":
        return Expr("matmul", tuple(simplified(Expr("t", (x,))) for x in reversed(a.args)))
    return Expr(".T", (a,))


def _of_batches(*matrices: Any) -> Any:
    """A product of stacks of matrices, which turn in their own two dimensions."""
    turned = [isinstance(m, Expr) and m.name == "transpose" and m.args[1:] == (1, 2) for m in matrices]
    return Expr("matmul", tuple(Expr(".mT", m.args[:1]) if t else m for m, t in zip(matrices, turned, strict=True)))


_SIMPLER: dict[str, Callable[..., Any]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "pow": _pow,
    "neg": _neg,
    "where": _where,
    "and": _logical("and"),
    "or": _logical("or"),
    "logical_and": _logical("and"),
    "logical_or": _logical("or"),
    "one_minus_square": lambda a: Expr("sub", (1, Expr("pow", (a, 2)))),
    "div_floor": lambda a, b: Expr("floor", (Expr("div", (a, b)),)),
    "zeros_of": lambda a: 0,
    "t": _transposed,
    "transpose": _transposed,
    "bmm": _of_batches,
    "put_along": lambda g, indices: Expr("scatter", (indices, g)),
}
#: The public names of what rules call by names of their own; of those that give a gradient its shape, the shape is left out.
_SHAPING = {"reshape_gradient": "reshape", "broadcast_gradient": "expand"}
_PUBLIC = {
    "matprod": "matmul", "mm": "matmul", "mv": "matmul", "cross_product": "cross", "join_complex": "view_as_complex",
    "view_as_real_": "view_as_real", "polygamma_of": "polygamma",
}  # fmt: skip
_COMPUTED: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "neg": lambda a: -a,
    "div": lambda a, b: a / b if b else None, "eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
}  # fmt: skip


def _is(x: Any, value: int) -> bool:
    return number(x) and x == value


def _plain(x: Any) -> Any:
    """A whole number without its ``.0``; NumPy's numbers as Python's."""
    if isinstance(x, (np.bool_, np.number)):
        x = x.item()
    return int(x) if isinstance(x, float) and x.is_integer() and abs(x) < 1e15 else x


def simplified(e: Any) -> Any:
    """The same expression without what does nothing; numbers are computed."""
    if not isinstance(e, Expr):
        return _plain(e)
    if not e.args:
        return e
    args = tuple([simplified(a) for a in e.args])
    if e.name in _COMPUTED and all(number(a) for a in args):
        value = _COMPUTED[e.name](*args)
        return e if value is None else _plain(value)
    simpler = _SIMPLER[e.name](*args) if e.name in _SIMPLER else None
    if simpler is not None:
        return simpler
    return Expr(_SHAPING[e.name], args) if e.name in _SHAPING else Expr(_PUBLIC.get(e.name, e.name), args, e.attrs)

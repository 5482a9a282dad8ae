"""``torch._foreach_*``: one operation on each tensor of a list, as optimizers written by hand use them.

One factory makes them from the ops: the function returns a tuple, the form in place writes the tensors and returns the list.
PyTorch has one node for all results, here each has its own under the same name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import errors, types
from ..autograd.mode import recording
from ..functions import function
from ..known_writes import write
from ..node import OpNode
from ..promotion import cast
from ..readers import REGISTRY
from ..tensor import Tensor, requires_grad, wrap
from ..writing import check_writable

_NUMBERS = (bool, int, float, complex, np.number, np.bool_)


# --- lists ------------------------------------------------------------------------------------------------------------
def _is_list(x: Any, kinds: Any) -> bool:
    return isinstance(x, (list, tuple)) and bool(x) and isinstance(x[0], kinds)


def _wrong(name: str, *given: Any) -> Exception:
    return errors.type_(
        f"{name}() received an invalid combination of arguments - got ({', '.join(type(x).__name__ for x in given)})",
        "It takes lists of tensors, and for numbers one number or a list of them.",
    )


def _check_lists(name: str, first: Any, *others: Any) -> None:
    """Refuse what is no list of tensors, and lists of different lengths."""
    for at, each in enumerate((first, *others)):
        if not isinstance(each, (list, tuple)):
            raise _wrong(name, first, *others)
        for i, x in enumerate(each):
            if not isinstance(x, Tensor):
                raise errors.type_(f"expected Tensor as element {i} in argument {at}, but got {type(x).__name__}")
    if not first:
        raise errors.runtime("Tensor list must have at least one tensor.")
    for other in others:
        if len(other) != len(first):
            raise errors.runtime(
                f"Tensor lists must have the same number of tensors, got {len(first)} and {len(other)}"
            )


def _camel(name: str) -> str:
    return re.sub(r"(^|_|\d)([a-z])", lambda found: found[1].strip("_") + found[2].upper(), name)


def _named(x: Tensor, node: str) -> Tensor:
    """A new result, its node under the name that PyTorch gives it."""
    of: Any = None if x._edge is None else x._edge[0]
    if isinstance(of, OpNode):
        of.rename(node)
    return x


def _write(op: str, columns: Sequence[Sequence[Any]], attrs: Sequence[dict[str, Any]], node: str = "") -> Any:
    """The op in place on each of the first column, after a look whether all may be written."""
    for row in zip(*columns, strict=True):
        check_writable(*row)
    for *row, named in zip(*columns, attrs, strict=True):
        write(REGISTRY[op], tuple(row), named)
        if node and recording() and requires_grad(row[0]):
            _named(row[0], node)
    return columns[0]


def _declare(name: str, fn: Callable[..., Any], doc: str, samples: Any, wrong: Any) -> None:
    fn.__name__ = fn.__qualname__ = name
    fn.__doc__ = doc
    excuses = [("empty", "the op itself is tried on them"), ("strided", "the same")]
    excuses += [] if doc.endswith("number.") else [("0-d", "the same")]

    def tried(m: Any) -> list[Any]:
        made = samples(m)
        if name.endswith("_"):
            made = [s.value_only("the leaves stand in a list; tests/test_foreach.py") for s in made]
        return [*made, *[m.without(*row) for row in excuses]]

    function(name=name, samples=tried, errors=wrong)(fn)


def _wrong_lists(name: str, *more: Any) -> Any:
    def made(m: Any) -> list[Any]:
        rest = [x(m) for x in more]
        return [
            m.error(RuntimeError, "Tensor list must have at least one tensor.", [], *[[] for _ in rest]),
            m.error(TypeError, "expected Tensor as element 1 in argument 0, but got int", [m.f(2), 3], *rest),
        ]

    return made


def _meeting(x: Tensor, number: Any) -> types.dtype:
    """The dtype of a 0-d tensor that stands for a number beside ``x``."""
    kind = types.of_number(number)
    return kind if kind.category > x.dtype.category else x.dtype


# --- of one tensor ----------------------------------------------------------------------------------------------------
_UNARY = (
    "abs acos asin atan ceil clone cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 neg reciprocal round rsqrt "
    "sigmoid sign sin sinh sqrt tan tanh trunc zero"
)


def _unary(op: str) -> None:
    name, node = f"_foreach_{op}", f"Foreach{_camel(op)}Backward0"

    def plain(self: Any) -> tuple[Tensor, ...]:
        _check_lists(name, self)
        return tuple([_named(REGISTRY[op].public(x), node) for x in self])

    def in_place(self: Any) -> Any:
        _check_lists(name + "_", self)
        return _write(op, (self,), [{}] * len(self))

    def samples(m: Any) -> list[Any]:
        return [m([m.f(2, lo=0.1, hi=0.9), m.f(1, 3, lo=0.1, hi=0.9)]), m([m.f(2, lo=0.1, hi=0.9)])]

    if op != "zero":
        _declare(name, plain, f"``torch.{op}`` of each tensor of a list.", samples, _wrong_lists(name))
    if op != "clone":
        _declare(name + "_", in_place, f"``{op}_`` on each tensor of a list.", samples, _wrong_lists(name))


# --- of two -----------------------------------------------------------------------------------------------------------
# the ends of PyTorch's node names: a list of tensors, one number, a list of numbers, one tensor (which some take as a number)
_SCALED = ("0List", "1Scalar", "1ScalarList")
_BINARY = {
    "add": (*_SCALED, "1Scalar"),
    "sub": _SCALED,
    "mul": (*_SCALED, "0Tensor"),
    "div": ("0", "1Scalar", "1ScalarList", "0Tensor"),
    "maximum": ("0List", "0", "1"),
    "minimum": ("0List", "0", "1"),
    "clamp_max": ("1List", "0Scalar", "0ScalarList"),
    "clamp_min": ("1List", "0Scalar", "0ScalarList"),
    "pow": ("0", "0Scalar", "1"),
}


def _second(name: str, self: Any, other: Any, ends: tuple[str, ...]) -> tuple[Sequence[Any], str]:
    """The second operands, one for each tensor, and the end of the node's name."""
    if isinstance(other, Tensor):
        if other._a.ndim and (len(ends) == 4 or other._a.size != 1):
            raise errors.runtime(
                f"scalar tensor expected to be 0 dim but it has {other._a.ndim} dimensions and {other._a.size} elements."
            )
        if len(ends) == 4:
            return [other] * len(self), ends[3]
        other = other.item()
    if isinstance(other, _NUMBERS):
        return [other] * len(self), ends[1]
    if _is_list(other, _NUMBERS):
        if len(other) != len(self):
            raise errors.runtime("Tensor list must have same number of elements as scalar list.")
        return other, ends[2]
    if not isinstance(other, (list, tuple)):
        raise _wrong(name, self, other)
    _check_lists(name, self, other)
    return other, ends[0]


def _binary(op: str) -> None:
    name, ends = f"_foreach_{op}", _BINARY[op]

    def read(called: str, self: Any, other: Any, alpha: Any, named: dict[str, Any]) -> Any:
        if other is None:
            other = next((named.pop(n) for n in ("scalar", "scalars", "exponent") if n in named), None)
        if named or other is None or not isinstance(self, (list, tuple)):
            raise _wrong(called, self, *([] if other is None else [other]), *named.values())
        _check_lists(called, self)
        others, end = _second(called, self, other, ends)
        if op in ("maximum", "minimum") and isinstance(others[0], _NUMBERS):  # as 0-d tensors: ties share the gradient
            others = [wrap(cast(y, _meeting(x, y))) for x, y in zip(self, others, strict=True)]
        attrs = {"alpha": alpha} if alpha != 1 and op in ("add", "sub") else {}
        return others, [attrs] * len(self), end

    def plain(self: Any, other: Any = None, *, alpha: Any = 1, **named: Any) -> tuple[Tensor, ...]:
        if op == "pow" and isinstance(self, _NUMBERS):
            _check_lists(name, other)
            return tuple([_named(REGISTRY[op].public(self, x), "ForeachPowBackward2") for x in other])
        others, attrs, end = read(name, self, other, alpha, named)
        node, of = f"Foreach{_camel(op)}Backward{end}", REGISTRY[op].public
        return tuple([_named(of(x, y, **a), node) for x, y, a in zip(self, others, attrs, strict=True)])

    def in_place(self: Any, other: Any = None, *, alpha: Any = 1, **named: Any) -> Any:
        others, attrs, end = read(name + "_", self, other, alpha, named)
        scaled = op in ("add", "sub", "mul", "div") and end != ends[0] and end != "0Tensor"
        return _write(op, (self, others), attrs, f"{_camel(op)}Backward1" if scaled else "")

    def samples(m: Any) -> list[Any]:
        def xs() -> list[Any]:
            return [m.f(2, lo=0.5), m.f(1, 3, lo=0.5)]

        some = [m(xs(), xs()), m(xs(), 1.5), m(xs(), [1.5, 0.7]), m(xs(), m.a(2))]
        return [*some, m(xs(), xs(), alpha=2)] if op in ("add", "sub") else some

    def wrong(m: Any) -> list[Any]:
        return [
            m.error(RuntimeError, "Tensor lists must have the same number of tensors, got 2 and 1", [m.f(2), m.f(2)], [m.f(2)]),
            m.error(RuntimeError, "Tensor list must have same number of elements as scalar list.", [m.f(2), m.f(2)], [1.0]),
            m.error(RuntimeError, "Tensor list must have at least one tensor.", [], 1.0),
            m.error(TypeError, "received an invalid combination of arguments", [m.f(2)], "a"),
            m.error(TypeError, "received an invalid combination of arguments", [m.f(2)]),
        ]  # fmt: skip

    _declare(
        name,
        plain,
        f"``torch.{op}`` of each tensor with its partner in a list, a number, or its number.",
        samples,
        wrong,
    )
    _declare(
        name + "_",
        in_place,
        f"``{op}`` written into each tensor; its partner is in a list, a number, or its number.",
        samples,
        wrong,
    )


# --- of three ---------------------------------------------------------------------------------------------------------
def _products(op: str) -> None:
    name = f"_foreach_{op}"

    def read(called: str, self: Any, tensor1: Any, tensor2: Any, value: Any, scalars: Any) -> Any:
        _check_lists(called, self, tensor1, tensor2)
        values, end = value if scalars is None else scalars, "0ScalarList"
        if isinstance(values, Tensor):
            values = values.tolist()
            if not isinstance(values, list) or len(values) != len(self):
                n = len(values) if isinstance(values, list) else 1
                raise errors.runtime(
                    f"Expected length of scalars to match input of length {len(self)} but got {n} instead."
                )
        elif isinstance(values, _NUMBERS):
            values, end = [values] * len(self), "0Scalar"
        if not _is_list(values, _NUMBERS):
            raise _wrong(called, self, tensor1, tensor2, values)
        if len(values) != len(self):
            raise errors.runtime("Tensor list must have same number of elements as scalar list.")
        return [{"value": v} for v in values], end

    def plain(self: Any, tensor1: Any, tensor2: Any, value: Any = 1, *, scalars: Any = None) -> tuple[Tensor, ...]:
        attrs, end = read(name, self, tensor1, tensor2, value, scalars)
        node, of = f"Foreach{_camel(op)}Backward{end}", REGISTRY[op].public
        return tuple([_named(of(*row, **a), node) for *row, a in zip(self, tensor1, tensor2, attrs, strict=True)])

    def in_place(self: Any, tensor1: Any, tensor2: Any, value: Any = 1, *, scalars: Any = None) -> Any:
        attrs, _ = read(name + "_", self, tensor1, tensor2, value, scalars)
        return _write(op, (self, tensor1, tensor2), attrs)

    def samples(m: Any) -> list[Any]:
        def xs() -> list[Any]:
            return [[m.f(2, lo=0.5), m.f(1, 3, lo=0.5)] for _ in range(3)]

        some = [m(*xs()), m(*xs(), value=1.5), m(*xs(), [1.5, 0.7]), m(*xs(), scalars=[1.5, 0.7])]
        if op == "addcdiv":
            some = [s.value_only("PyTorch's derivative of lists of several shapes fails") for s in some]
            some.append(m(*[[m.f(2, lo=0.5)] for _ in range(3)], value=1.5))
        return [*some, m(*xs(), m.torch.tensor([2, 3])).value_only("PyTorch has no derivative for it")]

    def wrong(m: Any) -> list[Any]:
        xs = [m.f(2), m.f(2)]
        return [
            m.error(RuntimeError, "Tensor lists must have the same number of tensors, got 2 and 1", xs, xs, [m.f(2)]),
            m.error(RuntimeError, "Tensor list must have same number of elements as scalar list.", xs, xs, xs, [1.0]),
            m.error(
                RuntimeError, "Expected length of scalars to match input of length 2 but got 3", xs, xs, xs, m.i(3)
            ),
        ]

    _declare(
        name, plain, f"``torch.{op}`` of each triple of tensors; ``value`` is a number or one for each.", samples, wrong
    )
    _declare(name + "_", in_place, f"``{op}_`` on each tensor; arguments as in ``{name}``.", samples, wrong)


def _interpolated() -> None:
    def read(called: str, self: Any, tensors1: Any, weight: Any) -> tuple[Sequence[Any], str]:
        if weight is None:
            raise _wrong(called, self, tensors1)
        _check_lists(called, self, tensors1)
        return _second(called, self, weight, ("1List", "0Scalar", "0ScalarList"))

    def plain(self: Any, tensors1: Any, weight: Any = None, *, weights: Any = None) -> tuple[Tensor, ...]:
        rates, end = read("_foreach_lerp", self, tensors1, weight if weights is None else weights)
        of = REGISTRY["lerp"].public
        return tuple([_named(of(*row), f"ForeachLerpBackward{end}") for row in zip(self, tensors1, rates, strict=True)])

    def in_place(self: Any, tensors1: Any, weight: Any = None, *, weights: Any = None) -> Any:
        rates, _ = read("_foreach_lerp_", self, tensors1, weight if weights is None else weights)
        return _write("lerp", (self, tensors1, rates), [{}] * len(self))

    def samples(m: Any) -> list[Any]:
        def xs(n: int) -> list[Any]:
            return [[m.f(2), m.f(1, 3)] for _ in range(n)]

        return [m(*xs(3)), m(*xs(2), 0.3), m(*xs(2), [0.3, 0.8])]

    def wrong(m: Any) -> list[Any]:
        xs = [m.f(2), m.f(2)]
        return [
            m.error(RuntimeError, "Tensor lists must have the same number of tensors, got 2 and 1", xs, [m.f(2)], 0.5),
            m.error(RuntimeError, "Tensor list must have same number of elements as scalar list.", xs, xs, [1.0]),
            m.error(TypeError, "received an invalid combination of arguments", xs, xs),
        ]

    doc = "``torch.lerp`` of each pair of tensors; ``weight`` is a number, one for each, or a tensor for each."
    _declare("_foreach_lerp", plain, doc, samples, wrong)
    _declare("_foreach_lerp_", in_place, "``lerp_`` on each tensor; arguments as in ``_foreach_lerp``.", samples, wrong)


# --- the rest ---------------------------------------------------------------------------------------------------------
def _copy(self: Any, src: Any, non_blocking: bool = False) -> Any:
    _check_lists("_foreach_copy_", self, src)
    return _write("copy", (self, src), [{}] * len(self))


def _norm(self: Any, ord: Any = 2, dtype: Any = None) -> tuple[Tensor, ...]:  # noqa: A002
    _check_lists("_foreach_norm", self)
    of = REGISTRY["vector_norm"].public
    return tuple([_named(of(x, ord, dtype=dtype), "ForeachNormBackward0") for x in self])


def _powsum(self: Any, ord: Any = 2, dtype: Any = None) -> tuple[Tensor, ...]:  # noqa: A002
    _check_lists("_foreach_powsum", self)
    return tuple([(x if dtype is None else x.to(dtype)).abs().pow(ord).sum() for x in self])


def _max(self: Any) -> tuple[Tensor, ...]:
    _check_lists("_foreach_max", self)
    return tuple([x.max() for x in self])


def _mm(self: Any, mat2: Any) -> tuple[Tensor, ...]:
    _check_lists("_foreach_mm", self)
    if len(mat2) != len(self):
        raise errors.runtime(
            "_foreach_mm: self and mat2 must have the same number of tensors", f"{len(self)} and {len(mat2)}."
        )
    _check_lists("_foreach_mm", self, mat2)
    return tuple([_named(REGISTRY["mm"].public(x, y), "ForeachMmBackward0") for x, y in zip(self, mat2, strict=True)])


def _pair(m: Any) -> list[Any]:
    return [m.f(2), m.f(1, 3)]


_declare("_foreach_copy_", _copy, "``copy_`` on each tensor of a list, from its partner in another.",
         lambda m: [m(_pair(m), _pair(m)), m([m.i(2)], [m.f(2)]), m([m.f(2, 2)], [m.f(2)])],
         lambda m: [m.error(RuntimeError, "Tensor lists must have the same number of tensors, got 2 and 1", _pair(m), [m.f(2)])],
         )  # fmt: skip
_declare("_foreach_norm", _norm, "``torch.linalg.vector_norm`` of each tensor of a list.",
         lambda m: [m(_pair(m)), m(_pair(m), 1), m(_pair(m), ord=float("inf")), m([m.f(2)], 2, m.torch.float64)],
         lambda m: [m.error(RuntimeError, "Expected a floating point or complex tensor as input. Got Long", [m.i(2)])])  # fmt: skip
_declare("_foreach_powsum", _powsum, "The sum of ``|x|`` to the power of ``ord`` over each tensor of a list.",
         lambda m: [m(_pair(m)).value_only("PyTorch has no derivative for it"), m(_pair(m), 3).value_only("as before")],
         _wrong_lists("_foreach_powsum"))  # fmt: skip
_declare("_foreach_max", _max, "The largest element of each tensor of a list.",
         lambda m: [m(_pair(m)).other_nodes("max has no record of its own"), m([m.i(3)])], _wrong_lists("_foreach_max"))  # fmt: skip
_declare("_foreach_mm", _mm, "``torch.mm`` of each pair of matrices.",
         lambda m: [m([m.f(2, 3), m.f(1, 2)], [m.f(3, 2), m.f(2, 2)])],
         lambda m: [m.error(RuntimeError, "self and mat2 must have the same number of tensors", _pair(m), [m.f(2)])])  # fmt: skip
for _op in _UNARY.split():
    _unary(_op)
for _op in _BINARY:
    _binary(_op)
_products("addcmul")
_products("addcdiv")
_interpolated()

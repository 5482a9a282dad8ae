"""Einstein's summation: letters name dimensions; what the result does not name is summed."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..functions import function
from ..op import call
from ..readers import REGISTRY
from ..routes import routed
from ..tensor import Tensor

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _einsum_samples(m: Any) -> list[Any]:
    calls = [
        m("ij,jk->ik", m.f(2, 3), m.f(3, 2)),
        m("ii->i", m.f(3, 3)),
        m("ii", m.f(3, 3)),
        m("ij->ji", m.nc(2, 3)),
        m("i,i->", m.f(3), m.f(3)),
        m("...ij,...jk->...ik", m.f(2, 2, 3), m.f(2, 3, 2)),
        m("ij", m.f(2, 3)),
        m("ba", m.f(2, 3)),
        m("ij->i", m.f(2, 3)),
        m("i,j->ij", m.f(2), m.f(3)),
        m("bij,bjk->bik", m.f(2, 2, 3), m.f(2, 3, 2)),
        m(m.f(2, 3), [0, 1], m.f(3, 2), [1, 2], [0, 2]),
        m("ij,jk,kl->il", m.f(2, 3), m.f(3, 2), m.f(2, 2)),
        m("ij,ij->i", m.f(2, 1), m.f(2, 3)),
        m("i...->...", m.f(2, 3)),
        m("...,...->...", m.f(2, 3), m.f(3)),
        m("ijj,jk->ik", m.f(2, 3, 3), m.f(3, 2)),
        m(",i->i", m.f(), m.f(2)),
        m("->", m.f()),
        m("ij,kj->ik", m.f(0, 3), m.f(2, 3)),
        m("bhid, bhjd -> bhij", m.f(1, 2, 3, 2), m.f(1, 2, 3, 2)),
        m("ij,jk", m.i(2, 3), m.i(3, 2)),
        m("ij...,j->i...", m.f(2, 3, 2), m.f(3)),
        m("ij,kl->", m.f(2, 2), m.f(2, 2)),
        m(m.f(2, 3), [..., 0]),
    ]
    return [c.other_nodes("the last step may be another view") for c in calls]


def _einsum_errors(m: Any) -> list[Any]:
    x = m.f(3, 3)
    return [
        m.error(RuntimeError, "einsum(): fewer operands were provided than specified in the equation", "ij,jk->ik", x),
        m.error(RuntimeError, "einsum(): more operands were provided than specified in the equation", "ij->ij", x, x),
        m.error(
            RuntimeError,
            "einsum(): output subscript k does not appear in the equation for any input operand",
            "ij->ik",
            x,
        ),
        m.error(
            RuntimeError,
            "einsum(): the number of subscripts in the equation (3) does not match the number of dimensions (2)",
            "ijk->i",
            x,
        ),
        m.error(RuntimeError, "einsum(): invalid subscript given at index 1 in the equation string", "i&->i", x),
        m.error(RuntimeError, "einsum(): output subscript i appears more than once in the output", "ij->ii", x),
        m.error(
            RuntimeError,
            "einsum(): subscript j has size 4 for operand 1 which does not broadcast with previously seen size 3",
            "ij,jk->ik",
            x,
            m.f(4, 4),
        ),
    ]


@function(samples=_einsum_samples, errors=_einsum_errors)
@routed
def einsum(*args: Any) -> Tensor:
    """Einstein's summation, ``einsum("ij,jk->ik", x, y)``: products of elements, summed over the letters that the result lacks.

    A letter repeated in one operand takes its diagonal; ``...`` stands for the dimensions that are not named, which broadcast, as
    do sizes of 1. Without ``->`` the result has the letters that occur once, in alphabetical order. Operands may also be given with
    lists of numbers: ``einsum(x, [0, 1], y, [1, 2], [0, 2])``. Operands are contracted from left to right.
    """
    if not args:
        raise errors.value(
            "einsum(): must specify the equation string and at least one operand, or at least one operand and its subscripts list"
        )
    equation, operands = _read(args)
    terms, result = _parse(equation, operands)
    return _contract(terms, operands, result)


def _read(args: tuple[Any, ...]) -> tuple[str, list[Tensor]]:
    """The equation and the operands; lists of numbers are rewritten as letters."""
    if isinstance(args[0], str):
        rest = args[1:]
        operands = list(rest[0]) if len(rest) == 1 and isinstance(rest[0], (list, tuple)) else list(rest)
        for i, x in enumerate(operands):
            if not isinstance(x, Tensor):
                raise errors.type_(f"expected Tensor as element {i} in argument 1, but got {type(x).__name__}")
        return args[0], operands

    def letters(numbers: Any) -> str:
        return "".join("..." if n is Ellipsis else _LETTERS[n] for n in numbers)

    pairs = len(args) // 2
    equation = ",".join(letters(args[2 * i + 1]) for i in range(pairs))
    if len(args) % 2:
        equation += "->" + letters(args[-1])
    return equation, [args[2 * i] for i in range(pairs)]


def _labels(text: str, start: int, where: str) -> list[str]:
    """The letters of one operand; the ellipsis as one label."""
    out, i = [], 0
    while i < len(text):
        c = text[i]
        if text.startswith("...", i):
            if "..." in out:
                raise errors.runtime(f"einsum(): found '.' for {where} for which an ellipsis was already found")
            out.append("...")
            i += 3
            continue
        if c == ".":
            raise errors.runtime(f"einsum(): found '.' for {where} that is not part of any ellipsis (...)")
        if c not in _LETTERS:
            raise errors.runtime(
                f"einsum(): invalid subscript given at index {start + i} in the equation string, subscripts must be in [a-zA-Z]"
            )
        out.append(c)
        i += 1
    return out


def _parse(equation: str, operands: list[Tensor]) -> tuple[list[list[str]], list[str]]:
    """The labels of each operand and of the result; the ellipsis as numbered labels ``.0 .1``, last dimension 0."""
    equation = equation.replace(" ", "")
    left, arrow, right = equation.partition("->")
    texts = left.split(",")
    if len(texts) != len(operands):
        kind = "more" if len(operands) > len(texts) else "fewer"
        raise errors.runtime(f"einsum(): {kind} operands were provided than specified in the equation")
    terms, start, widest = [], 0, 0
    for i, (text, x) in enumerate(zip(texts, operands, strict=True)):
        labels = _labels(text, start, f"operand {i}")
        start += len(text) + 1
        free = x._a.ndim - len([c for c in labels if c != "..."])
        if free < 0 or (free and "..." not in labels):
            dots = " and no ellipsis was given" if "..." not in labels else ""
            relation = "does not match" if "..." not in labels else "is more than"
            raise errors.runtime(
                f"einsum(): the number of subscripts in the equation ({len([c for c in labels if c != '...'])}) {relation} the number of "
                f"dimensions ({x._a.ndim}) for operand {i}{dots}"
            )
        if "..." in labels:
            widest = max(widest, free)
            at = labels.index("...")
            labels[at : at + 1] = [f".{d}" for d in reversed(range(free))]
        terms.append(labels)
    dots = [f".{d}" for d in reversed(range(widest))]
    if arrow:
        result = _labels(right, start + 1, "output")
        for c in result:
            if c != "..." and result.count(c) > 1:
                raise errors.runtime(f"einsum(): output subscript {c} appears more than once in the output")
            if c != "..." and not any(c in t for t in terms):
                raise errors.runtime(
                    f"einsum(): output subscript {c} does not appear in the equation for any input operand"
                )
        if "..." in result:
            at = result.index("...")
            result[at : at + 1] = dots
    else:
        flat = [c for t in terms for c in t]
        result = dots + sorted(c for c in set(flat) if flat.count(c) == 1 and not c.startswith("."))
    return terms, result


def _diagonals(x: Tensor, labels: list[str], number: int) -> tuple[Tensor, list[str]]:
    """The diagonal of each letter that occurs twice in one operand."""
    for c in dict.fromkeys(labels):
        while labels.count(c) > 1:
            i = labels.index(c)
            j = labels.index(c, i + 1)
            a, b = x._a.shape[i], x._a.shape[j]
            if a != b:
                raise errors.runtime(
                    f"einsum(): subscript {c} is repeated for operand {number} but the sizes don't match, {b} != {a}"
                )
            x = x.diagonal(0, i, j)
            labels = [*labels[:i], *labels[i + 1 : j], *labels[j + 1 :], c]
    return x, labels


def _contract(terms: list[list[str]], operands: list[Tensor], result: list[str]) -> Tensor:
    sizes: dict[str, int] = {}
    cut = []
    for i, (x, labels) in enumerate(zip(operands, terms, strict=True)):
        x, labels = _diagonals(x, labels, i)
        for c, n in zip(labels, x._a.shape, strict=True):
            if sizes.get(c, 1) != 1 and n not in (1, sizes[c]):
                raise errors.runtime(
                    f"einsum(): subscript {c} has size {n} for operand {i} which does not broadcast with previously seen size "
                    f"{sizes[c]}"
                )
            sizes[c] = n if sizes.get(c, 1) == 1 else sizes[c]
        cut.append((x, labels))
    x, labels = cut[0]
    order = [*result, *sorted(set(sizes).difference(result), key=_rank)]
    wide = [set(_wide(y, other)) for y, other in cut]
    for i, (y, other) in enumerate(cut[1:], 1):
        x, labels = _pair(x, labels, y, other, order, set(result).union(*wide[i + 1 :]))
    if len(cut) == 1 or labels != order:
        for c in [c for c in order if c not in labels]:
            x, labels = x.unsqueeze(0), [c, *labels]
        x = x.permute(tuple(map(labels.index, order)))
    kept = len(result)
    if kept == len(order):
        return x
    # of several operands all that is to be summed has been: sizes of 1 are left, which PyTorch views away
    return x.sum(list(range(kept, len(order)))) if len(cut) == 1 else x.view(x._a.shape[:kept])  # type: ignore[no-any-return]


def _rank(label: str) -> tuple[int, str]:
    """The order of the labels that are summed: those of the ellipsis from the left, then letters as in ASCII."""
    return (-int(label[1:]), "") if label.startswith(".") else (1, label)


def _wide(x: Tensor, labels: list[str]) -> dict[str, int]:
    """The sizes of the labels that are not 1: what is 1 is broadcast."""
    return {c: n for c, n in zip(labels, x._a.shape, strict=True) if n != 1}


def _pair(
    x: Tensor, a: list[str], y: Tensor, b: list[str], order: list[str], later: set[str]
) -> tuple[Tensor, list[str]]:
    """Two operands contracted: by one batched product where a label is summed, else by multiplication.

    ``order`` has all labels, those of the result first: dimensions are in this order within a product, as PyTorch's are.
    """
    # what only one of them has and nobody needs is summed first
    x, a = _drop(x, a, order, later.union(_wide(y, b)))
    y, b = _drop(y, b, order, later.union(_wide(x, a)))
    size_a, size_b = _wide(x, a), _wide(y, b)
    summed = [c for c in order if c in size_a and c in size_b and c not in later]
    if not summed:
        # the general path looks at the strides of sizes of 1, which decide here how the product lies
        return call(REGISTRY["mul"], (_aligned(x, a, order), _aligned(y, b, order)), {}), order
    batch = [c for c in order if c in size_a and c in size_b and c in later]
    only_a = [c for c in order if c in size_a and c not in size_b]
    rest = [c for c in order if c not in size_a and c not in size_b or c in size_b and c not in size_a]
    if (
        only_a and rest and order.index(rest[-1]) < order.index(only_a[0])
    ):  # the product then lies in the order of the result
        x, a, y, b, size_a, size_b = y, b, x, a, size_b, size_a
        only_a = [c for c in rest if c in size_a]
    only_b = [c for c in order if c in size_b and c not in size_a]

    def count(labels: list[str]) -> int:
        return int(np.prod([size_a.get(c) or size_b.get(c, 0) for c in labels]))

    def folded(t: Tensor, labels: list[str], groups: list[list[str]]) -> Tensor:
        wide = [c for group in groups for c in group]
        ones = [c for c in labels if c not in wide]
        return t.permute(*[labels.index(c) for c in wide + ones]).reshape([count(group) for group in groups])

    product = REGISTRY["bmm"].public(folded(x, a, [batch, only_a, summed]), folded(y, b, [batch, summed, only_b]))
    names = batch + only_a + only_b
    return product.view([size_a.get(c) or size_b.get(c, 0) for c in names]), names


def _aligned(x: Tensor, labels: list[str], order: list[str]) -> Tensor:
    """The dimensions in this order, with a size of 1 for each that it has not."""
    labels = labels + [c for c in order if c not in labels]
    for _ in range(len(order) - x._a.ndim):
        x = x.unsqueeze(-1)  # type: ignore[attr-defined]
    return x.permute(*map(labels.index, order)) if order else x  # type: ignore[attr-defined, no-any-return]


def _in_order(x: Tensor, labels: list[str], order: list[str]) -> tuple[Tensor, list[str]]:
    """The dimensions in this order of their labels."""
    sorted_labels = [c for c in order if c in labels]
    return (x, labels) if sorted_labels == labels else (x.permute(*map(labels.index, sorted_labels)), sorted_labels)


def _drop(x: Tensor, labels: list[str], order: list[str], wanted: set[str]) -> tuple[Tensor, list[str]]:
    """Sum over the labels that nobody wants."""
    if all(c in wanted or n == 1 for c, n in zip(labels, x._a.shape, strict=True)):
        return x, labels
    x, labels = _in_order(x, labels, order)
    gone = [i for i, (c, n) in enumerate(zip(labels, x._a.shape, strict=True)) if c not in wanted and n != 1]
    return x.sum(gone, keepdim=True), labels

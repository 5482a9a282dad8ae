"""Random programs as lines of Python, drawn by Hypothesis or by seeds.

A program makes a few tensors, and each further line (``drawn_lines``) computes, views, writes or differentiates what is there by
then. Lines are drawn while PyTorch runs them. What is not comparable is not drawn; why, each of ``DOUBTS`` says.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import torch
from drawing import Drawing
from drawn_lines import KINDS, backward, leaf
from hypothesis import strategies as st
from side_by_side import NAMES, execute, has_history

LIMIT = 7  # so many tensors are alive
MAX_ELEMENTS = 64
INTEGERS = {n: st.integers(0, n - 1) for n in range(2, 200)}


# --- what is not drawn: PyTorch's own undefined behaviour, and what docs/differences.md says -----------------------------
NAME = re.compile(r"\bt\d+\b")


def operands(text: str, d: Drawing) -> list[torch.Tensor]:
    return [d.tensors[name] for name in NAME.findall(text) if name in d.tensors]


def has_complex32(text: str, d: Drawing) -> bool:
    """PyTorch makes it of float16 and complex numbers, and has arithmetic for little of it."""
    dtypes = {t.dtype for t in operands(text, d)}
    return torch.float16 in dtypes and ("1j" in text or torch.complex64 in dtypes)


def has_arithmetic_of_bools(text: str, d: Drawing) -> bool:
    """The gradients of these negate an operand or subtract 1 from it, and so are refused, or wrap."""
    dtypes = {t.dtype for t in operands(text, d)}
    return ("atan2" in text and bool(dtypes & {torch.bool, torch.uint8})) or (
        ("**" in text or "pow" in text) and torch.bool in dtypes
    )


def replaces_what_is_saved(text: str, d: Drawing) -> bool:
    """PyTorch's nodes keep the tensor, and so read what ``x.data = y`` put there after they were made, or refuse if it was detached."""
    return (".data =" in text or ".detach_()" in text) and bool(d.used & set(NAME.findall(text)))


def asks_for_the_sign_of_nan(text: str, d: Drawing) -> bool:
    """Which the processor decides, otherwise in vectors than alone."""
    return ("signbit" in text or "copysign" in text) and any(bool(t.isnan().any()) for t in operands(text, d))


def compares_absolute_values(text: str, d: Drawing) -> bool:
    """The gradient of a largest absolute value asks which equal it: of complex numbers the last digit decides."""
    return "norm(" in text and "inf" in text and any(t.is_complex() for t in operands(text, d))


def reinterprets_nothing(text: str, d: Drawing) -> bool:
    """Whether a tensor without elements can be shown with another dtype depends on strides that lead nowhere."""
    return ".view(torch." in text and any(t.numel() == 0 for t in operands(text, d))


def writes_what_overlaps(text: str, d: Drawing) -> bool:
    """Elements that share memory in part are written in an order that nobody promises, and PyTorch does not look for them."""
    writes = re.match(r"(with torch.no_grad\(\): )?(t\d+)(\[.*\])* [^=]*=|.*\b(t\d+)\.\w+_\(|.*out=(t\d+)", text)
    names = [] if writes is None else [n for n in writes.groups()[1::2] + writes.groups()[4:] if n in d.tensors]
    return any(overlaps(d.tensors[n]) for n in names)


def overlaps(t: torch.Tensor) -> bool:
    """Whether a step along one dimension leads to where steps along others lead too; none of them is 0, which PyTorch sees."""
    reach = 1
    for step, n in sorted((step, n) for step, n in zip(t.stride(), t.shape, strict=True) if n > 1 and step):
        if step < reach:
            return True
        reach = step * n
    return False


def broadcasts_bounds(text: str, d: Drawing) -> bool:
    """PyTorch's gradients for bounds of another shape fail."""
    shapes = [t.shape for t in operands(text, d)]
    return "clamp(" in text and any(shape != shapes[0] for shape in shapes)


def has_two_ellipses(text: str, d: Drawing) -> bool:
    """Beyond the last dimension PyTorch reads sizes from where there are none."""
    return text.partition("]")[0].count("...") > 1


DOUBTS = (
    has_complex32,
    has_arithmetic_of_bools,
    replaces_what_is_saved,
    asks_for_the_sign_of_nan,
    compares_absolute_values,
    reinterprets_nothing,
    writes_what_overlaps,
    broadcasts_bounds,
    has_two_ellipses,
)



def add_line(d: Drawing) -> str | None:
    """One more line, which PyTorch has run; None if it made more than is wanted, or is doubtful."""
    maker, is_statement = KINDS[d.number(len(KINDS))]
    text = maker(d)
    if any(doubt(text, d) for doubt in DOUBTS):
        return None
    d.used |= set(NAME.findall(text))
    if is_statement:
        if maker is not backward and d.number(8) == 7:
            text = f"with torch.no_grad(): {text}"
        execute(text, {**NAMES, **d.tensors})
        return text
    names = {**NAMES, **d.tensors}
    name = f"t{d.made}"
    if d.number(16) == 15:
        text = f"torch.no_grad()(lambda: {text})()"
    text = f"{name} = {text}"
    execute(text, names)
    made = names.get(name)
    if made is not None and made.numel() > MAX_ELEMENTS:
        return None
    if made is not None:
        d.made += 1
        d.tensors[name] = made
        if len(d.tensors) > LIMIT:
            del d.tensors[next(iter(d.tensors))]
    return text


def program(integer: Callable[[int], int], longest: int = 14) -> list[str]:
    """The lines of a program, by a source of integers: ``integer(n)`` is one of 0 ... n - 1."""
    d = Drawing(integer)
    lines = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            name, text = f"t{d.made}", leaf(d)
            d.tensors[name] = eval(text, NAMES)
            d.made += 1
            lines.append(f"{name} = {text}")
        while len(lines) < longest and d.number(20) > 0:
            text = add_line(d)
            if text is not None:
                lines.append(text)
        last = [n for n, t in d.tensors.items() if has_history(t) and t.requires_grad and not t.is_leaf]
        if last:
            lines.append(f"{last[-1]}.sum().abs().backward()")
    return lines


@st.composite
def programs(draw: Any) -> list[str]:
    """Programs that Hypothesis draws and shrinks."""
    return program(lambda n: draw(INTEGERS[n]))

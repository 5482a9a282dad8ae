"""Random programs as lines of Python, drawn by Hypothesis or by seeds.

A program makes a few tensors, and each further line (``drawn_lines``) computes, views, writes or differentiates what is there by
then. Lines are drawn while PyTorch runs them. What has no answer that means anything is left out (``doubts``).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import torch
from doubts import DOUBTS
from drawing import NAME, Drawing
from drawn_forms import FORMS
from drawn_lines import KINDS, backward, leaf
from hypothesis import strategies as st
from side_by_side import NAMES, execute, has_history

#: With ``RUSHLIGHT_PROGRAMS_WIDE=1`` also what ``drawn_forms`` has, of which one program in fifty still differs.
ALL = KINDS + FORMS if os.environ.get("RUSHLIGHT_PROGRAMS_WIDE") else KINDS
LIMIT = 7  # so many tensors are alive
MAX_ELEMENTS = 64
INTEGERS = {n: st.integers(0, n - 1) for n in range(2, 200)}


def add_line(d: Drawing) -> str | None:
    """One more line, which PyTorch has run; None if it made more than is wanted, or is doubtful."""
    maker, is_statement = ALL[d.number(len(ALL))]
    d.careful = False
    text = maker(d)
    with torch.no_grad():  # which asks no view for a history that it may have lost
        if any(doubt(text, d) for doubt in DOUBTS):
            return None
    d.used |= set(NAME.findall(text))
    if is_statement:
        if maker is not backward and d.number(8) == 7:
            text = f"with torch.no_grad(): {text}"
        for (
            t
        ) in d.tensors.values():  # PyTorch crashes where a hook is put on a view before its new history was asked for
            has_history(t)
        execute(text, {**NAMES, **d.tensors})
        return text
    names = {**NAMES, **d.tensors}
    name = f"t{d.made}"
    if (
        d.number(16) == 15 and "conj(" not in text
    ):  # a view requires grad as what it shows does, a conjugate here is none
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
    lines = d.lines
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

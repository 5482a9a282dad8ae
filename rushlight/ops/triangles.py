"""Triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..op import opaque


def _samples(m: Any) -> list[Any]:
    squares = [
        m(m.f(3, 3)),
        m(m.f(2, 3), 1),
        m(m.f(2, 3, 2), -1),
        m(m.nc(3, 2)),
        m(m.f(0, 3)),
        m(m.i(3, 3)),
        m(m.b(2, 2)),
    ]
    return [*squares, m.without("0-d", "it needs two dimensions")]


def _errors(m: Any) -> list[Any]:
    words = "input tensor must have at least 2 dimensions"
    return [m.error(RuntimeError, words, m.f(3)), m.error(TypeError, "must be int, not str", m.f(2, 2), "a")]


def _checked(name: str, input: Any, diagonal: Any) -> Any:
    if not hasattr(diagonal, "__index__"):
        raise errors.type_(f"{name}(): argument 'diagonal' (position 1) must be int, not {type(diagonal).__name__}")
    if input.ndim < 2:
        raise errors.runtime(
            f"{name}: input tensor must have at least 2 dimensions", f"It has shape {list(input.shape)}."
        )
    return (input,), {"diagonal": int(diagonal)}


@opaque(out="exact loose", methods="tril tril_", samples=_samples, errors=_errors)
def tril(k, input, *, diagonal=0):
    """The lower triangle of a matrix, or of a batch of them; zeros above the diagonal number ``diagonal``."""
    return np.tril(input, diagonal)


@tril.prepare
def _(input, diagonal=0):
    return _checked("tril", input, diagonal)


@tril.vjp("input")
def _(k, g, diagonal):
    return k.tril(g, diagonal)


@opaque(out="exact loose", methods="triu triu_", samples=_samples, errors=_errors)
def triu(k, input, *, diagonal=0):
    """The upper triangle of a matrix, or of a batch of them; zeros below the diagonal number ``diagonal``."""
    return np.triu(input, diagonal)


@triu.prepare
def _(input, diagonal=0):
    return _checked("triu", input, diagonal)


@triu.vjp("input")
def _(k, g, diagonal):
    return k.triu(g, diagonal)

"""Arithmetic with two operands and the sign functions: the ops every program uses, and the simplest records."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import types
from ..op import elementwise


@elementwise(methods="add add_", scalar_first=True)
def add(k, input, other, *, alpha=1):
    """``input + alpha * other``, elementwise with broadcasting.

    >>> import rushlight as torch
    >>> torch.add(torch.tensor([1.0, 2.0]), 10)
    tensor([11., 12.])
    """
    return k.add(input, other) if alpha == 1 else k.add(input, k.mul(other, alpha))


@add.vjp("input")
def _(k, g):
    return g


@add.vjp("other")
def _(k, g, alpha):
    return g if alpha == 1 else g * alpha


@elementwise(methods="mul mul_", scalar_first=True)
def mul(k, input, other):
    """``input * other``, elementwise with broadcasting."""
    return k.mul(input, other)


@mul.vjp("input")
def _(k, g, other):
    return g * k.conj(other)


@mul.vjp("other")
def _(k, g, input):
    return g * k.conj(input)


@elementwise(methods="neg neg_", domain=(-3, 3))
def neg(k, input):
    """``-input``, elementwise."""
    return k.neg(input)


@neg.vjp("input")
def _(k, g):
    return -g


@elementwise(promote="float", methods="exp exp_", domain=(-3, 3))
def exp(k, input):
    """e to the power of ``input``, elementwise. Gradient: the output itself."""
    return k.exp(input)


@exp.vjp("input")
def _(k, g, out):
    return g * k.conj(out)


__all__ = ["add", "mul", "neg", "exp"]

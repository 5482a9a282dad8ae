"""Tensors shown in another size: repeated without a copy, or in the shape of another tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..asking import answer
from ..functions import function
from ..kernels.strides import element_strides
from ..op import movement
from ..tensor import Tensor
from .movement import as_strided, reshape, sizes, view


@movement(methods="expand", public=False, samples=lambda m: [
    m(m.f(1, 3), 2, 3), m(m.f(3), 2, -1), m(m.f(), 2, 2), m(m.nc(3, 1), 3, 2), m(m.f(0, 1), 0, 2), m(m.f(2, 1), (2, 2)),
    m(m.nc(3, 2), 2, 3, 2)],
    errors=lambda m: [
    m.error(RuntimeError, "The expanded size of the tensor (3) must match the existing size (2)", m.f(2), 3),
    m.error(RuntimeError, "must be greater or equal to the number of dimensions in the tensor (2)", m.f(2, 3), 3),
    m.error(RuntimeError, "isn't allowed in a leading, non-existing dimension 0", m.f(2), -1, 2)])  # fmt: skip
def expand(k, input, *, size):
    """Dimensions of size 1 repeated, without a copy; -1 keeps a size."""
    return as_strided(input, size, expanded_strides(input, size))


def expanded_strides(a: Any, size: Any) -> tuple[int, ...]:
    """In bytes; NumPy's ``broadcast_to`` has 0 for all dimensions of size 1, which PyTorch's keep."""
    lead, strides = len(size) - a.ndim, element_strides(a)
    steps = [0 if n != m else step for n, m, step in zip(size[lead:], a.shape, strides, strict=True)]
    for n in reversed(size[:lead]):
        inner = size[len(size) - len(steps)] * steps[0] if steps else 1
        steps.insert(0, inner if n == 1 else 0)
    return tuple([step * a.itemsize for step in steps])


@expand.prepare
def _(input, *size, implicit=False, **named):
    size = sizes((named["size"],) if "size" in named else size)
    shape = tuple(input.shape)
    lead = len(size) - len(shape)
    if lead < 0:
        raise errors.runtime(
            f"expand({describe(input)}, size={list(size)}): the number of sizes provided ({len(size)}) must be greater or equal "
            f"to the number of dimensions in the tensor ({len(shape)})"
        )
    out = []
    for i, n in enumerate(size):
        have = shape[i - lead] if i >= lead else None
        if n == -1:
            if have is None:
                raise errors.runtime(
                    f"expand({describe(input)}, size={list(size)}): The expanded size of the tensor (-1) isn't allowed in a "
                    f"leading, non-existing dimension {i}"
                )
            n = have
        if have is not None and have != n and have != 1:
            raise errors.runtime(
                f"The expanded size of the tensor ({n}) must match the existing size ({have}) at non-singleton dimension {i}.  "
                f"Target sizes: {list(size)}.  Tensor sizes: {list(shape)}"
            )
        out.append(n)
    return (input,), {"size": tuple(out)}


def describe(input: Any) -> str:
    dtype = types.scalar_name(types.of_array(input._a if isinstance(input, Tensor) else input))
    return f"torch.{dtype}Tensor{{{list(input.shape)}}}"


@expand.plan
def _(input, size):
    """By its strides, for memory in order and NumPy's own dtypes: ``as_strided`` takes ten times as long."""
    if size == input.shape and element_strides(input) == tuple([step // input.itemsize for step in input.strides]):
        return lambda a: a[...]
    if not input.flags.c_contiguous or input.dtype.kind not in "biufc":
        return None
    dtype, strides = input.dtype, expanded_strides(input, size)
    return lambda a: np.ndarray(size, dtype, a, 0, strides)


@expand.vjp("input")
def _(k, g, input_shape):
    return k.sum_to_size(g, size=input_shape)


@function(name="Tensor.expand_as", methods="expand_as", asks=False, samples=lambda m: [
    m(m.f(1, 3), m.i(2, 3)), m(m.f(), m.i(2)), m(m.f(), m.i()), m(m.nc(3, 1), m.i(3, 2)), m(m.f(0, 1), m.i(0, 2)),
    m(m.nc(3, 2), m.i(3, 2))],
    errors=lambda m: [m.error(RuntimeError, "must match the existing size (2)", m.f(2), m.f(3))])  # fmt: skip
def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """``input`` expanded to the shape of ``other``."""
    try:
        return expand.public(input, tuple(other._a.shape))  # type: ignore[no-any-return]
    except Exception:
        return answer(expand_as, (input, other), {})  # type: ignore[no-any-return]


@function(name="Tensor.view_as", methods="view_as", asks=False, samples=lambda m: [
    m(m.f(2, 3), m.i(6)), m(m.f(), m.i(1)), m(m.nc(3, 2), m.i(3, 2)), m(m.f(0, 2), m.i(0)), m(m.f(1), m.i())],
    errors=lambda m: [
    m.error(RuntimeError, "shape '[4]' is invalid for input of size 6", m.f(6), m.f(4)),
    m.error(RuntimeError, "view size is not compatible", m.nc(3, 2), m.f(6))])  # fmt: skip
def view_as(input: Tensor, other: Tensor) -> Tensor:
    """``input`` under the shape of ``other``, without a copy."""
    try:
        return view.public(input, tuple(other._a.shape))  # type: ignore[no-any-return]
    except Exception:
        return answer(view_as, (input, other), {})  # type: ignore[no-any-return]


@function(name="Tensor.reshape_as", methods="reshape_as", samples=lambda m: [
    m(m.f(2, 3), m.i(6)), m(m.f(), m.i(1)), m(m.nc(3, 2), m.i(6)), m(m.f(0, 2), m.i(0)), m(m.f(1), m.i())],
    errors=lambda m: [m.error(RuntimeError, "shape '[4]' is invalid for input of size 6", m.f(6), m.f(4))])  # fmt: skip
def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """``input`` under the shape of ``other``."""
    return reshape(input, tuple(other._a.shape))

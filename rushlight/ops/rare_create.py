"""Constructors that few programs name: a number as a tensor, memory in another order of dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..promotion import cast
from ..tensor import Tensor
from .create import dtype_or_default, finish, need_number, read_size
from .movement import turned

_NO_TENSORS = (("0-d", "no tensor goes in"), ("empty", "no tensor goes in"), ("strided", "no tensor goes in"))


@function(samples=lambda m: [
    m(3), m(2.5), m(True), m(3, dtype=m.torch.int64), m(2j, dtype=m.torch.complex64), m(m.a(2)),
    *[m.without(*row) for row in _NO_TENSORS[1:]]],
    errors=lambda m: [
    m.error(TypeError, "scalar_tensor(): argument 's' (position 1) must be Number, not str", "a"),
    m.error(RuntimeError, "value cannot be converted to type float without overflow", 1j)])  # fmt: skip
def scalar_tensor(s: Any, *, dtype: Any = None, **kwargs: Any) -> Tensor:
    """A number as a 0-d tensor, of the default dtype whatever the number.

    >>> import rushlight as torch
    >>> torch.scalar_tensor(3)
    tensor(3.)
    """
    value = need_number("scalar_tensor", "s", 1, s)
    wanted = dtype_or_default(dtype, "scalar_tensor")
    if isinstance(value, complex) and value.imag and not wanted.is_complex:
        raise errors.runtime(
            f"value cannot be converted to type {types.c_name(wanted)} without overflow", "Pass dtype=torch.complex64."
        )
    return finish(cast(value, wanted), **kwargs)


@function(samples=lambda m: [
    *[m(*args).apart("what lies in the memory") for args in (((2, 3, 4), (0, 2, 1)), ((), ()), ((0, 2), (1, 0)))],
    *[m.without(*row) for row in _NO_TENSORS]],
    errors=lambda m: [
    m.error(RuntimeError, "Number of dimensions in size does not match the length of the physical_layout", (2, 3), (0,)),
    m.error(RuntimeError, "Duplicate dim not allowed", (2, 3), (0, 0)),
    m.error(RuntimeError, "Dimension out of range (expected to be between 0 and 1, but got -1 at index 0)", (2, 3), (-1, 0)),
    m.error(TypeError, "empty_permuted(): argument 'size' (position 1) must be tuple of ints, not int", 2, 3)])  # fmt: skip
def empty_permuted(size: Any, physical_layout: Any, *, dtype: Any = None, **kwargs: Any) -> Tensor:
    """A tensor of this size, not filled, whose dimensions lie in memory in the order ``physical_layout``, the widest step first.

    >>> import rushlight as torch
    >>> torch.empty_permuted((2, 3, 4), (0, 2, 1)).stride()
    (12, 1, 3)
    """
    if not isinstance(size, (tuple, list)):
        raise errors.type_(
            f"empty_permuted(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}"
        )
    shape, layout = read_size("empty_permuted", (size,)), tuple(physical_layout)
    if len(shape) != len(layout):
        raise errors.runtime(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. "
            f"len(size) = {len(shape)} is not equal to len(physical_layout) = {len(layout)}"
        )
    for i, d in enumerate(layout):
        if not 0 <= d < len(shape):
            raise errors.runtime(
                f"Dimension out of range (expected to be between 0 and {len(shape) - 1}, but got {d} at index {i}).  NB: "
                "negative dims not currently supported; file an issue if you want it."
            )
        if d in layout[:i]:
            raise errors.runtime("Duplicate dim not allowed", f"physical_layout names {d} twice: {layout}.")
    memory: np.ndarray[Any, Any] = np.empty([shape[d] for d in layout], dtype_or_default(dtype, "empty_permuted").np)
    return finish(turned(memory, np.argsort(layout).tolist()), **kwargs)

"""``torch.hash_tensor``: a number that tells whether elements have changed."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels, types
from ..errors import check_dims
from ..functions import function
from ..tensor import Tensor, wrap
from ..writing import write_out
from .splitting import need_tensor


@function(methods="hash_tensor", samples=lambda m: [
    m(m.f(2, 3)), m(m.f(2, 3), 1), m(m.i(2, 3), (0, 1), keepdim=True), m(m.f()), m(m.nc(3, 2), 0), m(m.f(0, 2), 1), m(m.b(4)),
    m(m.a([1, -3], m.torch.int8)), m(m.a([1.5, 0.1], m.torch.bfloat16)), m(m.f(2, 3), [], keepdim=True)],
    errors=lambda m: [
    m.error(RuntimeError, "Unknown hash_tensor mode: 1", m.f(2), mode=1),
    m.error(NotImplementedError, "\"xor_sum_cpu\" not implemented for 'ComplexDouble'", m.c(2)),
    m.error(RuntimeError, "hash_tensor: Expected reduction dim to be specified for input.numel() == 0.", m.f(0)),
    m.error(IndexError, "hash_tensor: Expected reduction dim 0 to have non-zero size.", m.f(0, 2), 0),
    m.error(IndexError, "Dimension out of range", m.f(2), 1),
    m.error(RuntimeError, "Expected result to be of dtype uint64, but got Double", m.f(2), out=m.f(2))])  # fmt: skip
@levels.by_example
def hash_tensor(input: Tensor, dim: Any = (), *, keepdim: bool = False, mode: int = 0, out: Any = None) -> Tensor:
    """A hash of the elements along dimensions (all by default): the exclusive or of their 64 bits, as float64 or int64.

    Dtype: uint64. The order of the elements does not matter. ``mode`` is 0.

    >>> import rushlight as torch
    >>> torch.hash_tensor(torch.tensor([1, 2, 4]))
    tensor(7, dtype=torch.uint64)
    """
    need_tensor("hash_tensor", input)
    a = input._a
    if mode != 0:
        raise errors.runtime(f"Unknown hash_tensor mode: {mode}", "There is one, 0.")
    if out is not None and isinstance(out, Tensor) and out.dtype is not types.uint64:
        raise errors.runtime(f"Expected result to be of dtype uint64, but got {types.scalar_name(out.dtype)}")
    dims = check_dims(dim, a.ndim)
    if not a.size:
        if dim is None or dim == () or dim == []:
            raise errors.runtime(
                "hash_tensor: Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the "
                "'dim' argument."
            )
        for d in dims:
            if not a.shape[d]:
                raise errors.index(f"hash_tensor: Expected reduction dim {d} to have non-zero size.")
    if a.dtype.kind == "c":
        raise NotImplementedError(f"\"xor_sum_cpu\" not implemented for '{types.scalar_name(input.dtype)}'")
    wide = a if a.dtype == np.uint64 else a.astype(np.float64 if input.dtype.is_floating_point else np.int64)
    bits = np.asarray(wide, order="C").view(np.uint64)
    result = wrap(np.asarray(np.bitwise_xor.reduce(bits, axis=dims, keepdims=keepdim)))
    return result if out is None else write_out("hash_tensor", out, result)  # type: ignore[no-any-return]

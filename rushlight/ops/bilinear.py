"""The bilinear map of two vectors."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..functions import function
from ..tensor import Tensor


@function(name="nn.functional.bilinear", aliases="bilinear", samples=lambda m: [
    m(m.f(2, 3), m.f(2, 4), m.f(5, 3, 4)), m(m.f(2, 3), m.f(2, 4), m.f(5, 3, 4), m.f(5)), m(m.f(3), m.f(4), m.f(5, 3, 4), m.f(5)),
    m(m.nc(2, 3), m.f(2, 4), m.f(5, 3, 4)), m(m.f(0, 3), m.f(0, 4), m.f(5, 3, 4)), m(m.f(2, 2, 3), m.f(2, 2, 4), m.f(1, 3, 4)),
    m.without("0-d", "vectors")], errors=lambda m: [
    m.error(RuntimeError, "input batch dimensions do not match at dim 0: got 2 and 3", m.f(2, 3), m.f(3, 4), m.f(5, 3, 4)),
    m.error(RuntimeError, "input1 size does not match weight size: got 3 but expected 4", m.f(2, 3), m.f(2, 4), m.f(5, 4, 4)),
    m.error(RuntimeError, "input2 size does not match weight size: got 4 but expected 5", m.f(2, 3), m.f(2, 4), m.f(5, 3, 5)),
    m.error(RuntimeError, "bias size does not match weight size: got 4", m.f(2, 3), m.f(2, 4), m.f(5, 3, 4), m.f(4))])  # fmt: skip
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``sum_ij input1[..., i] weight[o, i, j] input2[..., j] + bias[o]``."""
    if not isinstance(input1, Tensor):
        raise errors.not_a_tensor("bilinear", "input1", 1, input1)
    if not isinstance(input2, Tensor):
        raise errors.not_a_tensor("bilinear", "input2", 2, input2)
    if not isinstance(weight, Tensor):
        raise errors.not_a_tensor("bilinear", "weight", 3, weight)
    a, b, w = input1._a, input2._a, weight._a
    if a.ndim != b.ndim:
        raise errors.runtime(f"bilinear(): input dimensions do not match: got {a.ndim} and {b.ndim}")
    for i in range(a.ndim - 1):
        if a.shape[i] != b.shape[i]:
            raise errors.runtime(
                f"bilinear(): input batch dimensions do not match at dim {i}: got {a.shape[i]} and {b.shape[i]}"
            )
    for name, size, wanted in (("input1", a.shape[-1], w.shape[1]), ("input2", b.shape[-1], w.shape[2])):
        if size != wanted:
            raise errors.runtime(
                f"bilinear(): {name} size does not match weight size: got {size} but expected {wanted}"
            )
    out_features, m, n = w.shape
    if bias is not None and bias._a.shape[0] != out_features:
        raise errors.runtime(
            f"bilinear(): bias size does not match weight size: got {bias._a.shape[0]} but expected {out_features}"
        )
    rows = 1
    for s in a.shape[:-1]:
        rows *= s
    first: Any = input1.reshape(rows, m)  # type: ignore[attr-defined]
    second: Any = input2.reshape(rows, n, 1)  # type: ignore[attr-defined]
    flat: Any = weight.permute(1, 0, 2).reshape(m, out_features * n)  # type: ignore[attr-defined]
    half = first.mm(flat).view(rows, out_features, n)
    out = half.bmm(second).view(*a.shape[:-1], out_features)
    return out if bias is None else out + bias  # type: ignore[no-any-return]

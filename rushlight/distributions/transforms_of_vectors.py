"""Maps of vectors and matrices: proportions, triangular and positive definite matrices."""

from __future__ import annotations

import math
from typing import Any

from .. import types
from . import constraints
from .distribution import call
from .transform_base import Transform


class SoftmaxTransform(Transform):
    """The last dimension as proportions: exp, divided by its sum. The inverse is the logarithm."""

    domain: Any = constraints.real_vector
    codomain: Any = constraints.simplex

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SoftmaxTransform)

    __hash__: Any = object.__hash__

    def _call(self, x: Any) -> Any:
        probs = (x - x.max(-1, True)[0]).exp()
        return probs / probs.sum(-1, True)

    def _inverse(self, y: Any) -> Any:
        return y.log()

    def forward_shape(self, shape: Any) -> Any:
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        return shape

    inverse_shape = forward_shape


class StickBreakingTransform(Transform):
    """n numbers as n + 1 proportions: each takes its part of what the ones before left over."""

    domain: Any = constraints.real_vector
    codomain: Any = constraints.simplex
    bijective: bool = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StickBreakingTransform)

    __hash__: Any = object.__hash__

    def _offset(self, x: Any) -> Any:
        n = x.shape[-1]
        return n + 1 - call("arange", 1, n + 1, dtype=x.dtype)

    def _call(self, x: Any) -> Any:
        z = call("sigmoid", x - self._offset(x).log())
        left = (1 - z).cumprod(-1)
        one = call("ones", (*x.shape[:-1], 1), dtype=x.dtype)
        return call("cat", [z, one], -1) * call("cat", [one, left], -1)

    def _inverse(self, y: Any) -> Any:
        head = y[..., :-1]
        left = (1 - head.cumsum(-1)).clamp(min=types.finfo(y.dtype).tiny)
        return head.log() - left.log() + self._offset(head).log()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        x = x - self._offset(x).log()
        return (-x + call("nn.functional.logsigmoid", x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        return (*shape[:-1], shape[-1] + 1)

    def inverse_shape(self, shape: Any) -> Any:
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        return (*shape[:-1], shape[-1] - 1)


class LowerCholeskyTransform(Transform):
    """A square matrix as a lower triangular one with a positive diagonal."""

    domain: Any = constraints.independent(constraints.real, 2)
    codomain: Any = constraints.lower_cholesky

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LowerCholeskyTransform)

    __hash__: Any = object.__hash__

    def _with_diagonal(self, x: Any, diagonal: Any) -> Any:
        eye = call("eye", x.shape[-1], dtype=x.dtype)
        return x.tril(-1) + diagonal.unsqueeze(-1) * eye

    def _call(self, x: Any) -> Any:
        return self._with_diagonal(x, x.diagonal(dim1=-2, dim2=-1).exp())

    def _inverse(self, y: Any) -> Any:
        return self._with_diagonal(y, y.diagonal(dim1=-2, dim2=-1).log())


class PositiveDefiniteTransform(Transform):
    """A square matrix as a positive definite one: its lower triangular form times its transpose."""

    domain: Any = constraints.independent(constraints.real, 2)
    codomain: Any = constraints.positive_definite

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PositiveDefiniteTransform)

    __hash__: Any = object.__hash__

    def _call(self, x: Any) -> Any:
        lower = LowerCholeskyTransform()(x)
        return call("matmul", lower, lower.transpose(-1, -2))

    def _inverse(self, y: Any) -> Any:
        return LowerCholeskyTransform().inv(call("linalg.cholesky", y))


class CorrCholeskyTransform(Transform):
    """n (n - 1) / 2 numbers as the Cholesky factor of a correlation matrix (Lewandowski, Kurowicka & Joe 2009).

    Row by row their tanh are partial correlations: each takes its part of what is left of the row's length, which is 1.
    """

    domain: Any = constraints.real_vector
    codomain: Any = constraints.corr_cholesky
    bijective: bool = True

    def _call(self, x: Any) -> Any:
        eps = types.finfo(x.dtype).eps
        r = _below_diagonal(x.tanh().clamp(min=-1 + eps, max=1 - eps))
        left = (1 - r * r).sqrt().cumprod(-1)
        r = r + call("eye", r.shape[-1], dtype=r.dtype)
        return r * call("nn.functional.pad", left[..., :-1], [1, 0], value=1)

    def _inverse(self, y: Any) -> Any:
        left = call("nn.functional.pad", (1 - (y * y).cumsum(-1))[..., :-1], [1, 0], value=1)
        t = _from_below_diagonal(y, -1) / _from_below_diagonal(left, -1).sqrt()
        return (t.log1p() - t.neg().log1p()) / 2

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        left = _from_below_diagonal(1 - (y * y).cumsum(-1), -2)
        of_tanh = -2 * (x + call("nn.functional.softplus", -2 * x) - math.log(2.0)).sum(-1)
        return 0.5 * left.log().sum(-1) + of_tanh

    def forward_shape(self, shape: Any) -> Any:
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        n = shape[-1]
        size = round((0.25 + 2 * n) ** 0.5 + 0.5)
        if size * (size - 1) // 2 != n:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return (*shape[:-1], size, size)

    def inverse_shape(self, shape: Any) -> Any:
        if len(shape) < 2:
            raise ValueError("Too few dimensions on input")
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        return (*shape[:-2], shape[-1] * (shape[-1] - 1) // 2)


def _below_diagonal(x: Any) -> Any:
    """The square matrix that has these numbers below its diagonal, row by row."""
    size = round((0.25 + 2 * x.shape[-1]) ** 0.5 + 0.5)
    rows, columns = call("tril_indices", size, size, -1)
    out = call("zeros", (*x.shape[:-1], size, size), dtype=x.dtype)
    out[..., rows, columns] = x
    return out


def _from_below_diagonal(y: Any, diagonal: int) -> Any:
    """The numbers of a square matrix up to a diagonal, row by row."""
    rows, columns = call("tril_indices", y.shape[-1], y.shape[-1], diagonal)
    return y[..., rows, columns]

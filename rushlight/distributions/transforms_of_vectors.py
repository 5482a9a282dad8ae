"""Maps of vectors and matrices: proportions, triangular and positive definite matrices."""

from __future__ import annotations

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
    """n (n - 1) / 2 numbers as the Cholesky factor of a correlation matrix (Lewandowski, Kurowicka & Joe 2009)."""

    def __init__(self, cache_size: int = 0):
        raise NotImplementedError("torch.distributions.transforms.CorrCholeskyTransform is not supported yet")

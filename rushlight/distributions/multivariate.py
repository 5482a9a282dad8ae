"""The multivariate normal distribution."""

from __future__ import annotations

import math
from typing import Any

from .. import errors, types
from ..kernels.strides import broadcast_shapes
from ..tensor import Tensor
from . import constraints
from .distribution import Distribution, call, computed, lazy_property, standard_normal


def batch_mv(matrix: Any, vector: Any) -> Any:
    """A matrix times a vector, for batches of both."""
    return call("matmul", matrix, vector.unsqueeze(-1)).squeeze(-1)


def batch_mahalanobis(factor: Any, x: Any) -> Any:
    """``x^T (L L^T)^-1 x`` for a lower triangular ``L``, for batches of both."""
    return call("linalg.solve_triangular", factor, x.unsqueeze(-1), upper=False).squeeze(-1).pow(2).sum(-1)


def half_log_det(factor: Any) -> Any:
    """The sum of the logarithms of the diagonal."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def inverse(factor: Any) -> Any:
    """``(L L^T)^-1`` of a lower triangular ``L``."""
    eye = call("eye", factor.shape[-1], dtype=factor.dtype)
    root = call("linalg.solve_triangular", factor, eye, upper=False)
    return call("matmul", root.transpose(-1, -2), root)


class MultivariateNormal(Distribution):
    """Normal vectors with a mean and one of a covariance, its inverse, or its lower Cholesky factor."""

    arg_constraints: Any = {
        "loc": constraints.real_vector, "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite, "scale_tril": constraints.lower_cholesky,
    }  # fmt: skip
    support: Any = constraints.real_vector
    has_rsample = True

    def __init__(
        self, loc: Any, covariance_matrix: Any = None, precision_matrix: Any = None, scale_tril: Any = None,
        validate_args: bool | None = None,
    ):  # fmt: skip
        if loc.dim() < 1:
            raise errors.value("loc must be at least one-dimensional.")
        given = {"covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix, "scale_tril": scale_tril}
        given = {name: matrix for name, matrix in given.items() if matrix is not None}
        if len(given) != 1:
            raise errors.value("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            raise errors.value(f"{name} must be at least two-dimensional, with optional leading batch dimensions")
        batch = broadcast_shapes(tuple(matrix.shape[:-2]), tuple(loc.shape[:-1]))
        self.__dict__[name] = matrix.expand((*batch, -1, -1))
        self.loc: Any = loc.expand((*batch, -1))
        super().__init__(batch, self.loc.shape[-1:], validate_args=validate_args)
        if scale_tril is not None:
            self._unbroadcasted_scale_tril = scale_tril
        elif covariance_matrix is not None:
            self._unbroadcasted_scale_tril = call("linalg.cholesky", covariance_matrix)
        else:
            self._unbroadcasted_scale_tril = _factor_of_inverse(precision_matrix)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        return new

    def _parameter_shape(self, name: str) -> Any:
        return types.Size(self.event_shape if name == "loc" else (*self.event_shape, *self.event_shape))

    def _square(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *self._event_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Any:
        """The lower Cholesky factor of the covariance."""
        return self._square(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        factor = self._unbroadcasted_scale_tril
        return self._square(call("matmul", factor, factor.transpose(-1, -2)))

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        return self._square(inverse(self._unbroadcasted_scale_tril))

    mean: Tensor = computed(lambda self: self.loc)
    mode: Tensor = mean
    variance: Tensor = computed(
        lambda self: self._unbroadcasted_scale_tril.pow(2).sum(-1).expand((*self._batch_shape, *self._event_shape))
    )

    def rsample(self, sample_shape: Any = ()) -> Any:
        eps = standard_normal(self.loc, self._extended_shape(sample_shape))
        return self.loc + batch_mv(self._unbroadcasted_scale_tril, eps)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        factor = self._unbroadcasted_scale_tril
        distance = batch_mahalanobis(factor, value - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - half_log_det(factor)

    def entropy(self) -> Any:
        h = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + half_log_det(self._unbroadcasted_scale_tril)
        return h if not self._batch_shape else h.expand(self._batch_shape)


def _factor_of_inverse(precision: Any) -> Any:
    """The lower Cholesky factor of the inverse: from the factor of the matrix with rows and columns reversed."""
    reversed_factor = call("linalg.cholesky", call("flip", precision, (-2, -1)))
    upper = call("flip", reversed_factor, (-2, -1)).transpose(-2, -1)
    eye = call("eye", precision.shape[-1], dtype=precision.dtype)
    return call("linalg.solve_triangular", upper, eye, upper=False)


__all__ = ["MultivariateNormal"]

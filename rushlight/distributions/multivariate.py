"""Normal vectors, with a covariance of any kind or of low rank beside a diagonal."""

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
        name, matrix = spread_given(ValueError, covariance_matrix, precision_matrix, scale_tril)
        if matrix.dim() < 2:
            raise errors.value(f"{name} must be at least two-dimensional, with optional leading batch dimensions")
        batch = broadcast_shapes(tuple(matrix.shape[:-2]), tuple(loc.shape[:-1]))
        self.__dict__[name] = matrix.expand((*batch, -1, -1))
        self.loc: Any = loc.expand((*batch, -1))
        super().__init__(batch, self.loc.shape[-1:], validate_args=validate_args)
        self._unbroadcasted_scale_tril = lower_factor(name, matrix)

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
        distance = self._distance(value - self.loc)
        half = half_log_det(self._unbroadcasted_scale_tril)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - half

    def _log_det(self) -> Any:
        return 2 * half_log_det(self._unbroadcasted_scale_tril)

    def _distance(self, x: Any) -> Any:
        """``x^T covariance^-1 x``."""
        return batch_mahalanobis(self._unbroadcasted_scale_tril, x)

    def entropy(self) -> Any:
        h = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + half_log_det(self._unbroadcasted_scale_tril)
        return h if not self._batch_shape else h.expand(self._batch_shape)


def spread_given(error: type[Exception], covariance: Any, precision: Any, factor: Any) -> tuple[str, Any]:
    """The name and the matrix that say how widely vectors are spread: one of the three, or ``error`` is raised."""
    matrices = {"covariance_matrix": covariance, "precision_matrix": precision, "scale_tril": factor}
    given = [(name, matrix) for name, matrix in matrices.items() if matrix is not None]
    if len(given) != 1:
        raise error("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
    return given[0]


def lower_factor(name: str, matrix: Any) -> Any:
    """The lower Cholesky factor of the covariance, from the matrix of that name."""
    if name == "scale_tril":
        return matrix
    return call("linalg.cholesky", matrix) if name == "covariance_matrix" else factor_of_inverse(matrix)


def factor_of_inverse(precision: Any) -> Any:
    """The lower Cholesky factor of the inverse: from the factor of the matrix with rows and columns reversed."""
    reversed_factor = call("linalg.cholesky", call("flip", precision, (-2, -1)))
    upper = call("flip", reversed_factor, (-2, -1)).transpose(-2, -1)
    eye = call("eye", precision.shape[-1], dtype=precision.dtype)
    return call("linalg.solve_triangular", upper, eye, upper=False)


#: The names by which libraries of distributions import them.
_batch_mv, _batch_mahalanobis, _precision_to_scale_tril = batch_mv, batch_mahalanobis, factor_of_inverse


class LowRankMultivariateNormal(Distribution):
    """Normal vectors whose covariance is ``W W^T + diag(D)``, W of few columns; what is inverted has their number of rows."""

    loc: Any
    cov_factor: Any
    cov_diag: Any

    arg_constraints: Any = {
        "loc": constraints.real_vector, "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }  # fmt: skip
    support: Any = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Any, cov_factor: Any, cov_diag: Any, validate_args: bool | None = None):
        if loc.dim() < 1:
            raise errors.value("loc must be at least one-dimensional.")
        n = loc.shape[-1]
        if cov_factor.dim() < 2:
            raise errors.value("cov_factor must be at least two-dimensional, with optional leading batch dimensions")
        if cov_factor.shape[-2] != n:
            raise errors.value(f"cov_factor must be a batch of matrices with shape {n} x m")
        if cov_diag.shape[-1:] != (n,):
            raise errors.value(f"cov_diag must be a batch of vectors with shape {loc.shape[-1:]}")
        try:
            batch: tuple[int, ...] = ()
            for shape in (loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1]):
                batch = broadcast_shapes(batch, tuple(shape))
        except RuntimeError:
            raise errors.value(
                f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, cov_diag {cov_diag.shape}"
            ) from None
        self.loc, self.cov_diag = loc.expand((*batch, n)), cov_diag.expand((*batch, n))
        self.cov_factor = cov_factor.expand((*batch, *cov_factor.shape[-2:]))
        self._factor, self._diag = cov_factor, cov_diag  # with the batch that they came with
        self._scaled: Any = cov_factor.transpose(-1, -2) / cov_diag.unsqueeze(-2)
        eye = call("eye", cov_factor.shape[-1], dtype=cov_factor.dtype)
        self._capacitance_tril: Any = call("linalg.cholesky", call("matmul", self._scaled, cov_factor) + eye)
        super().__init__(batch, (n,), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        new._factor, new._diag, new._scaled = self._factor, self._diag, self._scaled
        new._capacitance_tril = self._capacitance_tril
        return new

    def _parameter_shape(self, name: str) -> Any:
        return types.Size(self.cov_factor.shape[-2:] if name == "cov_factor" else self.event_shape)

    def _square(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *self._event_shape, *self._event_shape))

    @lazy_property
    def covariance_matrix(self) -> Any:
        """``W W^T + diag(D)``."""
        product = call("matmul", self._factor, self._factor.transpose(-1, -2))
        return self._square(product + call("diag_embed", self._diag))

    @lazy_property
    def scale_tril(self) -> Any:
        """The lower Cholesky factor of the covariance: by that of ``I + D^-1/2 W W^T D^-1/2``, whose eigenvalues are not below 1."""
        root = self._diag.sqrt().unsqueeze(-1)
        W = self._factor / root
        eye = call("eye", W.shape[-2], dtype=W.dtype)
        return self._square(root * call("linalg.cholesky", call("matmul", W, W.transpose(-1, -2)) + eye))

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance, ``D^-1 - D^-1 W (I + W^T D^-1 W)^-1 W^T D^-1`` (Woodbury's identity)."""
        A = call("linalg.solve_triangular", self._capacitance_tril, self._scaled, upper=False)
        return self._square(call("diag_embed", self._diag.reciprocal()) - call("matmul", A.transpose(-1, -2), A))

    mean: Tensor = computed(lambda self: self.loc)
    mode: Tensor = mean
    variance: Tensor = computed(
        lambda self: (self._factor.pow(2).sum(-1) + self._diag).expand((*self._batch_shape, *self._event_shape))
    )

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        common = standard_normal(self.loc, (*shape[:-1], self.cov_factor.shape[-1]))
        own = standard_normal(self.loc, shape)
        return self.loc + batch_mv(self._factor, common) + self._diag.sqrt() * own

    def _log_det(self) -> Any:
        return 2 * half_log_det(self._capacitance_tril) + self._diag.log().sum(-1)

    def _distance(self, x: Any) -> Any:
        """``x^T covariance^-1 x``."""
        within = batch_mahalanobis(self._capacitance_tril, batch_mv(self._scaled, x))
        return (x.pow(2) / self._diag).sum(-1) - within

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        distance = self._distance(value - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + self._log_det() + distance)

    def entropy(self) -> Any:
        h = 0.5 * (self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._log_det())
        return h if not self._batch_shape else h.expand(self._batch_shape)


__all__ = ["LowRankMultivariateNormal", "MultivariateNormal"]

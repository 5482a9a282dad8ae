"""Random matrices: covariances (Wishart) and the factors of correlations (LKJ)."""

from __future__ import annotations

import math
import warnings
from typing import Any

from .. import errors, types
from ..kernels.strides import broadcast_shapes
from ..tensor import Tensor
from . import constraints
from .continuous import Chi2
from .distribution import Distribution, ExponentialFamily, broadcast_all, call, computed, lazy_property, standard_normal
from .multivariate import half_log_det, inverse, lower_factor, spread_given
from .simplex import Beta

ATTEMPTS = 10  # to draw a matrix that passes


def multivariate_digamma(x: Any, p: int) -> Any:
    """The derivative of ``mvlgamma(x, p)``."""
    return call("digamma", x.unsqueeze(-1) - call("arange", p, dtype=x.dtype) / 2).sum(-1)


class Wishart(ExponentialFamily):
    r"""The distribution of ``X^T X`` for ``df`` rows ``X`` of normal vectors with a covariance ``V``.

    The density is ``|S|^((df - p - 1) / 2) exp(-tr(V^-1 S) / 2) / (2^(df p / 2) |V|^(df / 2) Gamma_p(df / 2))``.

    Args:
        df: degrees of freedom, more than the matrix has rows less one.
        covariance_matrix: V; or
        precision_matrix: its inverse; or
        scale_tril: its lower Cholesky factor.

    Raises:
        AssertionError: unless exactly one of the matrices is given.
        ValueError: for a matrix of less than two dimensions, or too few degrees of freedom.

    Draws follow Bartlett's decomposition (Odell & Feiveson 1966).
    """

    df: Any
    support: Any = constraints.positive_definite
    has_rsample = True

    def __init__(
        self, df: Any, covariance_matrix: Any = None, precision_matrix: Any = None, scale_tril: Any = None,
        validate_args: bool | None = None,
    ):  # fmt: skip
        name, matrix = spread_given(AssertionError, covariance_matrix, precision_matrix, scale_tril)
        if matrix.dim() < 2:
            raise errors.value("scale_tril must be at least two-dimensional, with optional leading batch dimensions")
        batch, p = tuple(matrix.shape[:-2]), matrix.shape[-1]
        if isinstance(df, Tensor):
            batch = broadcast_shapes(batch, tuple(df.shape))
            self.df = df.expand(batch)
        else:
            self.df = call("tensor", df, dtype=matrix.dtype)
        if (self.df <= p - 1).any():
            raise errors.value(f"Value of df={df} expected to be greater than ndim - 1 = {p - 1}.")
        if (self.df < p).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim.",
                stacklevel=2,
            )
        self.__dict__[name] = matrix.expand((*batch, -1, -1))
        super().__init__(batch, matrix.shape[-2:], validate_args=validate_args)
        self._factor = lower_factor(name, matrix)

    @property
    def arg_constraints(self) -> Any:  # type: ignore[override]
        """What the parameters must satisfy, which for ``df`` depends on the size of the matrix."""
        return {
            "covariance_matrix": constraints.positive_definite, "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky, "df": constraints.greater_than(self.event_shape[-1] - 1),
        }  # fmt: skip

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        new._factor = self._factor
        return new

    def _parameter_shape(self, name: str) -> Any:
        return types.Size(() if name == "df" else self.event_shape)

    def _square(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Any:
        """The lower Cholesky factor of V."""
        return self._square(self._factor)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """V."""
        return self._square(call("matmul", self._factor, self._factor.transpose(-1, -2)))

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of V."""
        return self._square(inverse(self._factor))

    def _scaled(self, times: Any) -> Any:
        return times.view((*self._batch_shape, 1, 1)) * self.covariance_matrix

    def _mode(self) -> Any:
        times = self.df - self.event_shape[-1] - 1
        return self._scaled(call("where", times > 0, times, math.nan))

    def _variance(self) -> Any:
        V = self.covariance_matrix
        of_rows = V.diagonal(dim1=-2, dim2=-1)
        return self.df.view((*self._batch_shape, 1, 1)) * (V.pow(2) + of_rows.unsqueeze(-1) * of_rows.unsqueeze(-2))

    mean: Tensor = computed(lambda self: self._scaled(self.df))
    mode: Tensor = computed(_mode)
    variance: Tensor = computed(_variance)

    def _drawn(self, shape: tuple[int, ...]) -> Any:
        """``L A A^T L^T``: below the diagonal of A are normal numbers, on it roots of chi-squared ones."""
        p = self.event_shape[-1]
        squares = Chi2(self.df.unsqueeze(-1) - call("arange", p, dtype=self._factor.dtype)).rsample(shape)
        least = types.finfo(squares.dtype).eps
        A = call("diag_embed", squares.sqrt().clamp(min=least))
        i, j = call("tril_indices", p, p, offset=-1)
        A[..., i, j] = standard_normal(squares, (*shape, *self._batch_shape, p * (p - 1) // 2))
        root = call("matmul", self._factor, A)
        return call("matmul", root, root.transpose(-2, -1))

    def rsample(self, sample_shape: Any = (), max_try_correction: int | None = None) -> Any:
        """Draws with gradients.

        PyTorch takes the matrices that pass its check for singular ones, warns, and draws them once more; so do we, as the
        draws are to be its own.
        """
        shape = tuple(sample_shape)
        sample = self._drawn(shape)
        again = self._passes(sample)
        if again.any():
            warnings.warn("Singular sample detected.", stacklevel=2)
            for _ in range(ATTEMPTS if max_try_correction is None else max_try_correction):
                fresh = self._drawn(tuple(again[again].shape))
                sample[again.clone()] = fresh
                again[again.clone()] = self._fails(fresh)
                if not again.any():
                    break
        return sample

    def _passes(self, sample: Any) -> Any:
        return self._over_batch(self.support.check(sample))

    def _fails(self, sample: Any) -> Any:
        return self._over_batch(~self.support.check(sample))

    def _over_batch(self, answer: Any) -> Any:
        """Whether it is so for any of the batch."""
        return answer.amax([-1 - d for d in range(len(self._batch_shape))]) if self._batch_shape else answer

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        p = self.event_shape[-1]
        trace = call("cholesky_solve", value, self._factor).diagonal(dim1=-2, dim2=-1).sum(-1)
        return (
            -self.df * (p * math.log(2) / 2 + half_log_det(self._factor)) - call("mvlgamma", self.df / 2, p)
            + (self.df - p - 1) / 2 * call("linalg.slogdet", value).logabsdet - trace / 2
        )  # fmt: skip

    def entropy(self) -> Any:
        p = self.event_shape[-1]
        half = self.df / 2
        return (
            (p + 1) * (p * math.log(2) / 2 + half_log_det(self._factor)) + call("mvlgamma", half, p)
            - (self.df - p - 1) / 2 * multivariate_digamma(half, p) + half * p
        )  # fmt: skip


class LKJCholesky(Distribution):
    """Lower Cholesky factors ``L`` of correlation matrices, ``L L^T`` having a density proportional to ``det^(concentration - 1)``.

    Args:
        dim: rows of the matrices, two at least.
        concentration: 1 is uniform over correlation matrices; more draws them towards the identity.

    Raises:
        ValueError: for less than two rows.

    Draws follow the onion method of Lewandowski, Kurowicka & Joe, "Generating random correlation matrices based on vines and
    extended onion method" (2009).
    """

    concentration: Any
    arg_constraints: Any = {"concentration": constraints.positive}
    support: Any = constraints.corr_cholesky

    def __init__(self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None):
        if dim < 2:
            raise errors.value(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        super().__init__(self.concentration.shape, (dim, dim), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        new.dim = self.dim
        return new

    def _parameter_shape(self, name: str) -> Any:
        return types.Size(())

    def sample(self, sample_shape: Any = ()) -> Any:
        """A row is a point on the sphere, shortened by the root of a beta number; the diagonal makes its length 1."""
        before = call("arange", self.dim - 1, dtype=self.concentration.dtype)
        before = call("cat", [before.new_zeros((1,)), before])  # of each row the elements that count beside its first
        rest = (self.concentration + 0.5 * (self.dim - 2)).unsqueeze(-1) - 0.5 * before
        squares = Beta(before + 0.5, rest).sample(sample_shape).unsqueeze(-1)
        direction = standard_normal(squares, self._extended_shape(sample_shape)).tril(-1)
        direction = direction / direction.norm(dim=-1, keepdim=True)
        direction[..., 0, :] = 0.0  # which was 0 / 0
        rows = squares.sqrt() * direction
        left = (1 - (rows**2).sum(-1)).clamp(min=types.finfo(rows.dtype).tiny)
        return rows + call("diag_embed", left.sqrt())

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        n = self.dim - 1
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - call("arange", 2, self.dim + 1)
        density = (order * value.diagonal(dim1=-1, dim2=-2)[..., 1:].log()).sum(-1)
        alpha = self.concentration + 0.5 * n
        normalizer = 0.5 * n * math.log(math.pi) + call("mvlgamma", alpha - 0.5, n) - call("lgamma", alpha) * n
        return density - normalizer


__all__ = ["LKJCholesky", "Wishart"]

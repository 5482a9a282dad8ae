"""Distributions of powers, ratios and log-odds of other random numbers."""

from __future__ import annotations

import math
from typing import Any

from .. import types
from ..tensor import Tensor
from . import constraints
from .continuous import Gamma, Normal, Uniform
from .distribution import Distribution, broadcast_all, call, computed, only_numbers
from .transformed import TransformedDistribution
from .transforms import AffineTransform, PowerTransform, StickBreakingTransform

_EULER = 0.57721566490153286060


def _where(condition: Any, value: Any, other: float) -> Any:
    return call("where", condition, value, other)


class InverseGamma(TransformedDistribution):
    """``1 / x``, x of a gamma distribution."""

    arg_constraints: Any = {"concentration": constraints.positive, "rate": constraints.positive}
    support: Any = constraints.positive  # type: ignore[assignment]
    has_rsample = True  # type: ignore[assignment]

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None):
        base = Gamma(concentration, rate, validate_args=validate_args)
        super().__init__(base, PowerTransform(-base.rate.new_ones(())), validate_args=validate_args)

    concentration: Tensor = computed(lambda self: self.base_dist.concentration)
    rate: Tensor = computed(lambda self: self.base_dist.rate)
    mode: Tensor = computed(lambda self: self.rate / (self.concentration + 1))

    @property
    def mean(self) -> Any:
        c = self.concentration
        return _where(c > 1, self.rate / (c - 1), math.inf)

    @property
    def variance(self) -> Any:
        c = self.concentration
        return _where(c > 2, self.rate.square() / ((c - 1).square() * (c - 2)), math.inf)

    def entropy(self) -> Any:
        c = self.concentration
        return c + self.rate.log() + call("lgamma", c) - (1 + c) * call("digamma", c)


class Kumaraswamy(TransformedDistribution):
    """``(1 - u^(1 / c0))^(1 / c1)``, u uniform: much like a beta number of c1 and c0, with a density without gamma functions."""

    concentration1: Any
    concentration0: Any

    arg_constraints: Any = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support: Any = constraints.unit_interval  # type: ignore[assignment]
    has_rsample = True  # type: ignore[assignment]

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None):
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        low, high = call("zeros_like", self.concentration0), call("ones_like", self.concentration0)
        steps = [
            PowerTransform(exponent=self.concentration0.reciprocal()), AffineTransform(loc=1.0, scale=-1.0),
            PowerTransform(exponent=self.concentration1.reciprocal()),
        ]  # fmt: skip
        super().__init__(Uniform(low, high, validate_args=validate_args), steps, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        one, zero = self.concentration1.expand(batch_shape), self.concentration0.expand(batch_shape)
        new = self._get_checked_instance(Kumaraswamy, _instance)
        Kumaraswamy.__init__(new, one, zero, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _moment(self, n: int) -> Any:
        """The mean of x^n, ``c0 B(1 + n / c1, c0)``."""
        first, b = 1 + n / self.concentration1, self.concentration0
        return b * (call("lgamma", first) + call("lgamma", b) - call("lgamma", first + b)).exp()

    mean: Tensor = computed(lambda self: self._moment(1))
    variance: Tensor = computed(lambda self: self._moment(2) - self.mean.pow(2))

    @property
    def mode(self) -> Any:
        one, zero = self.concentration1, self.concentration0
        log_mode = zero.reciprocal() * (-zero).log1p() - (-zero * one).log1p()
        return _where((zero < 1) | (one < 1), math.nan, log_mode.exp())

    def entropy(self) -> Any:
        one, zero = self.concentration1, self.concentration0
        harmonic = call("digamma", zero + 1) + _EULER
        return 1 - zero.reciprocal() + (1 - one.reciprocal()) * harmonic - one.log() - zero.log()


class LogisticNormal(TransformedDistribution):
    """Points of the simplex: stick-breaking of a normal vector."""

    arg_constraints: Any = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.simplex  # type: ignore[assignment]
    has_rsample = True  # type: ignore[assignment]

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None):
        base: Any = Normal(loc, scale, validate_args=validate_args)
        base = base if base.batch_shape else base.expand([1])
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    loc: Tensor = computed(lambda self: self.base_dist.base_dist.loc)
    scale: Tensor = computed(lambda self: self.base_dist.base_dist.scale)


class FisherSnedecor(Distribution):
    """F, the ratio of two chi-squared numbers, each divided by its degrees of freedom."""

    df1: Any
    df2: Any

    arg_constraints: Any = {"df1": constraints.positive, "df2": constraints.positive}
    support: Any = constraints.positive
    has_rsample = True

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None):
        self.df1, self.df2 = broadcast_all(df1, df2)
        super().__init__(() if only_numbers(df1, df2) else self.df1.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return _where(self.df2 <= 2, math.nan, self.df2 / (self.df2 - 2))

    @property
    def mode(self) -> Any:
        return _where(self.df1 <= 2, math.nan, (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2))

    @property
    def variance(self) -> Any:
        one, two = self.df1, self.df2
        spread = 2 * two.pow(2) * (one + two - 2) / (one * (two - 2).pow(2) * (two - 4))
        return _where(two <= 4, math.nan, spread)

    def rsample(self, sample_shape: Any = ()) -> Any:
        above, below = (Gamma(df * 0.5, df, validate_args=False).rsample(sample_shape) for df in (self.df1, self.df2))
        tiny = types.finfo(below.dtype).tiny
        return (above / below.clamp_(min=tiny)).clamp_(min=tiny)  # no zeros, for log_prob

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        a, b, ratio = self.df1 * 0.5, self.df2 * 0.5, self.df1 / self.df2
        constant = call("lgamma", a + b) - call("lgamma", a) - call("lgamma", b)
        return constant + (a * ratio.log() + (a - 1) * value.log()) - (a + b) * (ratio * value).log1p()


class GeneralizedPareto(Distribution):
    """What exceeds a high threshold ``loc``: ``(1 + c z)^(-1 / c - 1) / scale``, z = (x - loc) / scale, and exponential for c = 0."""

    loc: Any
    scale: Any
    concentration: Any

    arg_constraints: Any = {
        "loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real,
    }  # fmt: skip
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None):
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        shape = () if only_numbers(loc, scale, concentration) else self.loc.shape
        super().__init__(shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        c = self.concentration
        return constraints.interval(self.loc, _where(c < 0, self.loc - self.scale / c, math.inf))

    def _cases(self) -> tuple[Any, Any]:
        """Where the concentration is 0, and one to compute with there."""
        zero = call("isclose", self.concentration, call("zeros_like", self.concentration))
        return zero, _where(zero, 1.0, self.concentration)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.icdf(call("rand", self._extended_shape(sample_shape), dtype=self.loc.dtype))

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        z, (zero, c) = (value - self.loc) / self.scale, self._cases()
        power = 1 / c + call("ones_like", z)
        return -self.scale.log() - call("where", zero, z, _where(power == 0, 0.0, power * (c * z).log1p()))

    def log_survival_function(self, value: Any) -> Any:
        """``log(1 - cdf(value))``."""
        self._checked(value)
        z, (zero, c) = (value - self.loc) / self.scale, self._cases()
        return call("where", zero, -z, -(c * z).log1p() / c)

    def log_cdf(self, value: Any) -> Any:
        """``log(cdf(value))``."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Any) -> Any:
        return self.log_cdf(value).exp()

    def icdf(self, value: Any) -> Any:
        log, (zero, c) = (-value).log1p(), self._cases()
        return call("where", zero, self.loc - self.scale * log, self.loc + self.scale / c * (-c * log).expm1())

    mode: Tensor = computed(lambda self: self.loc)

    @property
    def mean(self) -> Any:
        c = self.concentration
        return _where(c < 1, self.loc + self.scale / (1 - c), math.nan)

    @property
    def variance(self) -> Any:
        c = self.concentration
        return _where(c < 0.5, self.scale**2 / ((1 - c) ** 2 * (1 - 2 * c)), math.nan)

    def entropy(self) -> Any:
        return call("broadcast_to", self.scale.log() + self.concentration + 1, self._batch_shape)


__all__ = ["FisherSnedecor", "GeneralizedPareto", "InverseGamma", "Kumaraswamy", "LogisticNormal"]

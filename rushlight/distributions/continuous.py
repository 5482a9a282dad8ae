"""Distributions of real numbers."""

from __future__ import annotations

import math
from typing import Any

from .. import types
from ..autograd.mode import no_grad
from ..ops.create import tensor
from ..tensor import Tensor
from . import constraints
from .distribution import (
    Distribution,
    ExponentialFamily,
    broadcast_all,
    call,
    computed,
    eps_of,
    only_numbers,
    standard_normal,
)


def _shape(first: Any, *given: Any) -> Any:
    return () if only_numbers(*given) else first.size()


class Normal(ExponentialFamily):
    """``exp(-(x - loc)^2 / (2 scale^2)) / (scale sqrt(2 pi))``."""

    loc: Any
    scale: Any

    arg_constraints: Any = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None):
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(_shape(self.loc, loc, scale), validate_args=validate_args)

    mean: Tensor = computed(lambda self: self.loc)
    mode: Tensor = mean
    stddev: Tensor = computed(lambda self: self.scale)
    variance: Tensor = computed(lambda self: self.stddev.pow(2))

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return call("normal", self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        eps = standard_normal(self.loc, self._extended_shape(sample_shape))
        return self.loc + eps * self.scale

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        var = self.scale**2
        return -((value - self.loc) ** 2) / (2 * var) - self.scale.log() - math.log(math.sqrt(2 * math.pi))

    def cdf(self, value: Any) -> Any:
        self._checked(value)
        return 0.5 * (1 + call("erf", (value - self.loc) * self.scale.reciprocal() / math.sqrt(2)))

    def icdf(self, value: Any) -> Any:
        return self.loc + self.scale * call("erfinv", 2 * value - 1) * math.sqrt(2)

    def entropy(self) -> Any:
        return 0.5 + 0.5 * math.log(2 * math.pi) + call("log", self.scale)


class Uniform(Distribution):
    """``1 / (high - low)`` on ``[low, high)``."""

    low: Any
    high: Any

    has_rsample = True

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None):
        self.low, self.high = broadcast_all(low, high)
        super().__init__(_shape(self.low, low, high), validate_args=validate_args)

    @property
    def arg_constraints(self) -> Any:  # type: ignore[override]
        return {"low": constraints.less_than(self.high), "high": constraints.greater_than(self.low)}

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        return constraints.interval(self.low, self.high)

    mean: Tensor = computed(lambda self: (self.high + self.low) / 2)
    mode: Tensor = computed(lambda self: math.nan * self.high)
    stddev: Tensor = computed(lambda self: (self.high - self.low) / 12**0.5)
    variance: Tensor = computed(lambda self: (self.high - self.low).pow(2) / 12)

    def rsample(self, sample_shape: Any = ()) -> Any:
        rand = call("rand", self._extended_shape(sample_shape), dtype=self.low.dtype)
        return self.low + rand * (self.high - self.low)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        inside = self.low.le(value).type_as(self.low).mul(self.high.gt(value).type_as(self.low))
        return call("log", inside) - call("log", self.high - self.low)

    def cdf(self, value: Any) -> Any:
        self._checked(value)
        return ((value - self.low) / (self.high - self.low)).clamp(min=0, max=1)

    def icdf(self, value: Any) -> Any:
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Any:
        return call("log", self.high - self.low)


class Exponential(ExponentialFamily):
    """``rate exp(-rate x)`` for x >= 0."""

    rate: Any

    arg_constraints: Any = {"rate": constraints.positive}
    support: Any = constraints.nonnegative
    has_rsample = True

    def __init__(self, rate: Any, validate_args: bool | None = None):
        (self.rate,) = broadcast_all(rate)
        super().__init__(_shape(self.rate, rate), validate_args=validate_args)

    mean: Tensor = computed(lambda self: self.rate.reciprocal())
    stddev: Tensor = mean
    mode: Tensor = computed(lambda self: call("zeros_like", self.rate))
    variance: Tensor = computed(lambda self: self.rate.pow(-2))

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        return call("empty", shape, dtype=self.rate.dtype).exponential_() / self.rate

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        return self.rate.log() - self.rate * value

    def cdf(self, value: Any) -> Any:
        self._checked(value)
        return 1 - call("exp", -self.rate * value)

    def icdf(self, value: Any) -> Any:
        return -call("log1p", -value) / self.rate

    def entropy(self) -> Any:
        return 1.0 - call("log", self.rate)


class Laplace(Distribution):
    """``exp(-|x - loc| / scale) / (2 scale)``."""

    loc: Any
    scale: Any

    arg_constraints: Any = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None):
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(_shape(self.loc, loc, scale), validate_args=validate_args)

    mean: Tensor = computed(lambda self: self.loc)
    mode: Tensor = mean
    variance: Tensor = computed(lambda self: 2 * self.scale.pow(2))
    stddev: Tensor = computed(lambda self: (2**0.5) * self.scale)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        u = call("empty", shape, dtype=self.loc.dtype).uniform_(eps_of(self.loc) - 1, 1)
        return self.loc - self.scale * u.sign() * call("log1p", -u.abs())

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        return -call("log", 2 * self.scale) - call("abs", value - self.loc) / self.scale

    def cdf(self, value: Any) -> Any:
        self._checked(value)
        return 0.5 - 0.5 * (value - self.loc).sign() * call("expm1", -(value - self.loc).abs() / self.scale)

    def icdf(self, value: Any) -> Any:
        term = value - 0.5
        return self.loc - self.scale * term.sign() * call("log1p", -2 * term.abs())

    def entropy(self) -> Any:
        return 1 + call("log", 2 * self.scale)


class Cauchy(Distribution):
    """``1 / (pi scale (1 + ((x - loc) / scale)^2))``: it has no mean."""

    loc: Any
    scale: Any

    arg_constraints: Any = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None):
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(_shape(self.loc, loc, scale), validate_args=validate_args)

    mean: Tensor = computed(lambda self: call("full", self._extended_shape(), math.nan, dtype=self.loc.dtype))
    mode: Tensor = computed(lambda self: self.loc)
    variance: Tensor = computed(lambda self: call("full", self._extended_shape(), math.inf, dtype=self.loc.dtype))

    def rsample(self, sample_shape: Any = ()) -> Any:
        eps = call("empty", self._extended_shape(sample_shape), dtype=self.loc.dtype).cauchy_()
        return self.loc + eps * self.scale

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        return -math.log(math.pi) - self.scale.log() - (((value - self.loc) / self.scale) ** 2).log1p()

    def cdf(self, value: Any) -> Any:
        self._checked(value)
        return call("atan", (value - self.loc) / self.scale) / math.pi + 0.5

    def icdf(self, value: Any) -> Any:
        return call("tan", math.pi * (value - 0.5)) * self.scale + self.loc

    def entropy(self) -> Any:
        return math.log(4 * math.pi) + self.scale.log()


class Gamma(ExponentialFamily):
    """``rate^c x^(c - 1) exp(-rate x) / Gamma(c)``, c the concentration."""

    concentration: Any
    rate: Any

    arg_constraints: Any = {"concentration": constraints.positive, "rate": constraints.positive}
    support: Any = constraints.nonnegative
    has_rsample = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None):
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(_shape(self.rate, concentration, rate), validate_args=validate_args)

    mean: Tensor = computed(lambda self: self.concentration / self.rate)
    mode: Tensor = computed(lambda self: ((self.concentration - 1) / self.rate).clamp(min=0))
    variance: Tensor = computed(lambda self: self.concentration / self.rate.pow(2))

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        value = call("_standard_gamma", self.concentration.expand(shape)) / self.rate.expand(shape)
        value.detach().clamp_(min=types.finfo(value.dtype).tiny)  # no zeros, for log_prob
        return value

    def log_prob(self, value: Any) -> Any:
        value = tensor(value, dtype=self.rate.dtype) if not isinstance(value, Tensor) else value
        self._checked(value)
        return (
            call("xlogy", self.concentration, self.rate)
            + call("xlogy", self.concentration - 1, value)
            - self.rate * value
            - call("lgamma", self.concentration)
        )

    def entropy(self) -> Any:
        c = self.concentration
        return c - call("log", self.rate) + call("lgamma", c) + (1.0 - c) * call("digamma", c)

    def cdf(self, value: Any) -> Any:
        self._checked(value)
        return call("special.gammainc", self.concentration, self.rate * value)


class Chi2(Gamma):
    """Gamma with concentration ``df / 2`` and rate 1/2."""

    arg_constraints: Any = {"df": constraints.positive}

    def __init__(self, df: Any, validate_args: bool | None = None):
        super().__init__(0.5 * df, 0.5, validate_args=validate_args)

    df: Tensor = computed(lambda self: self.concentration * 2)

    def _parameters(self) -> list[str]:
        return ["concentration", "rate"]


class StudentT(Distribution):
    """A standard normal over the root of a chi-square over its degrees of freedom, moved and scaled."""

    df: Any
    loc: Any
    scale: Any

    arg_constraints: Any = {"df": constraints.positive, "loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real
    has_rsample = True

    def __init__(self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None):
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        super().__init__(self.df.size(), validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return call("where", self.df > 1, self.loc, math.nan)

    mode: Tensor = computed(lambda self: self.loc)

    @property
    def variance(self) -> Any:
        d = self.df
        spread = self.scale.pow(2) * d / (d - 2)
        return call("where", d > 2, spread, call("where", d > 1, math.inf, tensor(math.nan, dtype=d.dtype)))

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        x = standard_normal(self.df, shape)
        z = Chi2(self.df, validate_args=False).rsample(sample_shape)
        return self.loc + self.scale * (x * call("rsqrt", z / self.df))

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        d = self.df
        y = (value - self.loc) / self.scale
        z = (
            self.scale.log()
            + 0.5 * d.log()
            + 0.5 * math.log(math.pi)
            + call("lgamma", 0.5 * d)
            - call("lgamma", 0.5 * (d + 1.0))
        )
        return -0.5 * (d + 1.0) * call("log1p", y**2.0 / d) - z

    def entropy(self) -> Any:
        d = self.df
        beta = call("lgamma", 0.5 * d) + math.lgamma(0.5) - call("lgamma", 0.5 * (d + 1))
        return (
            self.scale.log()
            + 0.5 * (d + 1) * (call("digamma", 0.5 * (d + 1)) - call("digamma", 0.5 * d))
            + 0.5 * d.log()
            + beta
        )


__all__ = ["Cauchy", "Chi2", "Exponential", "Gamma", "Laplace", "Normal", "StudentT", "Uniform"]

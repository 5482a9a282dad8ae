"""The continuous Bernoulli distribution (Loaiza-Ganem & Cunningham 2019): the Bernoulli formula for all numbers from 0 to 1."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.mode import no_grad
from . import constraints
from .continuous import _shape
from .discrete import Bernoulli
from .distribution import broadcast_all, call, clamp_probs, lazy_property, logits_to_probs, one_of

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(Bernoulli):
    """``C(p) p^x (1 - p)^(1 - x)`` for x from 0 to 1. Where ``probs`` lies within ``lims``, near 1/2, series stand for the formulas."""

    support: Any = constraints.unit_interval
    has_rsample = True
    has_enumerate_support = False

    def __init__(
        self, probs: Any = None, logits: Any = None, lims: Any = (0.499, 0.501), validate_args: bool | None = None
    ):
        given = probs if one_of(probs, logits) else logits
        (self._param,) = broadcast_all(given)
        if probs is not None:
            if validate_args and not bool(self.arg_constraints["probs"].check(self._param).all()):
                raise ValueError("The parameter probs has invalid values")
            self._param = clamp_probs(self._param)
        self.__dict__["logits" if probs is None else "probs"] = self._param
        self._lims = lims
        super(Bernoulli, self).__init__(_shape(self._param, given), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        new._lims = self._lims
        return new

    @lazy_property
    def probs(self) -> Any:
        """The parameter as a number from 0 to 1."""
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def _apart(self) -> tuple[Any, Any]:
        """Where the formulas hold, and the parameter there; a number apart elsewhere."""
        apart = (self.probs <= self._lims[0]) | (self.probs > self._lims[1])
        return apart, call("where", apart, self.probs, self._lims[0] * call("ones_like", self.probs))

    def _log_constant(self) -> Any:
        """``log C(p) = log(2 artanh(1 - 2p) / (1 - 2p))``."""
        apart, p = self._apart()
        below = call("where", p <= 0.5, p, call("zeros_like", p))
        above = call("where", p >= 0.5, p, call("ones_like", p))
        slope = call("where", p <= 0.5, call("log1p", -2.0 * below), call("log", 2.0 * above - 1.0))
        exact = call("log", call("abs", call("log1p", -p) - call("log", p))) - slope
        x = (self.probs - 0.5) ** 2
        return call("where", apart, exact, math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x)

    @property
    def mean(self) -> Any:  # type: ignore[override]
        """``p / (2p - 1) + 1 / (2 artanh(1 - 2p))``."""
        apart, p = self._apart()
        exact = p / (2.0 * p - 1.0) + 1.0 / (call("log1p", -p) - call("log", p))
        x = self.probs - 0.5
        return call("where", apart, exact, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x**2) * x)

    @property
    def stddev(self) -> Any:
        """The root of the variance."""
        return self.variance.sqrt()

    @property
    def variance(self) -> Any:  # type: ignore[override]
        """``p (p - 1) / (1 - 2p)^2 + 1 / (2 artanh(1 - 2p))^2``."""
        apart, p = self._apart()
        exact = p * (p - 1.0) / (1.0 - 2.0 * p) ** 2 + 1.0 / (call("log1p", -p) - call("log", p)) ** 2
        x = (self.probs - 0.5) ** 2
        return call("where", apart, exact, 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x)

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        return self.icdf(call("rand", shape, dtype=self.probs.dtype))

    def log_prob(self, value: Any) -> Any:
        return super().log_prob(value) + self._log_constant()

    def cdf(self, value: Any) -> Any:
        self._checked(value)
        apart, p = self._apart()
        exact = (call("pow", p, value) * call("pow", 1.0 - p, 1.0 - value) + p - 1.0) / (2.0 * p - 1.0)
        inside = call("where", apart, exact, value)
        low = call("where", value <= 0.0, call("zeros_like", value), inside)
        return call("where", value >= 1.0, call("ones_like", value), low)

    def icdf(self, value: Any) -> Any:
        apart, p = self._apart()
        exact = (call("log1p", -p + value * (2.0 * p - 1.0)) - call("log1p", -p)) / (call("log", p) - call("log1p", -p))
        return call("where", apart, exact, value)

    def entropy(self) -> Any:
        log0, log1 = call("log1p", -self.probs), call("log", self.probs)
        return self.mean * (log0 - log1) - self._log_constant() - log0

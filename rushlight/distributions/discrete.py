"""Distributions of counts and categories."""

from __future__ import annotations

import math
from typing import Any

from .. import errors, types
from ..autograd.mode import no_grad
from ..tensor import Tensor
from . import constraints
from .continuous import _shape
from .distribution import (
    Distribution,
    ExponentialFamily,
    broadcast_all,
    call,
    computed,
    family,
    lazy_property,
    logits_to_probs,
    one_of,
    probs_to_logits,
)


class Bernoulli(ExponentialFamily):
    """1 with probability ``probs``, else 0; or with log-odds ``logits``."""

    arg_constraints: Any = {"probs": constraints.unit_interval, "logits": constraints.real}
    support: Any = constraints.boolean
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        given = probs if one_of(probs, logits) else logits
        (self._param,) = broadcast_all(given)
        self.__dict__["logits" if probs is None else "probs"] = self._param
        super().__init__(_shape(self._param, given), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        new._param = new.__dict__["probs" if "probs" in self.__dict__ else "logits"]
        return new

    @lazy_property
    def logits(self) -> Any:
        """The log-odds."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Any:
        """The probability of 1."""
        return logits_to_probs(self.logits, is_binary=True)

    mean: Tensor = computed(lambda self: self.probs)
    variance: Tensor = computed(lambda self: self.probs * (1 - self.probs))
    param_shape: types.Size = computed(lambda self: self._param.size())

    @property
    def mode(self) -> Any:
        mode = (self.probs >= 0.5).to(self.probs.dtype)
        return call("where", self.probs == 0.5, math.nan, mode)

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            return call("bernoulli", self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        logits, value = broadcast_all(self.logits, value)
        return -call("nn.functional.binary_cross_entropy_with_logits", logits, value, reduction="none")

    def entropy(self) -> Any:
        return call("nn.functional.binary_cross_entropy_with_logits", self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Any:
        values = call("arange", 2, dtype=self._param.dtype).view((-1, *[1] * len(self._batch_shape)))
        return values.expand((-1, *self._batch_shape)) if expand else values


class Geometric(Distribution):
    """The number of failures before the first success."""

    arg_constraints: Any = {"probs": constraints.unit_interval, "logits": constraints.real}
    support: Any = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        given = probs if one_of(probs, logits) else logits
        (param,) = broadcast_all(given)
        self.__dict__["logits" if probs is None else "probs"] = param
        super().__init__(_shape(param, given), validate_args=validate_args)
        if self._validate_args and probs is not None and not (self.probs > 0)._a.all():
            raise errors.value(
                f"Expected parameter probs ({type(probs).__name__} of shape {tuple(self.probs.shape)}) of distribution {self!r} "
                f"to be positive but found invalid values:\n{self.probs[~(self.probs > 0)]}"
            )

    logits: Tensor = Bernoulli.__dict__["logits"]
    probs: Tensor = Bernoulli.__dict__["probs"]
    mean: Tensor = computed(lambda self: 1.0 / self.probs - 1.0)
    mode: Tensor = computed(lambda self: call("zeros_like", self.probs))
    variance: Tensor = computed(lambda self: (1.0 / self.probs - 1.0) / self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            tiny = types.finfo(self.probs.dtype).tiny
            u = call("empty", self._extended_shape(sample_shape), dtype=self.probs.dtype).uniform_(tiny, 1)
            return (u.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        value, probs = broadcast_all(value, self.probs)
        probs = probs.clone()
        probs[(probs == 1) & (value == 0)] = 0
        return value * (-probs).log1p() + self.probs.log()

    def entropy(self) -> Any:
        return (
            call("nn.functional.binary_cross_entropy_with_logits", self.logits, self.probs, reduction="none")
            / self.probs
        )


class Categorical(Distribution):
    """A number below n, with probabilities (normalised) or unnormalised log-probabilities in the last dimension."""

    arg_constraints: Any = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        name, given = ("probs", probs) if one_of(probs, logits) else ("logits", logits)
        if given.dim() < 1:
            raise errors.value(f"`{name}` parameter must be at least one-dimensional.")
        if probs is not None:
            self._param = self.probs = probs / probs.sum(-1, keepdim=True)
        else:
            self._param = self.logits = logits - logits.logsumexp(dim=-1, keepdim=True)
        self._num_events = self._param.size()[-1]
        super().__init__(self._param.size()[:-1], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        new._num_events = self._num_events
        new._param = new.__dict__["probs" if "probs" in self.__dict__ else "logits"]
        return new

    def _parameter_shape(self, name: str) -> Any:
        return self._param.size()[-1:]

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    @lazy_property
    def logits(self) -> Any:
        """The logarithms of the probabilities."""
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self) -> Any:
        """The probabilities."""
        return logits_to_probs(self.logits)

    param_shape: types.Size = computed(lambda self: self._param.size())
    mean: Tensor = computed(lambda self: call("full", self._extended_shape(), math.nan, dtype=self.probs.dtype))
    mode: Tensor = computed(lambda self: self.probs.argmax(dim=-1))
    variance: Tensor = computed(lambda self: call("full", self._extended_shape(), math.nan, dtype=self.probs.dtype))

    def sample(self, sample_shape: Any = ()) -> Any:
        sample_shape = types.Size(sample_shape)
        with no_grad():
            probs = self.probs.reshape(-1, self._num_events)
            drawn = call("multinomial", probs, math.prod(sample_shape), True).T
            return drawn.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        value = value.long().unsqueeze(-1)
        shape = call("broadcast_tensors", value, self.logits)
        value, log_pmf = shape
        return log_pmf.gather(-1, value[..., :1]).squeeze(-1)

    def entropy(self) -> Any:
        logits = self.logits.clamp(min=types.finfo(self.logits.dtype).min)
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Any:
        values = call("arange", self._num_events, dtype=types.int64).view((-1, *[1] * len(self._batch_shape)))
        return values.expand((-1, *self._batch_shape)) if expand else values


class OneHotCategorical(Distribution):
    """As Categorical, a value being a vector with a single 1."""

    arg_constraints: Any = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support: Any = constraints.one_hot
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        self._categorical = Categorical(probs, logits)
        c = self._categorical
        super().__init__(c.batch_shape, c.param_shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(family(type(self)), _instance)
        new._categorical = self._categorical.expand(batch_shape)
        Distribution.__init__(new, types.Size(batch_shape), self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    probs: Tensor = computed(lambda self: self._categorical.probs)
    logits: Tensor = computed(lambda self: self._categorical.logits)
    param_shape: types.Size = computed(lambda self: self._categorical.param_shape)
    mean: Tensor = computed(lambda self: self._categorical.probs)
    variance: Tensor = computed(lambda self: self._categorical.probs * (1 - self._categorical.probs))

    @property
    def mode(self) -> Any:
        best = self._categorical.probs.argmax(-1)
        return call("nn.functional.one_hot", best, self.event_shape[0]).to(self.probs.dtype)

    def sample(self, sample_shape: Any = ()) -> Any:
        drawn = self._categorical.sample(sample_shape)
        return call("nn.functional.one_hot", drawn, self._categorical._num_events).to(self.probs.dtype)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        return self._categorical.log_prob(value.max(-1)[1])

    def entropy(self) -> Any:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Any:
        n = self.event_shape[0]
        values = call("eye", n, dtype=self.probs.dtype).view((n, *[1] * len(self.batch_shape), n))
        return values.expand((n, *self.batch_shape, n)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """One-hot samples whose gradient is that of the probabilities (Bengio et al. 2013)."""

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Any:
        samples, probs = self.sample(sample_shape), self._categorical.probs
        return samples + (probs - probs.detach())


class Binomial(Distribution):
    """The number of successes in ``total_count`` trials."""

    total_count: Any

    arg_constraints: Any = {
        "total_count": constraints.nonnegative_integer, "probs": constraints.unit_interval, "logits": constraints.real,
    }  # fmt: skip
    has_enumerate_support = True

    def __init__(self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        name, given = ("probs", probs) if one_of(probs, logits) else ("logits", logits)
        self.total_count, param = broadcast_all(total_count, given)
        self.__dict__[name] = self._param = param
        self.total_count = self.total_count.type_as(param)
        super().__init__(_shape(param, total_count, given), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        new._param = new.__dict__["probs" if "probs" in self.__dict__ else "logits"]
        return new

    logits: Tensor = Bernoulli.__dict__["logits"]
    probs: Tensor = Bernoulli.__dict__["probs"]

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self.total_count)

    param_shape: types.Size = computed(lambda self: self._param.size())
    mean: Tensor = computed(lambda self: self.total_count * self.probs)
    mode: Tensor = computed(lambda self: ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count))
    variance: Tensor = computed(lambda self: self.total_count * self.probs * (1 - self.probs))

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return call("binomial", self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        n, logits = self.total_count, self.logits
        ways = call("lgamma", value + 1) + call("lgamma", n - value + 1) - call("lgamma", n + 1)
        # log(1 + exp(logits)) without overflow
        above = (logits + logits.abs()) / 2
        return value * logits - n * above - n * call("log1p", call("exp", -logits.abs())) - ways

    def entropy(self) -> Any:
        count = int(self.total_count.max())
        if int(self.total_count.min()) != count:
            raise NotImplementedError("Inhomogeneous total count not supported by `entropy`.")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(call("exp", log_prob) * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Any:
        count = int(self.total_count.max())
        if int(self.total_count.min()) != count:
            raise NotImplementedError("Inhomogeneous total count not supported by `enumerate_support`.")
        values = call("arange", 1 + count, dtype=self._param.dtype).view((-1, *[1] * len(self._batch_shape)))
        return values.expand((-1, *self._batch_shape)) if expand else values


class Multinomial(Distribution):
    """How often each category came in ``total_count`` draws."""

    arg_constraints: Any = {"probs": constraints.simplex, "logits": constraints.real_vector}

    def __init__(self, total_count: int = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._categorical = Categorical(probs=probs, logits=logits)
        c = self._categorical
        super().__init__(c.batch_shape, c.param_shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(family(type(self)), _instance)
        new.total_count, new._categorical = self.total_count, self._categorical.expand(batch_shape)
        Distribution.__init__(new, types.Size(batch_shape), self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        return constraints.multinomial(self.total_count)

    probs: Tensor = computed(lambda self: self._categorical.probs)
    logits: Tensor = computed(lambda self: self._categorical.logits)
    param_shape: types.Size = computed(lambda self: self._categorical.param_shape)
    mean: Tensor = computed(lambda self: self.probs * self.total_count)
    variance: Tensor = computed(lambda self: self.total_count * self.probs * (1 - self.probs))

    def sample(self, sample_shape: Any = ()) -> Any:
        sample_shape = types.Size(sample_shape)
        with no_grad():
            drawn = self._categorical.sample((self.total_count, *sample_shape))
            n = self._categorical._num_events
            hits = call("nn.functional.one_hot", drawn, n)
            return hits.sum(0).reshape(self._extended_shape(sample_shape)).to(self.probs.dtype)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        logits, value = broadcast_all(self.logits, value)
        logits = call("where", (value == 0) & (logits == -math.inf), 0.0, logits)
        ways = call("lgamma", value.sum(-1) + 1) - call("lgamma", value + 1).sum(-1)
        return ways + (logits * value).sum(-1)

    def entropy(self) -> Any:
        n = call("full", (), float(self.total_count), dtype=self.probs.dtype)
        once = self._categorical.entropy()
        counts = Binomial(self.total_count, self.probs)
        support = counts.enumerate_support(expand=False)[1:]
        weight = call("exp", counts.log_prob(support))
        return n * once - call("lgamma", n + 1) + (weight * call("lgamma", support + 1)).sum(dim=(0, -1))


class Poisson(ExponentialFamily):
    """``rate^k exp(-rate) / k!``."""

    rate: Any

    arg_constraints: Any = {"rate": constraints.nonnegative}
    support: Any = constraints.nonnegative_integer

    def __init__(self, rate: Any, validate_args: bool | None = None):
        (self.rate,) = broadcast_all(rate)
        super().__init__(_shape(self.rate, rate), validate_args=validate_args)

    mean: Tensor = computed(lambda self: self.rate)
    variance: Tensor = mean
    mode: Tensor = computed(lambda self: self.rate.floor())

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            return call("poisson", self.rate.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        rate, value = broadcast_all(self.rate, value)
        return call("xlogy", value, rate) - rate - call("lgamma", value + 1)


class NegativeBinomial(Distribution):
    """The number of successes before ``total_count`` failures."""

    total_count: Any

    arg_constraints: Any = {
        "total_count": constraints.greater_than_eq(0), "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }  # fmt: skip
    support: Any = constraints.nonnegative_integer

    def __init__(self, total_count: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        name, given = ("probs", probs) if one_of(probs, logits) else ("logits", logits)
        self.total_count, self._param = broadcast_all(total_count, given)
        self.__dict__[name] = self._param
        self.total_count = self.total_count.type_as(self._param)
        super().__init__(self._param.size(), validate_args=validate_args)

    logits: Tensor = Bernoulli.__dict__["logits"]
    probs: Tensor = Bernoulli.__dict__["probs"]
    param_shape: types.Size = computed(lambda self: self._param.size())
    mean: Tensor = computed(lambda self: self.total_count * call("exp", self.logits))
    variance: Tensor = computed(lambda self: self.mean / call("sigmoid", -self.logits))

    @property
    def mode(self) -> Any:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    def sample(self, sample_shape: Any = ()) -> Any:
        from .continuous import Gamma

        with no_grad():
            rate = Gamma(self.total_count, call("exp", -self.logits), validate_args=False).sample(sample_shape)
            return call("poisson", rate)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        n = self.total_count
        unnormalized = n * call("nn.functional.logsigmoid", -self.logits) + value * call(
            "nn.functional.logsigmoid", self.logits
        )
        normalization = -call("lgamma", n + value) + call("lgamma", 1.0 + value) + call("lgamma", n)
        normalization = call("where", n + value == 0.0, 0.0, normalization)
        return unnormalized - normalization


__all__ = [
    "Bernoulli", "Binomial", "Categorical", "Geometric", "Multinomial", "NegativeBinomial", "OneHotCategorical",
    "OneHotCategoricalStraightThrough", "Poisson",
]  # fmt: skip

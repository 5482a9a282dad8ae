"""Distributions made of others: transformed, with batch dimensions as parts of a value, mixed."""

from __future__ import annotations

import math
from typing import Any

from .. import errors, types
from ..autograd.mode import no_grad
from ..tensor import Tensor
from . import constraints
from .continuous import Cauchy, Exponential, Normal, Uniform
from .discrete import Categorical
from .distribution import (
    Distribution,
    broadcast_all,
    call,
    clamp_probs,
    computed,
    family,
    logits_to_probs,
    one_of,
    probs_to_logits,
    sum_rightmost,
)
from .transforms import (
    AbsTransform,
    AffineTransform,
    ComposeTransform,
    ExpTransform,
    PowerTransform,
    SigmoidTransform,
    Transform,
)


class Independent(Distribution):
    """A distribution whose last batch dimensions count as parts of a value."""

    base_dist: Any
    reinterpreted_batch_ndims: int

    arg_constraints: Any = {}

    def __init__(self, base_distribution: Any, reinterpreted_batch_ndims: int, validate_args: bool | None = None):
        batch, event = base_distribution.batch_shape, base_distribution.event_shape
        if reinterpreted_batch_ndims > len(batch):
            raise errors.value(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), actual "
                f"{reinterpreted_batch_ndims} vs {len(batch)}"
            )
        shape, cut = (*batch, *event), len(batch) - reinterpreted_batch_ndims
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, reinterpreted_batch_ndims
        super().__init__(shape[:cut], shape[cut:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        batch_shape = types.Size(batch_shape)
        base = self.base_dist.expand((*batch_shape, *self.event_shape[: self.reinterpreted_batch_ndims]))
        new = self._get_checked_instance(Independent, _instance)
        Independent.__init__(new, base, self.reinterpreted_batch_ndims, validate_args=False)
        new._validate_args = self._validate_args
        return new

    has_rsample: bool = computed(lambda self: self.base_dist.has_rsample)  # type: ignore[assignment]
    mean: Tensor = computed(lambda self: self.base_dist.mean)
    mode: Tensor = computed(lambda self: self.base_dist.mode)
    variance: Tensor = computed(lambda self: self.base_dist.variance)

    @property
    def has_enumerate_support(self) -> bool:  # type: ignore[override]
        return not self.reinterpreted_batch_ndims and self.base_dist.has_enumerate_support

    @constraints.dependent_property
    def support(self) -> Any:
        inner, n = self.base_dist.support, self.reinterpreted_batch_ndims
        return constraints.independent(inner, n) if n else inner

    def sample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Any) -> Any:
        return sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Any:
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self, expand: bool = True) -> Any:
        if self.reinterpreted_batch_ndims > 0:
            raise NotImplementedError("Enumeration over cartesian product is not implemented")
        return self.base_dist.enumerate_support(expand=expand)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_dist}, {self.reinterpreted_batch_ndims})"


class TransformedDistribution(Distribution):
    """The distribution of ``f(x)``, with x of a base distribution and f one transform or several in a row."""

    arg_constraints: Any = {}

    def __init__(self, base_distribution: Any, transforms: Any, validate_args: bool | None = None):
        if isinstance(transforms, Transform):
            transforms = [transforms]
        elif not isinstance(transforms, list) or not all(isinstance(t, Transform) for t in transforms):
            raise errors.value(f"transforms must be a Transform or list, but was {transforms}")
        self.transforms: list[Any] = transforms
        whole = ComposeTransform(transforms)
        shape = (*base_distribution.batch_shape, *base_distribution.event_shape)
        if len(shape) < whole.domain.event_dim:
            raise errors.value(
                f"base_distribution needs to have shape with size at least {whole.domain.event_dim}, but got "
                f"{base_distribution}."
            )
        forward = whole.forward_shape(types.Size(shape))
        base_shape = whole.inverse_shape(forward)
        if tuple(base_shape) != tuple(shape):
            batch = base_shape[: len(base_shape) - len(base_distribution.event_shape)]
            base_distribution = base_distribution.expand(batch)
        more = whole.domain.event_dim - len(base_distribution.event_shape)
        self.base_dist: Any = Independent(base_distribution, more) if more > 0 else base_distribution
        change = whole.codomain.event_dim - whole.domain.event_dim
        depth = max(whole.codomain.event_dim, len(base_distribution.event_shape) + change)
        cut = len(forward) - depth
        super().__init__(forward[:cut], forward[cut:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        batch_shape = types.Size(batch_shape)
        new = self._get_checked_instance(family(type(self)), _instance)
        new.transforms = self.transforms
        shape = (*batch_shape, *self.event_shape)
        for t in reversed(self.transforms):
            shape = t.inverse_shape(shape)
        new.base_dist = self.base_dist.expand(shape[: len(shape) - len(self.base_dist.event_shape)])
        Distribution.__init__(new, batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    has_rsample: bool = computed(lambda self: self.base_dist.has_rsample)  # type: ignore[assignment]

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        more = len(self.event_shape) - support.event_dim
        return constraints.independent(support, more) if more > 0 else support

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            x = self.base_dist.sample(sample_shape)
            for t in self.transforms:
                x = t(x)
            return x

    def rsample(self, sample_shape: Any = ()) -> Any:
        x = self.base_dist.rsample(sample_shape)
        for t in self.transforms:
            x = t(x)
        return x

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        depth, total, y = len(self.event_shape), 0.0, value
        for t in reversed(self.transforms):
            x = t.inv(y)
            depth += t.domain.event_dim - t.codomain.event_dim
            total = total - sum_rightmost(t.log_abs_det_jacobian(x, y), depth - t.domain.event_dim)
            y = x
        return total + sum_rightmost(self.base_dist.log_prob(y), depth - len(self.base_dist.event_shape))

    def _sign(self) -> Any:
        sign: Any = 1
        for t in self.transforms:
            sign = sign * t.sign
        return sign

    def cdf(self, value: Any) -> Any:
        for t in reversed(self.transforms):
            value = t.inv(value)
        self.base_dist._checked(value)
        value, sign = self.base_dist.cdf(value), self._sign()
        return value if isinstance(sign, int) and sign == 1 else sign * (value - 0.5) + 0.5

    def icdf(self, value: Any) -> Any:
        sign = self._sign()
        if not (isinstance(sign, int) and sign == 1):
            value = sign * (value - 0.5) + 0.5
        value = self.base_dist.icdf(value)
        for t in self.transforms:
            value = t(value)
        return value


class LogNormal(TransformedDistribution):
    """The exponential of a normal number."""

    arg_constraints: Any = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.positive  # type: ignore[assignment]
    has_rsample = True  # type: ignore[assignment]

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None):
        super().__init__(Normal(loc, scale, validate_args=validate_args), ExpTransform(), validate_args=validate_args)

    loc: Tensor = computed(lambda self: self.base_dist.loc)
    scale: Tensor = computed(lambda self: self.base_dist.scale)
    mean: Tensor = computed(lambda self: (self.loc + self.scale.pow(2) / 2).exp())
    mode: Tensor = computed(lambda self: (self.loc - self.scale.square()).exp())

    @property
    def variance(self) -> Any:
        square = self.scale.pow(2)
        return square.expm1() * (2 * self.loc + square).exp()

    def entropy(self) -> Any:
        return self.base_dist.entropy() + self.loc


class _Folded(TransformedDistribution):
    """The absolute value of a number whose distribution is symmetric around 0."""

    arg_constraints: Any = {"scale": constraints.positive}
    support: Any = constraints.nonnegative  # type: ignore[assignment]
    has_rsample = True  # type: ignore[assignment]

    scale: Tensor = computed(lambda self: self.base_dist.scale)
    mode: Tensor = computed(lambda self: call("zeros_like", self.scale))

    def cdf(self, value: Any) -> Any:
        self._checked(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, prob: Any) -> Any:
        return self.base_dist.icdf((prob + 1) / 2)

    def entropy(self) -> Any:
        return self.base_dist.entropy() - math.log(2)


class HalfNormal(_Folded):
    """The absolute value of a normal number of mean 0."""

    def __init__(self, scale: Any, validate_args: bool | None = None):
        super().__init__(Normal(0, scale, validate_args=False), AbsTransform(), validate_args=validate_args)

    mean: Tensor = computed(lambda self: self.scale * math.sqrt(2 / math.pi))
    variance: Tensor = computed(lambda self: self.scale.pow(2) * (1 - 2 / math.pi))

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        log_prob = self.base_dist.log_prob(value) + math.log(2)
        return call("where", value >= 0, log_prob, -math.inf)


class HalfCauchy(_Folded):
    """The absolute value of a Cauchy number around 0."""

    def __init__(self, scale: Any, validate_args: bool | None = None):
        super().__init__(Cauchy(0, scale, validate_args=False), AbsTransform(), validate_args=validate_args)

    mean: Tensor = computed(lambda self: call("full", self._extended_shape(), math.inf, dtype=self.scale.dtype))
    variance: Tensor = computed(lambda self: self.base_dist.variance)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        value = call("as_tensor", value, dtype=self.scale.dtype)
        log_prob = self.base_dist.log_prob(value) + math.log(2)
        return call("where", value >= 0, log_prob, -math.inf)


class Gumbel(TransformedDistribution):
    """``loc - scale log(-log(u))``, u uniform."""

    loc: Any
    scale: Any

    arg_constraints: Any = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real  # type: ignore[assignment]

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None):
        numbers = not hasattr(loc, "dtype") and not hasattr(scale, "dtype")
        self.loc, self.scale = broadcast_all(loc, scale)
        finfo = types.finfo(self.loc.dtype)
        if numbers:
            base = Uniform(finfo.tiny, 1 - finfo.eps, validate_args=validate_args)
        else:
            low, high = (call("full_like", self.loc, x) for x in (finfo.tiny, 1 - finfo.eps))
            base = Uniform(low, high, validate_args=validate_args)
        steps = [
            ExpTransform().inv, AffineTransform(loc=0, scale=-call("ones_like", self.scale)), ExpTransform().inv,
            AffineTransform(loc=self.loc, scale=-self.scale),
        ]  # fmt: skip
        super().__init__(base, steps, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(Gumbel, _instance)
        Gumbel.__init__(new, self.loc.expand(batch_shape), self.scale.expand(batch_shape), validate_args=False)
        new._validate_args = self._validate_args
        return new

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        y = (self.loc - value) / self.scale
        return (y - y.exp()) - self.scale.log()

    mean: Tensor = computed(lambda self: self.loc + self.scale * 0.57721566490153286060)
    mode: Tensor = computed(lambda self: self.loc)
    stddev: Tensor = computed(lambda self: (math.pi / math.sqrt(6)) * self.scale)
    variance: Tensor = computed(lambda self: self.stddev.pow(2))

    def entropy(self) -> Any:
        return self.scale.log() + (1 + 0.57721566490153286060)


class Weibull(TransformedDistribution):
    """A power of an exponential number."""

    scale: Any
    concentration: Any

    arg_constraints: Any = {"scale": constraints.positive, "concentration": constraints.positive}
    support: Any = constraints.positive  # type: ignore[assignment]

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None):
        self.scale, self.concentration = broadcast_all(scale, concentration)
        self.concentration_reciprocal: Any = self.concentration.reciprocal()
        base = Exponential(call("ones_like", self.scale), validate_args=validate_args)
        steps = [PowerTransform(exponent=self.concentration_reciprocal), AffineTransform(loc=0, scale=self.scale)]
        super().__init__(base, steps, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(Weibull, _instance)
        Weibull.__init__(
            new, self.scale.expand(batch_shape), self.concentration.expand(batch_shape), validate_args=False
        )
        new._validate_args = self._validate_args
        return new

    mean: Tensor = computed(lambda self: self.scale * call("exp", call("lgamma", 1 + self.concentration_reciprocal)))

    @property
    def mode(self) -> Any:
        return self.scale * ((self.concentration - 1) / self.concentration) ** self.concentration.reciprocal()

    @property
    def variance(self) -> Any:
        r = self.concentration_reciprocal
        spread = call("exp", call("lgamma", 1 + 2 * r)) - call("exp", 2 * call("lgamma", 1 + r))
        return self.scale.pow(2) * spread

    def entropy(self) -> Any:
        r = self.concentration_reciprocal
        return 0.57721566490153286060 * (1 - r) + call("log", self.scale * r) + 1


class Pareto(TransformedDistribution):
    """``scale exp(e)`` with e exponential of rate alpha."""

    scale: Any
    alpha: Any

    arg_constraints: Any = {"alpha": constraints.positive, "scale": constraints.positive}

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None):
        self.scale, self.alpha = broadcast_all(scale, alpha)
        base = Exponential(self.alpha, validate_args=validate_args)
        super().__init__(base, [ExpTransform(), AffineTransform(loc=0, scale=self.scale)], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(Pareto, _instance)
        Pareto.__init__(new, self.scale.expand(batch_shape), self.alpha.expand(batch_shape), validate_args=False)
        new._validate_args = self._validate_args
        return new

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        return constraints.greater_than_eq(self.scale)

    @property
    def mean(self) -> Any:
        a = self.alpha.clamp(min=1)
        return a * self.scale / (a - 1)

    mode: Tensor = computed(lambda self: self.scale)

    @property
    def variance(self) -> Any:
        a = self.alpha.clamp(min=2)
        return self.scale.pow(2) * a / ((a - 1).pow(2) * (a - 2))

    def entropy(self) -> Any:
        return (self.scale / self.alpha).log() + (1 + self.alpha.reciprocal())


class LogitRelaxedBernoulli(Distribution):
    """Log-odds of a relaxed Bernoulli number (Maddison et al. 2017)."""

    arg_constraints: Any = {"probs": constraints.unit_interval, "logits": constraints.real}
    support: Any = constraints.real
    has_rsample = True

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        self.temperature = temperature
        name, given = ("probs", probs) if one_of(probs, logits) else ("logits", logits)
        (param,) = broadcast_all(given)
        self.__dict__[name] = param
        if name == "probs":
            self.logits: Any = probs_to_logits(param, is_binary=True)
        else:
            self.probs: Any = logits_to_probs(param, is_binary=True)
        self._given = name
        super().__init__(() if not hasattr(given, "dtype") else param.size(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        param = getattr(self, self._given).expand(batch_shape)
        new = self._get_checked_instance(LogitRelaxedBernoulli, _instance)
        LogitRelaxedBernoulli.__init__(new, self.temperature, **{self._given: param}, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        u = clamp_probs(call("rand", shape, dtype=probs.dtype))
        return (u.log() - (-u).log1p() + probs.log() - (-probs).log1p()) / self.temperature

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        logits, value = broadcast_all(self.logits, value)
        diff = logits - value.mul(self.temperature)
        temperature = self.temperature if hasattr(self.temperature, "log") else call("tensor", float(self.temperature))
        return temperature.log() + diff - 2 * diff.exp().log1p()


class RelaxedBernoulli(TransformedDistribution):
    """A number between 0 and 1 that is nearly one of them at a low temperature."""

    arg_constraints: Any = {"probs": constraints.unit_interval, "logits": constraints.real}
    support: Any = constraints.unit_interval  # type: ignore[assignment]
    has_rsample = True  # type: ignore[assignment]

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    temperature: Tensor = computed(lambda self: self.base_dist.temperature)
    logits: Tensor = computed(lambda self: self.base_dist.logits)
    probs: Tensor = computed(lambda self: self.base_dist.probs)


class ExpRelaxedCategorical(Distribution):
    """Logarithms of relaxed one-hot vectors (Maddison et al. 2017)."""

    temperature: Any

    arg_constraints: Any = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support: Any = constraints.real_vector
    has_rsample = True

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        self._categorical, self.temperature = Categorical(probs, logits), temperature
        c = self._categorical
        super().__init__(c.batch_shape, c.param_shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        logits = self._categorical.logits.expand((*batch_shape, *self.event_shape))
        new = self._get_checked_instance(ExpRelaxedCategorical, _instance)
        ExpRelaxedCategorical.__init__(new, self.temperature, logits=logits, validate_args=False)
        new._validate_args = self._validate_args
        return new

    probs: Tensor = computed(lambda self: self._categorical.probs)
    logits: Tensor = computed(lambda self: self._categorical.logits)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        u = clamp_probs(call("rand", shape, dtype=self.logits.dtype))
        scores = (self.logits.expand(shape) + -((-(u.log())).log())) / self.temperature
        return scores - scores.logsumexp(dim=-1, keepdim=True)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        k = self._categorical._num_events
        logits, value = broadcast_all(self.logits, value)
        temperature = self.temperature if hasattr(self.temperature, "log") else call("tensor", float(self.temperature))
        scale = math.lgamma(float(k)) - temperature.log().mul(-(k - 1))
        score = logits - value.mul(self.temperature)
        score = (score - score.logsumexp(dim=-1, keepdim=True)).sum(-1)
        return score + scale


class RelaxedOneHotCategorical(TransformedDistribution):
    """A point of the simplex that is nearly a corner at a low temperature."""

    arg_constraints: Any = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support: Any = constraints.simplex  # type: ignore[assignment]
    has_rsample = True  # type: ignore[assignment]

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    temperature: Tensor = computed(lambda self: self.base_dist.temperature)
    logits: Tensor = computed(lambda self: self.base_dist.logits)
    probs: Tensor = computed(lambda self: self.base_dist.probs)


class MixtureSameFamily(Distribution):
    """One of several distributions, the last batch dimension of the components, chosen by a Categorical."""

    arg_constraints: Any = {}

    def __init__(self, mixture_distribution: Any, component_distribution: Any, validate_args: bool | None = None):
        if not isinstance(mixture_distribution, Categorical):
            raise errors.value(" The Mixture distribution needs to be an  instance of torch.distributions.Categorical")
        if not isinstance(component_distribution, Distribution):
            raise errors.value("The Component distribution need to be an instance of torch.distributions.Distribution")
        self._mixture_distribution, self._component_distribution = mixture_distribution, component_distribution
        batch, components = component_distribution.batch_shape[:-1], component_distribution.batch_shape[-1]
        if mixture_distribution.batch_shape not in (types.Size(), batch):
            raise errors.value(
                f"`mixture_distribution.batch_shape` ({mixture_distribution.batch_shape}) is not compatible with "
                f"`component_distribution.batch_shape`({batch})"
            )
        if mixture_distribution.logits.shape[-1] != components:
            raise errors.value(
                f"`mixture_distribution component` ({mixture_distribution.logits.shape[-1]}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({components})"
            )
        self._event_ndims = len(component_distribution.event_shape)
        super().__init__(batch, component_distribution.event_shape, validate_args=validate_args)

    mixture_distribution: Distribution = computed(lambda self: self._mixture_distribution)
    component_distribution: Distribution = computed(lambda self: self._component_distribution)

    @constraints.dependent_property
    def support(self) -> Any:
        return constraints.mixture_same_family(self._component_distribution.support)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        components = self._component_distribution.expand((*batch_shape, self._component_distribution.batch_shape[-1]))
        mixture = self._mixture_distribution.expand(batch_shape)
        new = self._get_checked_instance(MixtureSameFamily, _instance)
        MixtureSameFamily.__init__(new, mixture, components, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _weights(self) -> Any:
        probs = self._mixture_distribution.probs
        return probs.reshape((*probs.shape, *[1] * self._event_ndims))

    @property
    def mean(self) -> Any:
        return (self._weights() * self._component_distribution.mean).sum(-1 - self._event_ndims)

    @property
    def variance(self) -> Any:
        dim, weights, parts = -1 - self._event_ndims, self._weights(), self._component_distribution
        within = (weights * parts.variance).sum(dim)
        between = (weights * (parts.mean - self.mean.unsqueeze(dim)).pow(2.0)).sum(dim)
        return within + between

    def cdf(self, x: Any) -> Any:
        x = x.unsqueeze(-1 - self._event_ndims)
        return (self._component_distribution.cdf(x) * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        parts = self._component_distribution.log_prob(value.unsqueeze(-1 - self._event_ndims))
        weights = call("nn.functional.log_softmax", self._mixture_distribution.logits, dim=-1)
        return (parts + weights).logsumexp(dim=-1)

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            sample_shape = types.Size(sample_shape)
            dim = len(sample_shape) + len(self.batch_shape)
            chosen = self._mixture_distribution.expand(self.batch_shape).sample(sample_shape)
            parts = self._component_distribution.sample(sample_shape)
            index = chosen.reshape((*chosen.shape, *[1] * (self._event_ndims + 1)))
            index = index.expand((*chosen.shape, 1, *self.event_shape))
            return parts.gather(dim, index).squeeze(dim)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(\n  {self._mixture_distribution},\n  {self._component_distribution})"


__all__ = [
    "Gumbel", "HalfCauchy", "HalfNormal", "Independent", "LogNormal", "MixtureSameFamily", "Pareto", "RelaxedBernoulli",
    "RelaxedOneHotCategorical", "TransformedDistribution", "Weibull",
]  # fmt: skip

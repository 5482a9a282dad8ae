"""The Kullback-Leibler divergence, a formula for each pair of families; ``register_kl`` adds one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .continuous import Cauchy, Exponential, Gamma, Laplace, Normal, Uniform
from .discrete import Bernoulli, Binomial, Categorical, Geometric, OneHotCategorical, Poisson
from .distribution import call, sum_rightmost
from .matrices import Wishart, multivariate_digamma
from .multivariate import LowRankMultivariateNormal, MultivariateNormal, batch_mahalanobis, half_log_det
from .simplex import Beta, Dirichlet
from .transformed import Gumbel, HalfNormal, Independent, LogNormal, Pareto, TransformedDistribution

_FORMULAS: dict[tuple[type, type], Callable[[Any, Any], Any]] = {}
_EULER = 0.57721566490153286060


def register_kl(type_p: type, type_q: type) -> Callable[[Any], Any]:
    """Decorator: the divergence of a ``type_p`` from a ``type_q``, subclasses included."""

    def declare(fn: Any) -> Any:
        _FORMULAS[type_p, type_q] = fn
        return fn

    return declare


def kl_divergence(p: Any, q: Any) -> Any:
    """``E_p[log p(x) - log q(x)]``, for a batch of pairs.

    Raises:
        NotImplementedError: for a pair without a formula.
    """
    for a in type(p).__mro__:
        for b in type(q).__mro__:
            formula = _FORMULAS.get((a, b))
            if formula is not None:
                return formula(p, q)
    raise NotImplementedError(
        f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
    )


def _infinite_like(x: Any) -> Any:
    return call("full_like", x, math.inf)


def _lgamma(x: Any) -> Any:
    return call("lgamma", x)


def _digamma(x: Any) -> Any:
    return call("digamma", x)


@register_kl(Bernoulli, Bernoulli)
def _(p: Any, q: Any) -> Any:
    softplus = lambda x: call("nn.functional.softplus", x)  # noqa: E731
    t1 = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    t1 = call("where", q.probs == 0, math.inf, t1)
    t1 = call("where", p.probs == 0, 0.0, t1)
    t2 = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    t2 = call("where", q.probs == 1, math.inf, t2)
    t2 = call("where", p.probs == 1, 0.0, t2)
    return t1 + t2


@register_kl(Bernoulli, Poisson)
def _(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Beta, Beta)
def _(p: Any, q: Any) -> Any:
    p1, p0, q1, q0 = p.concentration1, p.concentration0, q.concentration1, q.concentration0
    total_p, total_q = p1 + p0, q1 + q0
    t1 = _lgamma(q1) + _lgamma(q0) + _lgamma(total_p)
    t2 = _lgamma(p1) + _lgamma(p0) + _lgamma(total_q)
    return t1 - t2 + (p1 - q1) * _digamma(p1) + (p0 - q0) * _digamma(p0) + (total_q - total_p) * _digamma(total_p)


@register_kl(Binomial, Binomial)
def _(p: Any, q: Any) -> Any:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    kl = p.total_count * (p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p())
    return call("where", p.total_count > q.total_count, math.inf, kl)


@register_kl(Categorical, Categorical)
def _(p: Any, q: Any) -> Any:
    t = p.probs * (p.logits - q.logits)
    t = call("where", (q.probs == 0).expand_as(t), math.inf, t)
    t = call("where", (p.probs == 0).expand_as(t), 0.0, t)
    return t.sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _(p: Any, q: Any) -> Any:
    return kl_divergence(p._categorical, q._categorical)


@register_kl(Cauchy, Cauchy)
def _(p: Any, q: Any) -> Any:
    t1 = ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log()
    return t1 - (4 * p.scale * q.scale).log()


@register_kl(Dirichlet, Dirichlet)
def _(p: Any, q: Any) -> Any:
    total_p, total_q = p.concentration.sum(-1), q.concentration.sum(-1)
    t1 = _lgamma(total_p) - _lgamma(total_q)
    t2 = (_lgamma(p.concentration) - _lgamma(q.concentration)).sum(-1)
    shift = _digamma(p.concentration) - _digamma(total_p).unsqueeze(-1)
    return t1 - t2 + ((p.concentration - q.concentration) * shift).sum(-1)


@register_kl(Exponential, Exponential)
def _(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Exponential, Gamma)
def _(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    c = q.concentration
    return -c * call("log", ratio) + ratio + _lgamma(c) + c * _EULER - (1 + _EULER)


@register_kl(Exponential, Normal)
def _(p: Any, q: Any) -> Any:
    var, rate2 = q.scale.pow(2), p.rate.pow(2)
    t1 = 0.5 * call("log", rate2 * var * 2 * math.pi)
    return t1 - 1 + rate2.reciprocal() / var - q.loc / (p.rate * var) + q.loc.pow(2) / (2 * var)


@register_kl(Gamma, Gamma)
def _(p: Any, q: Any) -> Any:
    t1 = q.concentration * (p.rate / q.rate).log()
    t2 = _lgamma(q.concentration) - _lgamma(p.concentration)
    t3 = (p.concentration - q.concentration) * _digamma(p.concentration)
    return t1 + t2 + t3 + (q.rate - p.rate) * (p.concentration / p.rate)


@register_kl(Gamma, Exponential)
def _(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Gamma, Normal)
def _(p: Any, q: Any) -> Any:
    var, beta2 = q.scale.pow(2), p.rate.pow(2)
    c = p.concentration
    t1 = 0.5 * call("log", beta2 * var * 2 * math.pi) - c - _lgamma(c)
    t2 = 0.5 * (c.pow(2) + c) / beta2
    return t1 + (c - 1) * _digamma(c) + (t2 - q.loc * c / p.rate + 0.5 * q.loc.pow(2)) / var


@register_kl(Geometric, Geometric)
def _(p: Any, q: Any) -> Any:
    return -p.entropy() - call("log1p", -q.probs) / p.probs - q.logits


@register_kl(Gumbel, Gumbel)
def _(p: Any, q: Any) -> Any:
    c1, c2 = p.scale / q.scale, q.loc / q.scale
    c3 = p.loc / q.scale
    t1 = -c1.log() - c2 + c3
    return t1 + c1 * _EULER + call("exp", c2 + _lgamma(1 + c1) - c3) - (1 + _EULER)


@register_kl(HalfNormal, HalfNormal)
def _(p: Any, q: Any) -> Any:
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _(p: Any, q: Any) -> Any:
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * call("exp", -distance / p.scale) - 1


@register_kl(Laplace, Normal)
def _(p: Any, q: Any) -> Any:
    var, ratio = q.scale.pow(2), p.scale.pow(2) / q.scale.pow(2)
    t1 = 0.5 * call("log", 2 * ratio / math.pi)
    return -t1 + ratio + (0.5 * p.loc.pow(2) - p.loc * q.loc + 0.5 * q.loc.pow(2)) / var - 1


@register_kl(Normal, Normal)
def _(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(Normal, Laplace)
def _(p: Any, q: Any) -> Any:
    d = p.loc - q.loc
    x = d / p.scale
    t1 = math.sqrt(2 / math.pi) * p.scale * call("exp", -0.5 * x.pow(2))
    t2 = d * call("erf", math.sqrt(0.5) * x)
    return -call("log", p.scale / q.scale) + (t1 + t2) / q.scale - (0.5 * (1.0 + math.log(0.5 * math.pi)))


@register_kl(MultivariateNormal, MultivariateNormal)
def _(p: Any, q: Any) -> Any:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot be computed"
        )
    a, b = p._unbroadcasted_scale_tril, q._unbroadcasted_scale_tril
    root = call("linalg.solve_triangular", b, a, upper=False)
    trace = sum_rightmost(root.pow(2), 2)
    distance = batch_mahalanobis(b, q.loc - p.loc)
    return half_log_det(b) - half_log_det(a) + 0.5 * (trace + distance - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _(p: Any, q: Any) -> Any:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two (Low Rank) Multivariate Normals with different event shapes cannot be computed"
        )
    trace = sum_rightmost(q.precision_matrix * p.covariance_matrix, 2)
    distance = q._distance(q.loc - p.loc)
    return 0.5 * (q._log_det() - p._log_det() + trace + distance - p.event_shape[0])


@register_kl(Wishart, Wishart)
def _(p: Any, q: Any) -> Any:
    n, half = p.event_shape[-1], p.df / 2
    root = call("linalg.solve_triangular", q._factor, p._factor, upper=False)
    return (
        q.df * (half_log_det(q._factor) - half_log_det(p._factor)) + half * (sum_rightmost(root.pow(2), 2) - n)
        + call("mvlgamma", q.df / 2, n) - call("mvlgamma", half, n) + (half - q.df / 2) * multivariate_digamma(half, n)
    )  # fmt: skip


@register_kl(Pareto, Pareto)
def _(p: Any, q: Any) -> Any:
    scale, alpha = p.scale / q.scale, q.alpha / p.alpha
    result = q.alpha * scale.log() - alpha.log() + alpha - 1
    return call("where", p.scale < q.scale, math.inf, result)


@register_kl(Poisson, Poisson)
def _(p: Any, q: Any) -> Any:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(TransformedDistribution, TransformedDistribution)
def _(p: Any, q: Any) -> Any:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError("KL between distributions with different transforms")
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(LogNormal, LogNormal)
def _(p: Any, q: Any) -> Any:
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def _(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("KL between Independents with different dimensions")
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(Uniform, Uniform)
def _(p: Any, q: Any) -> Any:
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return call("where", (q.low > p.low) | (q.high < p.high), math.inf, result)


@register_kl(Uniform, Normal)
def _(p: Any, q: Any) -> Any:
    width = p.high - p.low
    t1 = (math.sqrt(math.pi * 2) * q.scale / width).log()
    return t1 + ((width.pow(2) / 12) + ((p.high + p.low - 2 * q.loc) / 2).pow(2)) / (2 * q.scale.pow(2))


@register_kl(Uniform, Beta)
def _(p: Any, q: Any) -> Any:
    width = p.high - p.low
    c1, c0 = q.concentration1, q.concentration0
    log_beta = _lgamma(c1) + _lgamma(c0) - _lgamma(c1 + c0)

    def moment(x: Any) -> Any:
        return call("xlogy", x, x) - x

    t1 = (c1 - 1) * (moment(p.high) - moment(p.low)) / width
    t2 = (c0 - 1) * (moment(1 - p.high) - moment(1 - p.low)) / width
    result = -width.log() + t2 + log_beta - t1
    return call("where", (p.high > 1) | (p.low < 0), math.inf, result)


@register_kl(Beta, Uniform)
def _(p: Any, q: Any) -> Any:
    result = -p.entropy() + (q.high - q.low).log()
    return call("where", (q.low > 0) | (q.high < 1), math.inf, result)


@register_kl(Normal, Gamma)
@register_kl(Normal, Exponential)
@register_kl(Normal, Uniform)
@register_kl(Normal, Beta)
@register_kl(Laplace, Gamma)
@register_kl(Laplace, Exponential)
@register_kl(Laplace, Uniform)
@register_kl(Laplace, Beta)
def _(p: Any, q: Any) -> Any:
    """A value of the first may lie outside the second's support."""
    return _infinite_like(p.loc)


@register_kl(Exponential, Uniform)
@register_kl(Exponential, Beta)
@register_kl(Gamma, Uniform)
@register_kl(Gamma, Beta)
@register_kl(Poisson, Bernoulli)
@register_kl(Poisson, Binomial)
def _(p: Any, q: Any) -> Any:
    """The same, for families with a rate."""
    return _infinite_like(p.rate)

"""Distributions compared with PyTorch's: by goldens in tests/, directly in parity/."""

from __future__ import annotations

from typing import Any

CASES = {
    "Normal": "D.Normal(t([0.5, -1.0]), t([1.0, 2.0]))", "Uniform": "D.Uniform(t([0.0, -1.0]), 2.0)",
    "Exponential": "D.Exponential(t([1.0, 3.0]))", "Laplace": "D.Laplace(0.5, t([1.0, 2.0]))",
    "Cauchy": "D.Cauchy(t([0.0, 1.0]), 2.0)", "Gamma": "D.Gamma(t([0.5, 3.0, 40.0]), t([1.0, 2.0, 0.5]))",
    "Chi2": "D.Chi2(t([2.0, 5.0]))", "StudentT": "D.StudentT(t([3.0, 8.0]), 1.0, 2.0)",
    "Beta": "D.Beta(t([0.5, 2.0]), t([3.0, 1.5]))", "Dirichlet": "D.Dirichlet(t([[0.5, 1.0, 2.0], [3.0, 3.0, 9.0]]))",
    "Bernoulli": "D.Bernoulli(t([0.2, 0.7]))", "Bernoulli of logits": "D.Bernoulli(logits=t([-1.0, 2.0]))",
    "Categorical": "D.Categorical(t([[0.2, 0.3, 0.5], [1.0, 1.0, 2.0]]))",
    "Categorical of logits": "D.Categorical(logits=t([0.1, -2.0, 1.0]))", "OneHotCategorical": "D.OneHotCategorical(t([0.2, 0.8]))",
    "OneHotCategoricalStraightThrough": "D.OneHotCategoricalStraightThrough(t([0.2, 0.8]))",
    "Multinomial": "D.Multinomial(7, t([[0.2, 0.8, 0.5], [1.0, 1.0, 1.0]]))", "Binomial": "D.Binomial(t([10.0, 80.0]), t([0.3, 0.6]))",
    "Poisson": "D.Poisson(t([0.5, 4.0, 30.0]))", "Geometric": "D.Geometric(t([0.2, 0.9]))",
    "NegativeBinomial": "D.NegativeBinomial(t([3.0, 9.0]), t([0.3, 0.6]))", "LogNormal": "D.LogNormal(t([0.0, 1.0]), 0.5)",
    "HalfNormal": "D.HalfNormal(t([1.0, 2.0]))", "HalfCauchy": "D.HalfCauchy(t([1.0, 2.0]))",
    "Gumbel": "D.Gumbel(t([0.0, 1.0]), 2.0)", "Weibull": "D.Weibull(t([1.0, 2.0]), t([1.5, 0.7]))",
    "Pareto": "D.Pareto(t([1.0, 2.0]), t([3.0, 2.5]))", "RelaxedBernoulli": "D.RelaxedBernoulli(t(0.5), t([0.3, 0.8]))",
    "RelaxedOneHotCategorical": "D.RelaxedOneHotCategorical(t(0.5), t([0.3, 0.7]))",
    "InverseGamma": "D.InverseGamma(t([0.5, 1.5, 4.0]), t([1.0, 2.0, 0.5]))",
    "Kumaraswamy": "D.Kumaraswamy(t([0.7, 2.0]), t([3.0, 1.5]))", "LogisticNormal": "D.LogisticNormal(t([0.0, 0.5]), t([1.0, 2.0]))",
    "FisherSnedecor": "D.FisherSnedecor(t([1.0, 6.0]), t([3.0, 5.0]))",
    "GeneralizedPareto": "D.GeneralizedPareto(t([0.1, 0.0, 1.0]), t([2.0, 1.0, 1.0]), t([0.4, 0.0, -0.7]))",
    "VonMises": "D.VonMises(t([1.0, -2.0, 0.0]), t([0.5, 3.0, 12.0]))",
    "LowRankMultivariateNormal": "D.LowRankMultivariateNormal(t([0.5, -1.0, 0.0]), t([[1.0], [0.3], [-0.5]]), t([0.5, 1.0, 2.0]))",
    "Independent": "D.Independent(D.Normal(t([[0.0, 1.0], [2.0, 3.0]]), 1.0), 1)",
    "Transformed": "D.TransformedDistribution(D.Normal(t([0.0, 1.0]), 1.0), [D.SigmoidTransform(), D.AffineTransform(1.0, -2.0)])",
    "Correlations": "D.TransformedDistribution(D.Independent(D.Normal(t([0.0, 0.5, -1.0]), 1.0), 1), [D.CorrCholeskyTransform()])",
    "Mixture": "D.MixtureSameFamily(D.Categorical(t([0.3, 0.7])), D.Normal(t([0.0, 4.0]), t([1.0, 2.0])))",
    "MultivariateNormal": "D.MultivariateNormal(t([0.5, -1.0]), t([[2.0, 0.3], [0.3, 1.0]]))",
    "Wishart": "D.Wishart(t([4.5, 6.0]), t([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 0.7]]))",
    "Wishart by factor": "D.Wishart(3.5, scale_tril=t([[1.5, 0.0], [0.4, 0.8]]))",
    "Wishart by precision": "D.Wishart(t(5.0), precision_matrix=t([[2.0, 0.3], [0.3, 1.0]]))",
    "LKJCholesky": "D.LKJCholesky(3, t([0.5, 2.0]))", "LKJCholesky of two": "D.LKJCholesky(2)",
    "MultivariateNormal by precision": "D.MultivariateNormal(t([[0.5, -1.0]]), precision_matrix=t([[2.0, 0.3], [0.3, 1.0]]))",
}  # fmt: skip

#: Calls that fail, with the type and PyTorch's words.
BAD = {
    "D.Normal(0.0, -1.0)": (ValueError, "Expected parameter scale (Tensor of shape ()) of distribution Normal(loc: 0.0, scale: -1.0)"),
    "D.Normal(0.0, 1.0).log_prob(1.0)": (ValueError, "The value argument to log_prob must be a Tensor"),
    "D.Normal(t([0.0, 1.0]), 1.0).log_prob(t([1.0, 1.0, 1.0]))": (ValueError, "Value is not broadcastable with batch_shape+event_shape"),
    "D.Uniform(0.0, 1.0).log_prob(t(2.0))": (ValueError, "support (Interval(lower_bound=0.0, upper_bound=1.0))"),
    "D.Categorical(t([0.5, 0.5])).log_prob(t(2))": (ValueError, "IntegerInterval(lower_bound=0, upper_bound=1)"),
    "D.Categorical()": (ValueError, "Either `probs` or `logits` must be specified, but not both."),
    "D.Categorical(t(0.5))": (ValueError, "`probs` parameter must be at least one-dimensional."),
    "D.Categorical(t([0.1, -0.2]))": (ValueError, "to satisfy the constraint Simplex()"),
    "D.Bernoulli(1.3)": (ValueError, "to satisfy the constraint Interval(lower_bound=0.0, upper_bound=1.0)"),
    "D.MultivariateNormal(t([0.0, 0.0]), t([[1.0, 0.0], [0.0, -1.0]]))": (ValueError, "the constraint PositiveDefinite()"),
    "D.MultivariateNormal(t([0.0]))": (ValueError, "Exactly one of covariance_matrix or precision_matrix or scale_tril"),
    "D.LowRankMultivariateNormal(t([0.0]), t([0.0]), t([1.0]))": (ValueError, "cov_factor must be at least two-dimensional"),
    "D.LowRankMultivariateNormal(t([0.0]), t([[0.0], [1.0]]), t([1.0]))": (ValueError, "cov_factor must be a batch of matrices"),
    "D.LowRankMultivariateNormal(t([0.0]), t([[0.0]]), t([1.0, 2.0]))": (ValueError, "cov_diag must be a batch of vectors with shape"),
    "D.Wishart(t(1.0), t([[1.0, 0.0], [0.0, 1.0]]))": (ValueError, "expected to be greater than ndim - 1 = 1."),
    "D.Wishart(t(3.0))": (AssertionError, "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."),
    "D.Wishart(t(3.0), t([1.0]))": (ValueError, "scale_tril must be at least two-dimensional"),
    "D.LKJCholesky(1)": (ValueError, "Expected dim to be an integer greater than or equal to 2. Found dim=1."),
    "D.FisherSnedecor(-1.0, 2.0)": (ValueError, "to satisfy the constraint GreaterThan(lower_bound=0.0)"),
    "D.kl_divergence(D.Normal(0.0, 1.0), D.Categorical(t([0.5, 0.5])))": (NotImplementedError, "No KL(p || q) is implemented for p type"),
    "D.Beta(t(1.0), t(2.0)).cdf(t(0.5))": (NotImplementedError, ""),
    "D.Bernoulli(0.5).rsample()": (NotImplementedError, ""),
    "D.Independent(D.Normal(0.0, 1.0), 1)": (ValueError, "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape)"),
    "D.biject_to(D.constraints.boolean)": (NotImplementedError, "Cannot transform _Boolean constraints"),
    "D.AbsTransform().sign": (NotImplementedError, ""),
    "D.CorrCholeskyTransform().forward_shape((4,))": (ValueError, "Input is not a flattened lower-diagonal number"),
    "D.CorrCholeskyTransform()(t([0.0] * 4))": (RuntimeError, "shape mismatch: value tensor of shape [4] cannot be broadcast to"),
}  # fmt: skip


def build(torch: Any, text: str) -> Any:
    """What a case describes."""
    D = torch.distributions
    return eval(text, {"D": D, "t": torch.tensor})


def _listed(x: Any) -> Any:
    return [str(x.dtype).partition(".")[2], list(x.shape), x.detach().reshape(-1).tolist()]


def describe(torch: Any, text: str) -> dict[str, Any]:
    """What a distribution prints, knows, draws from seed 3, and computes."""
    d = build(torch, text)
    out: dict[str, Any] = {"repr": repr(d), "batch": list(d.batch_shape), "event": list(d.event_shape)}
    out["support"] = repr(d.support)
    for name in ("mean", "mode", "variance", "stddev"):
        try:
            out[name] = _listed(getattr(d, name))
        except NotImplementedError:
            out[name] = None
    torch.manual_seed(3)
    samples = d.sample((3,))
    out["samples"] = _listed(samples)
    out["rsamples"] = _listed(d.rsample()) if d.has_rsample else None
    out["next"] = float(torch.rand(1)[0])
    for name, call in (
        ("log_prob", lambda: d.log_prob(samples)), ("cdf", lambda: d.cdf(samples)),
        ("icdf", lambda: d.icdf(torch.full(samples.shape, 0.3))), ("entropy", d.entropy),
        ("support values", d.enumerate_support), ("expanded", lambda: d.expand((2, *d.batch_shape)).log_prob(samples[0])),
    ):  # fmt: skip
        try:
            out[name] = _listed(call())
        except NotImplementedError:
            out[name] = None
    try:
        out["kl"] = _listed(torch.distributions.kl_divergence(d, d))
    except NotImplementedError:
        out["kl"] = None
    return out

"""Distributions print, draw and compute as PyTorch's; gradients of samples and of densities are right."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from distribution_cases import BAD, CASES, build, describe

import rushlight as torch
from rushlight import distributions as D

GOLDEN = json.loads((Path(__file__).parent / "golden" / "distributions.json").read_text())


@pytest.mark.filterwarnings("ignore:Singular sample detected")  # as PyTorch says of each it draws twice
@pytest.mark.parametrize("name", CASES)
def test_as_recorded(name):
    got, want = describe(torch, CASES[name]), GOLDEN[name]
    assert list(got) == list(want)
    for key, value in want.items():
        if key in ("samples", "rsamples") and value is not None:
            assert got[key][:2] == value[:2]
            # the draws are the same bits; what is made of them is rounded by the transform
            np.testing.assert_allclose(got[key][2], value[2], rtol=3e-6, atol=1e-7, err_msg=key)
        elif isinstance(value, list) and value and isinstance(value[0], str):
            assert got[key][:2] == value[:2], key
            np.testing.assert_allclose(got[key][2], value[2], rtol=2e-5, atol=2e-6, err_msg=key)
        else:
            assert got[key] == value, key


@pytest.mark.parametrize("name", ["Normal", "Uniform", "Exponential", "Bernoulli", "Categorical", "Multinomial", "Binomial", "Poisson",
                                  "Gamma", "OneHotCategorical", "Cauchy"])  # fmt: skip
def test_samples_bit_for_bit(name):
    torch.manual_seed(3)
    got = build(torch, CASES[name]).sample((3,))
    assert got.reshape(-1).tolist() == GOLDEN[name]["samples"][2]


@pytest.mark.parametrize("text", BAD)
def test_bad_calls(text):
    kind, phrase = BAD[text]
    with pytest.raises(kind) as caught:
        build(torch, text)
    assert phrase in str(caught.value)


def quantile_slope(cdf, x, a):
    """-(dF/da) / (dF/dx) by differences."""
    h = 1e-5 * x.clamp(max=1.0)
    by_a = (cdf(a + h, x) - cdf(a - h, x)) / (2 * h)
    by_x = (cdf(a, x + h) - cdf(a, x - h)) / (2 * h)
    return -by_a / by_x


def test_gradient_of_a_gamma_sample():
    alpha = torch.tensor([0.3, 1.0, 4.0, 30.0, 500.0], dtype=torch.float64, requires_grad=True)
    torch.manual_seed(0)
    x = D.Gamma(alpha, torch.tensor(1.0, dtype=torch.float64)).rsample()
    (slope,) = torch.autograd.grad(x.sum(), alpha)
    wanted = quantile_slope(torch.special.gammainc, x.detach(), alpha.detach())
    np.testing.assert_allclose(slope.numpy(), wanted.numpy(), rtol=1e-5)


@pytest.mark.parametrize("c1, c0", [(0.5, 2.0), (3.0, 0.7), (20.0, 35.0)])
def test_gradient_of_a_beta_sample(c1, c0):
    t = np.linspace(0, 1, 2_000_001)[1:-1]

    def cdf(a, x):
        logs = (a - 1) * np.log(t) + (c0 - 1) * np.log1p(-t)
        density = np.exp(logs - logs.max())
        return density[t <= x].sum() / density.sum()

    a = torch.tensor(c1, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(1)
    x = D.Beta(a, torch.tensor(c0, dtype=torch.float64)).rsample()
    (slope,) = torch.autograd.grad(x, a)
    by_a = (cdf(c1 + 1e-3, x.item()) - cdf(c1 - 1e-3, x.item())) / 2e-3
    by_x = (cdf(c1, x.item() + 1e-3) - cdf(c1, x.item() - 1e-3)) / 2e-3
    assert slope.item() == pytest.approx(-by_a / by_x, rel=2e-2)


@pytest.mark.parametrize(
    "name", ["Normal", "Gamma", "Dirichlet", "Categorical", "MultivariateNormal", "StudentT", "Laplace"]
)
def test_gradient_of_a_density(name):
    """The derivative of log_prob by the first parameter against a difference quotient."""
    d = build(torch, CASES[name])
    value = d.sample().double()
    first = next(n for n in d.arg_constraints if n in d.__dict__)
    base = {n: getattr(d, n).double() for n in d.arg_constraints if n in d.__dict__}

    def density(x):
        return type(d)(**{**base, first: x}, validate_args=False).log_prob(value).sum()

    x = base[first].clone().requires_grad_()
    (slope,) = torch.autograd.grad(density(x), x)
    direction = torch.linspace(0.5, 1.5, x.numel(), dtype=torch.float64).reshape(x.shape)
    h = 1e-6
    quotient = (density(base[first] + h * direction) - density(base[first] - h * direction)).item() / (2 * h)
    assert (slope * direction).sum().item() == pytest.approx(quotient, rel=1e-5, abs=1e-6)


TRANSFORMS = [
    "ExpTransform()", "AffineTransform(1.0, -2.0)", "SigmoidTransform()", "TanhTransform()", "SoftplusTransform()",
    "PowerTransform(torch.tensor(2.0))", "StickBreakingTransform()", "ComposeTransform([D.ExpTransform(), D.AffineTransform(0.0, 3.0)])",
    "IndependentTransform(D.ExpTransform(), 1)", "ExpTransform().inv", "CumulativeDistributionTransform(D.Normal(0.0, 1.0))",
    "StackTransform([D.ExpTransform(), D.TanhTransform()])", "CatTransform([D.ExpTransform(), D.TanhTransform()])",
]  # fmt: skip


@pytest.mark.parametrize("text", TRANSFORMS)
def test_transforms_invert_and_know_their_jacobian(text):
    f = eval(f"D.{text}", {"D": D, "torch": torch})
    x = torch.tensor([0.3, 0.6], dtype=torch.float64)
    y = f(x)
    np.testing.assert_allclose(f.inv(y).numpy(), x.numpy(), rtol=1e-6)
    jacobian = np.zeros((2, 2))
    for i in range(2):
        step = torch.zeros(2, dtype=torch.float64)
        step[i] = 1e-6
        jacobian[:, i] = ((f(x + step) - f(x - step)) / 2e-6).numpy()[:2]
    wanted = math.log(abs(np.linalg.det(jacobian)))
    assert f.log_abs_det_jacobian(x, y).sum().item() == pytest.approx(wanted, abs=1e-4)
    assert repr(f) and f == f


def test_cached_transforms():
    f = D.ExpTransform(cache_size=1)
    x = torch.tensor([1.0])
    y = f(x)
    assert f.inv(y) is x


def test_transforms_into_every_region():
    for constraint in (D.constraints.positive, D.constraints.simplex, D.constraints.interval(1.0, 3.0), D.constraints.less_than(2.0),
                       D.constraints.lower_cholesky, D.constraints.positive_definite, D.constraints.real_vector):  # fmt: skip
        x = torch.randn(3, 3)
        assert constraint.check(D.transform_to(constraint)(x)).all()


def test_checks_can_be_switched_off():
    assert math.isnan(D.Normal(0.0, -1.0, validate_args=False).entropy().item())
    D.Distribution.set_default_validate_args(False)
    try:
        D.Normal(0.0, -1.0)
    finally:
        D.Distribution.set_default_validate_args(True)


def test_a_divergence_of_ones_own():
    class Mine(D.Normal):
        pass

    @D.register_kl(Mine, Mine)
    def _(p, q):
        return torch.tensor(7.0)

    assert D.kl_divergence(Mine(0.0, 1.0), Mine(0.0, 1.0)).item() == 7


def test_policy_gradient_step():
    logits = torch.zeros(3, requires_grad=True)
    torch.manual_seed(0)
    d = D.Categorical(logits=logits)
    action = d.sample()
    (-d.log_prob(action) * 2.0).backward()
    wanted = 2 * (torch.full((3,), 1 / 3) - torch.nn.functional.one_hot(action, 3))
    np.testing.assert_allclose(logits.grad.numpy(), wanted.numpy(), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:Singular sample detected")
def test_the_divergence_of_wishart_distributions_is_the_mean_of_their_densities():
    D, t = torch.distributions, torch.tensor
    p = D.Wishart(t([4.5, 6.0]), t([[2.0, 0.3], [0.3, 1.0]]))
    q = D.Wishart(t(5.5), t([[1.0, -0.2], [-0.2, 0.7]]))
    torch.manual_seed(0)
    x = p.sample((20_000,))
    mean = (p.log_prob(x) - q.log_prob(x)).mean(0)
    np.testing.assert_allclose(mean.numpy(), D.kl_divergence(p, q).numpy(), rtol=0.03)


EXPANDED = {
    "Independent": lambda: (D.Normal(torch.zeros(2, 2), 1.0), 1), "Gumbel": lambda: (torch.ones(2), 1.0),
    "Weibull": lambda: (torch.ones(2), 1.0), "Pareto": lambda: (torch.ones(2), 1.0), "Kumaraswamy": lambda: (torch.ones(2), 1.0),
    "RelaxedBernoulli": lambda: (torch.tensor(1.0), torch.ones(2) / 2),
    "RelaxedOneHotCategorical": lambda: (torch.tensor(1.0), torch.ones(2, 3)),
    "MixtureSameFamily": lambda: (D.Categorical(torch.ones(2, 3)), D.Normal(torch.zeros(2, 3), 1.0)),
    "OneHotCategorical": lambda: (torch.ones(2, 3),), "Multinomial": lambda: (3, torch.ones(2, 3)),
    "Beta": lambda: (torch.ones(2), 1.0), "Normal": lambda: (torch.ones(2), 1.0), "LogNormal": lambda: (torch.ones(2), 1.0),
    "LKJCholesky": lambda: (3, torch.ones(2)), "MultivariateNormal": lambda: (torch.zeros(2, 2), torch.eye(2)),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPANDED)
def test_subclasses_expand_as_those_of_pytorch_are_written(name):
    family, parameters = getattr(D, name), EXPANDED[name]()

    class Tagged(family):
        def __init__(self, *parameters):
            self.tag = "made"
            super().__init__(*parameters)

        def expand(self, batch_shape, _instance=None):
            new = self._get_checked_instance(Tagged, _instance)
            new.tag = "expanded"
            return super().expand(batch_shape, _instance=new)

    class Forgot(family):
        def __init__(self, *parameters):
            super().__init__(*parameters)

    new = Tagged(*parameters).expand((3, 2))
    assert type(new) is Tagged and new.tag == "expanded" and new.batch_shape == (3, 2)
    assert new.sample().shape == (3, 2, *new.event_shape)
    with pytest.raises(NotImplementedError, match=f"Subclass Forgot of {name} that defines a custom __init__"):
        Forgot(*parameters).expand((3, 2))


def test_names_that_libraries_of_distributions_import():
    assert D.utils._sum_rightmost(torch.ones(2, 3), 1).tolist() == [3.0, 3.0]
    assert isinstance(D.ExpTransform().inv, D.transforms._InverseTransform)
    for module, name in {
        "von_mises": "VonMises",
        "wishart": "Wishart",
        "lowrank_multivariate_normal": "LowRankMultivariateNormal",
    }.items():
        assert getattr(getattr(D, module), name) is getattr(D, name)
    assert torch._C._get_tracing_state() is None

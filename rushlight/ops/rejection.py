"""Samples by rejection with PyTorch's draws: Poisson, binomial, gamma, Dirichlet; their derivatives by the shape."""

from __future__ import annotations

import numpy as np

from .. import errors, types
from ..kernels import implicit
from ..kernels.strides import broadcast_shapes
from ..op import opaque
from ..random import rejection
from ..tensor import Tensor
from .sampling import _generator


def _tensors_first(op, *names):
    """Have an op's tensors checked before its body sees them."""

    def prepare(*args, generator=None, **kwargs):
        values = dict(zip(names, args, strict=False)) | kwargs
        for i, name in enumerate(names):
            if not isinstance(values.get(name), (Tensor, np.ndarray)):  # arrays: a rule reads it
                raise errors.not_a_tensor(op.torch_name, name, i + 1, values.get(name))
        return tuple(values[n] for n in names), ({"generator": generator} if op.attrs else {})

    op.prepare(prepare)


@opaque(
    grad_name="PoissonBackward0",
    samples=lambda m: [
        m(m.f(3, 4, lo=0.5, hi=30)), m(m.f(lo=1, hi=3)), m(m.f(0, 2)), m(m.nc(3, 2, lo=0.5, hi=5)), m(m.a([-1.0])),
        m(m.i(3)),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "invalid Poisson rate, expected rate to be non-negative", m.a([-1.0])),
        m.error(NotImplementedError, '"poisson_cpu" not implemented for \'Long\'', m.i(2)),
        m.error(TypeError, "poisson(): argument 'input' (position 1) must be Tensor, not float", 3.0),
    ],
)  # fmt: skip
def poisson(k, input, *, generator=None):
    """Poisson counts of these rates. Their gradient is zero.

    Raises:
        RuntimeError: for a negative rate. NotImplementedError: for integers.
    """
    return rejection.poisson(_generator(generator), input)


@poisson.vjp("input")
def _(k, g):
    return g * 0.0


@opaque(
    samples=lambda m: [
        m(m.a([[5.0, 40.0], [100.0, 0.0]]).to(m._dtype()), m.f(2, 2, lo=0.05, hi=0.95)).value_only("PyTorch has no gradient"),
        m(m.a(8.0).to(m._dtype()), m.f(lo=0.2, hi=0.4)).value_only("the same"),
        m(m.f(0, 2), m.f(2, lo=0.2, hi=0.4)).value_only("the same"),
        m(m.nc(3, 2, lo=20, hi=40).round(), m.nc(3, 2, lo=0.1, hi=0.9)).value_only("the same"),
    ],
    errors=lambda m: [
        m.error(ValueError, "binomial only supports floating-point dtypes for count, got: Long", m.i(2), m.f(2)),
        m.error(RuntimeError, "must match the size of tensor b (2) at non-singleton dimension 0", m.f(3), m.f(2)),
        m.error(TypeError, "binomial(): argument 'count' (position 1) must be Tensor, not float", 3.0, m.f(2)),
    ],
)  # fmt: skip
def binomial(k, count, prob, *, generator=None):
    """How many of ``count`` trials succeed with probability ``prob``; the two broadcast.

    Raises:
        ValueError: for integers. RuntimeError: for dtypes that differ.
    """
    for name, a in (("count", count), ("prob", prob)):
        if types.of_array(a).category != types.FLOATING:
            raise errors.value(
                f"binomial only supports floating-point dtypes for {name}, got: {types.scalar_name(types.of_array(a))}"
            )
    if count.dtype != prob.dtype:
        found, wanted = (types.scalar_name(types.of_array(a)) for a in (prob, count))
        raise errors.runtime(f"Found dtype {found} but expected {wanted}")
    shape = broadcast_shapes(count.shape, prob.shape)
    count, prob = np.broadcast_to(count, shape), np.broadcast_to(prob, shape)
    return rejection.binomial(_generator(generator), count, prob)


for _name in ("count", "prob"):
    binomial.unsupported(_name, "PyTorch has no derivative of binomial either: use a relaxation of it.")


@opaque(
    torch_name="_standard_gamma_grad",
    samples=lambda m: [
        m(m.f(3, 4, lo=0.5, hi=9), m.f(3, 4, lo=0.2, hi=9))
        .value_only("PyTorch has no second gradient")
        .apart("approximate"),
        m(m.f(lo=1, hi=2), m.f(lo=1, hi=2)).apart("PyTorch's is an approximation to 1e-3"),
        m(m.f(0, 2), m.f(0, 2)).apart("empty"),
        m(m.nc(3, 2, lo=1, hi=2), m.f(3, 2, lo=1, hi=2)).apart("approximate"),
    ],
    errors=lambda m: [m.error(TypeError, "argument 'input' (position 1) must be Tensor, not float", 3.0, m.f(2))],
)
def _standard_gamma_grad(k, input, output):
    """How a gamma sample moves with its shape, its rank held fixed: -(dF/da) / density, by quadrature (float64, 1e-10)."""
    return implicit.gamma_slope(input, output).astype(input.dtype)


for _name in ("input", "output"):
    _standard_gamma_grad.unsupported(_name, "PyTorch has no second derivative of a gamma sample either.")


@opaque(
    torch_name="_standard_gamma",
    grad_name="StandardGammaBackward0",
    samples=lambda m: [
        m(m.f(3, 4, lo=0.3, hi=9)).value_only("PyTorch's gradient is an approximation; tested in test_distributions"),
        m(m.f(lo=1, hi=3)).value_only("the same"),
        m(m.f(0, 2)).value_only("the same"),
        m(m.nc(3, 2, lo=0.5, hi=5)).value_only("the same"),
    ],
    errors=lambda m: [m.error(NotImplementedError, "\"gamma_cpu\" not implemented for 'Long'", m.i(2))],
)
def _standard_gamma(k, input, *, generator=None):
    """Gamma samples of these shapes and scale 1. The gradient is the implicit one, see ``_standard_gamma_grad``."""
    return rejection.standard_gamma(_generator(generator), input)


@_standard_gamma.vjp("input")
def _(k, g, input, out):
    return g * k._standard_gamma_grad(input, out)


@opaque(
    torch_name="_sample_dirichlet",
    samples=lambda m: [
        m(m.f(3, 4, lo=0.3, hi=9)).value_only("PyTorch has no gradient of it"),
        m(m.nc(3, 2, lo=0.5, hi=5)).value_only("the same"),
        m(m.f(0, 2)).value_only("the same"),
        m.without("0-d", "a distribution over the last dimension"),
    ],
    errors=lambda m: [m.error(NotImplementedError, "not implemented for 'Long'", m.i(2))],
)
def _sample_dirichlet(k, input, *, generator=None):
    """Dirichlet samples over the last dimension. ``torch.distributions.Dirichlet.rsample`` has their gradient."""
    return rejection.sample_dirichlet(_generator(generator), input)


_sample_dirichlet.unsupported("input", "Use torch.distributions.Dirichlet(concentration).rsample().")


@opaque(
    torch_name="_dirichlet_grad",
    samples=lambda m: [
        m(m.f(3, 4, lo=0.1, hi=0.9), m.f(3, 4, lo=0.5, hi=3), m.f(3, 4, lo=4, hi=9)).apart("approximate"),
        m(m.f(0, 2), m.f(0, 2), m.f(0, 2)).apart("empty"),
        m(m.nc(3, 2, lo=0.1, hi=0.9), m.f(3, 2, lo=0.5, hi=3), m.f(3, 2, lo=4, hi=9)).apart("approximate"),
        m(m.f(lo=0.1, hi=0.9), m.f(lo=1, hi=2), m.f(lo=3, hi=4)).apart("approximate"),
    ],
    errors=lambda m: [m.error(TypeError, "argument 'x' (position 1) must be Tensor, not float", 3.0, m.f(2), m.f(2))],
)
def _dirichlet_grad(k, x, alpha, total):
    """``dx/dalpha / (1 - x)`` of one coordinate of a Dirichlet sample, by the beta distribution that it has (float64, 1e-10)."""
    slope = implicit.beta_slope(alpha, total - alpha, x)
    return (slope / (1 - x.astype(np.float64))).astype(x.dtype)


for _name in ("x", "alpha", "total"):
    _dirichlet_grad.unsupported(_name, "PyTorch has no second derivative of a Dirichlet sample either.")


_tensors_first(poisson, "input")
_tensors_first(binomial, "count", "prob")
_tensors_first(_standard_gamma, "input")
_tensors_first(_standard_gamma_grad, "input", "output")
_tensors_first(_sample_dirichlet, "input")
_tensors_first(_dirichlet_grad, "x", "alpha", "total")

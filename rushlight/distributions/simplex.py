"""Distributions of proportions: Dirichlet and beta."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..autograd.function import Function, once_differentiable
from ..ops.create import tensor
from . import constraints
from .distribution import ExponentialFamily, broadcast_all, call, family, only_numbers


class _Dirichlet(Function):
    """A Dirichlet sample; its gradient is that of each coordinate's beta distribution, the rest scaled along."""

    @staticmethod
    def forward(ctx: Any, concentration: Any) -> Any:
        x = call("_sample_dirichlet", concentration)
        ctx.save_for_backward(x, concentration)
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: Any) -> Any:
        x, concentration = ctx.saved_tensors
        total = concentration.sum(-1, True).expand_as(concentration)
        grad = call("_dirichlet_grad", x, concentration, total)
        return grad * (grad_output - (x * grad_output).sum(-1, True))


class Dirichlet(ExponentialFamily):
    """``prod x_i^(c_i - 1) Gamma(sum c) / prod Gamma(c_i)`` on the simplex."""

    arg_constraints: Any = {"concentration": constraints.independent(constraints.positive, 1)}
    support: Any = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Any, validate_args: bool | None = None):
        if concentration.dim() < 1:
            raise errors.value("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args=validate_args)

    def _parameter_shape(self, name: str) -> Any:
        return self.event_shape

    def rsample(self, sample_shape: Any = ()) -> Any:
        return _Dirichlet.apply(self.concentration.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        c = self.concentration
        return call("xlogy", c - 1.0, value).sum(-1) + call("lgamma", c.sum(-1)) - call("lgamma", c).sum(-1)

    @property
    def mean(self) -> Any:
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Any:
        c = (self.concentration - 1).clamp(min=0.0)
        mode = c / c.sum(-1, True)
        mask = (self.concentration < 1).all(dim=-1, keepdim=True)
        corner = call("nn.functional.one_hot", self.concentration.argmax(-1), c.shape[-1]).to(mode.dtype)
        return call("where", mask, corner, mode)

    @property
    def variance(self) -> Any:
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total.pow(2) * (total + 1))

    def entropy(self) -> Any:
        c, k = self.concentration, self.concentration.size(-1)
        a0 = c.sum(-1)
        return (
            call("lgamma", c).sum(-1)
            - call("lgamma", a0)
            - (k - a0) * call("digamma", a0)
            - ((c - 1.0) * call("digamma", c)).sum(-1)
        )


class Beta(ExponentialFamily):
    """``x^(c1 - 1) (1 - x)^(c0 - 1) / B(c1, c0)`` on [0, 1]."""

    arg_constraints: Any = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support: Any = constraints.unit_interval
    has_rsample = True

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None):
        if only_numbers(concentration1, concentration0):
            both = tensor([float(concentration1), float(concentration0)])
        else:
            both = call("stack", list(broadcast_all(concentration1, concentration0)), -1)
        self._dirichlet = Dirichlet(both, validate_args=validate_args)
        super().__init__(self._dirichlet.batch_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(family(type(self)), _instance)
        new._dirichlet = self._dirichlet.expand(batch_shape)
        ExponentialFamily.__init__(new, new._dirichlet.batch_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def concentration1(self) -> Any:
        """The exponent of x, plus 1."""
        c = self._dirichlet.concentration[..., 0]
        return c

    @property
    def concentration0(self) -> Any:
        """The exponent of 1 - x, plus 1."""
        return self._dirichlet.concentration[..., 1]

    @property
    def mean(self) -> Any:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Any:
        return self._dirichlet.mode[..., 0]

    @property
    def variance(self) -> Any:
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self._dirichlet.rsample(sample_shape).select(-1, 0)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        return self._dirichlet.log_prob(call("stack", [value, 1.0 - value], -1))

    def entropy(self) -> Any:
        return self._dirichlet.entropy()


__all__ = ["Beta", "Dirichlet"]

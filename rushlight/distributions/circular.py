"""Distributions of angles."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.mode import no_grad
from ..tensor import Tensor
from . import constraints
from .distribution import Distribution, broadcast_all, call, computed


class VonMises(Distribution):
    """Angles in radians around ``loc``: ``exp(concentration cos(x - loc)) / (2 pi I0(concentration))``."""

    loc: Any
    concentration: Any

    arg_constraints: Any = {"loc": constraints.real, "concentration": constraints.positive}
    support: Any = constraints.real

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None):
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    mean: Tensor = computed(lambda self: self.loc)  # of directions
    mode: Tensor = mean

    @property
    def variance(self) -> Any:
        """That of directions, ``1 - I1 / I0``."""
        k = self.concentration
        return 1 - call("special.i1e", k) / call("special.i0e", k)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        k = self.concentration
        return k * call("cos", value - self.loc) - math.log(2 * math.pi) - (call("special.i0e", k).log() + k)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Best and Fisher, "Efficient simulation of the von Mises distribution" (1979): rejection from a wrapped Cauchy number.

        In float64, as small concentrations would be rejected for ever in float32.
        """
        with no_grad():
            loc, k = self.loc.double(), self.concentration.double()
            tau = 1 + (1 + 4 * k**2).sqrt()
            rho = (tau - (2 * tau).sqrt()) / (2 * k)
            r = call("where", k < 1e-5, 1 / k + k, (1 + rho**2) / (2 * rho))
            shape = self._extended_shape(sample_shape)
            x, done = call("zeros", shape, dtype=loc.dtype), call("zeros", shape, dtype=(k == k).dtype)
            while not done.all():
                u1, u2, u3 = call("rand", (3, *shape), dtype=loc.dtype).unbind()
                z = (math.pi * u1).cos()
                f = (1 + r * z) / (r + z)
                c = k * (r - f)
                accepted = ((c * (2 - c) - u2) > 0) | ((c / u2).log() + 1 - c >= 0)
                x = call("where", accepted, (u3 - 0.5).sign() * f.acos(), x)
                done = done | accepted
            return ((x + math.pi + loc) % (2 * math.pi) - math.pi).to(self.loc.dtype)


__all__ = ["VonMises"]

"""Activation functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..functions import function
from ..op import REGISTRY, elementwise
from ..tensor import Tensor
from .unary import erf_array


@elementwise(methods="relu relu_", domain=(-3, 3))
def relu(k, input):
    """``max(input, 0)``; the gradient at 0 is 0, nan stays."""
    return np.maximum(input, input.dtype.type(0))


@relu.vjp("input")
def _(k, g, out):
    return k.where(out > 0, g, g * 0.0)


@elementwise(torch_name="nn.functional.leaky_relu", domain=(-3, 3), public=True)
def leaky_relu(k, input, *, negative_slope=0.01):
    """``input`` where positive, else ``negative_slope * input``."""
    return np.where(input > 0, input, input * input.dtype.type(negative_slope))


@leaky_relu.vjp("input")
def _(k, g, input, negative_slope):
    return k.where(input > 0, g, g * negative_slope)


@elementwise(torch_name="nn.functional.elu", domain=(-3, 3))
def elu(k, input, *, alpha=1.0):
    """``input`` where positive, else ``alpha * (exp(input) - 1)``."""
    return np.where(input > 0, input, (alpha * np.expm1(input)).astype(input.dtype))


@elu.vjp("input")
def _(k, g, input, alpha):
    return k.where(input > 0, g, g * alpha * k.exp(k.where(input > 0, input * 0.0, input)))


@elementwise(torch_name="nn.functional.gelu", domain=(-3, 3))
def gelu(k, input, *, approximate="none"):
    """``x * P(X <= x)`` for a standard normal X; or its tanh approximation (Hendrycks & Gimpel 2016)."""
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (input + 0.044715 * input * input * input)
        return 0.5 * input * (1 + np.tanh(inner))
    if approximate != "none":
        raise RuntimeError("approximate argument must be either none or tanh.")
    return input * 0.5 * (1 + erf_array(input * input.dtype.type(math.sqrt(0.5))))


@gelu.vjp("input")
def _(k, g, input, approximate):
    if approximate == "tanh":
        scale = math.sqrt(2 / math.pi)
        t = k.tanh(scale * (input + 0.044715 * input * input * input))
        return g * (0.5 * (1 + t) + 0.5 * input * (1 - t * t) * scale * (1 + 3 * 0.044715 * input * input))
    cdf = 0.5 * (1 + k.erf(input * math.sqrt(0.5)))
    return g * (cdf + input * k.exp(-0.5 * input * input) / math.sqrt(2 * math.pi))


@elementwise(torch_name="nn.functional.silu", domain=(-4, 4))
def silu(k, input):
    """``input * sigmoid(input)``."""
    return k.div(input, k.add(1, k.exp(k.neg(input))))


@silu.vjp("input")
def _(k, g, input):
    s = k.sigmoid(input)
    return g * s * (1 + input * (1 - s))


@elementwise(torch_name="nn.functional.softplus", domain=(-4, 4))
def softplus(k, input, *, beta=1.0, threshold=20.0):
    """``log(1 + exp(beta * input)) / beta``; ``input`` itself where ``beta * input > threshold``."""
    z = input * beta
    return np.where(z > threshold, input, (np.log1p(np.exp(np.minimum(z, threshold))) / beta).astype(input.dtype))


@softplus.vjp("input")
def _(k, g, input, beta, threshold):
    return k.where(input * beta > threshold, g, g * k.sigmoid(input * beta))


@elementwise(torch_name="nn.functional.hardtanh", domain=(-3, 3))
def hardtanh(k, input, *, min_val=-1.0, max_val=1.0):
    """``input`` limited to [min_val, max_val]; the gradient at the limits is 0."""
    return np.minimum(np.maximum(input, input.dtype.type(min_val)), input.dtype.type(max_val))


@hardtanh.vjp("input")
def _(k, g, input, min_val, max_val):
    return k.where((input > min_val) & (input < max_val), g, g * 0.0)


@elementwise(torch_name="nn.functional.logsigmoid", grad_name="LogSigmoidBackward0", domain=(-4, 4))
def logsigmoid(k, input):
    """``log(sigmoid(input))``, without overflow."""
    return np.minimum(input, 0) - np.log1p(np.exp(-np.abs(input)))


@logsigmoid.vjp("input")
def _(k, g, input):
    return g * k.sigmoid(-input)


def _functional(name: str) -> None:
    """The functional form: the op, or with ``inplace=True`` written into its input."""
    op = REGISTRY[name]

    def call(input: Tensor, *args: Any, inplace: bool = False, **kwargs: Any) -> Tensor:
        if inplace:
            from ..inplace import inplace as write

            return write(op, (input, *args), kwargs)
        return op.public(input, *args, **kwargs)  # type: ignore[no-any-return]

    call.__name__, call.__doc__ = name, op.doc
    op.public_name = op.torch_name == name
    function(name="nn.functional." + name)(call)


for _name in ("relu", "leaky_relu", "elu", "silu", "hardtanh"):
    _functional(_name)


@function(name="nn.functional.relu6")
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """``min(max(input, 0), 6)``."""
    return REGISTRY["hardtanh"].public(input, 0.0, 6.0)  # type: ignore[no-any-return]


@function(name="nn.functional.tanh")
def tanh(input: Tensor) -> Tensor:
    """``torch.tanh``."""
    return input.tanh()  # type: ignore[no-any-return]


@function(name="nn.functional.sigmoid")
def sigmoid(input: Tensor) -> Tensor:
    """``torch.sigmoid``."""
    return input.sigmoid()  # type: ignore[no-any-return]


@function(name="nn.functional.softmax")
def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """``exp(x) / sum(exp(x))`` along ``dim``."""
    return REGISTRY["softmax"].public(input, dim, dtype)  # type: ignore[no-any-return]


@function(name="nn.functional.log_softmax")
def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """``log(softmax(x))`` along ``dim``."""
    return REGISTRY["log_softmax"].public(input, dim, dtype)  # type: ignore[no-any-return]

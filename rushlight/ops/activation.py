"""Activation functions with exponentials, and what is made of other functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors
from ..errors import check_dim
from ..functions import function
from ..kernels import activations as kernels
from ..kernels.copies import cast
from ..kernels.iteration import is_half
from ..kernels.layouts import as_operands_lie
from ..kernels.symbols import for_arrays
from ..node import history_first
from ..op import elementwise, opaque
from ..readers import arrays
from ..routes import routed
from ..tensor import Tensor
from ..writing import in_order
from .activation_forms import (
    either,
    floating_samples,
    floats_only,
    functional,
    in_place,
    shape_samples,
    text_error,
    widened,
)


@elementwise(public=False, refuses=floats_only("elu_cpu"), domain=(-3, 3))
def elu(k, input, *, alpha=1.0, scale=1.0, input_scale=1.0):
    """``scale * input`` where positive, else ``scale * alpha * (exp(input * input_scale) - 1)``."""
    x = widened(input)
    return kernels.elu(x, float(scale), alpha * scale, float(input_scale)).astype(input.dtype, copy=False)


def _elu_gradient(k: Any, g: Any, input: Any, alpha: float, scale: float, input_scale: float) -> Any:
    def formula(g: Any, x: Any) -> Any:
        return k.where(
            x > 0, g * scale, g * (input_scale * alpha * scale) * k.exp(k.where(x > 0, x * 0.0, x) * input_scale)
        )

    def kernel(g: Any, x: Any) -> Any:
        return kernels.elu_slope(g, x, float(scale), float(alpha * scale), float(input_scale))

    return k.either(kernel, formula, g, input, long=True)


@elu.vjp("input")
def _(k, g, input, alpha, scale, input_scale):
    return _elu_gradient(k, g, input, alpha, scale, input_scale)


def _from_result(k: Any, g: Any, out: Any, alpha: float, scale: float, input_scale: float) -> Any:
    if alpha < 0:
        raise errors.runtime(
            "In-place elu backward calculation is triggered with a negative slope which is not supported.",
            "The sign of the input cannot be told from the result then; use the out-of-place form.",
        )
    return k.where(out > 0, g * scale, g * input_scale * (out + alpha * scale))


@elementwise(public=False, refuses=floats_only("elu_cpu"), grad_name="EluBackward1", domain=(-3, 3))
def elu_written(k, input, *, alpha=1.0, scale=1.0, input_scale=1.0):
    """``elu`` written over its input: the gradient is read off the result."""
    return elu.forward(k, input, alpha=alpha, scale=scale, input_scale=input_scale)


@elu_written.vjp("input")
def _(k, g, out, alpha, scale, input_scale):
    return _from_result(k, g, out, alpha, scale, input_scale)


@elementwise(public=False, refuses=floats_only("elu_cpu"), domain=(-3, 3))
def celu(k, input, *, alpha=1.0):
    """``input`` where positive, else ``alpha * (exp(input / alpha) - 1)`` (Barron 2017)."""
    return elu.forward(k, input, alpha=alpha, scale=1.0, input_scale=1.0 / alpha)


@celu.vjp("input")
def _(k, g, input, alpha):
    return _elu_gradient(k, g, input, alpha, 1.0, 1.0 / float(np.float32(alpha)))  # PyTorch rounds alpha here


@elementwise(public=False, refuses=floats_only("elu_cpu"), grad_name="CeluBackward1", domain=(-3, 3))
def celu_written(k, input, *, alpha=1.0):
    """``celu`` written over its input."""
    return celu.forward(k, input, alpha=alpha)


@celu_written.vjp("input")
def _(k, g, out, alpha):
    return _from_result(k, g, out, alpha, 1.0, 1.0 / float(np.float32(alpha)))


@elementwise(public=False, refuses=floats_only("GeluKernelImpl"), domain=(-3, 3))
def gelu(k, input, *, approximate="none"):
    """``x * P(X <= x)`` for a standard normal X; or its tanh approximation (Hendrycks & Gimpel 2016).

    Gradient of ``input`` (approximate none): ``(1 + erf(input / sqrt(2))) / 2 + input * exp(-(input ** 2) / 2) / sqrt(2 * pi)``.
    Gradient of ``input``: ``(1 + t) / 2 + input * (1 - t ** 2) * s * (1 + 0.134145 * input ** 2) / 2``,
    ``t = tanh(s * (input + 0.044715 * input ** 3))``, ``s = sqrt(2 / pi)``.
    """
    x = widened(input)
    return (kernels.gelu_tanh if approximate == "tanh" else kernels.gelu)(x).astype(input.dtype, copy=False)


@gelu.vjp("input")
def _(k, g, input, approximate):
    kernel = kernels.gelu_tanh_slope if approximate == "tanh" else kernels.gelu_slope
    return k.either(kernel, lambda g, x: _gelu_slope(k, g, x, approximate), g, input, long=True)


def _gelu_slope(k, g, input, approximate):
    if approximate == "tanh":
        scale = math.sqrt(2 / math.pi)
        t = k.tanh(scale * (input + 0.044715 * input * input * input))
        return g * (0.5 * (1 + t) + 0.5 * input * (1 - t * t) * scale * (1 + 3 * 0.044715 * input * input))
    cdf = 0.5 * (1 + k.erf(input * math.sqrt(0.5)))
    return g * (cdf + input * k.exp(-0.5 * input * input) / math.sqrt(2 * math.pi))


@elementwise(public=False, refuses={"bool": "silu_cpu", "int": "silu_cpu"}, real_gradient=True, domain=(-4, 4))
def silu(k, input):
    """``input * sigmoid(input)``."""
    return k.either(kernels.silu, lambda x: k.div(x, k.add(1, k.exp(k.neg(x)))), input, long=True)


@silu.vjp("input")
def _(k, g, input):
    def formula(g, x):
        s = k.sigmoid(x)
        return g * s * (1 + x * (1 - s))

    return k.either(kernels.silu_slope, formula, g, k.conj(input), long=True)


@elementwise(public=False, refuses=floats_only("mish_cpu"), domain=(-4, 4))
def mish(k, input):
    """``input * tanh(log(1 + exp(input)))`` (Misra 2019)."""
    return kernels.mish(widened(input)).astype(input.dtype, copy=False)


@mish.vjp("input")
def _(k, g, input):
    def formula(g, x):
        t = k.tanh(k.softplus(x))
        return g * (t + x * k.sigmoid(x) * (1 - t * t))

    return k.either(kernels.mish_slope, formula, g, input, long=True)


@elementwise(public=False, refuses=floats_only("softplus_cpu"), domain=(-4, 4))
def softplus(k, input, *, beta=1.0, threshold=20.0):
    """``log(1 + exp(beta * input)) / beta``; ``input`` itself where ``beta * input > threshold``."""
    x = widened(input)
    if x.dtype in (np.float32, np.float64):
        return kernels.softplus(x, float(beta), float(threshold)).astype(input.dtype, copy=False)
    z = x * beta
    out = np.where(z > threshold, x, np.log1p(np.exp(np.minimum(z, threshold))) / x.dtype.type(beta))
    return out.astype(input.dtype, copy=False)


@softplus.vjp("input")
def _(k, g, input, beta, threshold):
    def formula(g, x, beta, threshold):
        return k.where(x * beta > threshold, g, g * k.sigmoid(x * beta))

    return k.either(kernels.softplus_slope, formula, g, input, float(beta), float(threshold), long=True)


@elementwise(
    public=False,
    refuses=floats_only("log_sigmoid_cpu"),
    grad_name="LogSigmoidBackward0",
    row_major=True,
    domain=(-4, 4),
)
def logsigmoid(k, input):
    """``log(sigmoid(input))``, without overflow."""
    x = in_order(widened(input))
    if x.dtype in (np.float32, np.float64):
        return kernels.logsigmoid(x).astype(input.dtype, copy=False)
    return (np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))).astype(input.dtype, copy=False)


@logsigmoid.vjp("input")
def _(k, g, input):
    if k is arrays and is_half(input.dtype):  # PyTorch keeps the exponential for it, rounded as all is that it keeps
        below = cast(k.exp(-np.abs(widened(input))), input.dtype)
        return cast(kernels.logsigmoid_slope_by(widened(g), widened(input), widened(below)), input.dtype)
    for_arrays(input)
    return k.either(kernels.logsigmoid_slope, lambda g, x: g * k.sigmoid(-x), g, input, long=True)


@opaque(public=False, refuses=floats_only("glu_cpu"), grad_name="GluBackward0")
def gated(k, input, *, dim):
    """The first half along ``dim`` times the sigmoid of the second.

    Gradient of ``input``: ``cat([g * s, g * a * s * (1 - s)])``, ``s = sigmoid(b)``, ``a`` and ``b`` the halves of ``input``.
    """
    first, second = np.split(input, 2, dim)
    out = (widened(first) * k.sigmoid(widened(second))).astype(input.dtype, copy=False)
    return as_operands_lie(out, (first, second))


@gated.vjp("input")
def _(k, g, input, dim):
    half, before = input.shape[dim] // 2, (slice(None),) * dim
    first, second = input[(*before, slice(half))], input[(*before, slice(half, None))]
    s = k.sigmoid(second)
    return k.cat([g * s, k.either(_gate_slope, _gate_slope, s, first, g)], dim)


def _gate_slope(s: Any, first: Any, g: Any) -> Any:
    return (1 - s) * s * first * g


function(name="nn.functional.silu", samples=shape_samples(), errors=text_error)(functional("silu"))
function(name="nn.functional.mish", samples=shape_samples(), errors=text_error)(functional("mish"))


@function(name="nn.functional.elu", samples=shape_samples({"alpha": 0.7}), errors=text_error)
@routed
def elu_function(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """``input`` where positive, else ``alpha * (exp(input) - 1)`` (Clevert et al. 2016)."""
    return either(elu, elu_written, input, {"alpha": alpha}, inplace)


@function(name="nn.functional.selu", aliases="selu", samples=shape_samples(), errors=text_error)
@routed
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """``elu`` with the alpha and the scale that keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    return either(elu, elu_written, input, {"alpha": SELU_ALPHA, "scale": SELU_SCALE}, inplace)


#: The fixed point of Klambauer et al. 2017, eq. 14.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@function(name="nn.functional.celu", aliases="celu", samples=shape_samples({"alpha": 0.7}), errors=lambda m: [
    *text_error(m), m.error(RuntimeError, "alpha cannot be 0 for CELU", m.f(2), alpha=0.0)])  # fmt: skip
@routed
def celu_function(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """``input`` where positive, else ``alpha * (exp(input / alpha) - 1)`` (Barron 2017)."""
    if alpha == 0:
        raise errors.runtime("ZeroDivisionError: alpha cannot be 0 for CELU")
    return either(celu, celu_written, input, {"alpha": alpha}, inplace)


function(name="nn.functional.elu_", samples=floating_samples({"alpha": 0.7}), errors=text_error)(in_place(elu_function))
function(name="nn.functional.selu_", aliases="selu_", samples=floating_samples(), errors=text_error)(in_place(selu))
function(name="nn.functional.celu_", aliases="celu_", samples=floating_samples({"alpha": 0.7}), errors=text_error)(
    in_place(celu_function)
)


@function(name="nn.functional.gelu", samples=shape_samples({"approximate": "tanh"}), errors=lambda m: [
    *text_error(m), m.error(RuntimeError, "approximate argument must be either none or tanh", m.f(2), approximate="x")])  # fmt: skip
def gelu_function(input: Tensor, *, approximate: str = "none") -> Tensor:
    """``x * P(X <= x)`` for a standard normal X; ``approximate="tanh"`` for the formula with tanh."""
    if approximate not in ("none", "tanh"):
        raise errors.runtime("approximate argument must be either none or tanh.")
    return gelu.public(input, approximate=approximate)  # type: ignore[no-any-return]


@function(name="nn.functional.softplus", samples=shape_samples({"beta": 2.0, "threshold": 1.0}), errors=text_error)
@routed
def softplus_function(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """``log(1 + exp(beta * input)) / beta``; ``input`` itself where ``beta * input > threshold``."""
    return softplus.public(input, beta=beta, threshold=threshold)  # type: ignore[no-any-return]


@function(name="nn.functional.logsigmoid", samples=shape_samples(), errors=text_error)
def logsigmoid_function(input: Tensor) -> Tensor:
    """``log(sigmoid(input))``."""
    return logsigmoid.public(input)  # type: ignore[no-any-return]


@function(name="nn.functional.glu", samples=lambda m: [
    m(m.f(2, 4)), m(m.f(4, 3), dim=0), m(m.f(0, 2)), m(m.nc(3, 2)), m.without("0-d", "it has no halves")], errors=lambda m: [
    m.error(RuntimeError, "Halving dimension must be even", m.f(3)), m.error(IndexError, "Dimension out of range", m.f(2, 2), 3),
    m.error(RuntimeError, "glu does not support scalars", m.f())])  # fmt: skip
@history_first
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half along ``dim`` times the sigmoid of the second (Dauphin et al. 2017).

    Raises:
        RuntimeError: for a 0-d tensor, or an odd size along ``dim``.
    """
    shape = input._a.shape
    if not shape:
        raise errors.runtime("glu does not support scalars because halving size must be even")
    dim = check_dim(dim, len(shape))
    if shape[dim] % 2:
        raise errors.runtime(f"Halving dimension must be even, but dimension {dim} is size {shape[dim]}")
    return gated.public(input, dim=dim)  # type: ignore[no-any-return]


# --- of other functions -------------------------------------------------------------------------------------------------
@function(name="nn.functional.softsign", samples=shape_samples(), errors=lambda m: [
    m.error(NotImplementedError, "not implemented for 'Bool'", m.b(2))])  # fmt: skip
def softsign(input: Tensor) -> Tensor:
    """``input / (1 + |input|)``."""
    x: Any = input
    return x / (x.abs() + 1)  # type: ignore[no-any-return]


@function(name="nn.functional.tanhshrink", samples=shape_samples(), errors=lambda m: [
    m.error(RuntimeError, "with a bool tensor is not supported", m.b(2))])  # fmt: skip
def tanhshrink(input: Tensor) -> Tensor:
    """``input - tanh(input)``."""
    x: Any = input
    return x - x.tanh()  # type: ignore[no-any-return]

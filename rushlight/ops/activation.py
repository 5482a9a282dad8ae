"""Activation functions.

Each is a record without a public name of its own; ``_functional`` makes the public one in ``nn.functional``, with ``inplace=``
where PyTorch has it. Half precision is computed in float32 and rounded once, as PyTorch's kernels do.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, levels, types
from ..errors import check_dim
from ..functions import function
from ..inplace import inplace as write
from ..kernels import activations as kernels
from ..kernels.iteration import is_half
from ..op import Op, elementwise, opaque
from ..random.generator import default_generator
from ..random.transforms import exponential_
from ..random.uniform import rrelu_noise
from ..readers import REGISTRY
from ..routes import routed
from ..tensor import Tensor, wrap
from .unary import erf_array


def floats_only(kernel: str) -> dict[str, str]:
    """``refuses`` of a record whose kernel in PyTorch takes real floats alone."""
    return dict.fromkeys(("bool", "int", "complex"), kernel)


_NO_CLAMP = {"complex": "clamp is not supported for complex types"}


def _wide(input: Any) -> Any:
    return input.astype(np.float32) if is_half(input.dtype) else input


# --- piecewise linear ---------------------------------------------------------------------------------------------------
@elementwise(methods="relu relu_", domain=(-3, 3))
def relu(k, input):
    """``max(input, 0)``; the gradient at 0 is 0, nan stays."""
    return np.maximum(input, input.dtype.type(0))


@relu.prepare
def _(input):
    if isinstance(input, Tensor) and input._a.dtype.kind == "b":
        raise errors.runtime("Boolean inputs not supported for relu")
    if isinstance(input, Tensor) and input._a.dtype.kind == "c":
        raise NotImplementedError("clamp is not supported for complex types")
    return (input,), {}


@relu.vjp("input", formal=True)
def _(k, g, out):
    return k.where(out > 0, g, 0.0)


@elementwise(public=False, refuses=floats_only("leaky_relu_cpu"), domain=(-3, 3))
def leaky_relu(k, input, *, negative_slope=0.01):
    """``input`` where positive, else ``negative_slope * input``."""
    if is_half(input.dtype):
        x = _wide(input)
        return np.where(x > 0, x, x * np.float32(negative_slope)).astype(input.dtype)
    return np.where(input > 0, input, input * input.dtype.type(negative_slope))


@leaky_relu.vjp("input", formal=True)
def _(k, g, input, negative_slope):
    return k.where(input > 0, g, g * negative_slope)


@elementwise(public=False, refuses=floats_only("leaky_relu_cpu"), grad_name="LeakyReluBackward1", domain=(-3, 3))
def leaky_relu_written(k, input, *, negative_slope=0.01):
    """``leaky_relu`` written over its input: the gradient is read off the result."""
    return leaky_relu.forward(k, input, negative_slope=negative_slope)


@leaky_relu_written.vjp("input", formal=True)
def _(k, g, out, negative_slope):
    if negative_slope < 0:
        raise errors.runtime(
            "In-place leakyReLu backward calculation is triggered with a negative slope which is not supported.",
            "The sign of the input cannot be told from the result then; use the out-of-place form.",
        )
    return k.where(out > 0, g, g * negative_slope)


@elementwise(public=False, refuses=_NO_CLAMP, domain=(-3, 3))
def hardtanh(k, input, *, min_val=-1.0, max_val=1.0):
    """``input`` limited to [min_val, max_val]; the gradient at the limits is 0."""
    return np.minimum(np.maximum(input, input.dtype.type(min_val)), input.dtype.type(max_val))


@hardtanh.vjp("input", formal=True)
def _(k, g, input, min_val, max_val):
    return k.where((input > min_val) & (input < max_val), g, 0.0)


@elementwise(public=False, refuses={"bool": "threshold_cpu", "complex": "threshold_cpu"}, domain=(-3, 3))
def threshold(k, input, *, threshold, value):
    """``input`` where it is above ``threshold``, else ``value``."""
    return np.where(input <= threshold, input.dtype.type(value), input)


@threshold.vjp("input", formal=True)
def _(k, g, input, threshold):
    return k.where(input <= threshold, 0.0, g)


@elementwise(
    public=False,
    refuses={"bool": "threshold_cpu", "complex": "threshold_cpu"},
    grad_name="ThresholdBackward1",
    domain=(-3, 3),
)
def threshold_written(k, input, *, threshold, value):
    """``threshold`` written over its input."""
    return np.where(input <= threshold, input.dtype.type(value), input)


@threshold_written.vjp("input", formal=True)
def _(k, g, input, threshold):
    return k.where(input <= threshold, 0.0, g)


@elementwise(public=False, refuses=floats_only("hardshrink_cpu"), domain=(-3, 3))
def hardshrink(k, input, *, lambd=0.5):
    """``input`` outside [-lambd, lambd], 0 inside; nan stays."""
    return np.where((input >= -lambd) & (input <= lambd), input.dtype.type(0), input)


@hardshrink.vjp("input", formal=True)
def _(k, g, input, lambd):
    return k.where((input >= -lambd) & (input <= lambd), 0.0, g)


@elementwise(public=False, refuses=floats_only("softshrink_check"), domain=(-3, 3))
def softshrink(k, input, *, lambd=0.5):
    """``input`` moved towards 0 by ``lambd``, not beyond it."""
    step = input.dtype.type(lambd)
    return np.where(input > step, input - step, np.where(input < -step, input + step, input * input.dtype.type(0)))


@softshrink.vjp("input", formal=True)
def _(k, g, input, lambd):
    return k.where((input >= -lambd) & (input <= lambd), 0.0, g)


@elementwise(public=False, refuses=floats_only("hardsigmoid_cpu"), domain=(-2.9, 2.9))
def hardsigmoid(k, input):
    """``min(max(input + 3, 0), 6) / 6``."""
    x = _wide(input)
    return (np.minimum(np.maximum(x + 3, 0), 6) / 6).astype(input.dtype, copy=False)


_SIXTH = float(np.float32(1 / 6))  # PyTorch's factor has float32's digits, for float64 too


@hardsigmoid.vjp("input")
def _(k, g, input):
    return k.where((input > -3.0) & (input < 3.0), g * _SIXTH, 0.0)


@elementwise(public=False, refuses=floats_only("hardswish_cpu"), domain=(-2.9, 2.9))
def hardswish(k, input):
    """``input * min(max(input + 3, 0), 6) / 6`` (Howard et al. 2019)."""
    x = _wide(input)
    return (x * np.minimum(np.maximum(x + 3, 0), 6) / 6).astype(input.dtype, copy=False)


@hardswish.vjp("input", formal=True)
def _(k, g, input):
    return k.where(input <= -3.0, 0.0, k.where(input < 3.0, g * (input / 3 + 0.5), g))


@elementwise(public=False, refuses=floats_only("prelu_cpu"), domain=(-3, 3))
def prelu_kernel(k, input, weight):
    """``input`` where positive, else ``weight * input``."""
    return np.where(input > 0, input, weight * input)


@prelu_kernel.vjp("input", formal=True)
def _(k, g, input, weight):
    return k.where(input > 0, g, g * weight)


@prelu_kernel.vjp("weight", formal=True)
def _(k, g, input, weight):
    return k.where(input > 0, 0.0, g * input)


@elementwise(public=False, refuses=floats_only("leaky_relu_cpu"))
def rrelu_with_noise(k, input, noise, *, lower, upper, training):
    """``input`` where positive, else ``noise * input``; the mean slope outside training."""
    if training:
        return input * noise
    return np.where(input > 0, input, input * input.dtype.type((lower + upper) / 2))


@rrelu_with_noise.vjp("input", formal=True)
def _(k, g, input, noise, lower, upper, training):
    return g * noise if training else k.where(input > 0, g, g * ((lower + upper) / 2))


rrelu_with_noise.nondiff("noise")


@elementwise(public=False, grad_name="RreluWithNoiseBackward1", refuses=floats_only("leaky_relu_cpu"))
def rrelu_written(k, input, noise, *, lower, upper, training):
    """``rrelu_with_noise`` written over its input."""
    return rrelu_with_noise.forward(k, input, noise, lower=lower, upper=upper, training=training)


@rrelu_written.vjp("input", formal=True)
def _(k, g, out, noise, lower, upper, training):
    return g * noise if training else k.where(out > 0, g, g * ((lower + upper) / 2))


rrelu_written.nondiff("noise")


# --- with exponentials --------------------------------------------------------------------------------------------------
@elementwise(public=False, refuses=floats_only("elu_cpu"), domain=(-3, 3))
def elu(k, input, *, alpha=1.0, scale=1.0, input_scale=1.0):
    """``scale * input`` where positive, else ``scale * alpha * (exp(input * input_scale) - 1)``."""
    x = _wide(input)
    t = x.dtype.type
    if x.dtype == np.float32:
        return kernels.elu(x, float(scale), alpha * scale, float(input_scale)).astype(input.dtype, copy=False)
    low = np.expm1(np.minimum(x, 0) * t(input_scale)) * t(alpha * scale)
    return np.where(x > 0, x * t(scale), low).astype(input.dtype, copy=False)


def _elu_gradient(k: Any, g: Any, input: Any, alpha: float, scale: float, input_scale: float) -> Any:
    def formula(g: Any, x: Any) -> Any:
        return k.where(
            x > 0, g * scale, g * (input_scale * alpha * scale) * k.exp(k.where(x > 0, x * 0.0, x) * input_scale)
        )

    def kernel(g: Any, x: Any) -> Any:
        return kernels.elu_slope(g, x, float(scale), float(alpha * scale), float(input_scale))

    return k.either(kernel, formula, g, input)


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
    """``x * P(X <= x)`` for a standard normal X; or its tanh approximation (Hendrycks & Gimpel 2016)."""
    x = _wide(input)
    if x.dtype == np.float32:
        return (kernels.gelu_tanh if approximate == "tanh" else kernels.gelu)(x).astype(input.dtype, copy=False)
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
        return (0.5 * x * (1 + np.tanh(inner))).astype(input.dtype, copy=False)
    out = x * x.dtype.type(0.5) * (1 + erf_array(x * x.dtype.type(math.sqrt(0.5))))
    return out.astype(input.dtype, copy=False)


@gelu.vjp("input")
def _(k, g, input, approximate):
    kernel = kernels.gelu_tanh_slope if approximate == "tanh" else kernels.gelu_slope
    return k.either(kernel, lambda g, x: _gelu_slope(k, g, x, approximate), g, input)


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
    return k.either(kernels.silu, lambda x: k.div(x, k.add(1, k.exp(k.neg(x)))), input)


@silu.vjp("input")
def _(k, g, input):
    def formula(g, x):
        s = k.sigmoid(x)
        return g * s * (1 + x * (1 - s))

    return k.either(kernels.silu_slope, formula, g, k.conj(input))


@elementwise(public=False, refuses=floats_only("mish_cpu"), domain=(-4, 4))
def mish(k, input):
    """``input * tanh(log(1 + exp(input)))`` (Misra 2019)."""
    x = _wide(input)
    if x.dtype == np.float32:
        return kernels.mish(x).astype(input.dtype, copy=False)
    softened = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return (x * np.tanh(softened)).astype(input.dtype, copy=False)


@mish.vjp("input")
def _(k, g, input):
    def formula(g, x):
        t = k.tanh(k.softplus(x))
        return g * (t + x * k.sigmoid(x) * (1 - t * t))

    return k.either(kernels.mish_slope, formula, g, input)


@elementwise(public=False, refuses=floats_only("softplus_cpu"), domain=(-4, 4))
def softplus(k, input, *, beta=1.0, threshold=20.0):
    """``log(1 + exp(beta * input)) / beta``; ``input`` itself where ``beta * input > threshold``."""
    x = _wide(input)
    if x.dtype == np.float32:
        return kernels.softplus(x, float(beta), float(threshold)).astype(input.dtype, copy=False)
    z = x * beta
    out = np.where(z > threshold, x, np.log1p(np.exp(np.minimum(z, threshold))) / x.dtype.type(beta))
    return out.astype(input.dtype, copy=False)


@softplus.vjp("input")
def _(k, g, input, beta, threshold):
    def formula(g, x, beta, threshold):
        return k.where(x * beta > threshold, g, g * k.sigmoid(x * beta))

    return k.either(kernels.softplus_slope, formula, g, input, float(beta), float(threshold))


@elementwise(public=False, refuses=floats_only("log_sigmoid_cpu"), grad_name="LogSigmoidBackward0", domain=(-4, 4))
def logsigmoid(k, input):
    """``log(sigmoid(input))``, without overflow."""
    x = _wide(input)
    if x.dtype == np.float32:
        return kernels.logsigmoid(x).astype(input.dtype, copy=False)
    return (np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))).astype(input.dtype, copy=False)


@logsigmoid.vjp("input")
def _(k, g, input):
    return k.either(kernels.logsigmoid_slope, lambda g, x: g * k.sigmoid(-x), g, input)


@opaque(public=False, refuses=floats_only("glu_cpu"), grad_name="GluBackward0")
def gated(k, input, *, dim):
    """The first half along ``dim`` times the sigmoid of the second."""
    first, second = np.split(input, 2, dim)
    x = _wide(second)
    return (_wide(first) / (1 + np.exp(-x))).astype(input.dtype, copy=False)


@gated.vjp("input")
def _(k, g, input, dim):
    half, before = input.shape[dim] // 2, (slice(None),) * dim
    first, second = input[(*before, slice(half))], input[(*before, slice(half, None))]
    s = k.sigmoid(second)
    return k.cat([g * s, g * first * s * (1 - s)], dim)


# --- the public functions -----------------------------------------------------------------------------------------------
def _samples(*variants: Any, times: int = 2) -> Callable[[Any], list[Any]]:
    """0-d, empty and strided input, then the given settings, each with a tensor of five; differentiated so many ``times``."""

    def make(m: Any) -> list[Any]:
        out = [
            m(m.f(3, 4)),
            m(m.f()),
            m(m.f(0, 2)),
            m(m.nc(3, 2)),
            m(m.nc(3)),
            m(m.i(3)),
            m(m.b(3)),
            m(m.a([-9.0, 0.0, 9.0])).value_only("at a kink"),
        ]
        calls = [v if isinstance(v, tuple) else (v,) for v in variants]
        out = [*out, *(m(m.f(5), *args[:-1], **args[-1]) for args in calls)]
        return out if times > 1 else [s.first_order("PyTorch has no second") if s.gradients else s for s in out]

    return make


def _floating_samples(*variants: Any) -> Callable[[Any], list[Any]]:
    """``_samples`` without integers, which an in-place form writes into."""

    def make(m: Any) -> list[Any]:
        calls = [v if isinstance(v, tuple) else (v,) for v in variants]
        out = [
            m(m.f(3, 4)),
            m(m.f()),
            m(m.f(0, 2)),
            m(m.nc(3, 2)),
            *(m(m.f(5), *args[:-1], **args[-1]) for args in calls),
        ]
        return out

    return make


def _word(m: Any) -> list[Any]:
    return [m.error(TypeError, "must be Tensor, not str", "text")]


def _functional(
    name: str, *variants: Any, aliases: str = "", written: str = "", times: int = 2
) -> Callable[..., Tensor]:
    """The functional form: the op, or with ``inplace=True`` written into its input, by the record ``written`` if it has one."""
    op = REGISTRY[name]
    write_op = REGISTRY[written or name]

    def call(input: Tensor, *args: Any, inplace: bool = False, **kwargs: Any) -> Tensor:
        if args and args[-1].__class__ is bool:
            inplace, args = args[-1], args[:-1]
        if inplace and isinstance(input, Tensor):
            return write(write_op, (input, *args), kwargs)
        return op.public(input, *args, **kwargs)  # type: ignore[no-any-return]

    call.__name__ = call.__qualname__ = name
    call.__doc__ = op.doc
    return function(
        name="nn.functional." + name, aliases=aliases, samples=_samples(*variants, times=times), errors=_word
    )(routed(call) if op.attrs else call)  # without attributes the op itself has a shorter path


def _written(name: str, base: Callable[..., Tensor], *variants: Any, aliases: str = "") -> None:
    """``name_``: the functional form written into its input."""

    def call(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return base(input, *args, inplace=True, **kwargs)

    call.__name__ = call.__qualname__ = name + "_"
    call.__doc__ = f"In-place version of ``nn.functional.{name}``."
    function(name=f"nn.functional.{name}_", aliases=aliases, samples=_floating_samples(*variants), errors=_word)(call)


@function(name="nn.functional.relu", samples=_samples({"inplace": False}), errors=_word)
def relu_function(input: Tensor, inplace: bool = False) -> Tensor:
    """``max(input, 0)``."""
    return write(relu, (input,), {}) if inplace and isinstance(input, Tensor) else relu.public(input)  # type: ignore[no-any-return]


_written("relu", relu_function)
_written("leaky_relu", _functional("leaky_relu", {"negative_slope": 0.2}, written="leaky_relu_written"), (0.3, {}))
_functional("silu")
_functional("mish")
_functional("hardsigmoid", times=1)
_functional("hardswish")


@function(name="nn.functional.elu", samples=_samples({"alpha": 0.7}), errors=_word)
@routed
def elu_function(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """``input`` where positive, else ``alpha * (exp(input) - 1)`` (Clevert et al. 2016)."""
    return _either(elu, elu_written, input, {"alpha": alpha}, inplace)


@function(name="nn.functional.selu", aliases="selu", samples=_samples(), errors=_word)
@routed
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """``elu`` with the alpha and the scale that keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    return _either(elu, elu_written, input, {"alpha": SELU_ALPHA, "scale": SELU_SCALE}, inplace)


#: The fixed point of Klambauer et al. 2017, eq. 14.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@function(name="nn.functional.celu", aliases="celu", samples=_samples({"alpha": 0.7}), errors=lambda m: [
    *_word(m), m.error(RuntimeError, "alpha cannot be 0 for CELU", m.f(2), alpha=0.0)])  # fmt: skip
@routed
def celu_function(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """``input`` where positive, else ``alpha * (exp(input / alpha) - 1)`` (Barron 2017)."""
    if alpha == 0:
        raise errors.runtime("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _either(celu, celu_written, input, {"alpha": alpha}, inplace)


def _either(op: Op, written: Op, input: Any, attrs: dict[str, Any], inplace: bool) -> Tensor:
    return write(written, (input,), attrs) if inplace and isinstance(input, Tensor) else op.public(input, **attrs)  # type: ignore[no-any-return]


_written("elu", elu_function, {"alpha": 0.7})
_written("selu", selu, aliases="selu_")
_written("celu", celu_function, {"alpha": 0.7}, aliases="celu_")


@function(name="nn.functional.hardtanh", samples=_samples({"min_val": -0.5, "max_val": 1.5}), errors=lambda m: [
    *_word(m), m.error(ValueError, "min_val cannot be greater than max_val", m.f(2), 1.0, -1.0)])  # fmt: skip
@routed
def hardtanh_function(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """``input`` limited to [min_val, max_val]."""
    if min_val > max_val:
        raise errors.value("min_val cannot be greater than max_val")
    if isinstance(input, Tensor) and input._a.dtype.kind == "b":
        raise errors.runtime("Bool inputs not supported for hardtanh")
    if isinstance(input, Tensor) and input._a.dtype.kind == "u" and (min_val < 0 or max_val < 0):
        raise errors.runtime("cannot do hardtanh on an unsigned type with negative limits")
    return _either(hardtanh, hardtanh, input, {"min_val": min_val, "max_val": max_val}, inplace)


_written("hardtanh", hardtanh_function, (-0.5, 1.5, {}))


@function(name="nn.functional.relu6", samples=_samples(), errors=_word)
@routed
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """``min(max(input, 0), 6)``."""
    return hardtanh_function(input, 0.0, 6.0, inplace)  # type: ignore[no-any-return]


def _threshold_word(m: Any) -> list[Any]:
    return [m.error(TypeError, "must be Tensor, not str", "text", 1.0, 2.0)]


@function(name="nn.functional.threshold", aliases="threshold", samples=lambda m: [
    m(m.f(3, 4), 0.1, 20.0), m(m.f(), 0.1, -1.0), m(m.f(0, 2), 0.1, 2.0), m(m.nc(3, 2), 0.1, 2.0), m(m.i(3), 2, 9)],
    errors=_threshold_word)  # fmt: skip
def threshold_function(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """``input`` where it is above ``threshold``, else ``value``."""
    attrs = {"threshold": threshold, "value": value}
    return _either(REGISTRY["threshold"], threshold_written, input, attrs, inplace)


@function(name="nn.functional.threshold_", aliases="threshold_", samples=lambda m: [
    m(m.f(3, 4), 0.1, 20.0), m(m.f(), 0.1, -1.0), m(m.f(0, 2), 0.1, 2.0), m(m.nc(3, 2), 0.1, 2.0)],
    errors=_threshold_word)  # fmt: skip
def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """``threshold`` written into ``input``."""
    return threshold_function(input, threshold, value, True)  # type: ignore[no-any-return]


@function(
    name="nn.functional.hardshrink",
    aliases="hardshrink",
    methods="hardshrink",
    samples=_samples({"lambd": 0.9}),
    errors=_word,
)
def hardshrink_function(input: Tensor, lambd: float = 0.5) -> Tensor:
    """``input`` outside [-lambd, lambd], else 0."""
    return hardshrink.public(input, lambd=lambd)  # type: ignore[no-any-return]


@function(name="nn.functional.softshrink", samples=_samples({"lambd": 0.9}), errors=lambda m: [
    *_word(m), m.error(RuntimeError, "lambda must be in range [0, ", m.f(2), -1.0)])  # fmt: skip
def softshrink_function(input: Tensor, lambd: float = 0.5) -> Tensor:
    """``input`` moved towards 0 by ``lambd``, not beyond it."""
    if isinstance(input, Tensor) and input._a.dtype.kind in "fV" and not 0 <= lambd <= types.finfo(input.dtype).max:
        raise errors.runtime(
            f"lambda must be in range [0, {types.finfo(input.dtype).max:g}] for input dtype "
            f"{types.scalar_name(input.dtype)}, but found {lambd:g}"
        )
    return softshrink.public(input, lambd=lambd)  # type: ignore[no-any-return]


@function(name="nn.functional.gelu", samples=_samples({"approximate": "tanh"}), errors=lambda m: [
    *_word(m), m.error(RuntimeError, "approximate argument must be either none or tanh", m.f(2), approximate="x")])  # fmt: skip
def gelu_function(input: Tensor, *, approximate: str = "none") -> Tensor:
    """``x * P(X <= x)`` for a standard normal X; ``approximate="tanh"`` for the formula with tanh."""
    if approximate not in ("none", "tanh"):
        raise errors.runtime("approximate argument must be either none or tanh.")
    return gelu.public(input, approximate=approximate)  # type: ignore[no-any-return]


@function(name="nn.functional.softplus", samples=_samples({"beta": 2.0, "threshold": 1.0}), errors=_word)
@routed
def softplus_function(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """``log(1 + exp(beta * input)) / beta``; ``input`` itself where ``beta * input > threshold``."""
    return softplus.public(input, beta=beta, threshold=threshold)  # type: ignore[no-any-return]


@function(name="nn.functional.logsigmoid", samples=_samples(), errors=_word)
def logsigmoid_function(input: Tensor) -> Tensor:
    """``log(sigmoid(input))``."""
    return logsigmoid.public(input)  # type: ignore[no-any-return]


@function(name="nn.functional.glu", samples=lambda m: [
    m(m.f(2, 4)), m(m.f(4, 3), dim=0), m(m.f(0, 2)), m(m.nc(3, 2)), m.without("0-d", "it has no halves")], errors=lambda m: [
    m.error(RuntimeError, "Halving dimension must be even", m.f(3)), m.error(IndexError, "Dimension out of range", m.f(2, 2), 3),
    m.error(RuntimeError, "glu does not support scalars", m.f())])  # fmt: skip
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


@function(name="nn.functional.prelu", aliases="prelu", methods="prelu", samples=lambda m: [
    m(m.f(2, 3), m.f(3)), m(m.f(2, 3, 4), m.f(1)), m(m.f(3), m.f(1)), m(m.f(), m.f()), m(m.f(0, 2), m.f(2)), m(m.nc(3, 2), m.f(2))],
    errors=lambda m: [
    m.error(RuntimeError, "Mismatch of parameter numbers and input channel size", m.f(2, 3), m.f(2)),
    m.error(RuntimeError, "Not allow zero-dim input tensor", m.f(), m.f(2))])  # fmt: skip
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """``input`` where positive, else ``weight * input``, one weight for all or one a channel (He et al. 2015)."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("prelu", "input", 1, input)
    if not isinstance(weight, Tensor):
        raise errors.not_a_tensor("prelu", "weight", 2, weight)
    x, w = input._a, weight._a
    if w.size != 1 or w.ndim > 1:
        if not x.ndim:
            raise errors.runtime("Not allow zero-dim input tensor.")
        channels = x.shape[1] if x.ndim > 1 else 1
        if w.size != channels:
            raise errors.runtime(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{w.size} and channel size = {channels}."
            )
    if w.ndim > 1:
        raise errors.runtime(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {w.ndim}")
    if x.dtype is not w.dtype:
        raise errors.runtime(
            f"prelu: Type promoting not supported. Got {types.scalar_name(input.dtype)} and {types.scalar_name(weight.dtype)}"
        )
    if x.ndim != w.ndim:
        weight = weight.view(tuple(w.size if i == 1 else 1 for i in range(x.ndim)))  # type: ignore[attr-defined]
    return prelu_kernel.public(input, weight)  # type: ignore[no-any-return]


@function(name="nn.functional.rrelu", aliases="rrelu", samples=lambda m: [
    m(m.f(3, 4)), m(m.f(), 0.2, 0.4), m(m.f(0, 2)), m(m.nc(3, 2)), m(m.f(5), training=True).first_order("noise is drawn")],
    errors=lambda m: [
    m.error(RuntimeError, "Lower bound should be less than or equal to the upper bound", m.f(2), 0.5, 0.1)])  # fmt: skip
def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """``input`` where positive, else a random share of it, uniform on [lower, upper] (Xu et al. 2015); its mean if not training."""
    if lower > upper:
        raise errors.runtime("Lower bound should be less than or equal to the upper bound")
    attrs = {"lower": lower, "upper": upper, "training": training}
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("rrelu", "input", 1, input)
    a = input._a
    noise = wrap(rrelu_noise(default_generator, a, lower, upper) if training else np.zeros((), a.dtype))
    op = rrelu_written if inplace else rrelu_with_noise
    return write(op, (input, noise), attrs) if inplace else op.public(input, noise, **attrs)  # type: ignore[no-any-return]


@function(name="nn.functional.rrelu_", aliases="rrelu_", samples=_floating_samples((0.2, 0.4, {})), errors=_word)
def rrelu_(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False) -> Tensor:
    """``rrelu`` written into ``input``."""
    return rrelu(input, lower, upper, training, True)  # type: ignore[no-any-return]


# --- of other functions -------------------------------------------------------------------------------------------------
@function(name="nn.functional.softsign", samples=_samples(), errors=lambda m: [
    m.error(NotImplementedError, "not implemented for 'Bool'", m.b(2))])  # fmt: skip
def softsign(input: Tensor) -> Tensor:
    """``input / (1 + |input|)``."""
    x: Any = input
    return x / (x.abs() + 1)  # type: ignore[no-any-return]


@function(name="nn.functional.tanhshrink", samples=_samples(), errors=lambda m: [
    m.error(RuntimeError, "with a bool tensor is not supported", m.b(2))])  # fmt: skip
def tanhshrink(input: Tensor) -> Tensor:
    """``input - tanh(input)``."""
    x: Any = input
    return x - x.tanh()  # type: ignore[no-any-return]


def _softmax_samples(m: Any) -> list[Any]:
    calls = [m(m.f(2, 3), dim=1), m(m.f(2, 3), dim=0), m(m.f(), dim=0), m(m.f(0, 2), dim=1), m(m.nc(3, 2), dim=-1)]
    return [*calls, m(m.i(3), dim=0, dtype=m.torch.float64)]


def _softmax_errors(m: Any) -> list[Any]:
    return [m.error(IndexError, "Dimension out of range", m.f(2), dim=3)]


def _with_dim(name: str, input: Tensor, dim: int | None, stacklevel: int) -> int:
    """The dimension; without one PyTorch's old choice, with its warning."""
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel + 1,
    )
    return 0 if input.ndim in (0, 1, 3) else 1


@function(name="nn.functional.softmax", samples=_softmax_samples, errors=_softmax_errors)
def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """``exp(x) / sum(exp(x))`` along ``dim``."""
    return REGISTRY["softmax"].public(input, _with_dim("softmax", input, dim, _stacklevel), dtype)  # type: ignore[no-any-return]


@function(name="nn.functional.softmin", samples=_softmax_samples, errors=_softmax_errors)
def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """``softmax(-x)`` along ``dim``."""
    return REGISTRY["softmax"].public(-input, _with_dim("softmin", input, dim, _stacklevel), dtype)  # type: ignore[no-any-return, operator]


@function(name="nn.functional.log_softmax", samples=_softmax_samples, errors=_softmax_errors)
def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """``log(softmax(x))`` along ``dim``."""
    return REGISTRY["log_softmax"].public(input, _with_dim("log_softmax", input, dim, _stacklevel), dtype)  # type: ignore[no-any-return]


@function(name="nn.functional.gumbel_softmax", samples=lambda m: [
    m(m.f(2, 3)), m(m.f(2, 3), 0.5, True, dim=0).not_numeric("straight through"), m(m.f(), dim=0), m(m.f(0, 2)), m(m.nc(3, 2))],
    errors=_softmax_errors)  # fmt: skip
def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """A sample of a softened categorical distribution: softmax of ``(logits + Gumbel noise) / tau`` (Jang et al. 2017).

    ``hard`` gives a one-hot result whose gradient is that of the soft one.
    """
    if not isinstance(logits, Tensor):
        raise errors.not_a_tensor("gumbel_softmax", "logits", 1, logits)
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)

    def draw(shape: Any) -> Tensor:
        return wrap(exponential_(default_generator, np.empty(shape, logits._a.dtype)))

    shape = logits._a.shape
    draws = levels.drawn(shape, draw) if levels.running else draw(shape)
    noise: Any = -draws.log()  # type: ignore[attr-defined]
    soft: Any = REGISTRY["softmax"].public((logits + noise) / tau, dim)
    if not hard:
        return soft  # type: ignore[no-any-return]
    axis = check_dim(dim, soft.ndim)
    if isinstance(soft, levels.Wrapped):
        one = REGISTRY["scatter"].public(soft.detach() * 0, axis, REGISTRY["argmax"].public(soft, axis, True), 1.0)
        return one - soft.detach() + soft  # type: ignore[no-any-return]
    best = np.expand_dims(soft._a.argmax(axis), axis) if soft.ndim else np.zeros((), np.int64)
    one = np.zeros_like(soft._a)
    if soft.ndim:
        np.put_along_axis(one, best, 1, axis)
    else:
        one[...] = 1
    return wrap(one) - soft.detach() + soft  # type: ignore[no-any-return]

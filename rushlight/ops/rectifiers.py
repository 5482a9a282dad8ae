"""Activation functions that are straight lines, piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..kernels.iteration import is_half
from ..known_writes import write
from ..op import elementwise
from ..random.generator import default_generator
from ..random.uniform import rrelu_noise
from ..readers import REGISTRY
from ..routes import routed
from ..tensor import Tensor, wrap
from .activation_forms import (
    NO_CLAMP,
    either,
    floating_samples,
    floats_only,
    functional,
    in_place,
    shape_samples,
    text_error,
    widened,
)

_SIXTH = float(np.float32(1 / 6))  # PyTorch's factor has float32's digits, for float64 too


@elementwise(methods="relu relu_", domain=(-3, 3))
def relu(k, input):
    """``max(input, 0)``; the gradient at 0 is 0. NaN stays, and lets its gradient through."""
    return np.maximum(input.dtype.type(0), input)


@relu.prepare
def _(input):
    if isinstance(input, Tensor) and input._a.dtype.kind == "b":
        raise errors.runtime("Boolean inputs not supported for relu")
    if isinstance(input, Tensor) and input._a.dtype.kind == "c":
        raise NotImplementedError("clamp is not supported for complex types")
    return (input,), {}


@relu.vjp("input", formal=True)
def _(k, g, out):
    return k.where(out <= 0, 0.0, g)


@elementwise(public=False, refuses=floats_only("leaky_relu_cpu"), domain=(-3, 3))
def leaky_relu(k, input, *, negative_slope=0.01):
    """``input`` where positive, else ``negative_slope * input``."""
    if is_half(input.dtype):
        x = widened(input)
        return np.where(x > 0, x, x * np.float32(negative_slope)).astype(input.dtype)
    return np.where(input > 0, input, input * input.dtype.type(negative_slope))


@leaky_relu.vjp("input", formal=True)
def _(k, g, input, negative_slope):
    return k.where(input > 0, g, k.times(g, negative_slope))


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
    return k.where(out > 0, g, k.times(g, negative_slope))


@elementwise(public=False, refuses=NO_CLAMP, domain=(-3, 3))
def hardtanh(k, input, *, min_val=-1.0, max_val=1.0):
    """``input`` limited to [min_val, max_val]; the gradient at the limits is 0."""
    return np.minimum(input.dtype.type(max_val), np.maximum(input.dtype.type(min_val), input))


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
    x = widened(input)
    return (np.minimum(np.maximum(x + 3, 0), 6) / 6).astype(input.dtype, copy=False)


@hardsigmoid.vjp("input")
def _(k, g, input):
    def formula(g, input):
        return k.where((input > -3.0) & (input < 3.0), g * _SIXTH, 0.0)

    return k.either(formula, formula, g, input)  # of 16-bit floats in float32, rounded once


@elementwise(public=False, refuses=floats_only("hardswish_cpu"), domain=(-2.9, 2.9))
def hardswish(k, input):
    """``input * min(max(input + 3, 0), 6) / 6`` (Howard et al. 2019)."""
    x = widened(input)
    return (x * np.minimum(np.maximum(x + 3, 0), 6) / 6).astype(input.dtype, copy=False)


@hardswish.vjp("input", formal=True)
def _(k, g, input):
    def formula(g, input):
        return k.where(input <= -3.0, 0.0, k.where(input < 3.0, g * (input / 3 + 0.5), g))

    return k.either(formula, formula, g, input)  # of 16-bit floats in float32, rounded once


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
    return leaky_relu.forward(k, input, negative_slope=(lower + upper) / 2)


@rrelu_with_noise.vjp("input", formal=True)
def _(k, g, input, noise, lower, upper, training):
    return g * noise if training else k.where(input > 0, g, k.times(g, (lower + upper) / 2))


rrelu_with_noise.nondiff("noise")


@elementwise(public=False, grad_name="RreluWithNoiseBackward1", refuses=floats_only("leaky_relu_cpu"))
def rrelu_written(k, input, noise, *, lower, upper, training):
    """``rrelu_with_noise`` written over its input."""
    return rrelu_with_noise.forward(k, input, noise, lower=lower, upper=upper, training=training)


@rrelu_written.vjp("input", formal=True)
def _(k, g, out, noise, lower, upper, training):
    return g * noise if training else k.where(out > 0, g, k.times(g, (lower + upper) / 2))


rrelu_written.nondiff("noise")


# --- the public functions -----------------------------------------------------------------------------------------------


@function(name="nn.functional.relu", samples=shape_samples({"inplace": False}), errors=text_error)
def relu_function(input: Tensor, inplace: bool = False) -> Tensor:
    """``max(input, 0)``."""
    return write(relu, (input,), {}) if inplace and isinstance(input, Tensor) else relu.public(input)  # type: ignore[no-any-return]


function(name="nn.functional.relu_", samples=floating_samples(), errors=text_error)(in_place(relu_function))
leaky_relu_function: Callable[..., Tensor] = function(
    name="nn.functional.leaky_relu", samples=shape_samples({"negative_slope": 0.2}), errors=text_error
)(functional("leaky_relu", written="leaky_relu_written"))
function(name="nn.functional.leaky_relu_", samples=floating_samples((0.3, {})), errors=text_error)(
    in_place(leaky_relu_function)
)
function(name="nn.functional.hardsigmoid", samples=shape_samples(times=1), errors=text_error)(functional("hardsigmoid"))
function(name="nn.functional.hardswish", samples=shape_samples(), errors=text_error)(functional("hardswish"))


@function(name="nn.functional.hardtanh", samples=shape_samples({"min_val": -0.5, "max_val": 1.5}), errors=lambda m: [
    *text_error(m), m.error(ValueError, "min_val cannot be greater than max_val", m.f(2), 1.0, -1.0)])  # fmt: skip
@routed
def hardtanh_function(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """``input`` limited to [min_val, max_val]."""
    if min_val > max_val:
        raise errors.value("min_val cannot be greater than max_val")
    if isinstance(input, Tensor) and input._a.dtype.kind == "b":
        raise errors.runtime("Bool inputs not supported for hardtanh")
    if isinstance(input, Tensor) and input._a.dtype.kind == "u" and (min_val < 0 or max_val < 0):
        raise errors.runtime("cannot do hardtanh on an unsigned type with negative limits")
    return either(hardtanh, hardtanh, input, {"min_val": min_val, "max_val": max_val}, inplace)


function(name="nn.functional.hardtanh_", samples=floating_samples((-0.5, 1.5, {})), errors=text_error)(
    in_place(hardtanh_function)
)


@function(name="nn.functional.relu6", samples=shape_samples(), errors=text_error)
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
    return either(REGISTRY["threshold"], threshold_written, input, attrs, inplace)


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
    samples=shape_samples({"lambd": 0.9}),
    errors=text_error,
)
def hardshrink_function(input: Tensor, lambd: float = 0.5) -> Tensor:
    """``input`` outside [-lambd, lambd], else 0."""
    return hardshrink.public(input, lambd=lambd)  # type: ignore[no-any-return]


@function(name="nn.functional.softshrink", samples=shape_samples({"lambd": 0.9}), errors=lambda m: [
    *text_error(m), m.error(RuntimeError, "lambda must be in range [0, ", m.f(2), -1.0)])  # fmt: skip
def softshrink_function(input: Tensor, lambd: float = 0.5) -> Tensor:
    """``input`` moved towards 0 by ``lambd``, not beyond it."""
    if isinstance(input, Tensor) and input._a.dtype.kind in "fV" and not 0 <= lambd <= types.finfo(input.dtype).max:
        raise errors.runtime(
            f"lambda must be in range [0, {types.finfo(input.dtype).max:g}] for input dtype "
            f"{types.scalar_name(input.dtype)}, but found {lambd:g}"
        )
    return softshrink.public(input, lambd=lambd)  # type: ignore[no-any-return]


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


@function(name="nn.functional.rrelu_", aliases="rrelu_", samples=floating_samples((0.2, 0.4, {})), errors=text_error)
def rrelu_(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False) -> Tensor:
    """``rrelu`` written into ``input``."""
    return rrelu(input, lower, upper, training, True)  # type: ignore[no-any-return]

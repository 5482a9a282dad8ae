"""Writing whole tensors: ``copy_``, ``fill_``, ``zero_``."""

from __future__ import annotations

import numpy as np

from .. import errors, levels
from ..autograd.mode import recording
from ..functions import function
from ..kernels import copies
from ..kernels.layouts import empty_like_array
from ..known_writes import write
from ..op import opaque
from ..plain import copied, filled
from ..promotion import cast, cast_array, element
from ..tensor import Tensor, requires_grad, wrap
from ..writing import bump, check_writable


@opaque(public=False, nondiff=True)
def zeros_of(k, input):
    """Zeros like ``input`` that have no history: the gradient of what was overwritten."""
    return np.zeros_like(input)


@opaque(grad_name="CopyBackwards", methods="copy_", public=False, samples=lambda m: [
    m(m.f(2, 3), m.f(2, 3)), m(m.f(2, 3), m.f(3)), m(m.f(), m.f()), m(m.f(0, 2), m.f(2)), m(m.nc(3, 2), m.f(3, 2)),
    m(m.f(3), m.i(3)), m(m.i(3), m.f(3)).value_only("integers have no gradient"), m(m.f(2, 2), m.f()), m(m.f(2), 3)],
    errors=lambda m: [
    m.error(RuntimeError, "The size of tensor a (3) must match the size of tensor b (2)", m.f(3), m.f(2)),
    m.error(RuntimeError, "output with shape [2] doesn't match the broadcast shape [2, 2]", m.f(2), m.f(2, 2)),
    m.error(TypeError, "copy_()", m.f(2), "a")])  # fmt: skip
def copy(k, input, src):
    """The values of ``src`` in the shape and dtype of ``input``."""
    return cast_array(np.broadcast_to(src, input.shape), input.dtype)


@copy.prepare
def _(input, src, non_blocking=False):
    if isinstance(src, (bool, int, float, complex)) and isinstance(input, Tensor):
        src = wrap(
            np.asarray(src) if isinstance(src, float) else cast(src, input.dtype)
        )  # inf has a place among integers, too
    if not isinstance(src, Tensor):
        raise errors.not_a_tensor("copy_", "other", 1, src)
    lead = src.ndim - input.ndim
    if lead <= 0:
        for i, (n, m) in enumerate(zip(reversed(input.shape), reversed(src.shape), strict=False)):
            if m not in (n, 1):
                raise errors.runtime(
                    f"The size of tensor a ({n}) must match the size of tensor b ({m}) at non-singleton dimension "
                    f"{input.ndim - 1 - i}"
                )
        return (input, src), {}
    raise errors.runtime(
        f"output with shape {list(input.shape)} doesn't match the broadcast shape {list(src.shape)}",
        "An in-place operation never changes a shape: write to a slice, or make a new tensor.",
    )


@copy.writes
def _(target, src):
    as_it_is = src.dtype is target.dtype or copies.can_convert(target.dtype, src.dtype)
    copies.assign(target, src if as_it_is else cast_array(src, target.dtype))


copy.short = copied


@copy.vjp("input")
def _(k, g):
    return k.zeros_of(g)


@copy.vjp("src")
def _(k, g):
    return g


def _fill_name(inputs, attrs):
    return "FillBackward1" if isinstance(inputs[1], Tensor) else "FillBackward0"


@opaque(
    grad_name=_fill_name,
    methods="fill fill_",
    samples=lambda m: [
        m(m.f(2, 3), 2.0), m(m.f(), 1.0), m(m.f(0), 1.0), m(m.nc(2, 3), m.f()), m(m.i(3), 2)],
    errors=lambda m: [m.error(RuntimeError, "fill_ only supports 0-dimension value tensor", m.f(3), m.f(2))],
)  # fmt: skip
def fill(k, input, value):
    """A tensor like ``input`` filled with ``value``, a number or a 0-d tensor.

    >>> import rushlight as torch
    >>> torch.zeros(2).fill_(3)
    tensor([3., 3.])
    """
    out = empty_like_array(input, input.dtype)
    out[...] = value
    return out


@fill.prepare
def _(input, value):
    if isinstance(value, Tensor):
        if value._a.ndim:
            raise errors.runtime(
                f"fill_ only supports 0-dimension value tensor but got tensor with {value._a.ndim} dimensions."
            )
        return (input, value), {}
    if not isinstance(value, (bool, int, float, complex, np.number, np.bool_)):
        raise errors.type_(
            f"fill_() received an invalid combination of arguments - got ({type(value).__name__}), but expected a number or a "
            "0-d tensor"
        )
    if isinstance(input, Tensor):
        value = element(value, input.dtype)
    return (input, value), {}


@fill.writes
def _(target, value):
    copies.assign(target, value if not isinstance(value, np.ndarray) else cast_array(value, target.dtype))


fill.short = filled


@fill.vjp("input")
def _(k, g):
    return k.zeros_of(g)


@fill.vjp("value")
def _(k, g):
    return k.sum_to_size(g, size=())


@opaque(public=False)
def overwritten(k, input, other):
    """What an in-place comparison with ``other`` is to the graph: zeros."""
    return np.zeros_like(input)


@overwritten.vjp("input", "other")
def _(k, g):
    return k.zeros_of(g)


@opaque(grad_name="ZeroBackward0", public=False)
def zero(k, input):
    """Zeros like ``input``."""
    return np.zeros_like(input)


@zero.vjp("input")
def _(k, g):
    return k.zeros_of(g)


@function(methods="zero_", samples=lambda m: [
    m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2)), m(m.i(3))],
    errors=lambda m: [m.error(TypeError, "zero_()", m.f(2), 1)])  # fmt: skip
def zero_(input: Tensor) -> Tensor:
    """Fill with zeros."""
    if isinstance(input, levels.Wrapped):
        return input.zero_()  # type: ignore[no-any-return]
    if recording() and requires_grad(input):
        return write(zero, (input,), {})
    check_writable(input, overlap=False)
    copies.assign(input._a, 0)
    bump(input)
    return input

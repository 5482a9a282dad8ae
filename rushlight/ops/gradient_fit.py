"""What the engine does to each gradient: sum it down to its input's shape, cast it to its input's dtype, say of what it is a function."""

from __future__ import annotations

import functools

import numpy as np

from ..kernels import copies
from ..kernels.reduce import sum_axes
from ..kernels.summation import float_sum
from ..op import opaque
from ..promotion import cast_array


@opaque(grad_name="SumBackward1", public=False)
def sum_to_size(k, input, *, size):
    """Sum over the dimensions along which ``size`` was broadcast to ``input``'s shape."""
    a = np.asarray(input)
    axes = _summed(a.shape, size)
    if not axes:
        return a.reshape(size)
    total = float_sum(a, axes) if a.dtype.kind == "f" else np.asarray(sum_axes(a, axes, False, a.dtype))
    return total if total.shape == size else total.reshape(size)


@functools.lru_cache(maxsize=4096)
def _summed(shape, size):
    """The dimensions of ``shape`` along which ``size`` was broadcast."""
    lead = len(shape) - len(size)
    if lead < 0 or any(n not in (1, m) for n, m in zip(size, shape[lead:], strict=True)):
        raise RuntimeError(f"size {list(shape)} cannot be summed to {list(size)}")
    return tuple(range(lead)) + tuple(i + lead for i, n in enumerate(size) if n == 1 and shape[i + lead] != 1)


@sum_to_size.check
def _(input, *, size):
    return (input,), {"size": tuple(size)}


@sum_to_size.vjp("input")
def _(k, g, input_shape):
    return k.broadcast_gradient(g, size=input_shape)


@opaque(grad_name="ExpandBackward0", public=False)
def broadcast_gradient(k, input, *, size):
    """``input`` repeated to ``size``."""
    a = np.asarray(input)
    # a lone number, as every loss sends: a tenth of what broadcast_to takes
    return np.ndarray(size, a.dtype, a, 0, (0,) * len(size)) if a.ndim == 0 else np.broadcast_to(a, size)


@broadcast_gradient.vjp("input")
def _(k, g, input_shape):
    return k.sum_to_size(g, size=input_shape)


@opaque(grad_name="CopyBackwards", public=False)
def own_gradient(k, input):
    """A copy that a leaf may keep as its ``.grad``."""
    return copies.like(np.asarray(input))


@own_gradient.vjp("input")
def _(k, g):
    return g


@opaque(grad_name="ToCopyBackward0", public=False)
def cast_gradient(k, input, *, np_dtype):
    """``input`` in another floating or complex dtype; the real part where the target is real."""
    a = np.asarray(input)
    return a if a.dtype is np_dtype else cast_array(a, np_dtype)


@cast_gradient.vjp("input")
def _(k, g):
    return g


@opaque(grad_name="FormalBackward0", public=False)
def formal_gradient(k, input, other):
    """``input``, as a function of ``other`` too: one whose derivative is zero."""
    return input


@formal_gradient.vjp("input")
def _(k, g):
    return g


@formal_gradient.vjp("other")
def _(k, g, other):
    return k.zeros_of(other)

"""Convolution of one, two and three dimensions, and maximum and average pooling.

A convolution is a sum over the positions of its kernel: at each, a strided window of the (padded) input meets one slice of
the weight in a matrix product. Its two gradients are the same walk with other operands in the product, and each of the three
ops is the derivative of the others.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .. import errors
from ..functions import function
from ..op import opaque
from ..tensor import Tensor


def _tuple(value: Any, n: int) -> tuple[int, ...]:
    out = tuple(value) if isinstance(value, (tuple, list)) else (value,) * n
    return tuple(int(v) for v in (out * n if len(out) == 1 else out))


def _padded(x: Any, padding: Any, value: float = 0.0) -> Any:
    if not any(map(any, padding)):
        return x
    return np.pad(x, [(0, 0), (0, 0), *padding], constant_values=value)


def _positions(kernel: Any, out: Any, stride: Any, dilation: Any) -> Any:
    """For each position of the kernel: its index, and the window of the padded input that it meets."""
    for at in itertools.product(*map(range, kernel)):
        window = tuple(
            slice(i * d, i * d + (n - 1) * s + 1, s) for i, d, n, s in zip(at, dilation, out, stride, strict=True)
        )
        yield at, (slice(None), slice(None), *window)


def _out_size(size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> tuple[int, ...]:
    return tuple(
        (n + sum(p) - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )


def _grouped(x: Any, groups: int) -> Any:
    """(N, C, ...) as (groups, N, C / groups, ...)."""
    n, c = x.shape[:2]
    return np.moveaxis(x.reshape(n, groups, c // groups, *x.shape[2:]), 1, 0)


@opaque(public=False, grad_name="ConvolutionBackward0")
def convolve(k, input, weight, bias, *, stride, padding, dilation, groups):
    """``out[n, o] = bias[o] + sum over c and kernel positions of weight[o, c, at] * input[n, c, window at]``."""
    kernel = weight.shape[2:]
    out_size = _out_size(input.shape[2:], kernel, stride, padding, dilation)
    x = _padded(input, padding)
    n, o = input.shape[0], weight.shape[0]
    out = np.zeros((groups, o // groups, n, *out_size), input.dtype)
    w = weight.reshape(groups, o // groups, *weight.shape[1:])
    for at, window in _positions(kernel, out_size, stride, dilation):
        part = _grouped(x[window], groups)
        for i in range(groups):
            out[i] += np.tensordot(w[(i, slice(None), slice(None), *at)], part[i], ([1], [1]))
    out = np.moveaxis(out.reshape(o, n, *out_size), 1, 0)
    if bias is not None:
        out = out + bias.reshape(1, -1, *[1] * len(kernel))
    return np.ascontiguousarray(out)


@convolve.vjp("input")
def _(k, g, weight, input_shape, stride, padding, dilation, groups):
    return k.convolve_input(
        g, weight, size=input_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


@convolve.vjp("weight")
def _(k, g, input, weight_shape, stride, padding, dilation, groups):
    return k.convolve_weight(
        input, g, size=weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


@convolve.vjp("bias")
def _(k, g):
    return k.sum(g, (0, *range(2, g.ndim)))


@opaque(public=False, grad_name="ConvolutionBackwardBackward0")
def convolve_input(k, input, weight, *, size, stride, padding, dilation, groups):
    """The gradient of ``convolve`` for its input: each output spread back over the window it came from."""
    n, o = input.shape[:2]
    kernel = weight.shape[2:]
    padded = tuple(m + sum(p) for m, p in zip(size[2:], padding, strict=True))
    out = np.zeros((*size[:2], *padded), input.dtype)
    w = weight.reshape(groups, o // groups, *weight.shape[1:])
    g = _grouped(input, groups)
    c = size[1] // groups
    for at, window in _positions(kernel, input.shape[2:], stride, dilation):
        for i in range(groups):
            part = np.tensordot(w[(i, slice(None), slice(None), *at)], g[i], ([0], [1]))
            out[(window[0], slice(i * c, (i + 1) * c), *window[2:])] += np.moveaxis(part, 1, 0)
    inner = tuple(slice(p[0], p[0] + m) for m, p in zip(size[2:], padding, strict=True))
    return np.ascontiguousarray(out[(slice(None), slice(None), *inner)])


@convolve_input.vjp("input")
def _(k, g, weight, stride, padding, dilation, groups):
    return k.convolve(g, weight, None, stride=stride, padding=padding, dilation=dilation, groups=groups)


@convolve_input.vjp("weight")
def _(k, g, input, weight_shape, stride, padding, dilation, groups):
    return k.convolve_weight(
        g, input, size=weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


@opaque(public=False, grad_name="ConvolutionBackwardBackward0")
def convolve_weight(k, input, grad, *, size, stride, padding, dilation, groups):
    """The gradient of ``convolve`` for its weight: at each kernel position, outputs times the inputs they met."""
    x = _padded(input, padding)
    out = np.zeros(size, input.dtype).reshape(groups, size[0] // groups, *size[1:])
    g = _grouped(grad, groups)
    axes = [0, *range(2, input.ndim)]
    for at, window in _positions(size[2:], grad.shape[2:], stride, dilation):
        part = _grouped(x[window], groups)
        for i in range(groups):
            out[(i, slice(None), slice(None), *at)] = np.tensordot(g[i], part[i], (axes, axes))
    return out.reshape(size)


@convolve_weight.vjp("input")
def _(k, g, grad, input_shape, stride, padding, dilation, groups):
    return k.convolve_input(grad, g, size=input_shape, stride=stride, padding=padding, dilation=dilation, groups=groups)


@convolve_weight.vjp("grad")
def _(k, g, input, stride, padding, dilation, groups):
    return k.convolve(input, g, None, stride=stride, padding=padding, dilation=dilation, groups=groups)


def _convolution(n: int) -> None:
    def conv(
        input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:  # fmt: skip
        name = f"conv{n}d"
        if input.ndim not in (n + 1, n + 2):
            raise errors.runtime(
                f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {name}, but got input of size: "
                f"{list(input.shape)}"
            )
        batched = input.ndim == n + 2
        x = input if batched else input.unsqueeze(0)
        if x.shape[1] != weight.shape[1] * groups:
            raise errors.runtime(
                f"Given groups={groups}, weight of size {list(weight.shape)}, expected input{list(x.shape)} to have "
                f"{weight.shape[1] * groups} channels, but got {x.shape[1]} channels instead"
            )
        if input.dtype is not weight.dtype:
            raise errors.runtime("Input type and weight type should be the same", f"{input.dtype} and {weight.dtype}.")
        step, spread = _tuple(stride, n), _tuple(dilation, n)
        kernel = tuple(weight.shape[2:])
        pads = _pads(padding, kernel, step, spread)
        out_size = _out_size(x.shape[2:], kernel, step, pads, spread)
        if min(out_size) <= 0:
            full = " x ".join(str(m + sum(p)) for m, p in zip(x.shape[2:], pads, strict=True))
            raise errors.runtime(
                f"Calculated padded input size per channel: ({full}). Kernel size: ({' x '.join(map(str, kernel))}). Kernel "
                "size can't be greater than actual input size"
            )
        from ..op import REGISTRY

        out = REGISTRY["convolve"].public(
            x, weight, bias, stride=step, padding=pads, dilation=spread, groups=int(groups)
        )
        return out if batched else out.squeeze(0)  # type: ignore[no-any-return]

    conv.__name__ = f"conv{n}d"
    conv.__doc__ = f"Convolution over {n} dimension(s): input (N, C, ...), weight (O, C / groups, ...)."
    function(name=f"nn.functional.conv{n}d")(conv)
    function(name=f"conv{n}d")(conv)


def _pads(padding: Any, kernel: Any, stride: Any, dilation: Any) -> tuple[tuple[int, int], ...]:
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "same":
        if any(s != 1 for s in stride):
            raise errors.runtime("padding='same' is not supported for strided convolutions")
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((t // 2, t - t // 2) for t in totals)
    return tuple((p, p) for p in _tuple(padding, len(kernel)))


for _n in (1, 2, 3):
    _convolution(_n)


# --- pooling --------------------------------------------------------------------------------------------------------
@opaque(public=False, extras=("where",), grad_name="MaxPool2DWithIndicesBackward0")
def max_pool(k, input, *, kernel, stride, padding, dilation, out_size):
    """The largest element of each window; ``where`` is its place in the flattened planes."""
    low = -np.inf if input.dtype.kind == "f" else np.iinfo(input.dtype).min
    last = [
        max(0, (o - 1) * s + d * (m - 1) + 1 - n - p)
        for o, s, d, m, n, p in zip(out_size, stride, dilation, kernel, input.shape[2:], padding, strict=True)
    ]
    pads = [(p, q) for p, q in zip(padding, last, strict=True)]
    places = np.arange(int(np.prod(input.shape[2:]))).reshape(1, 1, *input.shape[2:])
    x, numbers = _padded(input, pads, low), _padded(places, pads, 0)
    best = where = None
    for _, window in _positions(kernel, out_size, stride, dilation):
        value, number = x[window], np.broadcast_to(numbers[window], x[window].shape)
        if best is None:
            best, where = value.copy(), number.copy()
        else:
            better = (value > best) | (value != value)
            best[better], where[better] = value[better], number[better]
    return best, where


@max_pool.vjp("input")
def _(k, g, input_shape, where):
    return k.plane_scatter(g, where, size=input_shape)


@opaque(public=False, grad_name="MaxPoolBackwardBackward0")
def plane_scatter(k, input, where, *, size):
    """Zeros with ``input`` added at places of the flattened planes."""
    out = np.zeros((*size[:2], int(np.prod(size[2:]))), input.dtype)
    a, b = np.ogrid[: size[0], : size[1]]
    np.add.at(out, (a[..., None], b[..., None], where.reshape(*size[:2], -1)), input.reshape(*size[:2], -1))
    return out.reshape(size)


plane_scatter.nondiff("where")


@plane_scatter.vjp("input")
def _(k, g, where):
    return k.plane_gather(g, where)


@opaque(public=False, grad_name="MaxPoolGatherBackward0")
def plane_gather(k, input, where):
    """The elements at places of the flattened planes."""
    flat = input.reshape(*input.shape[:2], -1)
    return np.take_along_axis(flat, where.reshape(*where.shape[:2], -1), 2).reshape(where.shape)


plane_gather.nondiff("where")


@plane_gather.vjp("input")
def _(k, g, where, input_shape):
    return k.plane_scatter(g, where, size=input_shape)


def _pool_sizes(
    name: str, input: Tensor, n: int, kernel: Any, stride: Any, padding: Any, dilation: Any, up: bool
) -> Any:
    kernel = _tuple(kernel, n)
    step = kernel if stride is None or stride == [] else _tuple(stride, n)
    pad, spread = _tuple(padding, n), _tuple(dilation, n)
    if any(2 * p > m for p, m in zip(pad, kernel, strict=True)):
        raise errors.runtime(
            f"pad should be at most half of effective kernel size, but got pad={pad[0]}, kernel_size={kernel[0]}"
        )
    sizes = []
    for m, q, s, p, d in zip(input.shape[-n:], kernel, step, pad, spread, strict=True):
        span = m + 2 * p - d * (q - 1) - 1
        o = (-(-span // s) if up else span // s) + 1
        if up and (o - 1) * s >= m + p:
            o -= 1
        sizes.append(o)
    if min(sizes) <= 0:
        raise errors.runtime(
            f"Given input size: {list(input.shape)}. Calculated output size: {sizes}. Output size is too small"
        )
    return kernel, step, pad, spread, tuple(sizes)


def _max_pool(n: int) -> None:
    def pool(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:  # fmt: skip
        if return_indices:
            raise NotImplementedError(f"max_pool{n}d(return_indices=True) is not supported")
        kernel, step, pad, spread, out = _pool_sizes(
            "max_pool", input, n, kernel_size, stride, padding, dilation, ceil_mode
        )
        from ..op import REGISTRY

        batched = input.ndim == n + 2
        x = input if batched else input.unsqueeze(0)
        result = REGISTRY["max_pool"].public(x, kernel=kernel, stride=step, padding=pad, dilation=spread, out_size=out)
        return result if batched else result.squeeze(0)

    pool.__name__ = f"max_pool{n}d"
    pool.__doc__ = f"The largest element of each window, over {n} dimension(s)."
    function(name=f"nn.functional.max_pool{n}d")(pool)


for _n in (1, 2, 3):
    _max_pool(_n)


@opaque(public=False, grad_name="AvgPool2DBackward0")
def avg_pool(k, input, *, kernel, stride, padding, out_size):
    """The mean of each window, padding counted as zeros."""
    x = _padded(input, [(p, p) for p in padding])
    total = np.zeros((*input.shape[:2], *out_size), input.dtype)
    for _, window in _positions(kernel, out_size, stride, (1,) * len(kernel)):
        total += x[window]
    return total / input.dtype.type(np.prod(kernel))


@avg_pool.vjp("input")
def _(k, g, input_shape, kernel, stride, padding, out_size):
    return k.avg_pool_spread(g, size=input_shape, kernel=kernel, stride=stride, padding=padding, out_size=out_size)


@opaque(public=False, grad_name="AvgPool2DBackwardBackward0")
def avg_pool_spread(k, input, *, size, kernel, stride, padding, out_size):
    """The gradient of ``avg_pool``: each mean spread evenly over its window."""
    out = np.zeros((*size[:2], *(n + 2 * p for n, p in zip(size[2:], padding, strict=True))), input.dtype)
    share = input / input.dtype.type(np.prod(kernel))
    for _, window in _positions(kernel, out_size, stride, (1,) * len(kernel)):
        out[window] += share
    inner = tuple(slice(p, p + n) for n, p in zip(size[2:], padding, strict=True))
    return np.ascontiguousarray(out[(slice(None), slice(None), *inner)])


@avg_pool_spread.vjp("input")
def _(k, g, kernel, stride, padding, out_size):
    return k.avg_pool(g, kernel=kernel, stride=stride, padding=padding, out_size=out_size)


@function(name="nn.functional.avg_pool2d")
def avg_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window of two dimensions."""
    if ceil_mode or (not count_include_pad and _tuple(padding, 2) != (0, 0)) or divisor_override is not None:
        raise NotImplementedError(
            "avg_pool2d: ceil_mode, count_include_pad=False and divisor_override are not supported"
        )
    kernel, step, pad, _, out = _pool_sizes("avg_pool", input, 2, kernel_size, stride, padding, 1, False)
    from ..op import REGISTRY

    batched = input.ndim == 4
    x = input if batched else input.unsqueeze(0)
    result = REGISTRY["avg_pool"].public(x, kernel=kernel, stride=step, padding=pad, out_size=out)
    return result if batched else result.squeeze(0)  # type: ignore[no-any-return]

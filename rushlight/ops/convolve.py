"""Convolution as an op, and its two derivatives.

A convolution is a matrix product: the windows of the padded input, one a column, times the weight. Its two gradients are
products with the same columns, so each of the three ops is the derivative of the others. With few channels the columns lie
in memory as PyTorch's planes do; with many, channels come last, so that a window is copied in long runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels import gemm, llvm, single_image, weight_orders
from ..kernels.channel_sums import channel_sums as sums_of_channels
from ..kernels.copies import cast
from ..kernels.iteration import forget_with_threads
from ..kernels.windows import columns, fold_into, inner, out_sizes, padded, positions, windows
from ..op import opaque

#: Elements of the columns that are laid out at a time: they should stay in the cache until the product reads them.
BLOCK = 1 << 20

#: Channels a window from which they are laid out last.
CHANNELS_LAST = 16

#: Multiplications from which native code is had at once. It works through so many while NumPy does one.
LARGE, QUICKER = 1 << 18, 16


def _half(dtype: Any) -> bool:
    """Half precision, whose sums need single precision."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


def _blocks(count: int, elements: int) -> Any:
    """Slices of the batch whose columns fit the block."""
    step = max(1, BLOCK // max(elements, 1))
    return [slice(i, min(i + step, count)) for i in range(0, count, step)]


def _channels_last(channels: int, kernel: Any, groups: int) -> bool:
    return groups == 1 and channels >= CHANNELS_LAST and int(np.prod(kernel)) > 1


def _last(x: Any, padding: Any) -> Any:
    """(N, C, *space) as padded (N, *space, C)."""
    space = tuple(m + 2 * p for m, p in zip(x.shape[2:], padding, strict=True))
    out = np.zeros((x.shape[0], *space, x.shape[1]), x.dtype)
    inside = tuple(slice(p, p + m) for p, m in zip(padding, x.shape[2:], strict=True))
    out[(slice(None), *inside)] = np.moveaxis(x, 1, -1)
    return out


def _rows(x: Any, kernel: Any, out: Any, stride: Any, dilation: Any) -> Any:
    """Padded (N, *space, C) as a matrix with a row for each window: (N * out, kernel * C)."""
    n, d = x.shape[0], len(kernel)
    view = windows(x, 1, kernel, out, stride, dilation)
    view = view.transpose(0, *range(1 + d, 1 + 2 * d), *range(1, 1 + d), 1 + 2 * d)
    return view.reshape(n * int(np.prod(out)), int(np.prod(kernel)) * x.shape[-1])


# --- the product and its two derivatives ------------------------------------------------------------------------------
def _forward(x: Any, weight: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    o, c, *kernel = weight.shape
    out = out_sizes(x.shape[2:], kernel, stride, padding, dilation)
    n, length, taps = x.shape[0], int(np.prod(out)), c * int(np.prod(kernel))
    result = np.empty((n, groups, o // groups, length), x.dtype)
    if _channels_last(c, kernel, groups):
        w = np.moveaxis(weight, (0, 1), (-1, -2)).reshape(taps, o)
        x = _last(x, padding)
        for b in _blocks(n, length * taps):
            part = _rows(x[b], kernel, out, stride, dilation) @ w
            result[b, 0] = part.reshape(-1, length, o).transpose(0, 2, 1)
        return result.reshape(n, o, *out)
    w = weight.reshape(groups, o // groups, taps)
    x = padded(x, padding, padding)
    for b in _blocks(n, length * taps * groups):
        cols = columns(x[b], kernel, out, stride, dilation).reshape(-1, groups, taps, length)
        np.matmul(w, cols, out=result[b])
    return result.reshape(n, o, *out)


def _backward_input(g: Any, weight: Any, size: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    n, o, *out = g.shape
    c, kernel = weight.shape[1], weight.shape[2:]
    length, taps = int(np.prod(out)), c * int(np.prod(kernel))
    space = tuple(m + 2 * p for m, p in zip(size, padding, strict=True))
    reach = tuple(d * (m - 1) for m, d in zip(kernel, dilation, strict=True))
    rest = tuple(r - p for r, p in zip(reach, padding, strict=True))
    if _channels_last(o, kernel, groups) and o <= 4 * c and min(rest) >= 0 and set(stride) == {1}:
        # with stride 1 the transpose is a convolution with the turned kernel: reading windows is quicker than adding
        # to them, unless there are far more of them to read
        if all(a == m + r for a, m, r in zip(space, out, reach, strict=True)):
            turned = np.flip(weight, tuple(range(2, weight.ndim))).swapaxes(0, 1)
            return _forward(g, turned, stride, rest, dilation, 1)
    if _channels_last(c, kernel, groups):
        w = np.moveaxis(weight, 1, -1).reshape(o, taps)
        total = np.zeros((n, *space, c), g.dtype)
        for b in _blocks(n, length * taps):
            rows = g[b].reshape(-1, o, length).transpose(0, 2, 1).reshape(-1, o) @ w
            rows = rows.reshape(-1, *out, *kernel, c)
            block = total[b]
            for at, window in positions(kernel, out, stride, dilation):
                block[(slice(None), *window)] += rows[(slice(None), *[slice(None)] * len(out), *at)]
        total = np.moveaxis(total, -1, 1)
    else:
        w = weight.reshape(groups, o // groups, taps).swapaxes(1, 2)
        total = np.zeros((n, groups * c, *space), g.dtype)
        for b in _blocks(n, length * taps * groups):
            cols = np.matmul(w, g[b].reshape(-1, groups, o // groups, length))
            fold_into(total[b], cols.reshape(-1, groups * c, *kernel, *out), kernel, out, stride, dilation)
    return np.ascontiguousarray(inner(total, padding, size))


def _backward_weight(x: Any, g: Any, size: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    o, c, *kernel = size
    n, out = x.shape[0], g.shape[2:]
    length, taps = int(np.prod(out)), c * int(np.prod(kernel))
    if _channels_last(c, kernel, groups):
        total = np.zeros((o, taps), x.dtype)
        x = _last(x, padding)
        for b in _blocks(n, length * taps):
            rows = _rows(x[b], kernel, out, stride, dilation)
            total += g[b].reshape(-1, o, length).transpose(1, 0, 2).reshape(o, -1) @ rows
        return np.ascontiguousarray(np.moveaxis(total.reshape(o, *kernel, c), -1, 1))
    total = np.zeros((groups, o // groups, taps), x.dtype)
    x = padded(x, padding, padding)
    for b in _blocks(n, length * taps * groups):
        cols = columns(x[b], kernel, out, stride, dilation).reshape(-1, groups, taps, length)
        total += np.matmul(g[b].reshape(-1, groups, o // groups, length), cols.swapaxes(2, 3)).sum(0)
    return total.reshape(size)


def _native(weight: Any, places: int) -> Any:
    """Native code for a weight that is used at so many places, if that is worth it (``kernels.convolution``); else None.

    float32 has it at once, for its digits.
    """
    work = weight.size * places
    if not work or weight.dtype.char not in "fd":
        return None
    at_once = work >= LARGE or weight.dtype.char == "f"
    if not (llvm.available() if at_once else llvm.patience.over(work // QUICKER, 1)):
        return None
    from ..kernels import convolution

    return convolution


def _is_matrix(native: Any, x: Any, shape: Any, kernel: Any, groups: int, *sizes: int) -> bool:
    """Whether a convolution of one small image is made as PyTorch's, a product of matrices of such ``sizes``.

    Where each element is one sum, native code has the same digits in less time.
    """
    if x.dtype.char != "f" or not single_image.is_one(shape, kernel, groups):
        return False
    return native is None or not sizes or not gemm.is_plain(*sizes)


def _wide(x: Any) -> Any:
    """Half precision as single precision, in which it is summed."""
    return cast(x, np.float32) if x is not None and _half(x.dtype) else x


def _finish(out: Any, bias: Any, dtype: Any) -> Any:
    if bias is not None:
        out += bias.reshape(-1, *[1] * (out.ndim - 2))
    return cast(out, dtype)


def _fitting(out: Any, shape: Any) -> Any:
    """Without the windows that only fit because of output padding."""
    if tuple(out.shape[2:]) == tuple(shape[2:]):
        return out
    return out[(Ellipsis, *(slice(0, m) for m in shape[2:]))]


#: What native code has decided for shapes and settings, of which programs use few.
_runs: dict[Any, Any] = {}
forget_with_threads(_runs)


def remember(known: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep what was decided, but not for ever more shapes."""
    if len(known) >= 1024:
        known.clear()
    known[key] = value


# --- records ----------------------------------------------------------------------------------------------------------
@opaque(public=False, grad_name="ConvolutionBackward0")
def convolve(k, input, weight, bias, *, stride, padding, dilation, groups):
    """``out[n, o] = bias[o] + sum over c and kernel positions of weight[o, c, at] * input[n, c, window at]``.

    Gradient of ``input``: ``conv_transpose(g, weight)``.
    Gradient of ``weight``: ``sum over n and places of g[n, o, place] * input[n, c, window at place]``.
    Gradient of ``bias``: ``sum over n and places of g[n, o, place]``.
    """
    key = input.shape, weight.shape, input.dtype.char, stride, padding, dilation, groups
    run = _runs.get(key)
    if run is not None:
        out = run(input, weight, bias)
        if out is not None:
            return out
    x, w, b = _wide(input), _wide(weight), _wide(bias)
    size = out_sizes(x.shape[2:], w.shape[2:], stride, padding, dilation)
    native = _native(w, x.shape[0] * int(np.prod(size)))
    taps = w[0].size
    if _is_matrix(native, input, x.shape, w.shape[2:], groups, w.shape[0], taps, int(np.prod(size))):
        run = single_image.planned(x.shape[2:], w.shape, size, stride, padding, dilation)
        out = run(x, w, b)
        if out is not None:
            if native:
                remember(_runs, key, run)
            return out
    if native:
        run = native.planned(x.shape, w.shape, x.dtype, size, stride, padding, dilation, groups)
        if x is input:
            remember(_runs, key, run)
        out = run(x, w, b)
        if out is not None:
            return _finish(out, None, input.dtype)
    return _finish(_forward(x, w, stride, padding, dilation, groups), b, input.dtype)


@convolve.vjp("input")
def _(k, g, weight, input_shape, stride, padding, dilation, groups):
    return k.convolve_input(
        g, k.conj(weight), None, size=input_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups,
        node="ConvolutionBackwardBackward0",
    )  # fmt: skip


@convolve.vjp("weight")
def _(k, g, input, weight_shape, stride, padding, dilation, groups):
    return k.convolve_weight(
        k.conj(input),
        g,
        size=weight_shape,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        turned=False,
    )


@convolve.vjp("bias", formal=True)
def _(k, g, input, weight, stride, padding, dilation, groups):
    if single_image.is_one(input.shape, weight.shape[2:], groups):
        return k.sum(g, (0, *range(2, g.ndim)))
    how = weight_orders.bias(input.shape, g.shape[2:], weight.shape, stride, padding, dilation, groups)
    return k.channel_sums(g, cuts=how.cuts, run=how.run)


@opaque(public=False, grad_name="ConvolutionBackwardBackward0")
def channel_sums(k, grad, *, cuts, run):
    """The sum of each channel, the gradient of the bias, in PyTorch's order (``weight_orders.Bias``)."""
    out = sums_of_channels(_wide(grad), cuts, run)
    return out if out.dtype == grad.dtype else out.astype(grad.dtype)


@channel_sums.vjp("grad")
def _(k, g, grad_shape):
    for _ in grad_shape[2:]:
        g = k.unsqueeze(g, -1)
    return k.broadcast_gradient(g, size=grad_shape)


@opaque(public=False, grad_name=lambda inputs, attrs: attrs["node"])
def convolve_input(k, input, weight, bias, *, size, stride, padding, dilation, groups, node):
    """The transpose of ``convolve`` in its input: each element spread over a window, weighted; overlaps add up.

    ``size`` is the spatial size of the result. As ``conv_transpose`` it is a forward op, with a bias; as a gradient it has
    none: ``node`` names what PyTorch calls it.

    Gradient of ``input``: ``conv(g, weight)``.
    Gradient of ``weight``: ``sum over n and places of input[n, c, place] * g[n, o, window at place]``.
    Gradient of ``bias``: ``sum over n and places of g[n, o, place]``.
    """
    turned = node == "ConvolutionBackward0"
    key = "input", input.shape, weight.shape, input.dtype.char, tuple(size), stride, padding, dilation, groups, turned
    run = _runs.get(key)
    if run is not None:
        out = run(input, weight)
        if out is not None:
            return _finish(out, bias, input.dtype)
    g, w = _wide(input), _wide(weight)
    length = int(np.prod(g.shape[2:]))
    native = _native(w, g.shape[0] * length)
    image = g.shape if turned else (g.shape[0], groups * w.shape[1], *size)
    out = None
    if _is_matrix(native, input, image, w.shape[2:], groups, w[0].size, w.shape[0], length):
        run = single_image.planned_input(size, w.shape, g.shape[2:], stride, padding, dilation)
        out = run(g, w)
        if out is not None and native:
            remember(_runs, key, run)
    if native and out is None:
        run = native.planned_input(g.shape, w.shape, g.dtype, size, stride, padding, dilation, groups, turned)
        if g is input:
            remember(_runs, key, run)
        out = run(g, w)
    if out is None:
        out = _backward_input(g, w, size, stride, padding, dilation, groups)
    return _finish(out, _wide(bias), input.dtype)


@convolve_input.vjp("input")
def _(k, g, weight, input_shape, stride, padding, dilation, groups):
    out = k.convolve(g, k.conj(weight), None, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _fitting(out, input_shape)


@convolve_input.vjp("weight")
def _(k, g, input, weight_shape, stride, padding, dilation, groups):
    return k.convolve_weight(
        g,
        k.conj(input),
        size=weight_shape,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        turned=True,
    )


@convolve_input.vjp("bias", formal=True)
def _(k, g, input, weight, stride, padding, dilation, groups):
    if g.ndim > 4 or single_image.is_one(input.shape, weight.shape[2:], groups):
        return k.sum(g, (0, *range(2, g.ndim)))
    how = weight_orders.bias(g.shape, input.shape[2:], weight.shape, stride, padding, dilation, groups, True)
    return k.channel_sums(g, cuts=how.cuts, run=how.run)


@opaque(public=False, grad_name="ConvolutionBackwardBackward0")
def convolve_weight(k, input, grad, *, size, stride, padding, dilation, groups, turned):
    """The gradient of ``convolve`` for its weight: at each kernel position, outputs times the inputs they met.

    ``turned`` tells that of a transposed convolution, whose input is ``grad``.
    """
    key = "weight", input.shape, grad.shape, input.dtype.char, tuple(size), stride, padding, dilation, groups, turned
    run = _runs.get(key)
    if run is not None:
        out = run(input, grad)
        if out is not None:
            return out
    x, g, size = _wide(input), _wide(grad), tuple(size)
    native = _native(np.broadcast_to(x.dtype.type(0), size), g.shape[0] * int(np.prod(g.shape[2:])))
    out = None
    if _is_matrix(native, input, g.shape if turned else x.shape, size[2:], groups):
        run = single_image.planned_weight(x.shape[2:], size, g.shape[2:], stride, padding, dilation)
        out = run(x, g)
        if out is not None and native:
            remember(_runs, key, run)
    if native and out is None:
        from ..kernels import weight_gradients

        run = weight_gradients.planned_weight(
            x.shape, g.shape[0], g.shape[2:], x.dtype, size, stride, padding, dilation, groups
        )
        if x is input:
            remember(_runs, key, run)
        out = run(x, g)
    if out is None:
        out = _backward_weight(x, g, size, stride, padding, dilation, groups)
    return _finish(out, None, input.dtype)


@convolve_weight.vjp("input")
def _(k, g, grad, input_shape, stride, padding, dilation, groups):
    return k.convolve_input(
        k.conj(grad), g, None, size=input_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups,
        node="ConvolutionBackward0",
    )  # fmt: skip


@convolve_weight.vjp("grad")
def _(k, g, input, grad_shape, stride, padding, dilation, groups):
    out = k.convolve(k.conj(input), g, None, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _fitting(out, grad_shape)

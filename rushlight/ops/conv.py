"""Convolution of one, two and three dimensions, and its transpose.

A convolution is a matrix product: the windows of the padded input, one a column, times the weight. Its two gradients are
products with the same columns, so each of the three ops is the derivative of the others. With few channels the columns lie
in memory as PyTorch's planes do; with many, channels come last, so that a window is copied in long runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..kernels import llvm
from ..kernels.windows import columns, fold_into, inner, out_sizes, padded, positions, windows
from ..op import opaque
from ..readers import REGISTRY
from ..tensor import Tensor

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
    """Native code for a weight that is used at so many places, if that is worth it (``kernels.convolution``); else None."""
    work = weight.size * places
    if not work or weight.dtype.char not in "fd":
        return None
    if not (llvm.available() if work >= LARGE else llvm.patience.over(work // QUICKER, 1)):
        return None
    from ..kernels import convolution

    return convolution


def _wide(x: Any) -> Any:
    """Half precision as single precision, in which it is summed."""
    return x.astype(np.float32) if x is not None and _half(x.dtype) else x


def _finish(out: Any, bias: Any, dtype: Any) -> Any:
    if bias is not None:
        out += bias.reshape(-1, *[1] * (out.ndim - 2))
    return out if out.dtype == dtype else out.astype(dtype)


def _fitting(out: Any, shape: Any) -> Any:
    """Without the windows that only fit because of output padding."""
    if tuple(out.shape[2:]) == tuple(shape[2:]):
        return out
    return out[(Ellipsis, *(slice(0, m) for m in shape[2:]))]


# --- records ----------------------------------------------------------------------------------------------------------
@opaque(public=False, grad_name="ConvolutionBackward0")
def convolve(k, input, weight, bias, *, stride, padding, dilation, groups):
    """``out[n, o] = bias[o] + sum over c and kernel positions of weight[o, c, at] * input[n, c, window at]``."""
    x, w, b = _wide(input), _wide(weight), _wide(bias)
    size = out_sizes(x.shape[2:], w.shape[2:], stride, padding, dilation)
    native = _native(w, x.shape[0] * int(np.prod(size)))
    out = native.forward(x, w, b, size, stride, padding, dilation, groups) if native else None
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
        k.conj(input), g, size=weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


@convolve.vjp("bias", formal=True)
def _(k, g, input, weight):
    return k.sum(g, (0, *range(2, g.ndim)))


@opaque(public=False, grad_name=lambda inputs, attrs: attrs["node"])
def convolve_input(k, input, weight, bias, *, size, stride, padding, dilation, groups, node):
    """The transpose of ``convolve`` in its input: each element spread over a window, weighted; overlaps add up.

    ``size`` is the spatial size of the result. As ``conv_transpose`` it is a forward op, with a bias; as a gradient it has
    none: ``node`` names what PyTorch calls it.
    """
    g, w = _wide(input), _wide(weight)
    native = _native(w, g.shape[0] * int(np.prod(g.shape[2:])))
    turned = node == "ConvolutionBackward0"
    out = native.backward_input(g, w, size, stride, padding, dilation, groups, turned) if native else None
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
        g, k.conj(input), size=weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


@convolve_input.vjp("bias", formal=True)
def _(k, g, input, weight):
    return k.sum(g, (0, *range(2, g.ndim)))


@opaque(public=False, grad_name="ConvolutionBackwardBackward0")
def convolve_weight(k, input, grad, *, size, stride, padding, dilation, groups):
    """The gradient of ``convolve`` for its weight: at each kernel position, outputs times the inputs they met."""
    x, g, size = _wide(input), _wide(grad), tuple(size)
    native = _native(np.broadcast_to(x.dtype.type(0), size), g.shape[0] * int(np.prod(g.shape[2:])))
    out = native.backward_weight(x, g, size, stride, padding, dilation, groups) if native else None
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


# --- public functions -------------------------------------------------------------------------------------------------
def _ints(what: str, value: Any, n: int, name: str) -> tuple[int, ...]:
    """A setting as one int for each dimension."""
    given = list(value) if isinstance(value, (tuple, list)) else [value]
    for v in given:
        if isinstance(v, (bool, float, str)) or not hasattr(v, "__index__"):
            raise errors.type_(f"{name}(): argument '{what}' must be tuple of ints, not {type(value).__name__}")
    if len(given) not in (1, n):
        raise errors.runtime(
            f"expected {what} to be a single integer value or a list of {n} values to match the convolution dimensions, but "
            f"got {what}={[int(v) for v in given]}"
        )
    return tuple(int(v) for v in (given * n if len(given) == 1 else given))


def _c_name(t: types.dtype) -> str:
    """The C++ type in PyTorch's message about mixed dtypes."""
    return _C_NAMES.get(t, f"c10::{types.scalar_name(t)}")


_C_NAMES = {
    types.float32: "float", types.float64: "double", types.int64: "long int", types.int32: "int", types.int16: "short int",
    types.int8: "signed char", types.uint8: "unsigned char", types.bool_: "bool", types.complex64: "c10::complex<float>",
    types.complex128: "c10::complex<double>",
}  # fmt: skip


def _check_tensors(name: str, n: int, input: Any, weight: Any, bias: Any) -> None:
    """Tensors of the right rank and of one dtype."""
    if not isinstance(input, Tensor) or not isinstance(weight, Tensor) or not isinstance(bias, (Tensor, type(None))):
        got = ", ".join(type(a).__name__ for a in (input, weight, *([] if bias is None else [bias])))
        raise errors.type_(
            f"{name}() received an invalid combination of arguments - got ({got}), but expected input, weight and bias to be "
            "Tensors"
        )
    if input.ndim not in (n + 1, n + 2):
        raise errors.runtime(
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {name}, but got input of size: "
            f"{list(input.shape)}",
            f"The dimensions are (batch, channels, {n} of space); the batch may be left out.",
        )
    if bias is not None and bias.dtype is not input.dtype:
        raise errors.runtime(
            f"Input type ({_c_name(input.dtype)}) and bias type ({_c_name(bias.dtype)}) should be the same",
            "Convert one of them: bias.to(input.dtype).",
        )


def _check_numbers(name: str, input: Tensor, weight: Tensor, numbers: dict[str, tuple[int, ...]], groups: int) -> None:
    """Settings in their ranges, weight and input of the same rank and dtype."""
    for what in ("padding", "output_padding"):
        if min(numbers.get(what, (0,))) < 0:
            raise errors.runtime(f"negative {what} is not supported")
    if min(numbers["stride"]) <= 0:
        raise errors.runtime("non-positive stride is not supported")
    if min(numbers["dilation"]) <= 0:
        raise errors.runtime("dilation should be greater than zero")
    if groups <= 0:
        raise errors.runtime("non-positive groups is not supported")
    if weight.ndim != input.ndim:
        raise errors.runtime(
            f"Expected {weight.ndim}-dimensional input for {weight.ndim}-dimensional weight {list(weight.shape)}, but got "
            f"{input.ndim}-dimensional input of size {list(input.shape)} instead"
        )
    if weight.shape[0] < groups:
        raise errors.runtime(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{list(weight.shape)} instead"
        )
    if weight.shape[0] % groups:
        raise errors.runtime(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of size "
            f"[{list(weight.shape)}] instead"
        )
    if 0 in weight.shape[2:]:
        raise errors.runtime(f"kernel size should be greater than zero, but got weight of size {list(weight.shape)}")
    if input.dtype is not weight.dtype:
        raise errors.runtime(
            f"expected scalar type {types.scalar_name(input.dtype)} but found {types.scalar_name(weight.dtype)}",
            f"{name}: input is {input.dtype}, weight is {weight.dtype}; convert one of them with .to(...).",
        )
    if input.dtype is types.bool_:
        raise NotImplementedError(f""""{name}" not implemented for 'Bool'""")


def _check_bias(weight: Tensor, bias: Tensor | None, channels: int, given: str) -> None:
    if bias is not None and tuple(bias.shape) != (channels,):
        raise errors.runtime(
            f"Given {given}weight of size {list(weight.shape)}, expected bias to be 1-dimensional with {channels} elements, "
            f"but got bias of size {list(bias.shape)} instead"
        )


def _by(sizes: Any) -> str:
    return " x ".join(map(str, sizes))


def _same_padding(x: Tensor, kernel: Any, stride: Any, dilation: Any) -> tuple[Tensor, tuple[int, ...]]:
    """The input padded where the two sides differ, and the padding that both sides have."""
    if any(s != 1 for s in stride):
        raise errors.runtime("padding='same' is not supported for strided convolutions")
    totals = [max(d * (m - 1), 0) for m, d in zip(kernel, dilation, strict=True)]
    if any(t % 2 for t in totals):
        flat: list[int] = []
        for t in reversed(totals):
            flat += [0, t % 2]
        x = REGISTRY["constant_pad_nd"].public(x, flat)
    return x, tuple(t // 2 for t in totals)


def _conv(n: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: Any) -> Tensor:
    name = f"conv{n}d"
    _check_tensors(name, n, input, weight, bias)
    batched = input.ndim == n + 2
    x = input if batched else input.unsqueeze(0)
    numbers = {"stride": _ints("stride", stride, n, name), "dilation": _ints("dilation", dilation, n, name)}
    word = padding if isinstance(padding, str) else None
    if word not in (None, "same", "valid"):
        raise errors.runtime(
            f"Invalid padding string: '{padding}'", "It is 'same', 'valid', or a number for each dimension."
        )
    numbers["padding"] = (0,) * n if word else _ints("padding", padding, n, name)
    if not word and weight.ndim < 3:
        raise errors.runtime("weight should have at least three dimensions", f"It has shape {list(weight.shape)}.")
    _check_numbers(name, x, weight, numbers, groups)
    step, spread, pads = numbers["stride"], numbers["dilation"], numbers["padding"]
    kernel = weight.shape[2:]
    if word == "same":
        x, pads = _same_padding(x, kernel, step, spread)
    if x.shape[1] != weight.shape[1] * groups:
        raise errors.runtime(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected input{list(x.shape)} to have "
            f"{weight.shape[1] * groups} channels, but got {x.shape[1]} channels instead"
        )
    _check_bias(weight, bias, weight.shape[0], "")
    if min(out_sizes(x.shape[2:], kernel, step, pads, spread)) <= 0:
        full = _by(m + 2 * p for m, p in zip(x.shape[2:], pads, strict=True))
        reach = _by(d * (m - 1) + 1 for m, d in zip(kernel, spread, strict=True))
        raise errors.runtime(
            f"Calculated padded input size per channel: ({full}). Kernel size: ({reach}). Kernel size can't be greater than "
            "actual input size"
        )
    out = convolve.public(x, weight, bias, stride=step, padding=pads, dilation=spread, groups=int(groups))
    return out if batched else out.squeeze(0)  # type: ignore[no-any-return]


def _conv_transpose(
    n: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: Any,
    dilation: Any,
) -> Tensor:
    name = f"conv_transpose{n}d"
    _check_tensors(name, n, input, weight, bias)
    batched = input.ndim == n + 2
    x = input if batched else input.unsqueeze(0)
    given = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
    numbers = {what: _ints(what, value, n, name) for what, value in given.items()}
    _check_numbers(name, x, weight, numbers, groups)
    if x.shape[1] != weight.shape[0]:
        raise errors.runtime(
            f"Given transposed=1, weight of size {list(weight.shape)}, expected input{list(x.shape)} to have "
            f"{weight.shape[0]} channels, but got {x.shape[1]} channels instead"
        )
    _check_bias(weight, bias, weight.shape[1] * groups, "transposed=1, ")
    step, pads, extra, spread = numbers.values()
    if any(e >= max(s, d) for e, s, d in zip(extra, step, spread, strict=True)):
        raise errors.runtime(
            f"output padding must be smaller than either stride or dilation, but got output_padding: {list(extra)} stride: "
            f"{list(step)} dilation: {list(spread)}"
        )
    if 0 in x.shape[2:]:
        raise errors.runtime(
            f"Only zero batch or zero channel inputs are supported, but got input shape: {list(x.shape)}"
        )
    kernel = weight.shape[2:]
    size = tuple(
        (m - 1) * s - 2 * p + d * (q - 1) + e + 1
        for m, s, p, d, q, e in zip(x.shape[2:], step, pads, spread, kernel, extra, strict=True)
    )
    if min(size) <= 0:
        raise errors.runtime(
            f"Given input size per channel: ({_by(x.shape[2:])}). Calculated output size per channel: ({_by(size)}). Output "
            "size is too small"
        )
    out = convolve_input.public(
        x,
        weight,
        bias,
        size=size,
        stride=step,
        padding=pads,
        dilation=spread,
        groups=int(groups),
        node="ConvolutionBackward0",
    )
    return out if batched else out.squeeze(0)  # type: ignore[no-any-return]


_NO_SCALARS = "a convolution has at least two dimensions"


def _samples(n: int) -> Any:
    def samples(m: Any) -> list[Any]:
        space, k, ones = (6, 4, 3)[:n], (3, 2, 2)[:n], (1,) * n
        return [
            m(m.f(2, 2, *space), m.f(3, 2, *k), m.f(3)),
            m(m.f(2, *space), m.f(2, 2, *k), None, 2, 1),
            m(m.f(1, 4, *space), m.f(4, 2, *k), m.f(4), stride=2, padding=1, dilation=2 if n == 1 else 1, groups=2),
            m(m.f(1, 2, *space), m.f(2, 1, *k), groups=2, padding="same"),
            m(m.f(1, 2, *space), m.f(3, 2, *ones), padding="valid"),
            m(m.f(2, 17, *space, lo=-0.5, hi=0.5), m.f(17, 17, *k, lo=-0.5, hi=0.5), m.f(17), padding=1).not_numeric(
                "many channels lie in another order"
            ),
            m(m.nc(1, 2, *space), m.nc(2, 2, *k)),
            m(m.f(0, 4, *space), m.f(3, 4, *k)).first_order("PyTorch leaves gradients of an empty batch undefined"),
            m(m.i(1, 2, *space), m.i(2, 2, *k)),
            m.without("0-d", _NO_SCALARS),
        ]

    return samples


def _errors(n: int) -> Any:
    def wrong(m: Any) -> list[Any]:
        space, k = (4,) * n, (2,) * n
        x, w = m.f(1, 2, *space), m.f(3, 2, *k)
        return [
            m.error(RuntimeError, f"input to conv{n}d, but got input of size: [4]", m.f(4), w),
            m.error(RuntimeError, "to have 2 channels, but got 3 channels instead", m.f(1, 3, *space), w),
            m.error(RuntimeError, "Kernel size can't be greater than actual input size", x, m.f(3, 2, *[5] * n)),
            m.error(RuntimeError, "non-positive stride is not supported", x, w, stride=0),
            m.error(RuntimeError, "negative padding is not supported", x, w, padding=-1),
            m.error(RuntimeError, "dilation should be greater than zero", x, w, dilation=0),
            m.error(RuntimeError, "non-positive groups is not supported", x, w, groups=0),
            m.error(RuntimeError, "Invalid padding string: 'full'", x, w, padding="full"),
            m.error(RuntimeError, "not supported for strided convolutions", x, w, stride=2, padding="same"),
            m.error(RuntimeError, "expected bias to be 1-dimensional with 3 elements", x, w, m.f(2)),
            m.error(RuntimeError, "expected scalar type Double but found Long", x, m.i(3, 2, *k)),
            m.error(
                RuntimeError,
                f"or a list of {n} values to match the convolution dimensions",
                x,
                w,
                stride=(1,) * (n + 1),
            ),
            m.error(TypeError, f"conv{n}d() received an invalid combination of arguments", x, 3),
        ]

    return wrong


def _samples_transpose(n: int) -> Any:
    def samples(m: Any) -> list[Any]:
        space, k = (4, 3, 2)[:n], (3, 2, 2)[:n]
        return [
            m(m.f(1, 2, *space), m.f(2, 3, *k), m.f(3)),
            m(m.f(2, *space), m.f(2, 2, *k), None, 2, 1, 1),
            m(m.f(1, 2, *space), m.f(2, 1, *k), m.f(2), stride=2, output_padding=1, groups=2, dilation=2),
            m(m.f(1, 17, *space, lo=-0.5, hi=0.5), m.f(17, 17, *k, lo=-0.5, hi=0.5), padding=1).not_numeric(
                "many channels lie in another order"
            ),
            m(m.nc(1, 2, *space), m.nc(2, 2, *k)),
            m(m.f(0, 4, *space), m.f(4, 3, *k)).first_order("PyTorch leaves gradients of an empty batch undefined"),
            m(m.i(1, 2, *space), m.i(2, 2, *k)),
            m.without("0-d", _NO_SCALARS),
        ]

    return samples


def _errors_transpose(n: int) -> Any:
    def wrong(m: Any) -> list[Any]:
        space = (4,) * n
        x, w = m.f(1, 2, *space), m.f(2, 3, *[2] * n)
        return [
            m.error(RuntimeError, f"input to conv_transpose{n}d, but got input of size: [4]", m.f(4), w),
            m.error(RuntimeError, "to have 2 channels, but got 3 channels instead", m.f(1, 3, *space), w),
            m.error(
                RuntimeError, "output padding must be smaller than either stride or dilation", x, w, output_padding=1
            ),
            m.error(RuntimeError, "negative output_padding is not supported", x, w, output_padding=-1),
            m.error(RuntimeError, "Output size is too small", x, w, padding=3),
            m.error(RuntimeError, "expected bias to be 1-dimensional with 3 elements", x, w, m.f(2)),
            m.error(TypeError, "argument 'padding' must be tuple of ints, not str", x, w, padding="same"),
        ]

    return wrong


def _declare(n: int) -> None:
    def conv(
        input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:  # fmt: skip
        return _conv(n, input, weight, bias, stride, padding, dilation, groups)

    def transposed(
        input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
        output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
    ) -> Tensor:  # fmt: skip
        return _conv_transpose(n, input, weight, bias, stride, padding, output_padding, groups, dilation)

    conv.__name__ = conv.__qualname__ = f"conv{n}d"
    conv.__doc__ = f"""Convolution over {n} dimension(s).

    ``out[n, o] = bias[o] + sum over c and kernel positions of weight[o, c, at] * input[n, c, stride * i + dilation * at]``

    Shapes: input (N, C, *space) or (C, *space), weight (O, C / groups, *kernel), bias (O,); each output size is
    ``floor((n + 2 padding - dilation (kernel - 1) - 1) / stride) + 1``. ``padding`` may be "valid" (none) or "same" (as much
    as keeps the size; stride 1 only; where that is odd, the end gets one more).
    Dtypes: all but bool, the same for all tensors.
    Raises RuntimeError where ranks, channels, dtypes or settings do not fit.
    """
    transposed.__name__ = transposed.__qualname__ = f"conv_transpose{n}d"
    transposed.__doc__ = f"""Transposed convolution over {n} dimension(s): the gradient of conv{n}d for its input, as a forward op.

    Each element is spread over a window of the output, times the weight; overlaps add up, the bias is added.

    Shapes: input (N, C, *space) or (C, *space), weight (C, O / groups, *kernel), bias (O,); each output size is
    ``(n - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1``.
    Dtypes: all but bool, the same for all tensors.
    Raises RuntimeError where ranks, channels, dtypes or settings do not fit.
    """
    for fn, samples, wrong in (
        (conv, _samples(n), _errors(n)),
        (transposed, _samples_transpose(n), _errors_transpose(n)),
    ):
        for name in (fn.__name__, f"nn.functional.{fn.__name__}"):
            function(name=name, samples=samples, errors=wrong)(fn)


for _n in (1, 2, 3):
    _declare(_n)

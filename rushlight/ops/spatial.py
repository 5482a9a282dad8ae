"""Rearranging between channels and space: pixel and channel shuffles, windows as columns and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..kernels.windows import columns, fold_into, inner, out_sizes, padded
from ..op import opaque
from ..tensor import Tensor
from .pool_settings import require_tensor

_NO_SPACE = "there is no space to rearrange"
_EMPTY = "PyTorch's derivative refuses an empty batch"


# --- shuffles ---------------------------------------------------------------------------------------------------------
def _shuffle_samples(m: Any) -> list[Any]:
    out = [
        m(m.f(2, 8, 2, 3), 2),
        m(m.f(4, 2, 2), 2),
        m(m.nc(1, 4, 3, 2), 2),
        m(m.f(0, 4, 2, 2), 2).value_only(_EMPTY),
        m(m.i(1, 9, 1, 2), 3),
    ]
    return [*out, m.without("0-d", _NO_SPACE)]


def _shuffle_errors(m: Any) -> list[Any]:
    return [
        m.error(RuntimeError, "channel' dimension to be divisible by the square of upscale_factor", m.f(1, 3, 2, 2), 2),
        m.error(RuntimeError, "pixel_shuffle expects input to have at least 3 dimensions", m.f(2, 2), 2),
        m.error(RuntimeError, "pixel_shuffle expects a positive upscale_factor", m.f(1, 4, 2, 2), 0),
        m.error(TypeError, "must be Tensor, not int", 3, 2),
    ]


@opaque(aliases="nn.functional.pixel_shuffle", samples=_shuffle_samples, errors=_shuffle_errors)
def pixel_shuffle(k, input, *, upscale_factor):
    """(*, C r^2, H, W) as (*, C, H r, W r): each group of r^2 channels becomes a block of r by r pixels. Any dtype.

    Raises RuntimeError if the channels do not divide (W. Shi et al., arXiv:1609.05158).
    """
    r = upscale_factor
    *lead, c, h, w = input.shape
    n = len(lead)
    x = input.reshape(*lead, c // (r * r), r, r, h, w)
    x = x.transpose(*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return np.array(x, order="C").reshape(*lead, c // (r * r), h * r, w * r)  # a copy of one pixel a block too


@pixel_shuffle.prepare
def _(input, upscale_factor):
    require_tensor("pixel_shuffle", input) if not isinstance(input, np.ndarray) else None
    if input.ndim < 3:
        raise errors.runtime(
            f"pixel_shuffle expects input to have at least 3 dimensions, but got input with {input.ndim} dimension(s)"
        )
    r = int(upscale_factor)
    if r <= 0:
        raise errors.runtime(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    if input.shape[-3] % (r * r):
        raise errors.runtime(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={input.shape[-3]} is not divisible by {r * r}"
        )
    return (input,), {"upscale_factor": r}


@pixel_shuffle.vjp("input")
def _(k, g, upscale_factor):
    return k.pixel_unshuffle(g, upscale_factor)


def _unshuffle_samples(m: Any) -> list[Any]:
    out = [
        m(m.f(2, 2, 4, 6), 2),
        m(m.f(1, 2, 2), 2),
        m(m.nc(1, 1, 6, 3), 3),
        m(m.b(1, 2, 2), 1),
    ]
    return [*out, m.without("0-d", _NO_SPACE), m.without("empty", "PyTorch returns it unchanged")]


def _unshuffle_errors(m: Any) -> list[Any]:
    return [
        m.error(RuntimeError, "pixel_unshuffle expects height to be divisible by downscale_factor", m.f(1, 1, 3, 2), 2),
        m.error(RuntimeError, "pixel_unshuffle expects width to be divisible by downscale_factor", m.f(1, 1, 2, 3), 2),
        m.error(RuntimeError, "pixel_unshuffle expects input to have at least 3 dimensions", m.f(2, 2), 2),
        m.error(RuntimeError, "pixel_unshuffle expects a positive downscale_factor", m.f(1, 2, 2), 0),
    ]


@opaque(aliases="nn.functional.pixel_unshuffle", samples=_unshuffle_samples, errors=_unshuffle_errors)
def pixel_unshuffle(k, input, *, downscale_factor):
    """(*, C, H r, W r) as (*, C r^2, H, W): the inverse of ``pixel_shuffle``. Any dtype.

    Raises RuntimeError if height or width do not divide.
    """
    r = downscale_factor
    *lead, c, h, w = input.shape
    n = len(lead)
    x = input.reshape(*lead, c, h // r, r, w // r, r)
    x = x.transpose(*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return np.array(x, order="C").reshape(*lead, c * r * r, h // r, w // r)


@pixel_unshuffle.prepare
def _(input, downscale_factor):
    require_tensor("pixel_unshuffle", input) if not isinstance(input, np.ndarray) else None
    if input.ndim < 3:
        raise errors.runtime(
            f"pixel_unshuffle expects input to have at least 3 dimensions, but got input with {input.ndim} dimension(s)"
        )
    r = int(downscale_factor)
    if r <= 0:
        raise errors.runtime(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    for name, d in (("height", -2), ("width", -1)):
        if input.shape[d] % r:
            raise errors.runtime(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size({d})={input.shape[d]} is "
                f"not divisible by {r}"
            )
    return (input,), {"downscale_factor": r}


@pixel_unshuffle.vjp("input")
def _(k, g, downscale_factor):
    return k.pixel_shuffle(g, downscale_factor)


def _channel_samples(m: Any) -> list[Any]:
    out = [m(m.f(2, 6, 2, 3), 2), m(m.f(1, 4, 2), 2), m(m.nc(1, 4, 3, 2), 4), m(m.f(0, 4, 2, 2), 2), m(m.i(1, 6, 1), 3)]
    return [*out, m.without("0-d", _NO_SPACE)]


def _channel_errors(m: Any) -> list[Any]:
    return [
        m.error(RuntimeError, "Number of channels must be divisible by groups. Got 3 channels", m.f(1, 3, 2, 2), 2),
        m.error(RuntimeError, "channel_shuffle expects input with > 2 dims", m.f(3, 2), 1),
        m.error(RuntimeError, "Number of groups to divide channels in must be positive", m.f(1, 4, 2, 2), 0),
    ]


@opaque(
    aliases="nn.functional.channel_shuffle native_channel_shuffle", samples=_channel_samples, errors=_channel_errors
)
def channel_shuffle(k, input, *, groups):
    """The channels of (N, C, *) in another order: those of ``groups`` groups taken in turn. Any dtype.

    Raises RuntimeError if the channels do not divide (X. Zhang et al., arXiv:1707.01083).
    """
    n, c, *rest = input.shape
    x = input.reshape(n, groups, c // groups, *rest)
    return np.array(x.swapaxes(1, 2), order="C").reshape(input.shape)


@channel_shuffle.prepare
def _(input, groups):
    require_tensor("channel_shuffle", input) if not isinstance(input, np.ndarray) else None
    if input.ndim <= 2:
        raise errors.runtime(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}"
        )
    g = int(groups)
    if g <= 0:
        raise errors.runtime(f"Number of groups to divide channels in must be positive. Value of groups:{g}")
    if input.shape[1] % g:
        raise errors.runtime(
            f"Number of channels must be divisible by groups. Got {input.shape[1]} channels and {g} groups."
        )
    return (input,), {"groups": g}


@channel_shuffle.vjp("input")
def _(k, g, input_shape, groups):
    return k.channel_shuffle(g, input_shape[1] // groups)


# --- windows as columns -----------------------------------------------------------------------------------------------
def _four(x: Any) -> Any:
    """With a batch dimension."""
    return x if x.ndim == 4 else x[None]


@opaque(public=False, grad_name="Im2ColBackward0")
def im2col(k, input, *, kernel, dilation, padding, stride):
    """(N, C, H, W) as (N, C kernel, windows): each window of the padded planes is a column.

    Gradient of ``input``: ``fold(g)``.
    """
    x = _four(input)
    out = out_sizes(x.shape[2:], kernel, stride, padding, dilation)
    cols = columns(padded(x, padding, padding), kernel, out, stride, dilation)
    cols = np.array(cols, order="C").reshape(x.shape[0], x.shape[1] * int(np.prod(kernel)), int(np.prod(out)))
    return cols if input.ndim == 4 else cols[0]


@im2col.vjp("input")
def _(k, g, input_shape, kernel, dilation, padding, stride):
    size = tuple(input_shape[-2:])
    return k.col2im(g, size=size, kernel=kernel, dilation=dilation, padding=padding, stride=stride)


@opaque(public=False, grad_name="Col2ImBackward0")
def col2im(k, input, *, size, kernel, dilation, padding, stride):
    """The transpose of ``im2col``: columns added up at the places of their windows, in planes of ``size``.

    Gradient of ``input``: ``unfold(g)``.
    """
    cols = input if input.ndim == 3 else input[None]
    out = out_sizes(size, kernel, stride, padding, dilation)
    channels = cols.shape[1] // int(np.prod(kernel))
    space = tuple(m + 2 * p for m, p in zip(size, padding, strict=True))
    total = np.zeros((cols.shape[0], channels, *space), input.dtype)
    fold_into(total, cols.reshape(cols.shape[0], channels, *kernel, *out), kernel, out, stride, dilation)
    whole = np.ascontiguousarray(inner(total, padding, size))
    return whole if input.ndim == 3 else whole[0]


@col2im.vjp("input")
def _(k, g, kernel, dilation, padding, stride):
    return k.im2col(g, kernel=kernel, dilation=dilation, padding=padding, stride=stride)


def _pair(what: str, value: Any) -> tuple[int, int]:
    given = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    given = given * 2 if len(given) == 1 else given
    if len(given) != 2:
        raise errors.runtime(f"It is expected {what} equals to 2, but got size {len(given)}")
    return int(given[0]), int(given[1])


def _windows(kernel: Any, dilation: Any, padding: Any, stride: Any) -> dict[str, tuple[int, int]]:
    found = {"kernel": _pair("kernel_size", kernel), "dilation": _pair("dilation", dilation)}
    found |= {"padding": _pair("padding", padding), "stride": _pair("stride", stride)}
    for key, says in (("kernel", "kernel size"), ("dilation", "dilation"), ("stride", "stride")):
        if min(found[key]) <= 0:
            a, b = found[key]
            raise errors.runtime(f"{says} should be greater than zero, but got {key}_height: {a} {key}_width: {b}")
    if min(found["padding"]) < 0:
        a, b = found["padding"]
        raise errors.runtime(f"padding should be non-negative, but got pad_height: {a} pad_width: {b}")
    return found


def _check_dtype(kernel: str, input: Tensor, bools: bool) -> None:
    t = input.dtype
    if not (t.is_floating_point or t.is_complex or (bools and t is types.bool_)):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{types.scalar_name(t)}'")


def _unfold_samples(m: Any) -> list[Any]:
    out = [m(m.f(2, 3, 5, 6), 2), m(m.f(2, 5, 6), (2, 3), 2, 1, (1, 2)), m(m.nc(1, 2, 4, 3), 3), m(m.f(0, 1, 3, 3), 2)]
    return [*out, m.without("0-d", _NO_SPACE)]


def _unfold_errors(m: Any) -> list[Any]:
    x = m.f(1, 1, 4, 4)
    return [
        m.error(RuntimeError, "calculated shape of the array of sliding blocks as (0, 0)", x, 5),
        m.error(RuntimeError, "Expected 3D or 4D (batch mode) tensor", m.f(1, 1, 4, 4, 4), 2),
        m.error(RuntimeError, "stride should be greater than zero", x, 2, stride=0),
        m.error(RuntimeError, "padding should be non-negative", x, 2, padding=-1),
        m.error(RuntimeError, "It is expected kernel_size equals to 2, but got size 3", x, (2, 2, 2)),
        m.error(NotImplementedError, "not implemented for 'Long'", m.i(1, 1, 4, 4), 2),
    ]


@function(name="nn.functional.unfold", samples=_unfold_samples, errors=_unfold_errors)
def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """(N, C, H, W) as (N, C kernel, windows): the elements of each window of two dimensions as a column.

    The batch may be left out. Dtypes: floating, complex, bool. Raises RuntimeError where settings do not fit.
    """
    require_tensor("unfold", input)
    if input.ndim < 3:
        raise errors.index(
            f"Dimension out of range (expected to be in range of [{-input.ndim}, {input.ndim - 1}], but got {input.ndim})",
            "unfold takes (N, C, H, W) or (C, H, W).",
        )
    windows = _windows(kernel_size, dilation, padding, stride)
    if input.ndim not in (3, 4) or 0 in input.shape[-3:]:
        raise errors.runtime(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: "
            f"{list(input.shape)}"
        )
    size = input.shape[-2:]
    out = out_sizes(size, windows["kernel"], windows["stride"], windows["padding"], windows["dilation"])
    if min(out) < 1:
        raise errors.runtime(
            f"Given input with spatial size {tuple(size)}, kernel_size={windows['kernel']}, dilation={windows['dilation']}, "
            f"padding={windows['padding']}, calculated shape of the array of sliding blocks as {tuple(max(o, 0) for o in out)}, "
            "but its components must be at least one."
        )
    _check_dtype("im2col_out_cpu", input, True)
    return im2col.public(input, **windows)  # type: ignore[no-any-return]


def _fold_samples(m: Any) -> list[Any]:
    out = [m(m.f(2, 12, 9), (4, 4), 2), m(m.f(8, 9), (5, 6), 2, 2, 1, (2, 2)), m(m.nc(1, 4, 6), (3, 4), 2)]
    return [*out, m(m.f(0, 4, 4), 3, 2), m.without("0-d", _NO_SPACE)]


def _fold_errors(m: Any) -> list[Any]:
    return [
        m.error(RuntimeError, "match the calculated number of sliding blocks 3 * 3 = 9, but got input.size(2)=8", m.f(1, 4, 8), 4, 2),
        m.error(RuntimeError, "to be divisible by the product of kernel_size, but got input.size(1)=5", m.f(1, 5, 9), 4, 2),
        m.error(RuntimeError, "Expected 2D or 3D (batch mode) tensor for input", m.f(1, 1, 4, 9), 4, 2),
        m.error(RuntimeError, "kernel size should be greater than zero", m.f(1, 4, 9), 4, 0),
        m.error(RuntimeError, "It is expected output_size equals to 2, but got size 3", m.f(1, 4, 9), (4, 4, 4), 2),
        m.error(NotImplementedError, "not implemented for 'Long'", m.i(1, 4, 9), 4, 2),
    ]  # fmt: skip


@function(name="nn.functional.fold", samples=_fold_samples, errors=_fold_errors)
def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """(N, C kernel, windows) as (N, C, *output_size): the transpose of ``unfold``; where windows overlap they add up.

    The batch may be left out. Dtypes: floating, complex. Raises RuntimeError where sizes do not fit.
    """
    require_tensor("fold", input)
    size = _pair("output_size", output_size)
    windows = _windows(kernel_size, dilation, padding, stride)
    if input.ndim not in (2, 3) or 0 in input.shape[-2:]:
        raise errors.runtime(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, but "
            f"got: {list(input.shape)}"
        )
    channels, count = input.shape[-2:]
    if channels % (windows["kernel"][0] * windows["kernel"][1]):
        raise errors.runtime(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)="
            f"{channels} and kernel_size={windows['kernel']}."
        )
    a, b = out_sizes(size, windows["kernel"], windows["stride"], windows["padding"], windows["dilation"])
    if a < 1 or b < 1 or a * b != count:
        raise errors.runtime(
            f"Given output_size={size}, kernel_size={windows['kernel']}, dilation={windows['dilation']}, padding="
            f"{windows['padding']}, stride={windows['stride']}, expected size of input's dimension 2 to match the calculated "
            f"number of sliding blocks {a} * {b} = {a * b}, but got input.size(2)={count}."
        )
    _check_dtype("col2im_out_cpu", input, False)
    return col2im.public(input, size=size, **windows)  # type: ignore[no-any-return]

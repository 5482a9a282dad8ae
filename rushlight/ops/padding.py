"""Padding: a constant, a reflection, the last value, or the other end around the last dimensions. Negative padding crops.

Each mode but the constant is an index along each dimension: which element stands at each place of the result.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..kernels import copies
from ..kernels.layouts import copied
from ..op import opaque
from ..promotion import element
from ..routes import routed
from ..tensor import Tensor


# --- constant ---------------------------------------------------------------------------------------------------------
def _constant_samples(m: Any) -> list[Any]:
    return [
        m(m.f(2, 3), (1, 2)),
        m(m.f(2, 3), (1, 0, 2, 1), 1.5),
        m(m.f(2, 3), [-1, 2], 0.5),
        m(m.nc(3, 2), (1, 1)),
        m(m.f(0, 3), (1, 1)),
        m(m.i(2, 3), (1, 1), 7),
        m(m.b(2), (1, 1)),
        m(m.f(2), ()),
        m.without("0-d", "there is no dimension to pad"),
    ]


def _constant_errors(m: Any) -> list[Any]:
    return [
        m.error(RuntimeError, "must be even but instead it equals 1", m.f(2), (1,)),
        m.error(RuntimeError, "no more than twice the number of dimensions of the input", m.f(2), (1, 1, 1, 1)),
        m.error(RuntimeError, "length must be non-negative", m.f(2, 3), (-2, -2)),
    ]


def _padded(input: Any, pad: tuple[int, ...], value: Any) -> Any:
    """What pads arrays of this shape; None if nothing is to be added."""
    if not pad:
        return None
    sides = [(0, 0)] * (input.ndim - len(pad) // 2) + list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    shape = tuple(p + m + q for (p, q), m in zip(sides, input.shape, strict=True))
    zeros = value == 0 and math.prod(shape) < copies.LARGE
    make = partial(np.zeros, shape, input.dtype) if zeros else partial(copies.filled, shape, value, input.dtype)
    source = tuple(slice(max(-p, 0), m - max(-q, 0)) for (p, q), m in zip(sides, input.shape, strict=True))
    target = tuple(slice(max(p, 0), n - max(q, 0)) for (p, q), n in zip(sides, shape, strict=True))
    cropped = min(pad) < 0

    def run(input: Any) -> Any:
        out = make()
        if out.size:
            copies.assign(out[target], input[source] if cropped else input)
        return out

    return run


@opaque(samples=_constant_samples, errors=_constant_errors)
def constant_pad_nd(k, input, *, pad, value):
    """``value`` around the last dimensions: ``pad`` holds before and after of the last one, then of the one before it, ...

    Any dtype. Negative numbers crop. Raises RuntimeError if there are too many numbers or nothing is left.
    """
    run = _widened(input, pad, value)
    if run is not None:
        return run(input)
    cut = [
        slice(-before, n + after) for n, before, after in zip(reversed(input.shape), pad[::2], pad[1::2], strict=False)
    ]
    return copied(input[(..., *reversed(cut))])  # nothing is added: a copy of a part, which lies as that does


def _widened(input, pad, value):
    return _padded(input, pad, value) if any(p > 0 for p in pad) else None


constant_pad_nd.plan(_widened)


@constant_pad_nd.prepare
def _(input, pad, value=0):
    if not isinstance(input, Tensor) and not isinstance(input, np.ndarray):
        raise errors.not_a_tensor("constant_pad_nd", "input", 1, input)
    pad = tuple(int(p) for p in pad)
    _check_constant(tuple(input.shape), pad, False)
    if isinstance(input, Tensor):
        value = element(value, input.dtype).item() if any(p > 0 for p in pad) else 0
    return (input,), {"pad": pad, "value": value}


def _check_constant(shape: Any, pad: Any, functional: bool) -> None:
    """The counts fit, and nothing is cropped away more than once. ``F.pad`` says it in other words than the op."""
    n = len(shape)
    if len(pad) % 2:
        if functional:
            raise errors.runtime("Padding length must be divisible by 2", f"It is {len(pad)}: two numbers a dimension.")
        raise errors.runtime(f"Length of pad must be even but instead it equals {len(pad)}")
    if len(pad) > 2 * n:
        if functional:
            raise errors.runtime(
                "Padding length should be less than or equal to two times the input dimension but got padding length "
                f"{len(pad)} and input of dimension {n}"
            )
        raise errors.runtime(
            "Length of pad should be no more than twice the number of dimensions of the input. Pad length is "
            f"{len(pad)} while the input has {n} dimensions."
        )
    for m, p, q in zip(reversed(shape), pad[::2], pad[1::2], strict=False):
        if min(m, p + m, q + m, p + m + q) < 0 or (min(p, q) < 0 and m + min(p, 0) + min(q, 0) < 0):
            raise errors.runtime("narrow(): length must be non-negative.", f"Padding {p} and {q} crops more than {m}.")


@constant_pad_nd.vjp("input")
def _(k, g, pad):
    return k.constant_pad_nd(g, tuple(-p for p in pad), 0)


# --- by index ---------------------------------------------------------------------------------------------------------
def source(mode: str, n: int, before: int, after: int) -> Any:
    """Which of ``n`` elements stands at each place of the padded dimension."""
    if mode == "circular":  # crops first
        left = n + min(before, 0) + min(after, 0)
        return (np.arange(left + max(before, 0) + max(after, 0)) - max(before, 0)) % max(left, 1) - min(before, 0)
    place = np.arange(n + before + after) - before
    if mode == "replicate":
        return np.clip(place, 0, n - 1)
    place = np.abs(place)
    return np.where(place >= n, 2 * (n - 1) - place, place)


def _runs(index: Any) -> Any:
    """An index cut into runs of a constant step of -1, 0 or 1, as pairs of first and last place."""
    steps = np.diff(index)
    start, count = 0, len(index)
    while start < count:
        end = start
        if start < count - 1 and abs(steps[start]) <= 1:
            changes = np.flatnonzero(steps[start:] != steps[start])
            end = start + int(changes[0]) if changes.size else count - 1
        yield start, end
        start = end + 1


def _add_back(g: Any, index: Any, axis: int, n: int) -> Any:
    """The transpose of taking by index along an axis: what came from one element is added up there."""
    out = np.zeros((*g.shape[:axis], n, *g.shape[axis + 1 :]), g.dtype)
    lead = (slice(None),) * axis
    for start, end in _runs(index):
        a, b = int(index[start]), int(index[end])
        part = g[(*lead, slice(start, end + 1))]
        if a > b:
            out[(*lead, slice(b, a + 1))] += np.flip(part, axis)
        elif end > start and a == b:
            out[(*lead, slice(a, a + 1))] += part.sum(axis, keepdims=True)
        else:
            out[(*lead, slice(a, b + 1))] += part
    return out


_NAMES = {"reflect": "ReflectionPad{}DBackward0", "replicate": "ReplicationPad{}DBackward0", "circular": "CopySlices"}


def _pad_name(inputs: Any, attrs: Any) -> str:
    return _NAMES[attrs["mode"]].format(len(attrs["pad"]) // 2)


@opaque(public=False, grad_name=_pad_name)
def pad_by_index(k, input, *, mode, pad):
    """Padding that repeats elements: ``reflect`` without the edge, ``replicate`` the edge, ``circular`` from the other end.

    Gradient of ``input``: each ``g`` added at the element that stands there.
    """
    out = input
    for i, (p, q) in enumerate(zip(pad[::2], pad[1::2], strict=True)):
        axis = input.ndim - 1 - i
        if p or q:
            out = out.take(source(mode, input.shape[axis], p, q), axis)
    return out if out is not input else np.array(input)


@pad_by_index.vjp("input", formal=True)
def _(k, g, input, mode, pad):
    return k.pad_by_index_back(g, size=tuple(input.shape), mode=mode, pad=pad)


def _back_name(inputs: Any, attrs: Any) -> str:
    return _pad_name(inputs, attrs).replace("Backward0", "BackwardBackward0")


@opaque(public=False, grad_name=_back_name)
def pad_by_index_back(k, input, *, size, mode, pad):
    """The gradient of ``pad_by_index``: repetitions added up at the element that they repeat."""
    out = input
    for i, (p, q) in enumerate(zip(pad[::2], pad[1::2], strict=True)):
        axis = len(size) - 1 - i
        if p or q:
            out = _add_back(out, source(mode, size[axis], p, q), axis, size[axis])
    return out if out is not input else np.array(input)


@pad_by_index_back.vjp("input")
def _(k, g, mode, pad):
    return k.pad_by_index(g, mode=mode, pad=pad)


# --- F.pad ------------------------------------------------------------------------------------------------------------
def _check_by_index(input: Tensor, mode: str, pad: tuple[int, ...]) -> None:
    n, shape = len(pad) // 2, list(input.shape)
    if input.ndim not in (n + 1, n + 2) or not 1 <= n <= 3:
        raise errors.advised(
            NotImplementedError(f"Padding size {len(pad)} is not supported for {input.ndim}D input tensor."),
            f"mode='{mode}' pads the last 1, 2 or 3 dimensions of a tensor that has a channel and perhaps a batch dimension "
            "before them.",
        )
    if mode == "circular":
        for m, p, q in zip(reversed(shape), pad[::2], pad[1::2], strict=False):
            if p > m or q > m:
                raise errors.runtime("Padding value causes wrapping around more than once.", f"{p} and {q} around {m}.")
            if m + min(p, 0) + min(q, 0) <= 0:
                raise errors.runtime(
                    "Negative padding value is resulting in an empty dimension", f"{p} and {q} at {m}."
                )
        return
    if 0 in shape[-n - 1 :]:
        raise errors.runtime(
            f"Expected {n + 1}D or {n + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for "
            f"input, but got: {shape}"
        )
    for i, (p, q) in enumerate(zip(pad[::2], pad[1::2], strict=True)):
        d = input.ndim - 1 - i
        if mode == "reflect" and (p >= shape[d] or q >= shape[d]):
            raise errors.runtime(
                f"Argument #{4 + 2 * i}: Padding size should be less than the corresponding input dimension, but got: padding "
                f"({p}, {q}) at dimension {d} of input {shape}"
            )
    for i, (p, q) in enumerate(zip(pad[::2], pad[1::2], strict=True)):
        m = shape[input.ndim - 1 - i]
        if m + p + q < 1:
            axis = "WHD"[i]
            raise errors.runtime(f"input ({axis}: {m}) is too small. Calculated output {axis}: {m + p + q}")
    if input.dtype is types.bool_:
        name = {"reflect": "reflection", "replicate": "replication"}[mode]
        raise NotImplementedError(f"\"{name}_pad{n}d\" not implemented for 'Bool'")


def _pad_samples(m: Any) -> list[Any]:
    out = [m(m.f(2, 3), (1, 2)), m(m.f(2, 3), [1, 1, 0, 2], "constant", 3.5), m(m.f(2, 3), (-1, 1))]
    for mode in ("reflect", "replicate", "circular"):
        once = m(m.f(2, 5), (2, 1), mode=mode)
        out += [once, m(m.f(1, 2, 5), (-1, 3), mode=mode), m(m.f(2, 4, 5), (1, 2, 3, 0), mode=mode)]
        out += [m(m.f(1, 2, 3, 4, 5), (1, 2, 0, 3, 2, 1), mode=mode), m(m.i(1, 4), (1, 1), mode=mode)]
    out += [m(m.nc(3, 4), (1, 1), mode="reflect"), m(m.f(0, 2, 3), (1, 1), mode="replicate")]
    if hasattr(out[0], "value_only"):
        for s in out:
            if s.kwargs.get("mode") == "circular":
                s.first_order("PyTorch writes into slices, whose second gradients have other undefined parts")
    return [*out, m.without("0-d", "there is no dimension to pad")]


def _pad_errors(m: Any) -> list[Any]:
    return [
        m.error(RuntimeError, "Padding length must be divisible by 2", m.f(2, 3), (1,)),
        m.error(RuntimeError, "less than or equal to two times the input dimension", m.f(2), (1, 1, 1, 1)),
        m.error(NotImplementedError, "Unrecognised padding mode around", m.f(2, 3), (1, 1), "around"),
        m.error(RuntimeError, "doesn't take in value argument", m.f(2, 3), (1, 1), "reflect", 1.0),
        m.error(RuntimeError, "Padding size should be less than the corresponding input dimension", m.f(2, 3), (3, 0), "reflect"),
        m.error(RuntimeError, "wrapping around more than once", m.f(2, 3), (4, 0), "circular"),
        m.error(RuntimeError, "is too small. Calculated output W: -1", m.f(2, 3), (-2, -2), "replicate"),
        m.error(NotImplementedError, "Padding size 2 is not supported for 1D input tensor", m.f(3), (1, 1), "reflect"),
        m.error(TypeError, "argument 'pad' (position 2) must be tuple of ints, not int", m.f(2), 1),
    ]  # fmt: skip


@function(name="nn.functional.pad", samples=_pad_samples, errors=_pad_errors)
@routed
def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """The tensor with something around its last dimensions; ``pad`` holds before and after, the last dimension first.

    Modes: ``constant`` (``value``, 0 if None; any number of dimensions), ``reflect`` (mirrored at the edge, without it),
    ``replicate`` (the edge), ``circular`` (the other end); these three for the last 1 to 3 dimensions of a tensor with a channel
    and perhaps a batch dimension before them. Negative numbers crop.
    Raises RuntimeError where a number does not fit, NotImplementedError for other modes and ranks.
    """
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("pad", "input", 1, input)
    if not isinstance(pad, (tuple, list)):
        raise errors.type_(f"pad(): argument 'pad' (position 2) must be tuple of ints, not {type(pad).__name__}")
    for i, p in enumerate(pad):
        if isinstance(p, float) or not hasattr(p, "__index__"):
            raise errors.type_(
                f"pad(): argument 'pad' (position 2) must be tuple of ints, but found element of type {type(p).__name__} at "
                f"pos {i}"
            )
    sides = tuple(int(p) for p in pad)
    if value is not None and not isinstance(value, (bool, int, float, Tensor)):
        raise errors.type_(f"pad(): argument 'value' (position 4) must be float, not {type(value).__name__}")
    _check_constant(tuple(input.shape), sides, True) if mode == "constant" or len(sides) % 2 else None
    if mode == "constant":
        return constant_pad_nd.public(input, sides, 0.0 if value is None else float(value))  # type: ignore[no-any-return]
    if mode not in _NAMES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if value is not None and value != 0:
        raise errors.runtime(f'Padding mode "{mode}" doesn\'t take in value argument')
    _check_by_index(input, mode, sides)
    return pad_by_index.public(input, mode=mode, pad=sides)  # type: ignore[no-any-return]

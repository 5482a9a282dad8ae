"""Pooling: the largest element, the mean, or the p-norm of each window.

All bodies work on the last dimensions, whatever stands before them, and loop over the positions of the kernel, never over those
of the output.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .. import errors, levels
from ..autograd.mode import recording
from ..functions import function
from ..kernels import llvm
from ..kernels.copies import cast
from ..kernels.windows import inner, padded, positions
from ..op import REGISTRY, opaque
from ..routes import routed
from ..tensor import Tensor, edge_of
from .pool_settings import (
    check_dims,
    check_kind,
    check_rank,
    fitting,
    require_tensor,
    settings,
    sizes_of,
    too_small,
)

_LEAD = "a window needs dimensions to slide over"

#: Elements of windows from which native code is had at once.
LARGE = 1 << 17


def native(x: Any, windows: int) -> Any:
    """Native code (``kernels.pooling``) for an array and the elements of its windows, if that is worth it; else None."""
    if not x.size or x.dtype.char not in "fd":
        return None
    work = max(windows, x.size)
    if not (llvm.available() if work >= LARGE else llvm.patience.over(work, 1)):
        return None
    return _pools()


@functools.cache
def _pools() -> Any:
    from ..kernels import pooling

    return pooling


# --- maximum ----------------------------------------------------------------------------------------------------------
def lowest(dtype: Any) -> Any:
    """What is below every element of a dtype."""
    return np.iinfo(dtype).min if dtype.kind in "iu" else dtype.type(-np.inf)


def _first_seen(size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, out: Any) -> Any:
    """For each window the number of the first kernel position that does not lie in the padding."""
    number = np.zeros((1,) * len(out), np.int32)
    for axis, (s, p, d, q) in enumerate(zip(stride, padding, dilation, kernel, strict=True)):
        start = np.arange(out[axis]) * s - p
        first = np.maximum(-(start // d), 0).astype(np.int32)
        number = number * q + first.reshape([-1 if i == axis else 1 for i in range(len(out))])
    return np.broadcast_to(number, out)


def _places(number: Any, size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, out: Any) -> Any:
    """Kernel positions as places in the flattened space of the input."""
    place = np.zeros((1,) * len(out), np.int64)
    factor = 1
    for axis in reversed(range(len(out))):
        at = number % kernel[axis]
        number = number // kernel[axis]
        start = np.arange(out[axis]) * stride[axis] - padding[axis]
        start = start.reshape([-1 if i == axis else 1 for i in range(len(out))])
        place = place + (start + at.astype(np.int64) * dilation[axis]) * factor
        factor *= size[axis]
    return place


def _max_name(inputs: Any, attrs: Any) -> str:
    return f"MaxPool{len(attrs['kernel'])}DWithIndicesBackward0"


@opaque(public=False, outputs=("out", "indices"), n_diff=1, grad_name=_max_name)
def max_pool(k, input, *, kernel, stride, padding, dilation, out_size, places):
    """The largest element of each window and, if ``places``, where in the flattened space it is: the first of equals.

    NaN counts as larger than everything, the last one wins.

    Gradient of ``input``: ``g`` at the place of each window's largest element, 0 elsewhere.
    """
    n = len(kernel)
    if _half(input):  # which has no number that float32 has not
        out, indices = max_pool.forward(
            k, cast(input, np.float32), kernel=kernel, stride=stride, padding=padding, dilation=dilation, out_size=out_size,
            places=places,
        )  # fmt: skip
        return cast(out, input.dtype), indices
    size = input.shape[-n:]
    windows = math.prod(input.shape[:-n]) * math.prod(out_size) * math.prod(kernel)
    code = native(input, windows)
    done = code.largest(input, out_size, kernel, stride, padding, dilation, places) if code else None
    if done is not None:
        return done
    reach = [(o - 1) * s + d * (q - 1) + 1 for o, s, d, q in zip(out_size, stride, dilation, kernel, strict=True)]
    after = [max(0, r - m - p) for r, m, p in zip(reach, size, padding, strict=True)]
    x = padded(input, padding, after, lowest(input.dtype)) if any(padding) or any(after) else input
    best = np.full((*input.shape[:-n], *out_size), lowest(input.dtype), input.dtype)
    if not places:
        for _, window in positions(kernel, out_size, stride, dilation):
            np.maximum(best, x[(..., *window)], out=best)
        return best, np.empty(0, np.int64)
    number = np.empty(best.shape, np.int32)
    number[...] = _first_seen(size, kernel, stride, padding, dilation, out_size)
    better = np.empty(best.shape, bool)
    for i, (_, window) in enumerate(positions(kernel, out_size, stride, dilation)):
        value = x[(..., *window)]
        np.greater(value, best, out=better)
        np.maximum(best, value, out=best)
        np.copyto(number, i, where=better)
    if input.dtype.kind not in "iu" and np.isnan(best).any():
        for i, (_, window) in enumerate(positions(kernel, out_size, stride, dilation)):
            np.copyto(number, i, where=np.isnan(x[(..., *window)]))
    return best, _places(number, size, kernel, stride, padding, dilation, out_size)


@max_pool.plan
def _(input, kernel, stride, padding, dilation, out_size, places):
    code = native(input, 0) if llvm.patience.ready else None
    return code and code.planned(int(places), input, out_size, kernel, stride, padding, dilation)


@max_pool.vjp("input", formal=True)
def _(k, g, input, indices, kernel):
    return k.plane_scatter(
        g, indices, size=tuple(input.shape), dims=len(kernel), node="MaxPool2DWithIndicesBackwardBackward0"
    )


def flat_places(size: Any, where: Any, dims: int) -> Any:
    """Places in each flattened plane as places in the flattened array, as a vector."""
    length = int(np.prod(size[len(size) - dims :]))
    planes = int(np.prod(size[: len(size) - dims]))
    rows = where.reshape(planes, -1) if planes else where.reshape(0, 0)
    return (rows + np.arange(planes)[:, None] * length).reshape(-1)


@opaque(public=False, grad_name=lambda inputs, attrs: attrs["node"])
def plane_scatter(k, input, where, *, size, dims, node):
    """Zeros with ``input`` added at places of the flattened planes, which are the last ``dims`` dimensions."""
    code = native(input, int(np.prod(size)))
    done = code.scatter(input, where, size, dims) if code else None
    if done is not None:
        return done
    out = np.zeros(int(np.prod(size)), input.dtype)
    places = flat_places(size, where, dims)
    if _half(input) and _are_apart(places, out.size):  # NumPy adds them one by one
        out[places] = input.reshape(-1)
    else:
        np.add.at(out, places, input.reshape(-1))
    return out.reshape(size)


def _are_apart(places: Any, size: int) -> bool:
    """Whether no place is named twice."""
    seen = np.zeros(size, bool)
    seen[places] = True
    return int(np.count_nonzero(seen)) == places.size


plane_scatter.nondiff("where")


@plane_scatter.vjp("input")
def _(k, g, where, dims):
    return k.plane_gather(g, where, dims=dims)


@opaque(public=False, grad_name="GatherBackward0")
def plane_gather(k, input, where, *, dims):
    """The elements at places of the flattened planes."""
    return input.reshape(-1)[flat_places(input.shape, where, dims)].reshape(where.shape)


plane_gather.nondiff("where")


@plane_gather.vjp("input")
def _(k, g, where, input_shape, dims):
    return k.plane_scatter(g, where, size=input_shape, dims=dims, node="ScatterAddBackward0")


# --- mean -------------------------------------------------------------------------------------------------------------
def _count(size: Any, kernel: Any, stride: Any, padding: Any, out: Any, count_pad: bool) -> Any:
    """By how much each window's sum is divided: its elements, with or without padding, never what lies behind that."""
    total: Any = np.ones((1,) * len(out), np.int64)
    for axis, (m, q, s, p) in enumerate(zip(size, kernel, stride, padding, strict=True)):
        start = np.arange(out[axis]) * s - p
        end = np.minimum(start + q, m + p)
        if not count_pad:
            start, end = np.maximum(start, 0), np.minimum(end, m)
        total = total * (end - start).reshape([-1 if i == axis else 1 for i in range(len(out))])
    return total


def _divided(
    total: Any, size: Any, kernel: Any, stride: Any, padding: Any, out: Any, count_pad: bool, divisor: Any
) -> Any:
    count = divisor if divisor is not None else _count(size, kernel, stride, padding, out, count_pad)
    if total.dtype.kind in "iu":
        return np.sign(total) * np.sign(count) * (np.abs(total) // np.abs(count))  # towards zero, as C divides
    return total / np.asarray(count).astype(total.dtype)


def _avg_name(inputs: Any, attrs: Any) -> str:
    return f"AvgPool{len(attrs['kernel'])}DBackward0"


@opaque(public=False, grad_name=_avg_name)
def avg_pool(k, input, *, kernel, stride, padding, out_size, count_pad, divisor):
    """The mean of each window: its sum divided by its size (padding counts if ``count_pad``), or by ``divisor``.

    Gradient of ``input``: each ``g`` divided by the size of its window, at every place of it.
    """
    n = len(kernel)
    if _half(input):  # summed in float32, rounded once
        wide = avg_pool.forward(
            k, cast(input, np.float32), kernel=kernel, stride=stride, padding=padding, out_size=out_size, count_pad=count_pad,
            divisor=divisor,
        )  # fmt: skip
        return cast(wide, input.dtype)
    windows = math.prod(input.shape[:-n]) * math.prod(out_size) * math.prod(kernel)
    code = native(input, windows)
    done = code.mean(input, out_size, kernel, stride, padding, count_pad, divisor) if code else None
    if done is not None:
        return done
    reach = [(o - 1) * s + q for o, s, q in zip(out_size, stride, kernel, strict=True)]
    after = [max(0, r - m - p) for r, m, p in zip(reach, input.shape[-n:], padding, strict=True)]
    x = padded(input, padding, after)
    total = np.zeros((*input.shape[:-n], *out_size), input.dtype)
    for _, window in positions(kernel, out_size, stride, (1,) * n):
        total += x[(..., *window)]
    return _divided(total, input.shape[-n:], kernel, stride, padding, out_size, count_pad, divisor)


def _half(x: Any) -> bool:
    return x.dtype.itemsize == 2 and x.dtype.kind in "fV"


@avg_pool.plan
def _(input, kernel, stride, padding, out_size, count_pad, divisor):
    code = native(input, 0) if llvm.patience.ready else None
    return code and code.planned(2, input, out_size, kernel, stride, padding, (1,) * len(kernel), count_pad, divisor)


@avg_pool.vjp("input", formal=True)
def _(k, g, input, kernel, stride, padding, out_size, count_pad, divisor):
    return k.avg_pool_spread(
        g, size=tuple(input.shape), kernel=kernel, stride=stride, padding=padding, out_size=out_size, count_pad=count_pad,
        divisor=divisor,
    )  # fmt: skip


@opaque(public=False, grad_name="AvgPool2DBackwardBackward0")
def avg_pool_spread(k, input, *, size, kernel, stride, padding, out_size, count_pad, divisor):
    """The gradient of ``avg_pool``: each mean spread evenly over its window."""
    n = len(kernel)
    code = native(input, input.size * math.prod(kernel))
    done = code.spread(input, size, kernel, stride, padding, out_size, count_pad, divisor) if code else None
    if done is not None:
        return done
    space = size[len(size) - n :]
    reach = [(o - 1) * s + q for o, s, q in zip(out_size, stride, kernel, strict=True)]
    after = [max(p, r - m - p) for r, m, p in zip(reach, space, padding, strict=True)]
    whole = (p + m + q for p, m, q in zip(padding, space, after, strict=True))
    out = np.zeros((*input.shape[:-n], *whole), input.dtype)
    share = _divided(input, space, kernel, stride, padding, out_size, count_pad, divisor)
    # an element gets its shares in the order of the windows, which meet it at their last positions first
    for _, window in reversed(list(positions(kernel, out_size, stride, (1,) * n))):
        out[(..., *window)] += share
    return np.ascontiguousarray(inner(out, padding, space))


@avg_pool_spread.vjp("input")
def _(k, g, kernel, stride, padding, out_size, count_pad, divisor):
    return k.avg_pool(
        g, kernel=kernel, stride=stride, padding=padding, out_size=out_size, count_pad=count_pad, divisor=divisor
    )


# --- the public pools -------------------------------------------------------------------------------------------------
def _max(n: int, input: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, up: bool, indices: bool) -> Any:
    name = f"max_pool{n}d"
    require_tensor(name, input)
    plain = n == 1 and not indices  # which PyTorch checks apart, in words of its own
    if plain:
        check_rank(name, input, n)
    elif n == 1:
        check_dims(name, input)
    called = name if plain or n > 1 else name + "_with_indices"
    kernel, step, pad, spread = settings(called, n, kernel, stride, padding, dilation)
    if not plain:
        check_rank(name, input.unsqueeze(-2) if n == 1 else input, max(n, 2))
    out = fitting(tuple(input.shape), n, kernel, step, pad, spread, up)
    if min(out) <= 0:
        if plain:
            raise errors.runtime(f"max_pool1d() Invalid computed output size: {out[0]}")
        raise too_small(input.unsqueeze(-2), 2, (1, *out)) if n == 1 else too_small(input, n, out)
    check_kind("max_pool1d_impl" if plain else f"max_pool{max(n, 2)}d", input, "f" if plain else "fil")
    places = (
        indices or isinstance(input, levels.Batched | levels.Dual) or (bool(recording()) and edge_of(input) is not None)
    )
    if n == 1:  # as PyTorch does: a plane of height one
        one = (1,)
        best, where = max_pool.public(
            input.unsqueeze(-2), kernel=one + kernel, stride=one + step, padding=(0, *pad), dilation=one + spread,
            out_size=one + out, places=places,
        )  # fmt: skip
        if not places:  # a view only if there is a history
            return REGISTRY["unsafe_view"].public(best, size=(*best._a.shape[:-2], best._a.shape[-1]))
        best = best.squeeze(-2)
        return (best, where.squeeze(-2)) if indices else best
    result = max_pool.public(
        input, kernel=kernel, stride=step, padding=pad, dilation=spread, out_size=out, places=places
    )
    return result if indices else result[0]


def _average(
    n: int, input: Any, kernel: Any, stride: Any, padding: Any, up: bool, count_pad: bool, divisor: Any
) -> Tensor:
    name = f"avg_pool{n}d"
    require_tensor(name, input)
    if n == 1:
        check_dims(name, input)
    kernel, step, pad, _ = settings(name, n, kernel, stride, padding, 1)
    if n == 3:
        check_rank(name, input, n)
    if divisor == 0:
        raise errors.runtime("divisor must be not zero", f"{name}: divisor_override divides the sum of each window.")
    if n < 3:
        x = input.unsqueeze(-2) if n == 1 else input
        check_rank("avg_pool2d", x, 2)
    else:
        x = input
    out = fitting(tuple(input.shape), n, kernel, step, pad, (1,) * n, up)
    if min(out) <= 0:
        if n == 3 and any(m < q for m, q in zip(input.shape[-3:], kernel, strict=True)):
            (t, h, w), (a, b, c) = input.shape[-3:], kernel
            raise errors.runtime(
                f"input image (T: {t} H: {h} W: {w}) smaller than kernel size (kT: {a} kH: {b} kW: {c})"
            )
        raise too_small(x, 2, (1, *out)) if n == 1 else too_small(x, n, out)
    check_kind("avg_pool3d_out_frame" if n == 3 else "avg_pool2d", input, "fl")
    if n == 1:
        kernel, step, pad, out = (1, *kernel), (1, *step), (0, *pad), (1, *out)
    result = avg_pool.public(
        x, kernel=kernel, stride=step, padding=pad, out_size=out, count_pad=bool(count_pad), divisor=divisor
    )
    return result.squeeze(-2) if n == 1 else result  # type: ignore[no-any-return]


def _p_norm(n: int, input: Any, p: float, kernel: Any, stride: Any, up: bool) -> Tensor:
    require_tensor(f"lp_pool{n}d", input)
    sizes = sizes_of(f"lp_pool{n}d", "kernel_size", kernel, n, at=3)
    mean = _average(n, input.pow(p), kernel, stride, 0, up, True, None)
    positive = REGISTRY["relu"].public(mean.abs())
    return (mean.sign() * positive).mul(float(np.prod(sizes)) if n > 1 else sizes[0]).pow(1.0 / p)


# --- declarations -----------------------------------------------------------------------------------------------------
def _space(n: int) -> tuple[int, ...]:
    return (7,) if n == 1 else (5, 4, 3)[:n]


def excuses(m: Any) -> list[Any]:
    return [m.without("0-d", _LEAD)]


def _max_samples(n: int, asks: bool = True) -> Any:
    def samples(m: Any) -> list[Any]:
        s = _space(n)
        out = [m(m.f(2, 3, *s), 2), m(m.f(3, *s), (3, 2, 2)[:n], 2, 1), m(m.f(0, 3, *s), 2), m(m.nc(2, 3, *s), 3, 1)]
        out += [m(m.f(1, 2, *s), 2, 2, ceil_mode=True), m(m.f(1, 2, *s), 2, 1, 1, 2)]
        return [*out, *([m(m.f(1, 2, *s), 2, return_indices=True)] if asks else []), *excuses(m)]

    return samples


def _pool_errors(n: int, places: bool) -> Any:
    plain = n == 1 and not places

    def wrong(m: Any) -> list[Any]:
        x = m.f(1, 4, *[4] * n)
        pad = "at most half of kernel size" if plain else "pad should be at most half of effective kernel"
        size = "Invalid computed output size" if plain else "Output size is too small"
        stride = "stride must be greater than zero" if plain else "stride should not be zero"
        count = "kernel_size' should contain one int (got 2)" if n == 1 and places else "kernel_size must"
        out = [
            m.error(RuntimeError, pad, x, 2, padding=2),
            m.error(RuntimeError, stride, x, 2, 0),
            m.error(RuntimeError, size, x, 5),
            m.error(RuntimeError, count, x, (2,) * (n + 1)),
            m.error(NotImplementedError, "not implemented for 'Bool'", m.b(1, 4, *[4] * n), 2),
        ]
        return out if n == 3 and places else [*out, m.error(TypeError, "must be Tensor, not int", 3, 2)]

    return wrong


def _avg_samples(n: int) -> Any:
    def samples(m: Any) -> list[Any]:
        s = _space(n)
        out = [m(m.f(2, 3, *s), 2), m(m.f(3, *s), (3, 2, 2)[:n], 2, 1), m(m.f(0, 3, *s), 2), m(m.nc(2, 3, *s), 3, 1)]
        out += [m(m.f(1, 2, *s), 2, 2, 1, True), m(m.f(1, 2, *s), 3, 2, 1, True, False), m(m.i(1, 2, *s), 2)]
        return out + ([m(m.f(1, 2, *s), 2, divisor_override=3)] if n > 1 else []) + excuses(m)

    return samples


def _avg_errors(n: int) -> Any:
    def wrong(m: Any) -> list[Any]:
        x = m.f(1, 4, *[4] * n)
        out = [
            m.error(TypeError, "must be Tensor, not int", 3, 2),
            m.error(RuntimeError, "pad should be at most half of effective kernel size", x, 2, padding=2),
            m.error(RuntimeError, "pad must be non-negative", x, 2, padding=-1),
            m.error(RuntimeError, "stride should not be zero", x, 2, 0),
            m.error(RuntimeError, "smaller than kernel size" if n == 3 else "Output size is too small", x, 5),
            m.error(NotImplementedError, "not implemented for 'Bool'", m.b(1, 4, *[4] * n), 2),
        ]
        return out + ([m.error(RuntimeError, "divisor must be not zero", x, 2, divisor_override=0)] if n > 1 else [])

    return wrong


def _lp_samples(n: int) -> Any:
    def samples(m: Any) -> list[Any]:
        s, span = _space(n), {"lo": 0.5, "hi": 2}
        return [
            m(m.f(2, 3, *s, **span), 2, 2),
            m(m.f(2, 3, *s, **span), 3, 2, 1, True),
            m(m.f(0, 3, *s), 2, 2),
            m(m.nc(2, 3, *s, **span), 1, 2),
            *excuses(m),
        ]

    return samples


def _lp_errors(n: int) -> Any:
    text = "smaller than kernel size" if n == 3 else "Output size is too small"
    return lambda m: [m.error(RuntimeError, text, m.f(1, 4, *[4] * n), 2, 5)]


def _declare(n: int) -> None:
    def max_pool_(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:  # fmt: skip
        return _max(n, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)

    def max_pool_with_indices(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:  # fmt: skip
        return _max(n, input, kernel_size, stride, padding, dilation, ceil_mode, True)

    def avg_pool_(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> Tensor:  # fmt: skip
        return _average(n, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)

    def avg_pool_1d(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> Tensor:  # fmt: skip
        return _average(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)

    def lp_pool(
        input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> Tensor:
        return _p_norm(n, input, norm_type, kernel_size, stride, ceil_mode)

    shapes = "Shapes: (N, C, *space) or (C, *space); out size floor((n + 2 padding - dilation (kernel - 1) - 1) / stride) + 1,\n    "
    shapes += (
        "ceil instead of floor with ceil_mode. Raises RuntimeError where settings are out of range or no window fits."
    )
    declared: tuple[tuple[Any, str, str, Any, Any], ...] = (
        (max_pool_, f"max_pool{n}d", "largest element", _max_samples(n), _pool_errors(n, False)),
        (max_pool_with_indices, f"max_pool{n}d_with_indices", "largest element and its place", _max_samples(n), _pool_errors(n, True)),
        (avg_pool_1d if n == 1 else avg_pool_, f"avg_pool{n}d", "mean", _avg_samples(n), _avg_errors(n)),
        (lp_pool, f"lp_pool{n}d", "p-norm, (sum of x^p)^(1/p),", _lp_samples(n), _lp_errors(n)),
    )  # fmt: skip
    for fn, name, what, samples, wrong in declared:
        fn.__name__ = fn.__qualname__ = name
        fn.__doc__ = f"The {what} of each window, over {n} dimension(s).\n\n    {shapes}\n    "
        function(name="nn.functional." + name, samples=samples, errors=wrong)(routed(fn))
    _declare_outside(n, avg_pool_1d)


def _declare_outside(n: int, avg_pool_1d: Any) -> None:
    """The names that stand in ``torch`` as well; these have no ``return_indices``."""

    def plain(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
    ) -> Any:
        return _max(n, input, kernel_size, stride, padding, dilation, ceil_mode, False)

    def with_indices(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
    ) -> Any:
        return _max(n, input, kernel_size, stride, padding, dilation, ceil_mode, True)

    declared = [(plain, f"max_pool{n}d", _max_samples(n, False), _pool_errors(n, False))]
    if n == 1:
        declared += [
            (with_indices, "max_pool1d_with_indices", _max_samples(1, False), _pool_errors(1, True)),
            (avg_pool_1d, "avg_pool1d", _avg_samples(1), _avg_errors(1)),
        ]
    for fn, name, samples, wrong in declared:
        fn.__name__ = fn.__qualname__ = name
        fn.__doc__ = f"As ``nn.functional.{name}``."
        function(name=name, samples=samples, errors=wrong)(routed(fn))


for _n in (1, 2, 3):
    _declare(_n)

"""Adaptive pooling, which is told how many windows to make, and fractional pooling, whose windows are drawn at random."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..kernels import resampling
from ..kernels.copies import cast
from ..op import opaque
from ..tensor import Tensor
from .pool_settings import require_tensor, sizes_of
from .pooling import lowest
from .sampling import rand

_WITHOUT = (("0-d", "a window needs dimensions to slide over"),)


# --- windows of different sizes ---------------------------------------------------------------------------------------
def window_ranges(size: int, count: int) -> tuple[Any, Any]:
    """First and last element (exclusive) of each of ``count`` windows: ``floor(i size / count)``, ``ceil((i+1) size / count)``."""
    i = np.arange(count)
    return i * size // max(count, 1), -(-(i + 1) * size // max(count, 1))


def _covering(size: int, count: int) -> tuple[Any, Any]:
    """First and last window (exclusive) that each element lies in."""
    starts, ends = window_ranges(size, count)
    at = np.arange(size)
    return np.searchsorted(ends, at, "right"), np.searchsorted(starts, at, "right")


def _steps(ranges: Any) -> Any:
    """The positions inside the largest window: for each axis, the elements met and which windows still have them."""
    axes = []
    for starts, ends in ranges:
        most = int((ends - starts).max(initial=0))
        axes.append([(np.minimum(starts + j, ends - 1), starts + j < ends) for j in range(most)])
    return itertools.product(*axes)


def _range_sum(x: Any, ranges: Any) -> Any:
    """The sum over a box of ranges, one for each output place, over the last dimensions."""
    found = resampling.box_sums(x, ranges)
    if found is not None:
        return found
    n = len(ranges)
    out = np.zeros((*x.shape[: x.ndim - n], *(len(starts) for starts, _ in ranges)), x.dtype)
    for step in _steps(ranges):
        part = x[(..., *np.ix_(*(index for index, _ in step)))]
        inside = [mask for _, mask in step]
        if all(mask.all() for mask in inside):
            out += part
        else:
            out += np.where(_outer(inside, np.logical_and), part, part.dtype.type(0))
    return out


def _outer(vectors: Any, combine: Any) -> Any:
    n = len(vectors)
    total = None
    for axis, v in enumerate(vectors):
        v = v.reshape([-1 if i == axis else 1 for i in range(n)])
        total = v if total is None else combine(total, v)
    return total


def _counts(size: Any, out: Any) -> Any:
    return [np.subtract(*reversed(window_ranges(m, o))) for m, o in zip(size, out, strict=True)]


# --- mean -------------------------------------------------------------------------------------------------------------
@opaque(public=False, grad_name=lambda inputs, attrs: f"AdaptiveAvgPool{len(attrs['out_size'])}DBackward0")
def adaptive_avg_pool(k, input, *, out_size):
    """The mean of each of ``out_size`` windows, which divide the last dimensions as evenly as they can.

    Gradient of ``input``: each ``g`` divided by the size of its window, at every place of it.
    """
    n = len(out_size)
    size = input.shape[input.ndim - n :]
    wide = cast(input, np.float32) if input.dtype.itemsize == 2 else input
    total = _range_sum(wide, [window_ranges(m, o) for m, o in zip(size, out_size, strict=True)])
    for axis, count in enumerate(_counts(size, out_size)):
        total /= count.astype(total.dtype).reshape([-1 if i == axis else 1 for i in range(n)])
    return cast(total, input.dtype)


@adaptive_avg_pool.vjp("input", formal=True)
def _(k, g, input, out_size):
    return k.adaptive_avg_spread(g, size=tuple(input.shape), out_size=out_size)


@opaque(public=False, grad_name=lambda inputs, attrs: f"AdaptiveAvgPool{len(attrs['out_size'])}DBackwardBackward0")
def adaptive_avg_spread(k, input, *, size, out_size):
    """The gradient of ``adaptive_avg_pool``: each mean spread evenly over its window."""
    n = len(out_size)
    space = size[len(size) - n :]
    share = input
    for axis, count in enumerate(_counts(space, out_size)):
        share = share / count.astype(input.dtype).reshape([-1 if i == axis else 1 for i in range(n)])
    return _range_sum(share, [_covering(m, o) for m, o in zip(space, out_size, strict=True)])


@adaptive_avg_spread.vjp("input")
def _(k, g, out_size):
    return k.adaptive_avg_pool(g, out_size=out_size)


# --- maximum ----------------------------------------------------------------------------------------------------------
def _adaptive_max_name(inputs: Any, attrs: Any) -> str:
    return f"AdaptiveMaxPool{len(attrs['out_size'])}DBackward0"


@opaque(public=False, outputs=("out", "indices"), n_diff=1, grad_name=_adaptive_max_name)
def adaptive_max_pool(k, input, *, out_size):
    """The largest element of each window and its place in the flattened space; the first of equals, the last NaN.

    Gradient of ``input``: ``g`` at the place of each window's largest element, 0 elsewhere.
    """
    n = len(out_size)
    size = input.shape[input.ndim - n :]
    ranges = [window_ranges(m, o) for m, o in zip(size, out_size, strict=True)]
    strides = [int(np.prod(size[i + 1 :])) for i in range(n)]
    shape = (*input.shape[: input.ndim - n], *out_size)
    best = np.full(shape, lowest(input.dtype), input.dtype)
    first = _outer([starts * s for (starts, _), s in zip(ranges, strides, strict=True)], np.add)
    place = np.array(np.broadcast_to(first, shape), np.int64)
    for step in _steps(ranges):
        index = [i for i, _ in step]
        value = input[(..., *np.ix_(*index))]
        number = _outer([i * s for i, s in zip(index, strides, strict=True)], np.add)
        better = ((value > best) | np.isnan(value)) & _outer([mask for _, mask in step], np.logical_and)
        np.copyto(best, value, where=better)
        np.copyto(place, number, where=better)
    return best, place


@adaptive_max_pool.vjp("input", formal=True)
def _(k, g, input, indices, out_size):
    n = len(out_size)
    return k.plane_scatter(g, indices, size=tuple(input.shape), dims=n, node=f"AdaptiveMaxPool{n}DBackwardBackward0")


# --- public functions of adaptive pools -------------------------------------------------------------------------------
def _check_adaptive(name: str, n: int, input: Any, colon: str) -> None:
    require_tensor(name, input)
    ranks = (2, 3) if n == 1 else (n + 1, n + 2)
    if input.ndim not in ranks:
        if n == 1:
            raise errors.runtime(
                f"Expected 2 to 3 dimensions, but got {input.ndim}-dimensional tensor for argument #1 'self' (while checking "
                f"arguments for {name})"
            )
        raise errors.runtime(f"{name}(): Expected {n + 1}D or {n + 2}D tensor, but got{colon} {list(input.shape)}")
    shape = list(input.shape)
    plane, says = (name.replace("1d", "2d"), [*shape[:-1], 1, shape[-1]]) if n == 1 else (name, shape)
    for d in range(input.ndim - n, input.ndim):
        if not shape[d]:
            raise errors.runtime(
                f"{plane}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes {says} with "
                f"dimension {d} being empty"
            )


def _asked(name: str, n: int, input: Tensor, output_size: Any) -> tuple[int, ...]:
    """The sizes asked for; None keeps a dimension's own."""
    if n == 1:
        given = list(output_size) if isinstance(output_size, (tuple, list)) else [output_size]
        if len(given) != 1:
            raise errors.runtime(f"{name}() argument 'output_size' should contain one int (got {len(given)})")
        if not hasattr(given[0], "__index__"):
            raise errors.type_(
                f"{name}(): argument 'output_size' (position 2) must be tuple of ints, not {type(output_size).__name__}"
            )
        return (int(given[0]),)
    if not isinstance(output_size, (tuple, list)):
        output_size = (output_size,) * n
    if len(output_size) > input.ndim - 1:
        raise errors.value(f"Input dimension should be at least {len(output_size) + 1}")
    if len(output_size) != n:
        inner = "(): internal error: output_size.size()" if "max" in name else ": output_size"
        raise errors.runtime(f"{name}{inner} must be {n}", f"It is {tuple(output_size)}.")
    own = input.shape[-n:]
    return tuple(m if o is None else int(o) for o, m in zip(output_size, own, strict=True))


def _floats_only(kernel: str, input: Tensor) -> None:
    if not input.dtype.is_floating_point:
        raise errors.advised(
            NotImplementedError(f"\"{kernel}\" not implemented for '{types.scalar_name(input.dtype)}'"),
            "Convert first: input.float().",
        )


def _adaptive_avg(n: int, input: Any, output_size: Any) -> Tensor:
    name = f"adaptive_avg_pool{n}d"
    require_tensor(name, input)
    if n == 1 or not isinstance(output_size, (tuple, list)):
        _check_adaptive(name, n, input, "")
    out = _asked(name, n, input, output_size)
    _check_adaptive(name, n, input, "")
    if min(out) < 0:
        listed = ", ".join(map(str, (1, *out) if n == 1 else out))
        listed = listed if n < 3 else f"{out[0]}, {out[1]},{out[2]}"
        raise errors.runtime(
            f"{name.replace('1d', '2d')}: elements of output_size must be greater than or equal to 0 but received {{{listed}}}"
        )
    x = input.unsqueeze(-2) if n == 1 else input
    if set(out) == {1}:
        result = x.mean(tuple(range(-max(n, 2), 0)), keepdim=True)
    else:
        _floats_only("adaptive_avg_pool3d_cpu" if n == 3 else "adaptive_avg_pool2d", input)
        result = adaptive_avg_pool.public(x, out_size=(1, *out) if n == 1 else out)
    return result.squeeze(-2) if n == 1 else result  # type: ignore[no-any-return]


def _adaptive_max(n: int, input: Any, output_size: Any) -> Any:
    name = f"adaptive_max_pool{n}d"
    require_tensor(name, input)
    if not isinstance(output_size, (tuple, list)) or n == 1:
        _check_adaptive(name, n, input, ":")
    out = _asked(name, n, input, output_size)
    _check_adaptive(name, n, input, ":")
    if min(out) < 0:
        shape = [*input.shape[:-n], *((1, *out) if n == 1 else out)]
        raise errors.runtime(f"Trying to create tensor with negative dimension {min(out)}: {shape}")
    _floats_only(name.replace("1d", "2d"), input)
    if n == 1:
        best, where = adaptive_max_pool.public(input.unsqueeze(-2), out_size=(1, *out))
        return best.squeeze(-2), where.squeeze(-2)
    return adaptive_max_pool.public(input, out_size=out)


# --- fractional -------------------------------------------------------------------------------------------------------
def _starts(sample: Any, size: int, pool: int, count: int) -> Any:
    """Where each window starts, a row of ``count`` for each plane (B. Graham, Fractional Max-Pooling, arXiv:1412.6071).

    Start i is ``floor((i + u) a) - floor(u a)`` with ``a = (size - pool) / (count - 1)`` and ``u`` the plane's random number;
    the last window ends at the end.
    """
    if count == 1:
        return np.full((len(sample), 1), size - pool)
    alpha = sample.dtype.type(size - pool) / sample.dtype.type(count - 1)
    i = np.arange(count - 1).astype(sample.dtype)
    inner = ((i + sample[:, None]) * alpha).astype(np.int64) - (sample[:, None] * alpha).astype(np.int64)
    return np.concatenate([inner, np.full((len(sample), 1), size - pool)], 1)


@opaque(
    public=False, outputs=("out", "indices"), n_diff=1,
    grad_name=lambda inputs, attrs: f"FractionalMaxPool{len(attrs['kernel'])}DBackward0",
)  # fmt: skip
def fractional_max(k, input, samples, *, kernel, out_size):
    """The largest element of windows that start where the samples, (N, C, dims), say; and its place in the flattened space.

    Gradient of ``input``: the elements of g added where the maxima were; 0 elsewhere.
    """
    n = len(kernel)
    size, lead = input.shape[input.ndim - n :], input.shape[: input.ndim - n]
    planes = int(np.prod(lead))
    flat = input.reshape(planes, int(np.prod(size)))
    u = samples.reshape(-1, n)[:planes]
    # PyTorch's samples hold the last dimension first in two dimensions, the first one first in three
    order = range(n) if n == 3 else reversed(range(n))
    starts = [_starts(u[:, i], m, q, o) for i, m, q, o in zip(order, size, kernel, out_size, strict=True)]
    place = None
    for axis in range(n):
        shape = [planes] + [out_size[axis] if i == axis else 1 for i in range(n)]
        part = starts[axis].reshape(shape) * int(np.prod(size[axis + 1 :]))
        place = part if place is None else place + part
    place = np.ascontiguousarray(np.broadcast_to(place, (planes, *out_size))).reshape(planes, int(np.prod(out_size)))
    best = np.full(place.shape, lowest(input.dtype), input.dtype)
    where = place.copy()
    for at in itertools.product(*map(range, kernel)):
        here = place + sum(a * int(np.prod(size[i + 1 :])) for i, a in enumerate(at))
        value = np.take_along_axis(flat, here, 1)
        better = (value > best) | np.isnan(value)
        np.copyto(best, value, where=better)
        np.copyto(where, here, where=better)
    return best.reshape(*lead, *out_size), where.reshape(*lead, *out_size)


fractional_max.nondiff("samples")


@fractional_max.vjp("input", formal=True)
def _(k, g, input, indices, kernel):
    n = len(kernel)
    return k.plane_scatter(g, indices, size=tuple(input.shape), dims=n, node=f"FractionalMaxPool{n}DBackwardBackward0")


def _fractional(n: int, input: Any, kernel: Any, output_size: Any, output_ratio: Any, samples: Any) -> Any:
    name = f"fractional_max_pool{n}d"
    require_tensor(name, input)
    if output_size is None and output_ratio is None:
        raise errors.value(f"{name} requires specifying either an output_size or an output_ratio")
    if input.ndim < n + 1:
        raise errors.index(
            f"Dimension out of range (expected to be in range of [{-input.ndim}, {input.ndim - 1}], but got {-n - 1})"
        )
    if output_size is None:
        ratio = output_ratio if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * n
        if len(ratio) > input.ndim - 2 + (input.ndim == n + 1):
            raise errors.value(f"{name} requires output_ratio to have {n} elements, got {tuple(ratio)}")
        output_size = [int(m * r) for m, r in zip(input.shape[-n:], ratio, strict=True)]
    if isinstance(kernel, (tuple, list)) and len(kernel) not in (1, n):
        raise errors.runtime(f"{name}: kernel_size must either be a single Int or tuple of Ints")
    kernel, out = sizes_of(name, "kernel_size", kernel, n), sizes_of(name, "output_size", output_size, n, at=3)
    for m, q, o, axis in zip(input.shape[-n:], kernel, out, ("time", "height", "width")[-n:], strict=True):
        if o + q - 1 > m - (n == 3):  # in three dimensions PyTorch wants one more
            raise errors.runtime(f"{name}(): pool {axis} {q} too large relative to input {axis} {m}")
    _floats_only(f"{name}_out_frame", input)
    if samples is None:
        batch = 1 if input.ndim == n + 1 else input.shape[0]
        samples = rand(batch, input.shape[-n - 1], n, dtype=input.dtype)
    return fractional_max.public(input, samples, kernel=kernel, out_size=out)


# --- declarations -----------------------------------------------------------------------------------------------------
def _samples(n: int, largest: bool) -> Any:
    def samples(m: Any) -> list[Any]:
        s = (7,) if n == 1 else (5, 4, 3)[:n]
        out = [m(m.f(1, 2, *s), 3), m(m.f(2, *s), 2), m(m.f(1, 2, *s), 1), m(m.f(1, 1, *s), 7), m(m.nc(1, 2, *s), 4)]
        out += [m(m.f(0, 3, *s), 2), m(m.f(1, 2, *s), (2, None, 3)[:n])] if n > 1 else [m(m.f(0, 3, *s), 2)]
        if largest:
            out.append(m(m.f(1, 2, *s), 3, return_indices=True))
        return out + [m.without(*row) for row in _WITHOUT]

    return samples


def _errors(n: int) -> Any:
    def wrong(m: Any) -> list[Any]:
        shape = (1, 2, *[4] * n)
        rank = "Expected 2 to 3 dimensions" if n == 1 else f"Expected {n + 1}D or {n + 2}D tensor"
        out = [
            m.error(RuntimeError, rank, m.f(4), 2),
            m.error(RuntimeError, "to have non-zero size for non-batch dimensions", m.f(1, 2, *[0] * n), 2),
            m.error(NotImplementedError, "not implemented for 'Long'", m.i(*shape), 2),
        ]
        if n == 1:
            out.append(m.error(TypeError, "must be Tensor, not int", 3, 2))
            return [*out, m.error(RuntimeError, "should contain one int (got 2)", m.f(1, 2, 4), (2, 2))]
        return [*out, m.error(ValueError, f"Input dimension should be at least {n + 4}", m.f(*shape), (2,) * (n + 3))]

    return wrong


def _fractional_samples(n: int) -> Any:
    def samples(m: Any) -> list[Any]:
        size = (5, 5, 6)[:n]
        return [
            m(m.f(1, 2, *size), 2, output_size=3),
            m(m.f(1, 2, *size), 2, output_ratio=(0.5,) * n),
            m(m.f(1, 2, *size), (3, 2, 1)[:n], (2, 3, 3)[:n], None, True, m.f(1, 2, n, lo=0.1, hi=0.9)).value_only(
                "u is no leaf"
            ),
            m(m.nc(1, 2, *size), 2, output_size=1),
            m.without("empty", "PyTorch draws for each plane"),
            *[m.without(*row) for row in _WITHOUT],
        ]

    return samples


def _fractional_errors(n: int) -> Any:
    return lambda m: [
        m.error(ValueError, "requires specifying either an output_size or an output_ratio", m.f(1, 1, *[4] * n), 2),
        m.error(RuntimeError, "too large relative to input", m.f(1, 1, *[4] * n), 2, output_size=5),
    ]


def _declare(n: int) -> None:
    def adaptive_avg(input: Tensor, output_size: Any) -> Tensor:
        return _adaptive_avg(n, input, output_size)

    def adaptive_max(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
        result = _adaptive_max(n, input, output_size)
        return result if return_indices else result[0]

    def adaptive_max_with_indices(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
        return _adaptive_max(n, input, output_size)

    windows = f"""of each of as many windows as asked for, over {n} dimension(s).

    Window i of o over m elements goes from floor(i m / o) to ceil((i + 1) m / o); None keeps a dimension's size.
    Shapes: (N, C, *space) or (C, *space). Dtypes: floating. Raises RuntimeError for other ranks and empty space.
    """
    declared: list[tuple[Any, str, str, Any, Any, bool]] = [
        (adaptive_avg, f"adaptive_avg_pool{n}d", f"The mean {windows}", _samples(n, False), _errors(n), n == 1),
        (adaptive_max, f"adaptive_max_pool{n}d", f"The largest element {windows}", _samples(n, True), _errors(n), False),
        (
            adaptive_max_with_indices, f"adaptive_max_pool{n}d_with_indices", f"The largest element and its place {windows}",
            _samples(n, False), _errors(n), False,
        ),
    ]  # fmt: skip
    if n > 1:
        declared += _fractional_pools(n)
    for fn, name, doc, samples, wrong, outside in declared:
        fn.__name__ = fn.__qualname__ = name
        fn.__doc__ = doc
        function(name="nn.functional." + name, samples=samples, errors=wrong)(fn)
        if outside:
            function(name=name, samples=samples, errors=wrong)(fn)
    if n == 1:  # torch.adaptive_max_pool1d gives the places too
        function(name="adaptive_max_pool1d", samples=_samples(1, False), errors=_errors(1))(adaptive_max_with_indices)


def _fractional_pools(n: int) -> list[Any]:
    def pool(
        input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> Any:  # fmt: skip
        result = _fractional(n, input, kernel_size, output_size, output_ratio, _random_samples)
        return result if return_indices else result[0]

    def with_indices(
        input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> Any:  # fmt: skip
        return _fractional(n, input, kernel_size, output_size, output_ratio, _random_samples)

    doc = f"""The largest element of windows whose places are drawn at random, over {n} dimensions.

    ``output_size`` windows, or ``output_ratio`` times the input's size, of ``kernel_size`` elements; each plane draws its own
    sequence of starts (B. Graham, Fractional Max-Pooling, arXiv:1412.6071). Shapes: (N, C, *space) or (C, *space).
    Raises ValueError without a size, RuntimeError if the windows do not fit.
    """
    both = _fractional_samples(n), _fractional_errors(n), False
    name = f"fractional_max_pool{n}d"
    return [(pool, name, doc, *both), (with_indices, name + "_with_indices", doc, *both)]


for _n in (1, 2, 3):
    _declare(_n)

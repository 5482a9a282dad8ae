"""Unpooling: the inverse of maximum pooling, as far as there is one."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..op import opaque
from ..tensor import Tensor
from .pool_settings import require_tensor, sizes_of
from .pooling import excuses, flat_places


@opaque(public=False, grad_name=lambda inputs, attrs: f"MaxUnpool{len(attrs['size'])}DBackward0")
def max_unpool(k, input, indices, *, size):
    """Zeros of spatial size ``size`` with the elements at the places where they were the maxima; the last of equals stays.

    Gradient of ``input``: ``g`` at the places of the maxima.
    """
    n = len(size)
    shape = (*input.shape[: input.ndim - n], *size)
    out = np.zeros(int(np.prod(shape)), input.dtype)
    out[flat_places(shape, indices, n)] = input.reshape(-1)
    return out.reshape(shape)


max_unpool.nondiff("indices")


@max_unpool.vjp("input")
def _(k, g, indices, size):
    return k.plane_gather(g, indices, dims=len(size))


def _unpool(n: int, input: Any, indices: Any, kernel: Any, stride: Any, padding: Any, output_size: Any) -> Tensor:
    name = f"max_unpool{n}d"
    require_tensor(name, input)
    kernel = sizes_of(name, "kernel_size", kernel, n)
    step = kernel if stride is None else sizes_of(name, "stride", stride, n)
    pad = sizes_of(name, "padding", padding, n)
    size = _unpooled_size(input, kernel, step, pad, output_size)
    if n > 1 and input.ndim not in (n + 1, n + 2):
        raise errors.runtime(
            f"Input to max_unpooling{n}d should be a {n + 1}d or {n + 2}d Tensor, but got a tensor with {input.ndim} "
            "dimensions."
        )
    if indices.dtype is not types.int64:
        raise errors.runtime(f"elements in indices should be type int64 but got: {types.scalar_name(indices.dtype)}")
    if n == 3 and min(step) <= 0:
        raise errors.runtime(f"strides should be greater than zero, but got stride: {list(step)}")
    tail = [1] if n == 1 else []
    if tuple(indices.shape) != tuple(input.shape):
        raise errors.runtime(
            f"Expected shape of indices to be same as that of the input tensor ({list(input.shape) + tail}) but got indices "
            f"tensor with shape: {list(indices.shape) + tail}"
        )
    where, length = indices._a, int(np.prod(size))
    if where.size and (where.min() < 0 or where.max() >= length):
        bad = int(where.min()) if where.min() < 0 else int(where.max())
        raise errors.runtime(
            f"Found an invalid max index: {bad} (output volumes are of size {'x'.join(map(str, [*size, *tail]))})"
        )
    if n == 1:  # as PyTorch does: planes of width one
        return max_unpool.public(input.unsqueeze(-1), indices.unsqueeze(-1), size=(*size, 1)).squeeze(-1)  # type: ignore[no-any-return]
    return max_unpool.public(input, indices, size=size)  # type: ignore[no-any-return]


def _unpooled_size(input: Tensor, kernel: Any, stride: Any, padding: Any, asked: Any) -> tuple[int, ...]:
    n = len(kernel)
    usual = [(m - 1) * s + q - 2 * p for m, q, s, p in zip(input.shape[-n:], kernel, stride, padding, strict=True)]
    if asked is None:
        return tuple(usual)
    size = [int(v) for v in asked]
    if len(size) == n + 2:
        size = size[2:]
    if len(size) != n:
        raise errors.value(
            f"output_size should be a sequence containing {n} or {n + 2} elements, but it has a length of '{len(size)}'"
        )
    for d, (v, u, s) in enumerate(zip(size, usual, stride, strict=True)):
        if not u - s < v < u + s:
            raise errors.value(f'invalid output_size "{tuple(asked)}" (dim {d} must be between {u - s} and {u + s})')
    return tuple(size)


def _unpool_samples(n: int) -> Any:
    def samples(m: Any) -> list[Any]:
        where = m.a([[[0, 3, 4]]] if n == 1 else [[[[0, 3]]]] if n == 2 else [[[[[0, 3]]]]])
        shape = (1, 1, 3) if n == 1 else (1,) * (n + 1) + (2,)
        near = m.a([[0, 2, 4]] if n == 1 else [[[0, 2]]] if n == 2 else [[[[0, 2]]]])
        out = [m(m.f(*shape), where, 2), m(m.f(*shape[1:]), near, 3, 2, 1)]
        reasons = [
            m.without("strided", "the indices are the interesting part"),
            m.without("empty", "indices point somewhere"),
        ]
        return [*out, m(m.f(*shape), where, 2, output_size=[s * 2 for s in shape[2:]]), *reasons, *excuses(m)]

    return samples


def _unpool_errors(n: int) -> Any:
    def wrong(m: Any) -> list[Any]:
        shape = (1, 1, *[2] * n)
        return [
            m.error(RuntimeError, "Expected shape of indices to be same as that of the input tensor", m.f(*shape), m.i(1, 1, *[3] * n), 2),
            m.error(RuntimeError, "elements in indices should be type int64", m.f(*shape), m.f(*shape), 2),
            m.error(ValueError, 'invalid output_size "', m.f(*shape), m.i(*shape, hi=1), 2, output_size=(9,) * n),
        ]  # fmt: skip

    return wrong


def _declare(n: int) -> None:
    def unpool(
        input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
    ) -> Tensor:
        return _unpool(n, input, indices, kernel_size, stride, padding, output_size)

    unpool.__name__ = unpool.__qualname__ = f"max_unpool{n}d"
    unpool.__doc__ = f"""Zeros with the input at the places where max_pool{n}d found it; everything else is lost.

    ``indices`` are those that ``max_pool{n}d(..., return_indices=True)`` gives. Each size is
    ``(m - 1) stride - 2 padding + kernel`` unless ``output_size`` says another that pooling could have come from.
    Raises RuntimeError where shapes or indices do not fit, ValueError for another output size.
    """
    function(name=f"nn.functional.max_unpool{n}d", samples=_unpool_samples(n), errors=_unpool_errors(n))(unpool)


for _n in (1, 2, 3):
    _declare(_n)

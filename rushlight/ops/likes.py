"""New tensors after the model of another: its shape, its dtype, its order in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import errors, levels, meta, types
from ..asking import otherwise
from ..functions import FUNCTIONS, function
from ..kernels import copies, memory
from ..kernels.layouts import empty_like_array
from ..promotion import element
from ..tensor import Tensor, wrap
from .create import array_of, dtype_or_default, filled, finish, full, need_number

ndarray = np.ndarray

#: float32, float64, int64 and bool, to which NumPy casts a small int as PyTorch does.
SIMPLE = frozenset("fdl?" if np.dtype(np.int64).char == "l" else "fdq?")
MANY = 1 << 24


def _like(name: str, input: Tensor, kwargs: dict[str, Any], value: Any) -> Tensor:
    if not isinstance(input, Tensor):
        given = (input,) if name != "full_like" else (input, value)
        return otherwise(FUNCTIONS[name].fn, given, kwargs, errors.not_a_tensor(name, "input", 1, input))  # type: ignore[no-any-return]
    if levels.running and isinstance(input, levels.Batched):  # memory for every example, to be written to
        return levels.batched(_like(name, input.value, kwargs, value), input.at)
    if not kwargs and not levels.running and (value is None or (value.__class__ is int and -MANY < value < MANY)):
        like = input._a  # the commonest call, shortly
        a = empty_like_array(like, like.dtype)
        if like.dtype.char in SIMPLE or value is None:
            if value is not None:
                copies.assign(a, value)
            return wrap(a)
    dtype = kwargs.pop("dtype", None)
    dtype = input.dtype if dtype is None else dtype_or_default(dtype)
    if levels.running or "device" in kwargs:
        where = kwargs.get("device")
        if types.is_meta(where) or (where is None and isinstance(input, meta.MetaTensor)):
            return meta.made_like(input, dtype.np, kwargs.get("requires_grad", False))
        if isinstance(input, meta.MetaTensor):
            input = meta.plain(input)
    if kwargs.get("memory_format") is types.contiguous_format:
        a = memory.empty(input._a.shape, dtype.np)
    else:
        a = empty_like_array(input._a, dtype.np)
    if value is not None:
        copies.assign(a, element(value, dtype))
    return finish(a, **kwargs)


@function(
    asks=False,
    samples=lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2)), m(m.i(3)), m(m.f(2), dtype=m.torch.int32)],
    errors=lambda m: [m.error(TypeError, "zeros_like(): argument 'input' (position 1) must be Tensor, not float", 3.0)],
)
def zeros_like(input: Tensor, **kwargs: Any) -> Tensor:
    """Zeros with the shape, dtype and memory order of ``input``."""
    return _like("zeros_like", input, kwargs, 0)


@function(
    asks=False,
    samples=lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2)), m(m.i(3)), m(m.f(2), dtype=m.torch.int32)],
    errors=lambda m: [m.error(TypeError, "ones_like(): argument 'input' (position 1) must be Tensor, not float", 3.0)],
)
def ones_like(input: Tensor, **kwargs: Any) -> Tensor:
    """Ones with the shape, dtype and memory order of ``input``."""
    return _like("ones_like", input, kwargs, 1)


@function(
    samples=lambda m: [
        m(m.f(2, 3)).apart("uninitialised"),
        m(m.f()).apart("uninitialised"),
        m(m.f(0, 2)).apart("uninitialised"),
        m(m.nc(3, 2)).apart("uninitialised"),
    ],
    errors=lambda m: [m.error(TypeError, "empty_like(): argument 'input' (position 1) must be Tensor, not float", 3.0)],
)
def empty_like(input: Tensor, **kwargs: Any) -> Tensor:
    """Uninitialised memory with the shape, dtype and memory order of ``input``."""
    return _like("empty_like", input, kwargs, None)


@function(
    samples=lambda m: [m(m.f(2, 3), 1.5), m(m.f(), 2), m(m.f(0, 2), 2), m(m.nc(3, 2), True), m(m.i(3), 7)],
    errors=lambda m: [
        m.error(TypeError, "full_like(): argument 'fill_value' (position 2) must be Number, not str", m.f(2), "a")
    ],
)
def full_like(input: Tensor, fill_value: Any, **kwargs: Any) -> Tensor:
    """``fill_value`` with the shape, dtype and memory order of ``input``."""
    return _like("full_like", input, kwargs, need_number("full_like", "fill_value", 2, fill_value))


def _beside(self: Tensor, kwargs: dict[str, Any]) -> None:
    """New tensors are where ``self`` is."""
    if levels.running and isinstance(self, meta.MetaTensor):
        kwargs.setdefault("device", self.device)


def _new(name: str, self: Tensor, size: Sequence[Any], kwargs: dict[str, Any], value: Any) -> Tensor:
    kwargs.setdefault("dtype", self.dtype)
    _beside(self, kwargs)
    return filled(name, size, kwargs, value)


@function(
    keywords=finish,
    name="Tensor.new_zeros",
    methods="new_zeros",
    samples=lambda m: [m(m.f(2), 2, 3), m(m.f(), (2,)), m(m.f(0), ()), m(m.nc(3, 2), 2, dtype=m.torch.int64)],
    errors=lambda m: [m.error(RuntimeError, "Trying to create tensor with negative dimension -1", m.f(2), -1)],
)
def new_zeros(self: Tensor, *size: Any, **kwargs: Any) -> Tensor:
    """Zeros of a size in this tensor's dtype."""
    return _new("new_zeros", self, size, kwargs, 0)


@function(
    keywords=finish,
    name="Tensor.new_ones",
    methods="new_ones",
    samples=lambda m: [m(m.f(2), 2, 3), m(m.f(), (2,)), m(m.f(0), ()), m(m.nc(3, 2), 2, dtype=m.torch.int64)],
    errors=lambda m: [m.error(RuntimeError, "Trying to create tensor with negative dimension -1", m.f(2), -1)],
)
def new_ones(self: Tensor, *size: Any, **kwargs: Any) -> Tensor:
    """Ones of a size in this tensor's dtype."""
    return _new("new_ones", self, size, kwargs, 1)


@function(
    keywords=finish,
    name="Tensor.new_empty",
    methods="new_empty",
    samples=lambda m: [
        m(m.f(2), 2, 3).apart("uninitialised"),
        m(m.f(), 0),
        m(m.f(0), ()).apart("the same"),
        m(m.nc(3, 2), 2).apart("the same"),
    ],
    errors=lambda m: [m.error(RuntimeError, "Trying to create tensor with negative dimension -1", m.f(2), -1)],
)
def new_empty(self: Tensor, *size: Any, **kwargs: Any) -> Tensor:
    """Uninitialised memory of a size in this tensor's dtype."""
    return _new("new_empty", self, size, kwargs, None)


@function(
    name="Tensor.new_full",
    methods="new_full",
    samples=lambda m: [m(m.f(2), (2, 3), 1.5), m(m.f(), (2,), 2), m(m.f(0), (), 3), m(m.nc(3, 2), (2,), 1)],
    errors=lambda m: [
        m.error(TypeError, "new_full(): argument 'fill_value' (position 2) must be Number, not str", m.f(2), (2,), "a")
    ],
)
def new_full(self: Tensor, size: Any, fill_value: Any, **kwargs: Any) -> Tensor:
    """A tensor of a size filled with a number, in this tensor's dtype."""
    kwargs.setdefault("dtype", self.dtype)
    _beside(self, kwargs)
    return full(size, need_number("new_full", "fill_value", 2, fill_value), **kwargs)


@function(
    name="Tensor.new_tensor",
    methods="new_tensor",
    samples=lambda m: [m(m.f(2), [1, 2]), m(m.f(), 3.5), m(m.f(0), [[True]]), m(m.nc(3, 2), [1.5])],
    errors=lambda m: [m.error(TypeError, "new(): invalid data type 'str'", m.f(2), "x")],
)
def new_tensor(self: Tensor, data: Any, **kwargs: Any) -> Tensor:
    """A copy of ``data`` in this tensor's dtype."""
    dtype = dtype_or_default(kwargs.pop("dtype", None) or self.dtype)
    _beside(self, kwargs)
    return finish(array_of(data, dtype), **kwargs)


@function(
    samples=lambda m: [m((2, 3), (1, 2)).apart("uninitialised"), m((), ()).apart("the same"), m((0, 2), (2, 1))],
    errors=lambda m: [
        m.error(RuntimeError, "dimensionality of sizes (1) must match dimensionality of strides (2)", (2,), (1, 2))
    ],
)
def empty_strided(size: Any, stride: Any, **kwargs: Any) -> Tensor:
    """Uninitialised memory with a size and strides in elements."""
    dtype = dtype_or_default(kwargs.pop("dtype", None))
    shape, steps = tuple(size), tuple(stride)
    if len(shape) != len(steps):
        raise errors.runtime(
            f"dimensionality of sizes ({len(shape)}) must match dimensionality of strides ({len(steps)})"
        )
    if any(s < 0 for s in steps):
        raise errors.runtime(f"Storage size calculation overflowed with sizes={list(shape)} and strides={list(steps)}")
    span = 0 if 0 in shape else 1 + sum((n - 1) * s for n, s in zip(shape, steps, strict=True))
    memory = np.empty(span, dtype.np)
    return finish(ndarray(shape, dtype.np, memory, 0, tuple(s * dtype.itemsize for s in steps)), **kwargs)


@function(
    name="Tensor.new_empty_strided",
    methods="new_empty_strided",
    samples=lambda m: [
        m(m.f(2), (2, 3), (1, 2)).apart("uninitialised"),
        m(m.f(), (), ()).apart("the same"),
        m(m.f(0), (2,), (1,)).apart("the same"),
        m(m.nc(3, 2), (2,), (1,)).apart("the same"),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError, "dimensionality of sizes (1) must match dimensionality of strides (2)", m.f(2), (2,), (1, 2)
        )
    ],
)
def new_empty_strided(self: Tensor, size: Any, stride: Any, **kwargs: Any) -> Tensor:
    """``empty_strided`` in this tensor's dtype."""
    kwargs.setdefault("dtype", self.dtype)
    _beside(self, kwargs)
    return empty_strided(size, stride, **kwargs)

"""Tensors from numbers, lists, arrays and sizes."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..promotion import cast, cast_array
from ..random.fma import fma32, fma64
from ..tensor import Tensor, alias_of, wrap

ndarray = np.ndarray


# --- shared argument handling -----------------------------------------------------------------------------------
def read_size(name: str, size: Sequence[Any]) -> tuple[int, ...]:
    """Sizes given as ``(2, 3)`` or as ``2, 3``; ints, 0-d integer tensors and NumPy integers.

    Raises:
        TypeError: for what is no int. RuntimeError: for a negative size.
    """
    if len(size) == 1 and not isinstance(size[0], (int, np.integer)) and not hasattr(size[0], "__index__"):
        size = size[0]
    elif len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = size[0]
    try:
        out = tuple([operator.index(s) for s in size])
    except TypeError:
        bad = next((s for s in size if not hasattr(s, "__index__")), size) if isinstance(size, (tuple, list)) else size
        raise errors.type_(
            f"{name}(): argument 'size' (position 1) must be tuple of ints, not {type(bad).__name__}",
            f"Write {name}(2, 3) or {name}((2, 3)).",
        ) from None
    for s in out:
        if s < 0:
            raise errors.runtime(f"Trying to create tensor with negative dimension {s}: {list(out)}")
    return out


def need_number(name: str, argument: str, position: int, value: Any) -> Any:
    """A number, or the one element of a tensor.

    Raises:
        TypeError: for anything else.
    """
    value = _plain(value)
    if not isinstance(value, (bool, int, float, complex, np.number, np.bool_)):
        raise errors.type_(
            f"{name}(): argument '{argument}' (position {position}) must be Number, not {type(value).__name__}"
        )
    return value


def finish(
    a: ndarray[Any, Any],
    *,
    dtype: types.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
    memory_format: Any = None,
    out: Tensor | None = None,
    **unknown: Any,
) -> Tensor:
    """An array as a new leaf, with the arguments that every constructor takes."""
    if unknown:
        raise errors.type_(
            f"received an invalid combination of arguments - got an unexpected keyword argument '{next(iter(unknown))}'",
            "Every constructor takes dtype, device, requires_grad, layout, pin_memory, memory_format and out.",
        )
    types.check_device(device)
    if layout not in (None, types.strided):
        raise NotImplementedError(f"layout {layout} is not supported: tensors are dense (torch.strided)")
    if out is not None:
        from ..writing import write_out

        write_out("out", out, wrap(a))
        return out
    t = wrap(a)
    if requires_grad:
        t.requires_grad_(True)
    return t


def dtype_or_default(dtype: Any, name: str = "tensor") -> types.dtype:
    if dtype is None:
        return types.get_default_dtype()
    if not isinstance(dtype, types.dtype):
        if dtype in _PYTHON_TYPES:
            return _PYTHON_TYPES[dtype]()
        raise errors.type_(
            f"{name}(): argument 'dtype' must be torch.dtype, not {type(dtype).__name__}",
            "For example dtype=torch.float32.",
        )
    return dtype


_PYTHON_TYPES: dict[Any, Any] = {
    float: lambda: types.float64,
    int: lambda: types.int64,
    bool: lambda: types.bool_,
    complex: lambda: types.complex128,
}


# --- from data ------------------------------------------------------------------------------------------------------
def array_of(data: Any, dtype: types.dtype | None = None) -> ndarray[Any, Any]:
    """Nested sequences, numbers, arrays and tensors as a new array, with PyTorch's inferred dtype.

    Raises:
        ValueError: for sequences of unequal length. TypeError: for elements that are no numbers.
    """
    if isinstance(data, Tensor):
        a = data._a
        return cast_array(a, dtype.np) if dtype is not None and dtype.np is not a.dtype else a.copy()
    if isinstance(data, (bool, int, float, complex)):
        return cast(data, dtype) if dtype is not None else _number(data)
    if isinstance(data, ndarray):
        target = types.from_numpy_dtype(data.dtype) if dtype is None else dtype
        return np.ascontiguousarray(cast_array(data, target.np)).reshape(data.shape)
    if isinstance(data, np.generic):
        target = types.from_numpy_dtype(data.dtype) if dtype is None else dtype
        return np.array(data, target.np)
    if isinstance(data, (list, tuple, range)) or hasattr(data, "__len__"):
        return _array_of_sequence(data, dtype)
    if hasattr(data, "__array__") or hasattr(data, "__array_interface__"):
        return array_of(np.asarray(data), dtype)
    if dtype is not None and hasattr(data, "__float__"):
        return cast(float(data), dtype)
    raise errors.runtime(f"Could not infer dtype of {type(data).__name__}")


def _number(data: Any) -> ndarray[Any, Any]:
    if data.__class__ is int and not -(2**63) <= data < 2**63:
        raise errors.runtime("Overflow when unpacking long long")
    return cast(data, types.of_number(data))


def _array_of_sequence(data: Any, dtype: types.dtype | None) -> ndarray[Any, Any]:
    shape: list[int] = []
    level = data
    while isinstance(level, (list, tuple, range)) or (
        hasattr(level, "__len__") and not isinstance(level, (str, bytes))
    ):
        if isinstance(level, (Tensor, ndarray)):
            shape += [int(s) for s in (level._a if isinstance(level, Tensor) else level).shape]
            break
        shape.append(len(level))
        if len(level) == 0:
            break
        level = level[0]
    leaves: list[Any] = []
    _flatten(data, shape, 0, leaves)
    if dtype is None:
        dtype = _common_dtype(leaves)
    if leaves and isinstance(leaves[0], ndarray):
        return cast_array(np.concatenate([np.asarray(x).reshape(-1) for x in leaves]), dtype.np).reshape(shape)
    try:
        flat = np.array(leaves, dtype.np) if leaves else np.empty(0, dtype.np)
    except OverflowError:
        if dtype.category == types.INTEGER:
            if any(not -(2**63) <= int(x) < 2**63 for x in leaves):
                raise errors.runtime("Overflow when unpacking long long") from None
            raise errors.runtime(
                f"value cannot be converted to type {dtype.np_name}_t without overflow",
                f"One of the values is outside {dtype}.",
            ) from None
        flat = np.array([cast(x, dtype) for x in leaves], dtype.np)
    except (TypeError, ValueError):
        flat = np.array([cast(complex(x) if dtype.is_complex else x, dtype) for x in leaves], dtype.np)
    return flat.reshape(shape)


def _flatten(data: Any, shape: list[int], level: int, out: list[Any]) -> None:
    """Collect the numbers of a nested sequence in order, checking that every level has the same length."""
    if isinstance(data, Tensor):
        data = data._a
    if isinstance(data, ndarray) and level < len(shape):
        if list(data.shape) != shape[level:]:
            raise errors.value(f"expected sequence of length {shape[level]} at dim {level} (got {len(data)})")
        out.append(data)
        return
    if level == len(shape):
        if isinstance(data, ndarray):
            data = data.item()
        elif not isinstance(data, (int, float, complex, np.number, np.bool_)):
            if isinstance(data, str):
                raise errors.type_(f"new(): invalid data type '{type(data).__name__}'")
            if hasattr(data, "__len__"):
                raise errors.value(
                    f"only one element tensors can be converted to Python scalars; a nested sequence stands where a number was "
                    f"expected (depth {level})"
                )
            if hasattr(data, "__float__"):
                data = float(data)
            else:
                raise errors.runtime(f"Could not infer dtype of {type(data).__name__}")
        out.append(data)
        return
    if not hasattr(data, "__len__"):
        raise errors.type_(f"expected a sequence at dim {level}, not {type(data).__name__}")
    if len(data) != shape[level]:
        raise errors.value(
            f"expected sequence of length {shape[level]} at dim {level} (got {len(data)})",
            "All rows of a tensor have the same length; pad the shorter ones, for example with "
            "torch.nn.utils.rnn.pad_sequence.",
        )
    if level == len(shape) - 1 and len(data) and data[0].__class__ in (int, float, bool):
        kinds = set(map(type, data))
        if kinds <= {int, float, bool}:
            out.extend(data)
            return
    for item in data:
        _flatten(item, shape, level + 1, out)


def _common_dtype(leaves: list[Any]) -> types.dtype:
    kinds = set(map(type, leaves))
    if not kinds:
        return types.get_default_dtype()
    if kinds <= {bool, int, float, complex}:
        for python_type in (complex, float, int, bool):
            if python_type in kinds:
                return types.of_number(python_type(0))
    out: types.dtype | None = None
    for x in leaves:
        t = types.from_numpy_dtype(x.dtype) if isinstance(x, (ndarray, np.generic)) else types.of_number(x)
        out = t if out is None else types.promote_types(out, t)
    assert out is not None
    return out


@function(
    samples=lambda m: [
        m([1, 2]),
        m(3.5),
        m([[True, False]]),
        m([]),
        m([1.5, 2]),
        m(2j),
        m([1, 2], dtype=m.torch.float16),
        m(m.a([1.0, 2.0])),
        m(m.a(1)),
        m(m.f(0, 2)),
        m(m.nc(2, 3)),
    ],
    errors=lambda m: [
        m.error(TypeError, "new(): invalid data type 'str'", "x"),
        m.error(ValueError, "expected sequence of length 2 at dim 1 (got 1)", [[1, 2], [3]]),
    ],
)
def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A new tensor that copies ``data``: a number, nested sequence, array or tensor.

    Python ints become int64, floats the default dtype, arrays keep theirs.

    >>> import rushlight as torch
    >>> torch.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    if isinstance(data, Tensor):
        import warnings

        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
    wanted = None if dtype is None else dtype_or_default(dtype)
    return finish(array_of(data, wanted), device=device, requires_grad=requires_grad)


@function(
    samples=lambda m: [m([1, 2]), m(m.f(2)), m(m.f(2), dtype=m.torch.float32), m(m.f()), m(m.f(0)), m(m.nc(3, 2))],
    errors=lambda m: [m.error(TypeError, "new(): invalid data type 'str'", "x")],
)
def as_tensor(data: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """``data`` as a tensor, without a copy where it can be: tensors and arrays of the wanted dtype are shared."""
    types.check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None or dtype is data.dtype else data.to(dtype)  # type: ignore[no-any-return]
    if isinstance(data, ndarray) and (dtype is None or types.from_numpy_dtype(data.dtype) is dtype):
        return from_numpy(data)
    return wrap(array_of(data, None if dtype is None else dtype_or_default(dtype)))


@function(
    samples=lambda m: [m([1, 2]), m(m.f(2)), m(m.f()), m(m.f(0)), m(m.nc(3, 2))],
    errors=lambda m: [m.error(TypeError, "new(): invalid data type 'str'", "x")],
)
def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """``obj`` as a tensor, shared unless ``copy`` or a conversion says otherwise."""
    t = tensor(obj, dtype=dtype) if copy and not isinstance(obj, Tensor) else as_tensor(obj, dtype=dtype, device=device)
    if copy and t is obj:
        t = t.clone()
    if t is not obj or requires_grad != t.requires_grad:
        t = alias_of(t, t._a, True)
        t.requires_grad_(requires_grad)
    return t


@function(
    samples=lambda m: [m(np.arange(3)), m(np.ones((2, 0))), m(np.array(2.5)), m(np.arange(6.0).reshape(2, 3).T)],
    errors=lambda m: [m.error(TypeError, "expected np.ndarray (got list)", [1.0])],
)
def from_numpy(ndarray: Any, /) -> Tensor:
    """A tensor that shares the memory of a NumPy array.

    Raises:
        TypeError: for what is no array, or of a dtype PyTorch lacks. ValueError: for negative strides.
    """
    if not isinstance(ndarray, np.ndarray):
        raise errors.type_(f"expected np.ndarray (got {type(ndarray).__name__})")
    if any(s < 0 for s in ndarray.strides):
        raise errors.value(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not currently "
            "supported. (You can probably work around this by making a copy of your array  with array.copy().)"
        )
    t = types.from_numpy_dtype(ndarray.dtype)
    if not ndarray.dtype.isnative:
        raise errors.value("given numpy array has byte order different from the native byte order.")
    # A plain view: subclasses stay outside, and one dtype object serves identity checks.
    return wrap(np.asarray(ndarray).view(np.ndarray) if ndarray.dtype is t.np else ndarray.view(t.np).view(np.ndarray))


# --- from sizes -----------------------------------------------------------------------------------------------------
def _filled(name: str, size: Sequence[Any], kwargs: dict[str, Any], value: Any) -> Tensor:
    if "size" in kwargs:
        size = (kwargs.pop("size"),)
    dtype = dtype_or_default(kwargs.pop("dtype", None), name)
    a: np.ndarray[Any, Any] = np.empty(read_size(name, size), dtype.np)
    if value is not None:
        a[...] = value
    return finish(a, **kwargs)


@function(
    samples=lambda m: [m(2, 3), m((2, 3)), m(()), m(0, 2), m(2, dtype=m.torch.bool), m(size=(2,))],
    errors=lambda m: [m.error(TypeError, "zeros(): argument 'size' (position 1) must be tuple of ints, not str", "a")],
)
def zeros(*size: Any, **kwargs: Any) -> Tensor:
    """Zeros of this size. Keywords: ``dtype, device, requires_grad, out``."""
    return _filled("zeros", size, kwargs, 0)


@function(
    samples=lambda m: [m(2, 3), m((2, 3)), m(()), m(0, 2), m(2, dtype=m.torch.int16)],
    errors=lambda m: [m.error(RuntimeError, "Trying to create tensor with negative dimension -1", -1)],
)
def ones(*size: Any, **kwargs: Any) -> Tensor:
    """Ones of this size. Keywords: ``dtype, device, requires_grad, out``."""
    return _filled("ones", size, kwargs, 1)


@function(
    samples=lambda m: [
        m(2, 3).apart("uninitialised"),
        m(()).apart("the same"),
        m(0, 2),
        m(2, dtype=m.torch.bool).apart("the same"),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "Trying to create tensor with negative dimension -1", -1),
        m.error(TypeError, "empty(): argument 'size' (position 1) must be tuple of ints, not str", "a"),
    ],
)
def empty(*size: Any, **kwargs: Any) -> Tensor:
    """Uninitialised memory of this size. Keywords: ``dtype, device, requires_grad, out, memory_format``."""
    return _filled("empty", size, kwargs, None)


@function(
    samples=lambda m: [m((2, 3), 1.5), m((), 2), m((0,), True), m((2,), 3, dtype=m.torch.float64), m((2,), 1j)],
    errors=lambda m: [
        m.error(TypeError, "full(): argument 'fill_value' (position 2) must be Number, not str", (2,), "a"),
        m.error(TypeError, "full(): argument 'size' (position 1) must be tuple of ints, not int", 2, 1.0),
    ],
)
def full(size: Any, fill_value: Any, **kwargs: Any) -> Tensor:
    """A tensor of this size filled with one number; its dtype is the number's unless ``dtype`` is given."""
    value = need_number("full", "fill_value", 2, fill_value)
    if isinstance(size, int):
        raise errors.type_(
            "full(): argument 'size' (position 1) must be tuple of ints, not int", "Write full((2,), value)."
        )
    dtype = kwargs.pop("dtype", None)
    dtype = types.of_number(value) if dtype is None else dtype_or_default(dtype)
    a = np.empty(read_size("full", (size,)), dtype.np)
    a[...] = cast(value, dtype)
    return finish(a, **kwargs)


@function(
    samples=lambda m: [m(3), m(2, 4), m(0), m(3, dtype=m.torch.int64)],
    errors=lambda m: [
        m.error(RuntimeError, "n must be greater or equal to 0, got -1", -1),
        m.error(TypeError, "eye(): argument 'n' (position 1) must be int, not str", "a"),
    ],
)
def eye(n: int, m: int | None = None, **kwargs: Any) -> Tensor:
    """The identity matrix of n rows and m (default n) columns."""
    dtype = dtype_or_default(kwargs.pop("dtype", None))
    for i, (name, count) in enumerate((("n", n), ("m", n if m is None else m))):
        if not hasattr(count, "__index__"):
            raise errors.type_(f"eye(): argument '{name}' (position {i + 1}) must be int, not {type(count).__name__}")
        if count < 0:
            raise errors.runtime(f"{name} must be greater or equal to 0, got {count}")
    return finish(np.eye(n, m, dtype=dtype.np), **kwargs)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, Tensor) else value


@function(
    samples=lambda m: [m(5), m(2, 8, 3), m(1.0, 2.0, 0.3), m(5, 0, -2), m(0), m(3, dtype=m.torch.float16)],
    errors=lambda m: [
        m.error(RuntimeError, "step must be nonzero", 1, 5, 0),
        m.error(RuntimeError, "upper bound and lower bound inconsistent with step sign", 5, 1),
        m.error(TypeError, "arange(): argument 'end' (position 1) must be Number, not str", "a"),
    ],
)
def arange(start: Any = None, end: Any = None, step: Any = 1, **kwargs: Any) -> Tensor:
    """Numbers from ``start`` (0) up to, not including, ``end``: ``start + i * step``.

    int64 if all arguments are ints, else the default dtype.

    Raises:
        RuntimeError: for a zero step, or one that leads away from ``end``.
    """
    if start is None and end is None:
        raise errors.type_(
            "arange() received an invalid combination of arguments - got ()", "Write arange(end) or arange(start, end)."
        )
    names = ("end", "start", "step") if end is None else ("start", "end", "step")
    if end is None:
        start, end = 0, start
        need_number("arange", "end", 1, end)
    start, end, step = (
        need_number("arange", n, i + 1, v) for i, (n, v) in enumerate(zip(names, (start, end, step), strict=True))
    )
    dtype = kwargs.pop("dtype", None)
    if dtype is None:
        whole = all(isinstance(v, (int, np.integer)) for v in (start, end, step))
        dtype = types.int64 if whole else types.get_default_dtype()
    else:
        dtype = dtype_or_default(dtype)
    if not (np.isfinite(start) and np.isfinite(end)):
        raise errors.runtime(f"unsupported range: {start} -> {end}")
    if step == 0:
        raise errors.runtime("step must be nonzero")
    if (end - start) * step < 0:
        raise errors.runtime("upper bound and lower bound inconsistent with step sign")
    if dtype.category == types.INTEGER:  # counted in whole numbers, whatever was given
        start, end, step = int(start), int(end), int(step)
        if step == 0:
            raise errors.value("step must be nonzero", f"As a whole number, which {dtype} asks for, it is 0.")
        a = np.arange(start, end, step, dtype=np.int64)
    else:
        n = int(np.ceil((end - start) / step))
        a = np.arange(n, dtype=np.float64)  # computed in double, rounded once, as PyTorch does
        if step != 1:
            a *= step
        if start != 0:
            a += start
    return finish(a.astype(dtype.np, copy=False), **kwargs)


@function(
    name="range",
    samples=lambda m: [m(0, 4), m(1, 2, 0.5), m(3, 1, -1)],
    errors=lambda m: [
        m.error(RuntimeError, "step must be nonzero", 1, 5, 0),
        m.error(RuntimeError, "upper bound and lower bound inconsistent with step sign", 5, 1),
    ],
)
def range_(start: Any = 0, end: Any = None, step: Any = 1, **kwargs: Any) -> Tensor:
    """As ``arange`` but with ``end`` included; PyTorch deprecates it."""
    import warnings

    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    dtype = dtype_or_default(kwargs.pop("dtype", None))
    if step == 0:
        raise errors.runtime("step must be nonzero")
    if (end - start) * step < 0:
        raise errors.runtime("upper bound and lower bound inconsistent with step sign")
    n = int((end - start) / step) + 1
    return finish((start + step * np.arange(n, dtype=np.float64)).astype(dtype.np), **kwargs)


def linear(start: float, end: float, steps: int, dtype: types.dtype, fused: bool = True) -> ndarray[Any, Any]:
    """The first half counted from the start, the second from the end, in the dtype's own arithmetic, as PyTorch does.

    ``fused`` rounds ``i * step + start`` once, as PyTorch's vectors do.
    """
    if steps < 0:
        raise errors.runtime("number of steps must be non-negative")
    if steps == 0:
        return np.empty(0, dtype.np)
    if steps == 1:
        return np.array([start]).astype(dtype.np)
    if dtype.category == types.INTEGER:
        step = (end - start) / (steps - 1)
        i = np.arange(steps)
        low, high = start + step * i, end - step * (steps - 1 - i)
        return np.trunc(np.where(i < steps // 2, low, high)).astype(dtype.np)
    work = np.dtype(np.float32) if dtype.itemsize == 2 else dtype.np
    first, last = work.type(start), work.type(end)
    step = (last - first) / work.type(steps - 1)
    i = np.arange(steps).astype(work)
    left = work.type(steps - 1) - i
    if fused and work.kind == "f":
        multiply_add = fma32 if work == np.float32 else fma64
        with np.errstate(all="ignore"):
            low, high = multiply_add(i, step, first), multiply_add(-left, step, last)
    else:
        low, high = first + step * i, last - step * left
    return np.where(np.arange(steps) < steps // 2, low, high).astype(dtype.np)


@function(
    samples=lambda m: [
        m(0, 1, 5),
        m(-3.0, 3.0, 7),
        m(1, 2, 1),
        m(1, 2, 0),
        m(0, 10, 4, dtype=m.torch.int64),
        m(-1.3, 7.1, 50),
        m(-1.3, 7.1, 50, dtype=m.torch.float64),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "number of steps must be non-negative", 0, 1, -1),
        m.error(TypeError, "linspace() received an invalid combination of arguments - got (int, str, int)", 0, "a", 3),
    ],
)
def linspace(start: Any, end: Any, steps: int, **kwargs: Any) -> Tensor:
    """``steps`` numbers from ``start`` to ``end``, both included, evenly spaced."""
    dtype = dtype_or_default(kwargs.pop("dtype", None))
    given = (start, end, steps)
    if not all(isinstance(_plain(v), (int, float, complex, np.number)) for v in given):
        kinds = ", ".join(type(v).__name__ for v in given)
        raise errors.type_(f"linspace() received an invalid combination of arguments - got ({kinds})")
    return finish(linear(_plain(start), _plain(end), int(steps), dtype), **kwargs)


@function(
    samples=lambda m: [m(0, 2, 3, dtype=m.torch.float64), m(0, 4, 3, base=2.0), m(1, 2, 1), m(1, 2, 0)],
    errors=lambda m: [m.error(RuntimeError, "number of steps must be non-negative", 0, 1, -1)],
)
def logspace(start: Any, end: Any, steps: int, base: float = 10.0, **kwargs: Any) -> Tensor:
    """``base`` to the powers ``linspace(start, end, steps)``."""
    dtype = dtype_or_default(kwargs.pop("dtype", None))
    powers = linear(_plain(start), _plain(end), int(steps), types.float64, fused=False)
    return finish(np.power(float(base), powers).astype(dtype.np), **kwargs)


# --- like another tensor ----------------------------------------------------------------------------------------
def empty_like_array(a: ndarray[Any, Any], np_dtype: Any) -> ndarray[Any, Any]:
    """Memory for a result shaped like ``a``: dense strides are kept, others become dense in the same order."""
    return np.empty_like(a, dtype=np_dtype, subok=False)


def _like(name: str, input: Tensor, kwargs: dict[str, Any], value: Any) -> Tensor:
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor(name, "input", 1, input)
    dtype = kwargs.pop("dtype", None)
    dtype = input.dtype if dtype is None else dtype_or_default(dtype)
    if kwargs.get("memory_format") is types.contiguous_format:
        a = np.empty(input._a.shape, dtype.np)
    else:
        a = empty_like_array(input._a, dtype.np)
    if value is not None:
        a[...] = cast(value, dtype)
    return finish(a, **kwargs)


@function(
    samples=lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2)), m(m.i(3)), m(m.f(2), dtype=m.torch.int32)],
    errors=lambda m: [m.error(TypeError, "zeros_like(): argument 'input' (position 1) must be Tensor, not float", 3.0)],
)
def zeros_like(input: Tensor, **kwargs: Any) -> Tensor:
    """Zeros with the shape, dtype and memory order of ``input``."""
    return _like("zeros_like", input, kwargs, 0)


@function(
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


def _new(name: str, self: Tensor, size: Sequence[Any], kwargs: dict[str, Any], value: Any) -> Tensor:
    kwargs.setdefault("dtype", self.dtype)
    return _filled(name, size, kwargs, value)


@function(
    name="Tensor.new_zeros",
    methods="new_zeros",
    samples=lambda m: [m(m.f(2), 2, 3), m(m.f(), (2,)), m(m.f(0), ()), m(m.nc(3, 2), 2, dtype=m.torch.int64)],
    errors=lambda m: [m.error(RuntimeError, "Trying to create tensor with negative dimension -1", m.f(2), -1)],
)
def new_zeros(self: Tensor, *size: Any, **kwargs: Any) -> Tensor:
    """Zeros of a size in this tensor's dtype."""
    return _new("new_zeros", self, size, kwargs, 0)


@function(
    name="Tensor.new_ones",
    methods="new_ones",
    samples=lambda m: [m(m.f(2), 2, 3), m(m.f(), (2,)), m(m.f(0), ()), m(m.nc(3, 2), 2, dtype=m.torch.int64)],
    errors=lambda m: [m.error(RuntimeError, "Trying to create tensor with negative dimension -1", m.f(2), -1)],
)
def new_ones(self: Tensor, *size: Any, **kwargs: Any) -> Tensor:
    """Ones of a size in this tensor's dtype."""
    return _new("new_ones", self, size, kwargs, 1)


@function(
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
    return empty_strided(size, stride, **kwargs)


@function(
    samples=lambda m: [m(m.f()), m(m.f(0)), m(m.nc(2, 2)), m(3)],
    errors=lambda m: [m.error(TypeError, "missing 1 required positional argument: 'obj'")],
)
def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a tensor."""
    return isinstance(obj, Tensor)

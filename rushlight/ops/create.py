"""Tensors from numbers, lists, arrays and sizes."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import errors, meta, types
from ..functions import function
from ..kernels import copies, layouts, memory
from ..kernels.lazy import expose
from ..promotion import cast, cast_array, element
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


def plain_size(size: tuple[Any, ...]) -> tuple[int, ...] | None:
    """Sizes given as non-negative ints, or as a tuple of them; None for all else, of which ``read_size`` says more."""
    if len(size) == 1 and size[0].__class__ is tuple:
        size = size[0]
    for n in size:
        if n.__class__ is not int or n < 0:
            return None
    return size


def need_number(name: str, argument: str, position: int, value: Any) -> Any:
    """A number, or the one element of a tensor.

    Raises:
        TypeError: for anything else.
    """
    if isinstance(value, Tensor):
        value = value.item()
    if not isinstance(value, (bool, int, float, complex, np.number, np.bool_)):
        raise errors.type_(
            f"{name}(): argument '{argument}' (position {position}) must be Number, not {type(value).__name__}"
        )
    return value


def check_settings(device: Any = None, layout: Any = None, **rest: Any) -> None:
    """The arguments that every constructor takes, before anything is made: a call that is refused draws no random number.

    Raises:
        TypeError, RuntimeError, AssertionError, NotImplementedError: as ``finish``.
    """
    for name in rest:
        if name not in ("dtype", "requires_grad", "pin_memory", "memory_format", "out"):
            raise errors.type_(
                f"received an invalid combination of arguments - got an unexpected keyword argument '{name}'",
                "Every constructor takes dtype, device, requires_grad, layout, pin_memory, memory_format and out.",
            )
    if not types.is_meta(device):
        types.check_device(device)
    if layout not in (None, types.strided):
        raise NotImplementedError(f"layout {layout} is not supported: tensors are dense (torch.strided)")


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
    check_settings(device, layout, **unknown)
    if out is not None:
        from ..writing import write_out

        write_out("out", out, wrap(a), (), "exact")
        return out
    if device is not None and types.is_meta(device):
        return meta.made(a.shape, a.dtype, requires_grad)
    t = wrap(a)
    if requires_grad:
        types.check_differentiable(t.dtype)
        t.requires_grad_(True)
    return t


def dtype_or_default(dtype: Any, name: str = "tensor") -> types.dtype:
    if dtype is None:
        return types.get_default_dtype()
    if not isinstance(dtype, types.dtype):
        if dtype in types.PYTHON_TYPES:
            return types.PYTHON_TYPES[dtype]
        raise errors.type_(
            f"{name}(): argument 'dtype' must be torch.dtype, not {type(dtype).__name__}",
            "For example dtype=torch.float32.",
        )
    return dtype


def wanted_dtype(name: str, kwargs: dict[str, Any], otherwise: types.dtype | None = None) -> types.dtype:
    """The dtype of a new tensor: ``dtype``, which is taken out of the keywords, else that of ``out``, else ``otherwise``.

    Raises:
        RuntimeError: if ``dtype`` and ``out`` contradict each other.
    """
    dtype, out = kwargs.pop("dtype", None), kwargs.get("out")
    given = None if dtype is None else dtype_or_default(dtype, name)
    if isinstance(out, Tensor):
        if given is not None and given is not out.dtype:
            raise errors.runtime(
                f"dtype {types.scalar_name(given)} does not match dtype of out parameter ({types.scalar_name(out.dtype)})"
            )
        return out.dtype
    return given or otherwise or types.get_default_dtype()


# --- from data ------------------------------------------------------------------------------------------------------
def array_of(data: Any, dtype: types.dtype | None = None) -> ndarray[Any, Any]:
    """Nested sequences, numbers, arrays and tensors as a new array, with PyTorch's inferred dtype.

    Raises:
        ValueError: for sequences of unequal length. TypeError: for elements that are no numbers.
    """
    if isinstance(data, Tensor):
        a = data._a
        return _own(a, a.dtype if dtype is None else dtype.np)
    if isinstance(data, (bool, int, float, complex)):
        return cast(data, dtype) if dtype is not None else _number(data)
    if isinstance(data, ndarray):
        target = types.from_numpy_dtype(data.dtype) if dtype is None else dtype
        return _own(data, target.np)
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


def _own(a: ndarray[Any, Any], np_dtype: np.dtype[Any]) -> ndarray[Any, Any]:
    """A new array, whose dimensions have the order in memory that they have in ``a``: as a clone's."""
    return layouts.copied(a) if a.dtype == np_dtype else cast_array(a, np_dtype)


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
        if isinstance(level, Tensor):  # within a sequence a tensor is a number
            break
        if isinstance(level, ndarray):
            shape += [int(s) for s in level.shape]
            break
        shape.append(len(level))
        if len(level) == 0:
            break
        level = level[0]
    leaves: list[Any] = []
    whole = dtype is not None and not (dtype.is_floating_point or dtype.is_complex)
    _flatten(data, shape, 0, leaves, whole)
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


def _flatten(data: Any, shape: list[int], level: int, out: list[Any], whole: bool) -> None:
    """Collect the numbers of a nested sequence in order, checking that every level has the same length."""
    if isinstance(data, Tensor):
        data = data._a
        if level == len(shape):
            if whole and data.dtype.kind not in "biu":
                raise errors.type_("only integer tensors of a single element can be converted to an index")
            if data.size != 1:
                raise errors.value(
                    "only one element tensors can be converted to Python scalars",
                    "torch.stack makes one tensor of several.",
                )
            out.append(data.reshape(-1)[0])  # with its dtype
            return
    if isinstance(data, ndarray) and data.ndim and level < len(shape):
        if list(data.shape) != shape[level:]:
            raise errors.value(f"expected sequence of length {shape[level]} at dim {level} (got {len(data)})")
        if out and not isinstance(out[0], ndarray):
            out.extend(data.reshape(-1))
        else:
            out.append(data)
        return
    if level == len(shape):
        if isinstance(data, ndarray):
            data = data.item()
        elif not isinstance(data, (int, float, complex, np.number, np.bool_)):
            if isinstance(data, str):
                raise errors.type_(f"new(): invalid data type '{type(data).__name__}'")
            if hasattr(data, "__len__"):
                name = type(data).__name__
                if whole or (out and isinstance(out[0], int)):
                    raise errors.type_(f"'{name}' object cannot be interpreted as an integer")
                raise errors.type_(f"must be real number, not {name}", f"A nested sequence stands at depth {level}.")
            if hasattr(data, "__float__"):
                data = float(data)
            else:
                raise errors.runtime(f"Could not infer dtype of {type(data).__name__}")
        out.append(data)
        return
    if not hasattr(data, "__len__") or (isinstance(data, ndarray) and not data.ndim):
        raise errors.type_("not a sequence", f"{type(data).__name__} stands where dimension {level} begins.")
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
        _flatten(item, shape, level + 1, out, whole)


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
        errors.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
    wanted = None if dtype is None else dtype_or_default(dtype)
    return finish(array_of(data, wanted), device=device, requires_grad=requires_grad)


def _elsewhere(data: Any, dtype: Any, device: Any) -> Tensor:
    """``as_tensor`` to or from the device without elements."""
    if not isinstance(data, Tensor):
        return finish(array_of(data, None if dtype is None else dtype_or_default(dtype)), device=device)
    given = {} if device is None else {"device": device}
    return data.to(**given) if dtype is None else data.to(dtype=dtype, **given)  # type: ignore[no-any-return]


@function(
    samples=lambda m: [m([1, 2]), m(m.f(2)), m(m.f(2), dtype=m.torch.float32), m(m.f()), m(m.f(0)), m(m.nc(3, 2))],
    errors=lambda m: [m.error(TypeError, "new(): invalid data type 'str'", "x")],
)
def as_tensor(data: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """``data`` as a tensor, without a copy where it can be: tensors and arrays of the wanted dtype are shared."""
    if types.is_meta(device) or isinstance(data, meta.MetaTensor):
        return _elsewhere(data, dtype, device)
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
        if requires_grad:
            types.check_differentiable(t.dtype)
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
    expose(ndarray)
    # A plain view: subclasses stay outside, and one dtype object serves identity checks.
    return wrap(np.asarray(ndarray).view(np.ndarray) if ndarray.dtype is t.np else ndarray.view(t.np).view(np.ndarray))


# --- from sizes -----------------------------------------------------------------------------------------------------
def filled(name: str, size: Sequence[Any], kwargs: dict[str, Any], value: Any) -> Tensor:
    """A tensor of a size, filled with ``value``, or not at all."""
    if size and not kwargs:  # most calls, in a third of the time
        plain = plain_size(size)
        if plain is not None:
            return wrap(made(plain, types.get_default_dtype().np, value))
    if "size" in kwargs:
        size = (kwargs.pop("size"),)
    elif not size:
        raise errors.type_(
            f'{name}() missing 1 required positional arguments: "size"', f"Write {name}(2, 3) or {name}(())."
        )
    dtype = wanted_dtype(name, kwargs)
    shape = read_size(name, size)
    if "device" in kwargs and types.is_meta(kwargs["device"]):
        return meta.made(shape, dtype.np, kwargs.get("requires_grad", False))
    return finish(made(shape, dtype.np, value), **kwargs)


def made(shape: tuple[int, ...], np_dtype: Any, value: Any) -> ndarray[Any, Any]:
    """An array filled with ``value``, or not at all."""
    return memory.empty(shape, np_dtype) if value is None else copies.filled(shape, value, np_dtype)


@function(
    keywords=finish,
    samples=lambda m: [m(2, 3), m((2, 3)), m(()), m(0, 2), m(2, dtype=m.torch.bool), m(size=(2,))],
    errors=lambda m: [m.error(TypeError, "zeros(): argument 'size' (position 1) must be tuple of ints, not str", "a")],
)
def zeros(*size: Any, **kwargs: Any) -> Tensor:
    """Zeros of this size. Keywords: ``dtype, device, requires_grad, out``."""
    return filled("zeros", size, kwargs, 0)


@function(
    keywords=finish,
    samples=lambda m: [m(2, 3), m((2, 3)), m(()), m(0, 2), m(2, dtype=m.torch.int16)],
    errors=lambda m: [m.error(RuntimeError, "Trying to create tensor with negative dimension -1", -1)],
)
def ones(*size: Any, **kwargs: Any) -> Tensor:
    """Ones of this size. Keywords: ``dtype, device, requires_grad, out``."""
    return filled("ones", size, kwargs, 1)


@function(
    keywords=finish,
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
    return filled("empty", size, kwargs, None)


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
    dtype = wanted_dtype("full", kwargs, types.of_number(value))
    return finish(copies.filled(read_size("full", (size,)), element(value, dtype), dtype.np), **kwargs)


@function(
    samples=lambda m: [m(3), m(2, 4), m(0), m(3, dtype=m.torch.int64)],
    errors=lambda m: [
        m.error(RuntimeError, "n must be greater or equal to 0, got -1", -1),
        m.error(TypeError, "eye(): argument 'n' (position 1) must be int, not str", "a"),
    ],
)
def eye(n: int, m: int | None = None, **kwargs: Any) -> Tensor:
    """The identity matrix of n rows and m (default n) columns."""
    dtype = wanted_dtype("eye", kwargs)
    for i, (name, count) in enumerate((("n", n), ("m", n if m is None else m))):
        if not hasattr(count, "__index__"):
            raise errors.type_(f"eye(): argument '{name}' (position {i + 1}) must be int, not {type(count).__name__}")
        if count < 0:
            raise errors.runtime(f"{name} must be greater or equal to 0, got {count}")
    return finish(np.eye(n, m, dtype=dtype.np), **kwargs)


@function(
    samples=lambda m: [m(m.f()), m(m.f(0)), m(m.nc(2, 2)), m(3)],
    errors=lambda m: [m.error(TypeError, "missing 1 required positional argument: 'obj'")],
)
def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a tensor."""
    return isinstance(obj, Tensor)

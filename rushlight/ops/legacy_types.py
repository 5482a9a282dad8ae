"""The constructors of old: ``torch.Tensor(4, 4)``, ``torch.Tensor([1.0])``, ``torch.FloatTensor``, ``torch.LongTensor`` ..."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..tensor import Parameter, Tensor, wrap
from .create import array_of, read_size


def construct(name: str, dtype: types.dtype, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """Sizes give uninitialised memory (zeros here, so that nothing random is printed), a sequence its values.

    Keywords: one of ``size``, ``data`` and ``other``, a tensor, in the place of ``args``; ``device``.

    Raises:
        TypeError: for anything else, as PyTorch's ``new()``.
    """
    device = kwargs.get("device")
    if device is not None and types.device(device).type != "cpu":
        raise errors.runtime(
            f"legacy constructor expects device type: cpu but device type: {types.device(device).type} was passed"
        )
    args = _by_position(args, {key: value for key, value in kwargs.items() if key != "device"})
    if not args:
        return wrap(np.empty((0,), dtype.np))
    first = args[0]
    if len(args) == 1:
        if isinstance(first, types.Size):
            return wrap(np.zeros(tuple(first), dtype.np))
        if isinstance(first, Tensor):
            if first.dtype is not dtype:
                raise errors.type_(
                    f"expected {name} (got torch.{types.scalar_name(first.dtype)}Tensor)", "Convert it with .to(dtype)."
                )
            t = wrap(first._a)
            t._vc = first._vc
            return t
        if not isinstance(first, (int, np.integer)):
            if hasattr(first, "untyped"):  # a storage: its memory, shared
                return wrap(first.elements_for(dtype))
            if isinstance(first, str):
                raise errors.type_("new(): invalid data type 'str'")
            if isinstance(first, (float, bool)) or first is None:
                raise errors.type_(f"new(): data must be a sequence (got {type(first).__name__})")
            return wrap(array_of(first, dtype))
    if all(isinstance(a, (int, np.integer)) or (isinstance(a, Tensor) and a._a.ndim == 0) for a in args):
        return wrap(np.zeros(read_size("new", args), dtype.np))
    raise _no_form(args, {})


def _by_position(args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """What was given, as the positional forms have it."""
    if not named:
        return args
    fits = {
        "size": lambda x: isinstance(x, (tuple, list)),
        "data": lambda x: not isinstance(x, Tensor),
        "other": lambda x: isinstance(x, Tensor),
    }
    (key, value), *more = named.items()
    if args or more or key not in fits or not fits[key](value):
        raise _no_form(args, named)
    return (types.Size(value),) if key == "size" else (value,)


def _no_form(args: tuple[Any, ...], named: dict[str, Any]) -> Exception:
    got = [type(a).__name__ for a in args] + [f"{key}={type(value).__name__}" for key, value in named.items()]
    return errors.type_(
        f"new() received an invalid combination of arguments - got ({', '.join(got)}{', ' if named else ''})",
        "Write torch.tensor(data) for values, torch.empty(2, 3) for a size.",
    )


def _new_tensor(cls: type, *args: Any, **kwargs: Any) -> Any:
    """``Tensor(...)``: the values of a sequence or memory of a size, in the default dtype."""
    if cls is Tensor:
        return construct("torch.FloatTensor", types.get_default_dtype(), args, kwargs)
    types.check_device(kwargs.get("device"))
    # A subclass keeps what it wraps: its data, its dtype. What else it is given is for its ``__init__``.
    if len(args) == 1 and isinstance(args[0], Tensor):
        return args[0].detach().as_subclass(cls) if args[0].is_leaf is False else wrap(args[0]._a).as_subclass(cls)
    return construct("torch.FloatTensor", types.get_default_dtype(), args, {}).as_subclass(cls)


def _ignore_init(self: Tensor, *args: Any, **kwargs: Any) -> None:
    """Everything happens in ``__new__``; a subclass may have an ``__init__`` of its own."""


Tensor.__new__ = _new_tensor  # type: ignore[method-assign, assignment]
Tensor.__init__ = _ignore_init  # type: ignore[method-assign, assignment]
assert Parameter.__new__ is not Tensor.__new__


class _TypedMeta(type):
    dtype: types.dtype

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"


def _typed(dtype: types.dtype) -> type:
    name = types.scalar_name(dtype) + "Tensor"

    def new(cls: type, *args: Any, **kwargs: Any) -> Tensor:
        return construct("torch." + name, dtype, args, kwargs)

    doc = f"Tensors of {dtype}: the constructor of old, and a type for isinstance."
    return _TypedMeta(name, (), {"__new__": new, "__doc__": doc, "__module__": "torch", "dtype": dtype})


#: ``torch.FloatTensor`` and its kind, by name.
TYPED = {
    types.scalar_name(t) + "Tensor": _typed(t)
    for t in (
        types.bool_, types.uint8, types.int8, types.int16, types.int32, types.int64, types.float16, types.bfloat16,
        types.float32, types.float64,
    )
}  # fmt: skip
for _name, _type in TYPED.items():
    function(
        name=_name,
        samples=lambda m: [m([1, 0, 1]), m([[1], [0]]), m(), m(0, 2), m(2, 3).apart("uninitialised")],
        errors=lambda m: [
            m.error(TypeError, "new(): invalid data type 'str'", "x"),
            m.error(TypeError, "new(): data must be a sequence (got float)", 1.5),
        ],
    )(_type)


@function(
    name="Tensor.new",
    methods="new",
    samples=lambda m: [
        m(m.f(2), [1, 2]),
        m(m.f()),
        m(m.f(0), 2).apart("uninitialised"),
        m(m.nc(3, 2), [[1.5]]),
        m(m.f(2), size=(2, 3)).apart("uninitialised"),
        m(m.f(2), data=[1, 2]),
    ],  # fmt: skip
    errors=lambda m: [
        m.error(TypeError, "new(): invalid data type 'str'", m.f(2), "x"),
        m.error(TypeError, "new(): data must be a sequence (got float)", m.f(2), 1.5),
        m.error(TypeError, "new() received an invalid combination of arguments - got (size=int, )", m.f(2), size=3),
    ],
)
def new(self: Tensor, *args: Any, device: Any = None, **named: Any) -> Tensor:
    """A tensor of this one's dtype from sizes or values, which may also be named: ``size=``, ``data=`` or ``other=``.

    Raises:
        TypeError: for anything else. RuntimeError: for another device than the CPU.
    """
    return construct(f"torch.{types.scalar_name(self.dtype)}Tensor", self.dtype, args, {"device": device, **named})


@function(
    samples=lambda m: [m("torch.FloatTensor"), m(m.torch.FloatTensor)],
    errors=lambda m: [
        m.error(TypeError, "invalid type object: only floating-point types are supported as the default type", 3)
    ],
)
def set_default_tensor_type(t: Any) -> None:
    """Set the default dtype by its tensor type or name, e.g. ``torch.DoubleTensor`` or ``"torch.DoubleTensor"``."""
    if isinstance(t, str):
        t = TYPED.get(t.removeprefix("torch."))
    if t is Tensor:
        t = TYPED["FloatTensor"]
    if not isinstance(t, _TypedMeta):
        raise errors.type_(
            "invalid type object: only floating-point types are supported as the default type",
            f"It is {t!r}: name a type such as torch.DoubleTensor.",
        )
    types.set_default_dtype(t.dtype)

"""``torch.library``: operations of a program's own, by name: ``torch.ops.<namespace>.<name>``."""

from __future__ import annotations

import inspect
import re
import types as python_types
import typing
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NoReturn, Union

from . import errors
from .aten import ATEN
from .autograd.function import Function
from .autograd.mode import no_grad
from .families import find
from .op import names_under
from .tensor import Tensor
from .types import device as Device
from .types import dtype as DType

#: Who is asked to compute registered operations: ``around(op, values)``.
around: ContextVar[Callable[..., Any] | None] = ContextVar("rushlight_custom_ops", default=None)

#: What is registered, by namespace and name.
_known: dict[str, dict[str, CustomOpDef]] = {}


# --- one operation ------------------------------------------------------------------------------------------------------
class CustomOpDef:
    """An operation: its schema, the function that computes it, and what ``register_autograd`` says of its gradient."""

    def __init__(self, qualname: str, schema: str, fn: Callable[..., Any] | None):
        self._qualname = qualname
        self._namespace, self._name = qualname.split("::")
        self._schema = schema
        self._fn, self._fake = fn, None
        self._backward: Callable[..., Any] | None = None
        self._setup: Callable[..., Any] | None = None
        self._parameters = _parameters(schema)
        self._mutates = "!" in schema.rpartition("->")[0]
        self._node = _function_of(self)
        self.__name__: str = self._name
        self.__doc__ = fn.__doc__ if fn is not None else None
        _known.setdefault(self._namespace, {})[self._name] = self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        values = self._bind(args, kwargs)
        if self._fn is None:
            raise errors.advised(
                NotImplementedError(f"Could not run '{self._qualname}' with arguments from the 'CPU' backend."),
                "Register a function that computes it: torch.library.impl.",
            )
        if self._mutates or not any(isinstance(x, Tensor) and x.requires_grad for x in values):
            with no_grad():
                return _computed(self, values)
        return self._node.apply(*values)

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        given = dict(zip([name for name, _, _ in self._parameters], args, strict=False)) | kwargs
        values = []
        for i, (name, kind, default) in enumerate(self._parameters):
            if name in given:
                value = given[name]
                if kind.startswith("Tensor") and "[" not in kind and "?" not in kind and not isinstance(value, Tensor):
                    raise errors.runtime(
                        f"{self._qualname}() Expected a value of type 'Tensor' for argument '{name}' but instead found type "
                        f"'{type(value).__name__}'.\nPosition: {i}\nValue: {value!r}\nDeclaration: {self._qualname}{self._schema}"
                    )
            elif default is inspect.Parameter.empty:
                raise errors.runtime(
                    f"{self._qualname}() is missing value for argument '{name}'. Declaration: {self._qualname}{self._schema}"
                )
            else:
                value = default
            values.append(value)
        if len(args) > len(values) or any(name not in {n for n, _, _ in self._parameters} for name in kwargs):
            raise errors.runtime(
                f"{self._qualname}() expected at most {len(values)} argument(s) but received {len(args) + len(kwargs)} argument(s). "
                f"Declaration: {self._qualname}{self._schema}"
            )
        return values

    def overload(self) -> OpOverload:
        """``torch.ops.<namespace>.<name>.default``."""
        return OpOverload(OpOverloadPacket(self._qualname, self), "default")

    def register_kernel(self, device_types: Any, fn: Any = None, /) -> Any:
        """Compute it so on a kind of device; also a decorator. Only the CPU's is ever called."""

        def keep(function: Callable[..., Any]) -> Callable[..., Any]:
            kinds = (device_types,) if isinstance(device_types, str) else device_types
            if kinds is None or "cpu" in kinds:
                self._fn = function
            return function

        return keep if fn is None else keep(fn)

    def register_fake(self, fn: Any = None, /) -> Any:
        """Say what the result looks like; kept, as nothing is traced without data. Also a decorator."""
        if fn is None:
            return self.register_fake
        self._fake = fn
        return fn

    def register_autograd(
        self, backward: Callable[..., Any], /, *, setup_context: Callable[..., Any] | None = None
    ) -> None:
        """Give it a gradient: ``backward(ctx, *grads)``, and ``setup_context(ctx, inputs, output)`` that keeps what it needs."""
        self._backward, self._setup = backward, setup_context

    def set_kernel_enabled(self, device_type: str, enabled: bool = True) -> python_types.SimpleNamespace:
        """Accepted: there is one function."""
        return python_types.SimpleNamespace(__enter__=lambda: None, __exit__=lambda *exc: None)

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._qualname})>"


def _computed(op: CustomOpDef, values: Any) -> Any:
    middleman = around.get()
    return op._fn(*values) if middleman is None else middleman(op, values)  # type: ignore[misc]


def _function_of(op: CustomOpDef) -> Any:
    def forward(ctx: Any, *values: Any) -> Any:
        with no_grad():
            result = _computed(op, values)
        if op._setup is not None:
            op._setup(ctx=ctx, inputs=tuple(values), output=result)
        return result

    def backward(ctx: Any, *grads: Any) -> Any:
        if op._backward is None:
            raise errors.runtime(
                f"Trying to backward through {op._namespace}.{op._name}.default but no autograd formula was registered. Please use "
                "register_autograd to add one."
            )
        return op._backward(ctx, *grads)

    name = f"GeneratedBackwardFor_{op._namespace}_{op._name}_default"
    return type(name, (Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)})


# --- schemas ------------------------------------------------------------------------------------------------------------
_SCALARS: dict[Any, str] = {
    Tensor: "Tensor", int: "SymInt", float: "float", bool: "bool", str: "str", complex: "complex", DType: "ScalarType",
    Device: "Device",
}  # fmt: skip


def infer_schema(prototype_function: Callable[..., Any], /, *, mutates_args: Any, op_name: str | None = None) -> str:
    """The schema of a function with annotations: ``(Tensor x, float factor=1.0) -> Tensor``.

    Raises:
        ValueError: for a parameter without annotation, or of a type that operations do not take.
    """
    signature = inspect.signature(prototype_function)
    hints = typing.get_type_hints(prototype_function)
    mutated = set(signature.parameters) if mutates_args == "unknown" else set(mutates_args)
    parts: list[str] = []
    for name, parameter in signature.parameters.items():
        if name not in hints:
            raise errors.value(
                f"infer_schema(func): Parameter {name} must have a type annotation. Got func with signature {signature})"
            )
        kind = _schema_type(hints[name], name, signature)
        if name in mutated and kind.startswith("Tensor"):
            kind = f"Tensor(a{len(parts)}!){kind.removeprefix('Tensor')}"
        text = f"{kind} {name}"
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        if parameter.default is not parameter.empty:
            default = parameter.default
            text += f'="{default}"' if isinstance(default, str) else f"={default}"
        parts.append(text)
    unknown = mutated - set(signature.parameters)
    if unknown:
        raise errors.value(
            f"infer_schema(func): {unknown} in mutates_args were not found in the function signature. Got func with signature {signature}"
        )
    if "return" not in hints:
        raise errors.value("infer_schema(func): No return type annotation was provided. Please add one.")
    returned = hints["return"]
    if returned is type(None):
        result = "()"
    elif typing.get_origin(returned) is tuple:
        result = f"({', '.join(_schema_type(each, 'return', signature) for each in typing.get_args(returned))})"
    else:
        result = _schema_type(returned, "return", signature)
    return f"{op_name or ''}({', '.join(parts)}) -> {result}"


def _schema_type(hint: Any, name: str, signature: Any) -> str:
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, python_types.UnionType) and type(None) in inner and len(inner) == 2:
        return _schema_type(next(a for a in inner if a is not type(None)), name, signature) + "?"
    if set(inner) == {int, float} or set(inner) == {int, float, bool}:
        return "Scalar"
    sequence = origin is not None and isinstance(origin, type) and issubclass(origin, (list, tuple, typing.Sequence))  # type: ignore[arg-type]
    if sequence and len(set(inner) - {Ellipsis}) == 1:
        return _schema_type(inner[0], name, signature) + "[]"
    raise errors.value(
        f"infer_schema(func): Parameter {name} has unsupported type {hint}. The valid types are: tensors, numbers, strings, dtypes, "
        f"devices, lists of them, and each or None. Got func with signature {signature})"
    )


def _parameters(schema: str) -> list[tuple[str, str, Any]]:
    """Name, type and default of each parameter of a schema."""
    inside = schema[schema.index("(") + 1 : schema.rindex("->")].rstrip().removesuffix(")")
    found = []
    for part in _split(inside):
        if part in ("", "*"):
            continue
        declared, has_default, default = part.partition("=")
        kind, _, name = declared.rpartition(" ")
        found.append(
            (name, re.sub(r"\(a\d*!?\)", "", kind), _default(default) if has_default else inspect.Parameter.empty)
        )
    return found


def _split(text: str) -> list[str]:
    parts, depth, at = [], 0, 0
    for i, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append(text[at:i].strip())
            at = i + 1
    return [*parts, text[at:].strip()]


def _default(text: str) -> Any:
    plain = {"None": None, "True": True, "False": False}
    if text in plain:
        return plain[text]
    if text.startswith('"'):
        return text[1:-1]
    if text.startswith("["):
        return [_default(part) for part in _split(text[1:-1]) if part]
    try:
        return int(text)
    except ValueError:
        return float(text)


# --- registering --------------------------------------------------------------------------------------------------------
def custom_op(
    name: str, fn: Callable[..., Any] | None = None, /, *, mutates_args: Any, device_types: Any = None, schema: str | None = None,
    tags: Any = None,
) -> Any:  # fmt: skip
    """Make a function with annotations an operation ``namespace::name``; also a decorator. Its inside is not differentiated.

    Example:
        >>> import rushlight as torch
        >>> @torch.library.custom_op("docs::double", mutates_args=())
        ... def double(x: torch.Tensor) -> torch.Tensor:
        ...     return x * 2
        >>> torch.ops.docs.double(torch.ones(2))
        tensor([2., 2.])
    """

    def make(function: Callable[..., Any]) -> CustomOpDef:
        declared = infer_schema(function, mutates_args=mutates_args) if schema is None else schema
        _check_name(name)
        return CustomOpDef(name, declared, function)

    return make if fn is None else make(fn)


def _check_name(name: str) -> None:
    if name.count("::") != 1:
        raise errors.value(f"Expected qualname to be of the form 'namespace::name' but got: {name}")


def define(qualname: str, schema: str, *, lib: Any = None, tags: Any = ()) -> None:
    """Declare an operation by its schema; ``impl`` says how it is computed."""
    _check_name(qualname)
    CustomOpDef(qualname, schema[schema.index("(") :], None)


def _op(qualname: Any) -> CustomOpDef:
    if isinstance(qualname, CustomOpDef):
        return qualname
    if isinstance(qualname, (OpOverload, OpOverloadPacket)):
        qualname = qualname._qualname
    namespace, _, name = str(qualname).partition("::")
    name = name.partition(".")[0]
    if name not in _known.get(namespace, {}):
        raise errors.runtime(f"operator {qualname} does not exist")
    return _known[namespace][name]


def impl(qualname: Any, types: Any, func: Any = None, *, lib: Any = None) -> Any:
    """Compute a declared operation so; also a decorator. The first argument may be a ``Library``, the second then a name."""
    if isinstance(qualname, Library):
        library, name, key = qualname, types, func if isinstance(func, str) else "default"

        def into(function: Callable[..., Any]) -> Callable[..., Any]:
            library.impl(name, function, key)
            return function

        return into

    def keep(function: Callable[..., Any]) -> Callable[..., Any]:
        kinds = (types,) if isinstance(types, str) else tuple(types)
        if {"cpu", "default"} & {kind.lower() for kind in kinds}:
            _op(qualname)._fn = function
        return function

    return keep if func is None else keep(func)


def register_kernel(op: Any, device_types: Any, func: Any = None, /, *, lib: Any = None) -> Any:
    """``CustomOpDef.register_kernel`` of an operation by name."""
    return _op(op).register_kernel(device_types, func)


def register_fake(op: Any, func: Any = None, /, *, lib: Any = None, allow_override: bool = False) -> Any:
    """``CustomOpDef.register_fake`` of an operation by name."""
    return _op(op).register_fake(func)


impl_abstract = register_fake


def register_autograd(op: Any, backward: Callable[..., Any], /, *, setup_context: Any = None, lib: Any = None) -> None:
    """``CustomOpDef.register_autograd`` of an operation by name."""
    _op(op).register_autograd(backward, setup_context=setup_context)


class Library:
    """A namespace that operations are declared in (``DEF``, ``FRAGMENT``) or computed for (``IMPL``)."""

    ns: str
    dispatch_key: str

    def __init__(self, ns: str, kind: str, dispatch_key: str = ""):
        if kind not in ("IMPL", "DEF", "FRAGMENT"):
            raise errors.value("Unsupported kind: ", kind)
        self.ns, self.kind, self.dispatch_key = ns, kind, dispatch_key

    def define(self, schema: str, alias_analysis: str = "", *, tags: Any = ()) -> str:
        """Declare an operation: ``name(Tensor x) -> Tensor``."""
        name = schema.partition("(")[0].strip()
        define(f"{self.ns}::{name}", schema)
        return name

    def impl(
        self, op_name: Any, fn: Callable[..., Any], dispatch_key: str = "", *, with_keyset: bool = False, **options: Any
    ) -> None:
        """Compute an operation so on the CPU (other keys are accepted and not used)."""
        name = str(op_name).rpartition("::")[2].partition(".")[0]
        key = dispatch_key or self.dispatch_key
        if key.upper() in ("CPU", "", "DEFAULT") or key.startswith("Composite"):
            _op(f"{self.ns}::{name}")._fn = fn


# --- torch.ops ----------------------------------------------------------------------------------------------------------
class OpOverload:
    """One form of an operation: ``torch.ops.aten.add.Tensor``."""

    def __init__(self, packet: OpOverloadPacket, overload: str):
        self._packet, self._overload, self._qualname = packet, overload, packet._qualname
        self.__name__: str = f"{packet.__name__}.{overload}"
        self.__module__: str = f"torch._ops.{self.namespace}"

    @property
    def overloadpacket(self) -> OpOverloadPacket:
        """The operation of which this is a form."""
        return self._packet

    @property
    def namespace(self) -> str:
        """``"aten"``."""
        return self._qualname.partition("::")[0]

    @property
    def _overloadname(self) -> str:
        return self._overload

    def name(self) -> str:
        """``"aten::add.Tensor"``, without ``.default``."""
        return self._qualname if self._overload == "default" else f"{self._qualname}.{self._overload}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._packet(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OpOverload) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash((self._qualname, self._overload))

    def __repr__(self) -> str:
        return f"<OpOverload(op='{self._qualname.replace('::', '.')}', overload='{self._overload}')>"

    def __str__(self) -> str:
        return f"{self._qualname.replace('::', '.')}.{self._overload}"


class OpOverloadPacket:
    """An operation: ``torch.ops.aten.add``. All its forms are one function here."""

    def __init__(self, qualname: str, fn: Callable[..., Any]):
        self._qualname, self._fn = qualname, fn
        self.__name__: str = qualname.partition("::")[2]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._fn(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OpOverloadPacket) and self._qualname == other._qualname

    def __hash__(self) -> int:
        return hash(self._qualname)

    def __getattr__(self, name: str) -> OpOverload:
        if name.startswith("_"):
            raise AttributeError(f"'{self._qualname}' has no overload '{name}'")
        made = OpOverload(self, name)
        setattr(self, name, made)
        return made

    def __repr__(self) -> str:
        return f"<OpOverloadPacket(op='{self._qualname.replace('::', '.')}')>"

    def __str__(self) -> str:
        return self._qualname.replace("::", ".")


class OpNamespace(python_types.ModuleType):
    """``torch.ops.<name>``: what a program has registered there; under ``aten``, functions and methods of tensors."""

    def __init__(self, name: str):
        super().__init__(f"torch.ops.{name}")
        self.__dict__["_name"] = name

    def __getattr__(self, name: str) -> Any:
        found = _find(self._name, name)
        if found is None or name.startswith("__"):
            raise AttributeError(f"'_OpNamespace' '{self._name}' object has no attribute '{name}'")
        packet = OpOverloadPacket(f"{self._name}::{name}", found)
        if self._name not in _known:
            setattr(self, name, packet)
        return packet

    def part(self, name: str, fn: Callable[..., Any] | None = None) -> OpOverloadPacket:
        """An operation of ours that PyTorch has no name for, and what it does; without that it cannot be called."""
        found = self.__dict__.get(name)
        if found is None:
            found = self.__dict__[name] = OpOverloadPacket(f"{self._name}::{name}", fn or _inside(name))
        return found  # type: ignore[no-any-return]


#: Operations that PyTorch's functions consist of, which programs name to say what is saved or counted; here they are parts of others.
_INSIDE = frozenset(
    "convolution_backward _convolution convolution_overrideable _softmax _log_softmax _softmax_backward_data native_dropout_backward "
    "_scaled_dot_product_flash_attention _scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention "
    "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_attention_math _scaled_dot_product_flash_attention_backward "
    "_scaled_dot_product_efficient_attention_backward _flash_attention_forward _efficient_attention_forward _unsafe_view "
    "native_layer_norm_backward native_batch_norm_backward _to_copy threshold_backward gelu_backward silu_backward".split()
)


def _inside(name: str) -> Callable[..., NoReturn]:
    def refused(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            f"torch.ops.aten.{name} is not supported: here it is a part of other operations. Call the function that it belongs to."
        )

    return refused


def _find(namespace: str, name: str) -> Any:
    if namespace == "aten":
        if name in ATEN:  # where PyTorch's inside takes other arguments than its functions
            return ATEN[name]
        for prefix in ("", "nn.functional.", "special.", "linalg.", "fft."):
            found = names_under(prefix).get(name) or find(prefix + name)
            if found is not None:
                return found
        if name == "convolution":
            from .native_forms import convolution

            return convolution
        return getattr(Tensor, name, None) or (_inside(name) if name in _INSIDE else None)
    if namespace == "profiler":
        from . import profiler

        return getattr(profiler, name, None)
    return _known.get(namespace, {}).get(name)


_namespaces: dict[str, OpNamespace] = {}


def namespace(name: str) -> OpNamespace:
    """The one ``torch.ops.<name>``."""
    return _namespaces.setdefault(name, OpNamespace(name))


__all__ = [
    "CustomOpDef", "Library", "custom_op", "define", "impl", "impl_abstract", "infer_schema", "register_autograd",
    "register_fake", "register_kernel",
]  # fmt: skip

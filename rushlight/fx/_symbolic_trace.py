"""Run a module or function on proxies and keep what it did as a graph.

While a program is traced, the functions of ``torch`` and ``torch.nn.functional``, wherever modules name them, are ones that
note calls with proxies; ``Module.__call__`` asks whether a submodule is a leaf. Afterwards all is as it was.
"""

from __future__ import annotations

import builtins
import inspect
import math
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .. import families, synonyms
from ..doors import behind, close_door, led, open_door
from ..functions import FUNCTIONS
from ..nn import Module, Sequential
from ..op import names_under
from ..override import spread
from ..readers import REGISTRY
from ..settings import _assert
from ..synonyms import BUILT_IN
from ..tensor import Parameter, Tensor
from . import proxy as proxy_module
from .graph import Graph
from .graph_module import GraphModule
from .node import Node
from .proxy import Proxy, TracerBase, find_proxy

_PREFIX = __name__.partition(".")[0]
_VARIADIC = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS

#: Names that programs asked to be leaves: (their namespace, the name).
_wrapped: dict[tuple[int, str], dict[str, Any]] = {}


def wrap(fn_or_name: Any) -> Any:
    """Let calls of a function be noted instead of followed; at the top of a module, by name or as a decorator."""
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError("Unsupported type for global function! Must be either a callable or string name")
    name = fn_or_name if isinstance(fn_or_name, str) else fn_or_name.__name__
    frame: Any = sys._getframe(1)
    if frame.f_code.co_name != "<module>":
        raise NotImplementedError("wrap must be called at the top level of a module")
    _wrapped[id(frame.f_globals), name] = frame.f_globals
    return fn_or_name


#: Where public functions stand: the prefix of their names, and the module's path below ``torch``.
_NAMESPACES = {"": "", "nn.functional.": ".nn.functional", "linalg.": ".linalg", "special.": ".special", "fft.": ".fft"}


class PHBase:
    """Stands, among concrete arguments, for an input that stays one."""

    def __repr__(self) -> str:
        return "PH"


PH = PHBase()


class Tracer(TracerBase):
    """Traces modules and functions. Subclasses say which modules are leaves.

    Args:
        autowrap_modules: modules whose functions are noted too. autowrap_functions: further functions.
    """

    def __init__(
        self, autowrap_modules: tuple[ModuleType, ...] = (math,), autowrap_functions: tuple[Callable[..., Any], ...] = (),
        param_shapes_constant: bool = False,
    ):  # fmt: skip
        self._leaves = [
            f for m in autowrap_modules for n, f in vars(m).items() if callable(f) and not n.startswith("_")
        ]
        self._leaves += autowrap_functions
        self.proxy_buffer_attributes = False
        self.root: Module = Module()
        self.submodule_paths: dict[Module, str] = {}
        self.tensor_attrs: dict[Any, str] = {}
        self.module_stack: dict[str, Any] = {}

    # --- what subclasses may change ---------------------------------------------------------------------------------
    def is_leaf_module(self, m: Module, module_qualified_name: str) -> bool:
        """Whether a call of a submodule is one node; by default the layers of ``torch.nn`` but ``Sequential``."""
        package = type(m).__module__
        ours = package.startswith(("torch.nn", f"{_PREFIX}.nn"))
        return ours and not isinstance(m, Sequential)

    def path_of_module(self, mod: Module) -> str:
        """The dotted name of a submodule of the root.

        Raises:
            NameError: if it is none.
        """
        if mod in self.submodule_paths:
            return self.submodule_paths[mod]
        raise NameError("module is not installed as a submodule")

    def call_module(self, m: Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Asked when a submodule is called: note it, or go into it."""
        name = self.path_of_module(m)
        if self.is_leaf_module(m, name):
            return self.create_proxy("call_module", name, args, kwargs)
        return forward(*args, **kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """Asked when an attribute of a module is read: parameters become nodes."""
        kinds = [(Parameter, self.root.named_parameters)]
        if self.proxy_buffer_attributes:
            kinds.append((Tensor, self.root.named_buffers))  # type: ignore[arg-type]
        for kind, collection in kinds:
            if isinstance(attr_val, kind):
                for name, value in collection():
                    if value is attr_val:
                        if name not in parameter_proxy_cache:
                            parameter_proxy_cache[name] = self.create_proxy("get_attr", name, (), {})
                        return parameter_proxy_cache[name]
        return attr_val

    def create_arg(self, a: Any) -> Any:
        """A value as an argument: tensors become attributes of the root."""
        if isinstance(a, Parameter):
            for name, parameter in self.root.named_parameters():
                if parameter is a:
                    return self.create_node("get_attr", name, (), {})
            raise NameError("parameter is not a member of this module")
        if isinstance(a, Tensor):
            for name, value in self.root.named_buffers():
                if value is a:
                    return self.create_node("get_attr", name, (), {})
            constant = self.tensor_attrs.get(a)
            if constant is None:
                constant = self.get_fresh_qualname("_tensor_constant")
                self.tensor_attrs[a] = constant
                setattr(self.root, constant, a)
            return self.create_node("get_attr", constant, (), {})
        return super().create_arg(a)

    def get_fresh_qualname(self, prefix: str) -> str:
        """A name with a number that the root does not have."""
        number = 0
        while hasattr(self.root, f"{prefix}{number}"):
            number += 1
        return f"{prefix}{number}"

    # --- tracing ----------------------------------------------------------------------------------------------------
    def trace(self, root: Module | Callable[..., Any], concrete_args: dict[str, Any] | None = None) -> Graph:
        """The graph of a module's ``forward``, or of a function. ``concrete_args`` fixes arguments."""
        self.graph: Graph = Graph(tracer_cls=type(self))
        if isinstance(root, Module):
            self.root, fn = root, type(root).forward
            self.submodule_paths = {module: name for name, module in root.named_modules()}
        else:
            self.root, fn = Module(), root  # type: ignore[assignment]
            self.submodule_paths = {}
        self.tensor_attrs = dict(_tensor_attributes(self.root, ""))
        cache: dict[str, Any] = {}
        function, args = self.create_args_for_root(fn, isinstance(root, Module), concrete_args)
        with _noting(self, cache):
            result = function(*args)
        returned = _hints(function).get("return")
        self.create_node("output", "output", (self.create_arg(result),), {}, type_expr=returned)
        return self.graph

    def create_args_for_root(
        self, root_fn: Callable[..., Any], is_module: bool, concrete_args: dict[str, Any] | None = None
    ) -> tuple[Callable[..., Any], list[Any]]:
        """The function to run and the proxies to run it on."""
        inner: Any = inspect.unwrap(root_fn)
        code: CodeType = inner.__code__
        names = list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
        variadic = code.co_varnames[len(names) : len(names) + bin(code.co_flags & _VARIADIC).count("1")]
        defaults = {p.name: p.default for p in inspect.signature(inner).parameters.values()}
        hints = _hints(inner)
        args: list[Any] = []
        if is_module:
            args.append(self.root)
            names = names[1:]
        fixed = concrete_args or {}
        for name in names:
            default = () if defaults[name] is inspect.Parameter.empty else (defaults[name],)
            if name in fixed and fixed[name] is not PH:
                args.append(
                    self._fixed(
                        name, fixed[name], default, len([a for a in args if not isinstance(a, Proxy)]), is_module
                    )
                )
            else:
                args.append(self.create_proxy("placeholder", name, default, {}, type_expr=hints.get(name)))
        if not (code.co_kwonlyargcount or variadic):
            return root_fn, args
        for stars, name in zip(("*", "**") if code.co_flags & inspect.CO_VARARGS else ("**",), variadic, strict=False):
            args.append(self.create_proxy("placeholder", stars + name, (), {}))
        return _positional(inner, len(args)), args

    def _fixed(self, name: str, value: Any, default: tuple[Any, ...], before: int, is_module: bool) -> Any:
        """An argument with a value: the graph checks that it gets that one."""
        given: Any = self.create_proxy("placeholder", f"{name}_{before + (0 if is_module else 1)}", default, {})
        if isinstance(value, (bool, int, float)):
            message = f"{name} has been specialized to have value {value} but got another value"
            self.create_proxy("call_function", _assert, (given == value, message), {})
        return value


def _hints(function: Any) -> dict[str, Any]:
    """Annotations of a program's function; those of our own layers say nothing to it."""
    ours = (
        function.__code__.co_filename.startswith(__file__.rpartition("fx")[0])
        if hasattr(function, "__code__")
        else False
    )
    return {} if ours else getattr(function, "__annotations__", {})


def _tensor_attributes(module: Module, prefix: str) -> Iterator[tuple[Any, str]]:
    """Tensors that are plain attributes of a module or of one below it, with dotted names."""
    for name, value in module.__dict__.items():
        if isinstance(value, Tensor):
            yield value, prefix + name
    for name, child in module.named_children():
        yield from _tensor_attributes(child, f"{prefix}{name}.")


def _positional(fn: Any, n: int) -> Callable[..., Any]:
    """A function with keyword-only and variadic parameters as one that takes them all by position."""
    code = fn.__code__.replace(
        co_flags=fn.__code__.co_flags & ~_VARIADIC, co_argcount=n, co_kwonlyargcount=0, co_posonlyargcount=0
    )
    return FunctionType(code, fn.__globals__, fn.__name__, None, fn.__closure__)


# --- patches --------------------------------------------------------------------------------------------------------------
#: What functions do behind a door (``_Outside``), by their id.
_plain: dict[int, Callable[..., Any]] = {}


def _noter(
    function: Callable[..., Any], plain: Callable[..., Any] | None = None, wrapped: bool = False
) -> Callable[..., Any]:
    """A function that notes calls with proxies and makes the others, by ``plain`` if that is another."""

    make = function if plain is None else plain

    spelled_out = str(function.__module__).endswith("nn.functional") and function.__name__ not in BUILT_IN

    def noting(*args: Any, **kwargs: Any) -> Any:
        proxy = find_proxy((args, kwargs))
        if proxy is None:
            return make(*args, **kwargs)
        if spelled_out:
            args, kwargs = _spelled_out(function, args, kwargs)
        made = proxy.tracer.create_proxy("call_function", function, spread(function, args), kwargs)
        if wrapped:
            made.node.meta["is_wrapped"] = True
        return made

    noting.__name__ = getattr(function, "__name__", "noting")
    return noting


def _spelled_out(function: Callable[..., Any], args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """A call as PyTorch's Python functions pass it on: what has no default by position, the rest by name."""
    written = function if hasattr(function, "__wrapped__") else _plain.get(id(function), function)
    bound = inspect.signature(written).bind(*args, **kwargs)
    bound.apply_defaults()
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for name, parameter in bound.signature.parameters.items():
        if parameter.default is inspect.Parameter.empty and not named:
            positional.append(bound.arguments[name])
        else:
            named[name] = bound.arguments[name]
    return tuple(positional), named


def _torch_functions() -> dict[int, Callable[..., Any]]:
    """All public functions by identity. Each stands in its namespace afterwards, where it can be replaced."""
    families.load_all()
    for prefix, path in _NAMESPACES.items():
        for spelling in {_PREFIX + path, "torch" + path}:
            space = sys.modules.get(spelling)
            for name in names_under(prefix) if space is not None else ():
                getattr(space, name, None)
    public = [op.public for op in REGISTRY.values() if op.public_name] + [f.fn for f in FUNCTIONS.values()]
    public += [other for function in public for other in synonyms.of(function).values()]
    public.append(_assert)
    return {id(function): function for function in public}


_MISSING = object()  # in a module's names: what Python has built in


def _put(undo: list[tuple[dict[str, Any], str, Any]], names: dict[str, Any], name: str, value: Any) -> None:
    undo.append((names, name, names.get(name, _MISSING)))
    names[name] = value


def _put_back(undo: list[tuple[dict[str, Any], str, Any]]) -> None:
    for names, name, value in reversed(undo):
        if value is _MISSING:
            del names[name]
        else:
            names[name] = value


@contextmanager
def _functions_noted(leaves: Iterable[Callable[..., Any]] = ()) -> Iterator[None]:
    """The functions of torch, and some more, are ones that note calls with proxies, wherever modules name them."""
    functions = _torch_functions()
    functions.update({id(f): f for f in leaves})
    noters = {key: _noter(function) for key, function in functions.items()}
    undo: list[tuple[dict[str, Any], str, Any]] = []
    for module_name, module in list(sys.modules.items()):
        inside = module_name.startswith(_PREFIX + ".") and module_name.removeprefix(_PREFIX) not in _NAMESPACES.values()
        inside = inside and not module_name.startswith(_PREFIX + ".compat.vision.")  # written as programs are
        if inside or not isinstance(module, ModuleType):
            continue
        names = vars(module)
        for name, value in list(names.items()):
            noter = noters.get(id(value))
            if noter is not None:
                _put(undo, names, name, noter)
    try:
        yield
    finally:
        _put_back(undo)


@contextmanager
def _noting(tracer: Tracer, cache: dict[str, Any]) -> Iterator[None]:
    undo: list[tuple[dict[str, Any], str, Any]] = []
    for (_, name), names in list(_wrapped.items()):
        original = names.get(name, getattr(builtins, name, None))
        if original is not None:
            _put(undo, names, name, _noter(original, wrapped=True))
    saved = Module.__call__, Module.__getattr__
    get = Module.__getattr__

    def read(module: Module, name: str) -> Any:
        return tracer.getattr(name, get(module, name), cache)

    def called(module: Module, *args: Any, **kwargs: Any) -> Any:
        return tracer.call_module(module, lambda *a, **k: saved[0](module, *a, **k), args, kwargs)

    with _functions_noted(tracer._leaves):
        Module.__getattr__, Module.__call__ = read, called  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            Module.__call__, Module.__getattr__ = saved  # type: ignore[method-assign]
            _put_back(undo)


class _Outside:
    """Proxies of a graph that nobody traces, made by hand: calls of functions on them are noted while one of them is alive.

    The functions are led through a door, so that a target of a node still is the function that a program names.
    """

    def __init__(self) -> None:
        self.alive = 0
        self.led: dict[int, FunctionType] = {}

    def meet(self, proxy: Proxy) -> None:
        """A proxy was made."""
        self.alive += 1
        weakref.finalize(proxy, self.gone).atexit = False
        if self.alive == 1:
            for function in _torch_functions().values():
                if isinstance(function, FunctionType):
                    _plain[id(function)] = plain = behind(function)
                    noter = _noter(function, plain)
                    door = led(function, lambda args, kwargs, noter=noter: noter(*args, **kwargs))  # type: ignore[misc]
                    self.led[id(function)] = function
                    open_door(function, "fx", door)

    def gone(self) -> None:
        """A proxy is no more."""
        self.alive -= 1
        if not self.alive:
            for function in self.led.values():
                close_door(function, "fx")
            self.led.clear()
            _plain.clear()


_outside = _Outside()
proxy_module.meet_outside = _outside.meet


def symbolic_trace(root: Module | Callable[..., Any], concrete_args: dict[str, Any] | None = None) -> GraphModule:
    """A module that does what ``root`` does, with its program as a graph.

    Example:
        >>> import rushlight as torch
        >>> print(torch.fx.symbolic_trace(lambda x: torch.relu(x) + 1).graph)
        graph():
            %x : [num_users=1] = placeholder[target=x]
            %relu : [num_users=1] = call_function[target=torch.relu](args = (%x,), kwargs = {})
            %add : [num_users=1] = call_function[target=operator.add](args = (%relu, 1), kwargs = {})
            return add
    """
    tracer = Tracer()
    graph = tracer.trace(root, concrete_args)
    name = type(root).__name__ if isinstance(root, Module) else getattr(root, "__name__", "GraphModule")
    return GraphModule(tracer.root, graph, name)


__all__ = ["PH", "Node", "Tracer", "symbolic_trace", "wrap"]

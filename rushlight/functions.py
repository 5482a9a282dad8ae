"""Public functions that are written against Tensors and have no record of their own: constructors, argument shuffling.

They stand beside the op registry: ``@function`` notes where the name appears (``torch.``, ``torch.nn.functional.``,
methods), so that the namespaces are queries here as they are there.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any

from .asking import asking

if TYPE_CHECKING:
    from inspect import Signature


class Function:
    """A public function: its name with PyTorch's module path, the methods that call it, samples as an op has them."""

    fn: Callable[..., Any]
    torch_name: str
    methods: list[str]
    samples: Any
    error_samples: Any

    __slots__ = ("fn", "torch_name", "methods", "aliases", "samples", "error_samples", "module")

    def __init__(
        self,
        fn: Callable[..., Any],
        torch_name: str,
        methods: list[str],
        aliases: list[str],
        samples: Any,
        errors: Any,
        module: str,
    ):
        self.fn, self.torch_name, self.methods = fn, torch_name, methods
        self.aliases: list[str] = aliases
        self.samples, self.error_samples = samples, errors
        self.module: str = module


class Functions(dict[str, Function]):
    """Every function by PyTorch's name for it. One of a family that waits is loaded when it is asked for."""

    #: Loads the family of a function, if one has it; set by rushlight.families, above this module.
    later: Callable[[str], None] | None = None

    def __missing__(self, name: str) -> Function:
        if self.later is not None:
            self.later(name)
            if name in self:
                return self[name]
        raise KeyError(name)


FUNCTIONS = Functions()


def remembered(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A function of settings, which computes what it has not computed before; refusals, and lists, are computed each time."""
    known = functools.lru_cache(maxsize=4096, typed=True)(fn)

    @functools.wraps(fn)
    def answer(*args: Any) -> Any:
        try:
            return known(*args)
        except TypeError:  # an argument without a hash, or a refusal
            return fn(*args)

    return answer


class Keywords:
    """What ``inspect.signature`` finds behind a function that hands ``**kwargs`` on: the parameters of both, when asked for."""

    __slots__ = ("fn", "taker")

    def __init__(self, fn: Callable[..., Any], taker: Callable[..., Any]):
        self.fn: Callable[..., Any] = fn
        self.taker: Callable[..., Any] = taker

    @property
    def __signature__(self) -> Signature:
        from inspect import Parameter, signature

        own = signature(self.fn, follow_wrapped=False)
        first = [p for p in own.parameters.values() if p.kind is not Parameter.VAR_KEYWORD]
        more = [p for p in signature(self.taker).parameters.values() if p.kind is Parameter.KEYWORD_ONLY]
        return own.replace(parameters=first + more)


#: First parameters of functions that take no tensor, or anything.
_NO_TENSOR = frozenset(
    "data obj ndarray size n start seed low mean new_state row shapes s buffer M window_length t out_of".split()
)


#: Of these, the ones that are told of arguments of a wrong kind all the same.
_CHECKED = frozenset("eye full randint randperm".split())


def takes_tensors(fn: FunctionType) -> bool:
    """Whether the first argument is a tensor, which may take the call over; routed functions ask for themselves."""
    if fn.__name__ in _CHECKED:
        return True
    code = fn.__code__
    anything = code.co_argcount or code.co_flags & 4
    return bool(anything) and code.co_varnames[0] not in _NO_TENSOR and not hasattr(fn, "__face__")


def function(
    *,
    name: str | None = None,
    methods: str = "",
    aliases: str = "",
    samples: Any = None,
    errors: Any = None,
    keywords: Callable[..., Any] | None = None,
    asks: bool = True,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a public function. ``name`` is its PyTorch path if not ``torch.<its own name>``.

    ``aliases`` are its other names, for the methods too if it has any; those with a module are functions alone.
    ``keywords`` is the function whose keyword parameters its ``**kwargs`` are. ``asks=False`` is for what is so short that
    it asks its arguments for ``__torch_function__`` itself, where it cannot take them.
    """
    module = sys._getframe(1).f_globals["__name__"]  # the family file, which a class's __module__ would not tell

    def declare(fn: Callable[..., Any]) -> Callable[..., Any]:
        torch_name = name or fn.__name__
        if torch_name in FUNCTIONS:
            raise TypeError(f"function '{torch_name}' is declared twice")
        named = methods.split()
        if named:
            named += [a for a in aliases.split() if "." not in a and a not in named]
        if isinstance(fn, FunctionType):  # Python's TypeErrors speak of the public name
            prefix, _, fn.__name__ = torch_name.rpartition(".")
            fn.__qualname__ = fn.__name__
            if isinstance(within := getattr(fn, "__wrapped__", None), FunctionType):
                within.__name__ = within.__qualname__ = fn.__name__
            if prefix != "Tensor":  # where pickle finds it: a layer may hold its activation
                fn.__module__ = f"rushlight.{prefix}".rstrip(".")
        if keywords is not None:
            fn.__wrapped__ = Keywords(fn, keywords)  # type: ignore[attr-defined]
        if asks and isinstance(fn, FunctionType) and takes_tensors(fn):
            fn = asking(fn)
        FUNCTIONS[torch_name] = Function(fn, torch_name, named, aliases.split(), samples, errors, module)
        return fn

    return declare

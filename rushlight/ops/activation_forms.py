"""What the activation functions share: which dtypes their kernels refuse, samples, the forms in ``nn.functional``.

An activation is a record without a public name of its own; ``functional`` makes the public one, with ``inplace=`` where PyTorch
has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels.copies import cast
from ..kernels.iteration import is_half
from ..known_writes import write
from ..op import Op
from ..readers import REGISTRY
from ..routes import routed
from ..tensor import Tensor

if TYPE_CHECKING:
    from inspect import Signature


def floats_only(kernel: str) -> dict[str, str]:
    """``refuses`` of a record whose kernel in PyTorch takes real floats alone."""
    return dict.fromkeys(("bool", "int", "complex"), kernel)


NO_CLAMP = {"complex": "clamp is not supported for complex types"}


def widened(input: Any) -> Any:
    """Half precision as float32: computed so, and rounded once, as PyTorch's kernels do."""
    if not is_half(input.dtype):
        return input
    return cast(input, np.float32) if isinstance(input, np.ndarray) else input.astype(np.float32)


# --- samples ------------------------------------------------------------------------------------------------------------
def shape_samples(*variants: Any, times: int = 2) -> Callable[[Any], list[Any]]:
    """0-d, empty and strided input, then the given settings, each with a tensor of five; differentiated so many ``times``."""

    def make(m: Any) -> list[Any]:
        out = [
            m(m.f(3, 4)),
            m(m.f()),
            m(m.f(0, 2)),
            m(m.nc(3, 2)),
            m(m.nc(3)),
            m(m.i(3)),
            m(m.b(3)),
            m(m.a([-9.0, 0.0, 9.0])).value_only("at a kink"),
        ]
        calls = [v if isinstance(v, tuple) else (v,) for v in variants]
        out = [*out, *(m(m.f(5), *args[:-1], **args[-1]) for args in calls)]
        return out if times > 1 else [s.first_order("PyTorch has no second") if s.gradients else s for s in out]

    return make


def floating_samples(*variants: Any) -> Callable[[Any], list[Any]]:
    """``shape_samples`` without integers, which an in-place form writes into."""

    def make(m: Any) -> list[Any]:
        calls = [v if isinstance(v, tuple) else (v,) for v in variants]
        out = [
            m(m.f(3, 4)),
            m(m.f()),
            m(m.f(0, 2)),
            m(m.nc(3, 2)),
            *(m(m.f(5), *args[:-1], **args[-1]) for args in calls),
        ]
        return out

    return make


def text_error(m: Any) -> list[Any]:
    """What refuses everything that is no tensor."""
    return [m.error(TypeError, "must be Tensor, not str", "text")]


# --- forms --------------------------------------------------------------------------------------------------------------
class _Form:
    """What ``inspect.signature`` finds behind a functional form: the attributes of its record by name, then ``inplace``."""

    __slots__ = ("op",)

    def __init__(self, op: Op):
        self.op: Op = op

    @property
    def __signature__(self) -> Signature:
        from inspect import Parameter, Signature

        kind = Parameter.POSITIONAL_OR_KEYWORD
        named = [("input", Parameter.empty, "Tensor"), *((n, x, type(x).__name__) for n, x in self.op.defaults.items())]
        named.append(("inplace", False, "bool"))
        parameters = [Parameter(n, kind, default=x, annotation=annotation) for n, x, annotation in named]
        return Signature(parameters, return_annotation="Tensor")


def functional(name: str, written: str = "") -> Callable[..., Tensor]:
    """The functional form: the op, or with ``inplace=True`` written into its input, by the record ``written`` if it has one."""
    op = REGISTRY[name]
    write_op = REGISTRY[written or name]

    def call(input: Tensor, *args: Any, inplace: bool = False, **kwargs: Any) -> Tensor:
        if args and args[-1].__class__ is bool:
            inplace, args = args[-1], args[:-1]
        if inplace and isinstance(input, Tensor):
            return write(write_op, (input, *args), kwargs)
        return op.public(input, *args, **kwargs)  # type: ignore[no-any-return]

    call.__name__ = call.__qualname__ = name
    call.__doc__ = op.doc
    call.__wrapped__ = _Form(op)  # type: ignore[attr-defined]
    return routed(call) if op.attrs else call  # without attributes the op itself has a shorter path


def in_place(base: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The functional form written into its input."""

    def call(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return base(input, *args, inplace=True, **kwargs)

    call.__doc__ = f"In-place version of ``nn.functional.{base.__name__}``."
    return call


def either(op: Op, written: Op, input: Any, attrs: dict[str, Any], inplace: bool) -> Tensor:
    """One record, or with ``inplace`` another whose gradient needs the result alone."""
    return write(written, (input,), attrs) if inplace and isinstance(input, Tensor) else op.public(input, **attrs)  # type: ignore[no-any-return]

"""User-defined operations (``autograd.Function``) under ``vmap`` and in forward mode.

In forward mode the class's ``jvp`` says what it does to tangents. Under ``vmap`` its own ``vmap`` is asked, or with ``generate_vmap_rule``
its ``forward`` and ``backward`` are themselves run under ``vmap``, inside an operation on all examples at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import errors
from ..autograd.function import Function, FunctionCtx
from ..levels import Batched, Dual, Level, dual
from ..readers import REGISTRY
from ..tensor import Tensor, wrap
from .mapping import in_front

_DOCS = "For more details, please see https://pytorch.org/docs/main/notes/extending.func.html"


class VmapInfo(NamedTuple):
    """What ``Function.vmap`` is told."""

    batch_size: int
    randomness: str


# --- forward mode -------------------------------------------------------------------------------------------------------
class JvpContext:
    """The ``ctx`` of ``jvp``: what ``setup_context`` left, with ``save_for_forward``'s tensors as the saved ones."""

    def __init__(self, node: Any):
        self._node = node

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        return self._node._saved_for_forward  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._node, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_node":
            super().__setattr__(name, value)
        else:
            setattr(self._node, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._node, name)


def pushed(cls: type[Function], args: tuple[Any, ...], level: Level) -> Any:
    """The operation on values, its ``jvp`` on tangents: zeros for a tensor that has none."""
    primals = tuple([x.primal if isinstance(x, Dual) and x.at is level else x for x in args])
    result, node = cls._applied(primals, {})
    tangents = [
        x.tangent
        if isinstance(x, Dual) and x.at is level
        else wrap(np.zeros(x._a.shape, x._a.dtype))
        if isinstance(x, Tensor)
        else None
        for x in args
    ]
    slopes = cls.jvp(JvpContext(node), *tangents)
    if not isinstance(result, (tuple, list)):
        slope = slopes[0] if isinstance(slopes, tuple) else slopes
        return result if slope is None else dual(result, slope, level)
    if not isinstance(slopes, (tuple, list)) or len(slopes) != len(result):
        raise errors.runtime(
            f"Function {cls.__name__}'s jvp returned {len(slopes) if isinstance(slopes, (tuple, list)) else 1} tangents for "
            f"{len(result)} outputs"
        )
    outs = [o if t is None else dual(o, t, level) for o, t in zip(result, slopes, strict=True)]
    return type(result)(outs)


# --- vmap -----------------------------------------------------------------------------------------------------------------
def mapped(cls: type[Function], args: tuple[Any, ...], level: Any) -> Any:
    """The operation on all examples.

    Raises:
        RuntimeError: if the class says nothing about ``vmap``, or two things.
    """
    own = cls.vmap is not Function.vmap
    if own and cls.generate_vmap_rule:
        raise errors.runtime(
            f"You tried to vmap over {cls.__name__}, but it has both generate_vmap_rule=True and an overridden vmap staticmethod. "
            f"Please set generate_vmap_rule=False or delete the overridden vmap staticmethod to avoid ambiguity. {_DOCS}"
        )
    if not own and not cls.generate_vmap_rule:
        raise errors.runtime(
            f"You tried to vmap over {cls.__name__}, but it does not have vmap support. Please override and implement the vmap "
            f"staticmethod or set generate_vmap_rule=True. {_DOCS}"
        )
    flags = tuple([isinstance(x, Batched) and x.at is level for x in args])
    values = tuple([x.value if flag else x for x, flag in zip(args, flags, strict=True)])
    if not own:
        return level.wrapped(_unpacked(_generated(cls, flags, level).apply(*values)))
    in_dims = tuple([0 if flag else None for flag in flags])
    result = cls.vmap(VmapInfo(level.size, level.randomness), in_dims, *values)
    if not isinstance(result, tuple) or len(result) != 2:
        raise errors.runtime(
            f"Expected the vmap staticmethod of {cls.__name__} to return (output, out_dims)", "Return both as a tuple."
        )
    out, dims = result
    if isinstance(out, (tuple, list)):
        dims = dims if isinstance(dims, (tuple, list)) else [dims] * len(out)
        return type(out)([_placed(o, d, level) for o, d in zip(out, dims, strict=True)])
    return _placed(out, dims, level)


def _placed(out: Any, dim: int | None, level: Any) -> Any:
    return out if dim is None or not isinstance(out, Tensor) else level.wrapped(in_front(out, dim % out._a.ndim))


def _unpacked(out: Any) -> Any:
    return out[0] if isinstance(out, tuple) and len(out) == 1 else out


class InnerContext(FunctionCtx):
    """The ``ctx`` of a ``forward`` that runs under ``vmap``. Of what it saves the outer operation keeps the tensors inside."""

    inside: tuple[Any, ...] = ()  # as they are now, batched again

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        return self.inside


def _generated(cls: Any, flags: Sequence[bool], outer: Any) -> Any:
    """An operation on all examples made of one on one: the class run under ``vmap``."""
    from .batching import MapLevel

    def batched_again(values: Sequence[Any], marks: Sequence[bool], level: Any) -> list[Any]:
        return [level.wrapped(v) if mark else v for v, mark in zip(values, marks, strict=True)]

    def taken_out(x: Any, level: Any) -> Any:
        return level.whole(x) if isinstance(x, Tensor) else x

    class Generated(Function):
        @staticmethod
        def forward(ctx: Any, *values: Any) -> Any:
            inner = ctx.inner = InnerContext()
            inner.needs_input_grad = ctx.needs_input_grad
            with MapLevel(outer.size, outer.randomness) as level:
                given = batched_again(values, flags, level)
                out = cls.forward(*given)
                cls.setup_context(inner, tuple(given), out)
                ctx.marks = [isinstance(t, Batched) and t.at is level for t in inner._to_save]
                kept = [t.value if mark else t for t, mark in zip(inner._to_save, ctx.marks, strict=True)]
                results = tuple([taken_out(o, level) for o in (out if isinstance(out, (tuple, list)) else (out,))])
                inner._to_save = ()
            ctx.save_for_backward(*kept)
            return results

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            with MapLevel(outer.size, outer.randomness) as level:
                ctx.inner.inside = tuple(batched_again(ctx.saved_tensors, ctx.marks, level))
                found = cls.backward(ctx.inner, *[level.wrapped(g) for g in grads])
                found = found if isinstance(found, (tuple, list)) else (found,)
                return tuple([_summed(g, flag, level) for g, flag in zip(found, flags, strict=True)])

    Generated.__name__ = cls.__name__
    return Generated


def _summed(g: Any, flag: bool, level: Any) -> Any:
    """The gradient of an input: of one that all examples share the sum over them."""
    if g is None:
        return None
    whole = level.whole(g)
    return whole if flag else REGISTRY["sum"].public(whole, 0)

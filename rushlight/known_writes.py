"""Writes that are known: the in-place form of an op by way of the *route* of the op itself (``rushlight.routes``).

Where nothing is recorded and the memory is the tensor's alone, ``x.clamp_(0, 1)`` is the array of ``x.clamp(0, 1)`` put where that of
``x`` lies. What the general way (``rushlight.inplace``) checks before it comes to that follows from the signature of the call, so a
signature is looked at once: its calls from then on run the route and copy its array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import levels, routes
from .asking import answer
from .autograd.mode import recording
from .inplace import inplace
from .kernels.copies import assign
from .kernels.elementwise import MEDIUM
from .kernels.lazy import pending, settle
from .op import Op, Parameters
from .plain import has_own_memory, is_rare
from .routes import Route
from .tensor import Parameter, Tensor

#: How many calls of an op have had no route; negative once one had.
_vain: dict[Op, int] = {}


def write(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """``op_(self, ...)``: the op's result written into its first input, which is returned."""
    return args[0] if written(op, args, kwargs) else inplace(op, args, kwargs)


def written(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether the write was known, and is done."""
    x: Any = args[0] if args else None
    if (x.__class__ is not Tensor and x.__class__ is not Parameter) or routes.closed or levels.running:
        return False
    a, mode = x._a, recording()
    if a.size >= MEDIUM or is_rare(mode) or not has_own_memory(x) or not (a.flags.c_contiguous and a.flags.writeable):
        return False
    vain = _vain.get(op, 0)
    if vain >= routes.ATTEMPTS:
        return False
    key: list[Any] = [op, mode, routes.types._defaults.dtype, *kwargs]
    tensors: list[Any] = []
    given: list[Any] = []
    edges: list[Any] = []
    if not routes.note((*args, *kwargs.values()), key, tensors, given, edges) or (mode and any(edges)):
        return False
    cell = x._vc
    for t in tensors:
        if t._vc is cell and t is not x:  # another view of this memory, which may lie across it
            return False
    signature = tuple(key)
    route = routes._known.get(signature)
    if route.__class__ is not Route:
        if route is None:
            routes.meet(signature)
        elif route == 1:
            found = routes.watched(op.public, args, kwargs, tensors)
            routes._known[signature] = fitting(found, a) or 0
            _vain[op] = -1 if routes._known[signature] or vain < 0 else vain + 1
        return False
    if pending:
        settle()
    r = route.array(given)
    if r is None:
        return False
    assign(a, r)
    cell[0] += 1
    return True


def fitting(found: tuple[Route | None, Any], a: Any) -> Route | None:
    """A route whose result can be put where ``a`` lies."""
    route, result = found
    if route is None or not route.bare or route.kind is not None:
        return None
    return route if result._a.dtype is a.dtype and result._a.shape == a.shape else None


def method(op: Op, name: str) -> Callable[..., Tensor]:
    """The Tensor method ``name`` (``exp_``) made from an op."""

    def in_place(*args: Any, **kwargs: Any) -> Tensor:
        try:
            return write(op, args, kwargs)
        except Exception:
            return answer(in_place, args, kwargs)  # type: ignore[no-any-return]

    in_place.__name__ = in_place.__qualname__ = name
    what = f"In-place version of :func:`torch.{op.torch_name}`: writes" if op.public_name else f"{op.doc}\n\nWrites"
    in_place.__doc__ = f"{what} the result into this tensor and returns it."
    in_place.__op__ = op  # type: ignore[attr-defined]
    in_place.__wrapped__ = Parameters(op, out=False)  # type: ignore[attr-defined]
    return in_place

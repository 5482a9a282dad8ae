"""Forward mode: what an op does to tangents, derived from its backward rules.

A rule gives the gradient of an input from that of the output: ``g -> J^T g``, linear in ``g``. The tangent of the output is ``J t``.

- An elementwise op has a diagonal J, its own transpose: the rule itself, given ``t`` in the place of ``g``, answers ``J t``.
- A view, and every other op that is linear, maps the tangent as it maps the value.
- A product of two is linear in each: ``f(t, y) + f(x, u)``.
- For all others the rule is transposed by differentiating it: ``J^T u`` is recorded for some ``u``; the gradient of ``<J^T u, t>`` by
  ``u`` is ``J t``, whatever ``u`` is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import op as ops
from .. import types
from ..autograd.mode import enable_grad, is_grad_enabled
from ..kernels.cpython import address
from ..levels import Dual, Level, dual, shown_as, write
from ..promotion import cast
from ..readers import REGISTRY, tensors
from ..tensor import Tensor, wrap
from ..writing import Region
from . import strides

#: Ops that are linear in all their differentiable inputs together.
LINEAR = frozenset(
    "sum mean clone cat stack index_get index_scatter reshape_gradient copied_reshape unsafe_view broadcast_gradient sum_to_size "
    "cast_gradient own_gradient convert flip roll repeat tril triu trace diag_embed cumsum index_select gather basic_put "
    "region_get region_add".split()
)
#: Ops that are linear in each of their two inputs.
BILINEAR = frozenset("mm bmm mv dot matprod".split())


class DualLevel(Level):
    """A running ``jvp``, or ``forward_ad.dual_level``."""

    def __init__(self, is_func: bool = True):
        self.is_func = is_func  # type: ignore[misc]

    def process(self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """An op on values, and on their tangents along with it."""
        primals = tuple([x.primal if isinstance(x, Dual) and x.at is self else x for x in inputs])
        tangents = [x.tangent if isinstance(x, Dual) and x.at is self else None for x in inputs]
        tangents = [t if t is not None and op.flow(i) != "nondiff" else None for i, t in enumerate(tangents)]
        if all([t is None for t in tangents]):
            return ops.apply(op, primals, attrs)
        out, slopes = self.pushed(op, primals, tangents, attrs)
        if out.__class__ is tuple:
            return tuple([o if t is None else dual(o, t, self) for o, t in zip(out, slopes, strict=True)])
        return out if slopes is None else dual(out, slopes, self)

    def write(self, x: Any, result: Any) -> None:
        """Write value and tangent of a result into those of ``x``."""
        become_dual(x, self)
        has = isinstance(result, Dual) and result.at is self
        write(x.primal, result.primal if has else result)
        write(x.tangent, result.tangent if has else _zeros(result))
        shown_as(x, x.primal)

    def custom(self, cls: Any, args: tuple[Any, ...]) -> Any:
        from . import custom

        return custom.pushed(cls, args, self)

    def get(self, x: Any, index: Any) -> Tensor:
        return dual(x.primal[index], x.tangent[index], self)

    def set(self, x: Any, index: Any, value: Any) -> None:
        become_dual(x, self)
        has = isinstance(value, Dual) and value.at is self
        x.primal[index] = value.primal if has else value
        x.tangent[index] = value.tangent if has else 0
        shown_as(x, x.primal)

    def pushed(self, op: Any, primals: tuple[Any, ...], tangents: list[Any], attrs: dict[str, Any]) -> Any:
        """``(results, their tangents)``."""
        if op.view and "view" not in attrs:
            return ops.apply(op, primals, attrs), ops.apply(op, (tangents[0],), attrs)
        if op.name == "strided_view":
            x, t = primals[0], tangents[0]
            if (
                t._a.strides == x._a.strides
            ):  # a view of the tangent, too: what is written to one is written to the other
                view = strides.alike(t._a, x._a, attrs["view"], front=False)
                return ops.apply(op, primals, attrs), ops.apply(
                    op, (t,), {**attrs, "view": view, "region": Region(t._a, view)}
                )
            region = {"region": attrs["region"]}
            return ops.apply(op, primals, attrs), ops.apply(REGISTRY["region_get"], (t,), region)
        if op.name in LINEAR:
            filled = [_filled(x, t, op.flow(i)) for i, (x, t) in enumerate(zip(primals, tangents, strict=True))]
            return ops.apply(op, primals, attrs), ops.apply(op, tuple(filled), attrs)
        if op.name in BILINEAR:
            out = ops.apply(op, primals, attrs)
            x, y = primals
            parts = [ops.apply(op, (tangents[0], y), attrs)] if tangents[0] is not None else []
            parts += [ops.apply(op, (x, tangents[1]), attrs)] if tangents[1] is not None else []
            return out, parts[0] if len(parts) == 1 else parts[0] + parts[1]
        if op.family == "elementwise" and is_own_transpose(op, primals):
            out = ops.apply(op, primals, attrs)
            return out, elementwise(op, primals, tangents, out, attrs)
        return transposed(self, op, primals, tangents, attrs)


def _filled(x: Any, t: Any, flow: str) -> Any:
    """The tangent of an input of a linear op: zeros if it has none, an index as it is."""
    return x if flow == "nondiff" or not isinstance(x, Tensor) else REGISTRY["zeros_of"].public(x) if t is None else t


# --- elementwise ----------------------------------------------------------------------------------------------------------
def is_own_transpose(op: Any, primals: tuple[Any, ...]) -> bool:
    """Whether the rules of a call can be given tangents: one rule an input, real tensors of one dtype and numbers."""
    if op.joint is not None or op.extras or len(op.outputs) != 1:
        return False
    kinds = {x._a.dtype for x in primals if isinstance(x, Tensor) and x._a.dtype.kind != "b"}
    return len(kinds) == 1 and next(iter(kinds)).kind in "fV" and not any(isinstance(x, complex) for x in primals)


def elementwise(op: Any, primals: tuple[Any, ...], tangents: list[Any], out: Any, attrs: dict[str, Any]) -> Any:
    """The sum over the inputs of their rules, given tangents."""
    if out._a.dtype.kind not in "fV":
        return None
    saved = [_saved(x, out) for x in primals] + [out] + [x._a.shape if isinstance(x, Tensor) else () for x in primals]
    needs = tuple([t is not None for t in tangents])
    total: Any = None
    for i, t in enumerate(tangents):
        if t is None:
            continue
        rule = op.rules[i]
        if rule is None:
            raise NotImplementedError(f"{op.name}: no derivative for '{op.inputs[i]}'")
        given = [saved[slot] for slot in rule.slots]
        named = {n: needs if n == "needs" else attrs[n] for n in rule.attrs}
        part = rule.fn(tensors, _shaped(t, out), *given, **named)
        if part is not None:
            total = part if total is None else total + part
    return None if total is None else _shaped(total, out)


def _saved(x: Any, out: Any) -> Any:
    """An input as a rule finds it: a number as a tensor of the result's dtype."""
    if isinstance(x, Tensor):
        return x
    return x if x is None else wrap(cast(x, types.of_array(out._a)))


def _shaped(t: Any, out: Any) -> Any:
    if t._a.dtype is not out._a.dtype:
        t = t.to(out.dtype)
    return t if t._a.shape == out._a.shape else REGISTRY["expand"].public(t, out._a.shape)


# --- everything else --------------------------------------------------------------------------------------------------------
def transposed(
    level: Level, op: Any, primals: tuple[Any, ...], tangents: list[Any], attrs: dict[str, Any]
) -> tuple[Any, Any]:
    """Two backward passes: one records ``J^T u``, the other differentiates it by ``u``."""
    from .gradients import Variables

    moving = [i for i, t in enumerate(tangents) if t is not None]
    recorded = is_grad_enabled()
    with enable_grad():
        xs = Variables([primals[i] for i in moving], below=level)
        inputs = list(primals)
        for i, x in zip(moving, xs.tensors, strict=True):
            inputs[i] = x
        result = ops.apply(op, tuple(inputs), attrs)
        results = result if result.__class__ is tuple else (result,)
        flowing = [i for i, o in enumerate(results) if o._a.dtype.kind in "fcV"]
        # ones: a rule may treat a gradient of zero apart (0 * inf is to be 0), and its slope there
        us = Variables([_ones(results[i]) for i in flowing], below=level)
        pulled = xs.gradients([results[i] for i in flowing], us.tensors)
        vectors = [t if g is not None else None for t, g in zip([tangents[i] for i in moving], pulled, strict=True)]
        found = us.gradients(pulled, vectors, also_own=xs)
    slopes: list[Any] = [None] * len(results)
    for i, slope in zip(flowing, found, strict=True):
        slopes[i] = _zeros(results[i]) if slope is None and i < op.n_diff else slope
    xs.recorded = us.recorded = recorded
    outs = [xs.settled(o) for o in results]
    slopes = [None if t is None else us.settled(t, us.own | xs.own) for t in slopes]
    xs.close()
    us.close()
    if result.__class__ is tuple:
        return tuple(outs), slopes
    return outs[0], slopes[0]


def _zeros(x: Tensor) -> Tensor:
    return wrap(np.zeros(x._a.shape, x._a.dtype))


def _ones(x: Tensor) -> Tensor:
    return wrap(np.ones(x._a.shape, x._a.dtype))


# --- written in place -------------------------------------------------------------------------------------------------------
def become_dual(x: Any, level: Level) -> None:
    """Let a tensor that something with a tangent is written into be a dual one, with a tangent of zeros. A view makes its base one.

    Raises:
        NotImplementedError: for a view of a base whose memory is not in order.
    """
    if isinstance(x, Dual) and x.at is level:
        return
    base = x._base
    if base is not None:
        become_dual(base, level)
    tangent = _zeros(x) if base is None else _same_region(x, base)
    plain = object.__new__(x.__class__)
    for slot in ("_a", "_edge", "_grad", "_vc", "_base", "_extra"):
        setattr(plain, slot, getattr(x, slot))
    if base is not None:
        plain._gen, plain._base = x._gen, base.primal
    plain.__dict__.update(x.__dict__)
    x.__class__ = Dual
    x.__dict__.clear()
    x._grad = None
    x.at, x.primal, x.tangent = level, plain, tangent
    shown_as(x, plain)


def _same_region(view: Tensor, base: Any) -> Tensor:
    """What a view shows of its base, of the base's tangent."""
    whole, t = base.primal._a, base.tangent
    if not (whole.flags.c_contiguous and isinstance(t._a, np.ndarray) and t._a.flags.c_contiguous):
        raise NotImplementedError(
            "forward mode: writing a tensor with a tangent into a view of one without whose memory is not contiguous.\n\n"
            "Write to the tensor itself (x[index] = value), or start from x.contiguous()."
        )
    start = (address(view._a) - address(whole)) // whole.itemsize
    steps = tuple([s // whole.itemsize for s in view._a.strides])
    return t.as_strided(view._a.shape, steps, t.storage_offset() + start)  # type: ignore[no-any-return]

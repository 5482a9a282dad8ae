"""``vmap`` of an op: all examples at once.

A batched tensor holds its examples along a first dimension that the function does not see. ``MapLevel.process`` asks the rule of an op
to compute on that larger tensor; ``rules`` has them, most by the family of the record. An op without a rule runs once for each example,
and the results are stacked: slow, and right.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from .. import op as ops
from ..levels import Batched, Level, batched, drawing, write
from ..promotion import result_type
from ..readers import REGISTRY
from ..tensor import Tensor, wrap
from . import indexing, methods  # noqa: F401  (the methods of wrapped tensors)

SAME, DIFFERENT, ERROR = "same", "different", "error"


class MapLevel(Level):
    """A running ``vmap``: how many examples there are, and what random functions do."""

    size: int
    randomness: str

    def __init__(self, size: int, randomness: str):
        self.size, self.randomness = size, randomness

    @staticmethod
    def stack(rows: list[Tensor]) -> Tensor:
        return REGISTRY["stack"].public(rows)  # type: ignore[no-any-return]

    def custom(self, cls: Any, args: tuple[Any, ...]) -> Any:
        from . import custom

        return custom.mapped(cls, args, self)

    def get(self, x: Tensor, index: Any) -> Tensor:
        return indexing.get(self, x, index)

    def set(self, x: Tensor, index: Any, value: Any) -> None:
        indexing.put(self, x, index, value)

    def write(self, x: Tensor, result: Tensor) -> None:
        """Write a result for each example into its part of ``x``.

        Raises:
            RuntimeError: if ``x`` is one tensor for all examples.
        """
        if not (isinstance(x, Batched) and x.at is self):
            raise errors.runtime(
                "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor `other` in extra_args "
                "that has more elements than `self`. This happened due to `other` being vmapped over but `self` not being vmapped "
                "over in a vmap. Please try to use out-of-place operators instead of inplace arithmetic. If said operator is being "
                "called inside the PyTorch framework, please file a bug report instead.",
                "Write into a tensor that every example has: torch.zeros_like(x) of a batched x is one.",
            )
        write(x.value, result.value if isinstance(result, Batched) and result.at is self else result)

    def process(self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """An op for all examples. Its results are batched."""
        call = Call(self, op, inputs, attrs)
        if "generator" in attrs:
            return drawn(call)
        return self.wrapped(rule_of(op)(call))

    def wrapped(self, out: Any) -> Any:
        """Results with the batch in front, as batched tensors."""
        return tuple([batched(t, self) for t in out]) if out.__class__ is tuple else batched(out, self)

    def whole(self, x: Tensor) -> Tensor:
        """All examples of a tensor with the batch in front: of one that is not batched, the same for each."""
        if isinstance(x, Batched) and x.at is self:
            return x.value
        return REGISTRY["expand"].public(x, (self.size, *x._a.shape))  # type: ignore[no-any-return]


class Call:
    """A call of an op under ``vmap``, as the rules see it."""

    at: MapLevel
    op: Any
    inputs: tuple[Any, ...]
    attrs: dict[str, Any]

    def __init__(self, at: MapLevel, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]):
        self.at, self.op, self.inputs, self.attrs = at, op, inputs, attrs
        self.size: int = at.size

    def is_batched(self, i: int) -> bool:
        x = self.inputs[i]
        return isinstance(x, Batched) and x.at is self.at

    def value(self, i: int) -> Any:
        """Input ``i`` as it is inside: with the batch in front if it has one."""
        x = self.inputs[i]
        return x.value if self.is_batched(i) else x

    def whole(self, i: int) -> Any:
        """Input ``i`` with the batch in front in any case; what is no tensor as it is."""
        x = self.inputs[i]
        return self.at.whole(x) if isinstance(x, Tensor) else x

    def ndim(self, i: int = 0) -> int:
        """How many dimensions the function sees."""
        return self.inputs[i]._a.ndim  # type: ignore[no-any-return]

    def shape(self, i: int = 0) -> tuple[int, ...]:
        return self.inputs[i]._a.shape  # type: ignore[no-any-return]

    def run(self, inputs: Any, op: str | None = None, **attrs: Any) -> Any:
        """The op (or another) on these inputs; ``attrs`` replace those of the call."""
        if op is not None:
            return ops.apply(REGISTRY[op], tuple(inputs), attrs)
        return ops.apply(self.op, tuple(inputs), {**self.attrs, **attrs})


def lead(x: Any, ndim: int) -> Any:
    """A batched value with ones after the batch, so that each example has ``ndim`` dimensions."""
    missing = ndim + 1 - x._a.ndim
    return x.reshape(x._a.shape[0], *[1] * missing, *x._a.shape[1:]) if missing > 0 else x


def each(call: Call) -> Any:
    """The op for one example after another, the results stacked."""
    if not call.size:
        return nobody(call)
    rows = []
    for b in range(call.size):
        inputs = [x.value.select(0, b) if call.is_batched(i) else x for i, x in enumerate(call.inputs)]
        rows.append(call.run(inputs))
    stack = REGISTRY["stack"].public
    if rows[0].__class__ is tuple:
        return tuple([stack(list(column)) for column in zip(*rows, strict=True)])
    return stack(rows)


def nobody(call: Call) -> Any:
    """The results for a batch without examples: their shapes are those of an example of zeros."""
    zeros = [wrap(np.zeros(x._a.shape, x._a.dtype)) if call.is_batched(i) else x for i, x in enumerate(call.inputs)]
    out = call.run(zeros)
    return tuple([_none_of(t) for t in out]) if out.__class__ is tuple else _none_of(out)


def _none_of(t: Tensor) -> Tensor:
    return wrap(np.empty((0, *t._a.shape), t._a.dtype))


# --- families ---------------------------------------------------------------------------------------------------------
def elementwise(call: Call) -> Any:
    """Broadcast: the dimensions of all examples are made equally many."""
    tensors = [i for i, x in enumerate(call.inputs) if isinstance(x, Tensor)]
    n = max([call.ndim(i) for i in tensors])
    inputs = [lead(x.value, n) if call.is_batched(i) else x for i, x in enumerate(call.inputs)]
    how = call.op.promote
    if how in ("common", "float", "compare") and len({call.inputs[i]._a.dtype for i in tensors}) > 1:
        # who has no dimensions counts less, and every batched tensor has one inside
        common = result_type(call.inputs)
        for i in tensors:
            if inputs[i].dtype is not common:
                inputs[i] = inputs[i].to(common)
    return call.run(inputs)


def reduction(call: Call) -> Any:
    """The dimensions that are named are one further."""
    x, n = call.value(0), call.ndim()
    if "dim" not in call.op.attrs:
        return of_all(call)
    attrs = dict(call.attrs)
    if "full" in attrs:
        attrs["full"] = False
    dim = attrs.get("dim", ())
    if dim is None:
        x, attrs["dim"] = x.reshape(x._a.shape[0], -1), 1
    elif not n:
        x, attrs["dim"] = x.unsqueeze(1), 1 if isinstance(dim, int) else (1,)
    elif dim.__class__ is tuple:
        attrs["dim"] = tuple([d % n + 1 for d in dim])
    else:
        attrs["dim"] = dim % n + 1
    out = call.run((x,), **attrs)
    if dim is None and attrs.get("keepdim"):
        return _reshaped(out, lambda t: (t._a.shape[0], *[1] * n))
    if not n:
        return _reshaped(out, lambda t: t._a.shape[:1])
    return out


#: Reductions of all elements, and the ones along a dimension that give the same.
_ALONG = {"max_all": "amax", "min_all": "amin", "median_all": "median_dim", "nanmedian_all": "nanmedian_dim"}


def of_all(call: Call) -> Any:
    """A reduction of all elements of each example."""
    name = _ALONG.get(call.op.name)
    if name is None or 0 in call.shape():
        return each(call)
    x = call.value(0)
    dim = (1,) if name in ("amax", "amin") else 1
    out = call.run((x.reshape(x._a.shape[0], -1),), name, dim=dim, keepdim=False)
    return out[0] if out.__class__ is tuple else out


def _reshaped(out: Any, shape: Any) -> Any:
    return tuple([t.reshape(shape(t)) for t in out]) if out.__class__ is tuple else out.reshape(shape(out))


# --- random -----------------------------------------------------------------------------------------------------------
def drawn(call: Call) -> Any:
    """A random op: one draw for all examples, or one for each in their order."""
    at = call.at
    drawing()
    anyone = any([call.is_batched(i) for i in range(len(call.inputs))])
    at.passed = True
    try:
        if at.randomness == DIFFERENT:
            if call.op.name == "multinomial_from":
                return at.wrapped(each(_all_batched(call)))
            return at.wrapped(call.run([call.whole(i) for i in range(len(call.inputs))]))
        if anyone:
            raise errors.runtime(
                "Vmap does not currently support same randomness with a batched tensor input. Please file an issue with functorch"
            )
        return call.run(call.inputs)
    finally:
        at.passed = False


def _all_batched(call: Call) -> Call:
    inputs = [batched(call.whole(i), call.at) if isinstance(x, Tensor) else x for i, x in enumerate(call.inputs)]
    return Call(call.at, call.op, tuple(inputs), call.attrs)


def rule_of(op: Any) -> Any:
    """The rule of an op: its own, that of its family, or ``each``."""
    from . import rules

    found = rules.RULES.get(op.name)
    if found is None:
        found = {"elementwise": elementwise, "reduction": reduction}.get(op.family, each)
        if op.family == "reduction" and len(op.inputs) != 1:
            found = each
    return found

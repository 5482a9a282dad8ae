"""The in-place form of an op: compute, check, write, record. Derived from the op's record; nothing is declared for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import errors, large, levels
from .autograd.mode import recording
from .kernels.copies import assign
from .kernels.elementwise import LARGE
from .kernels.strides import broadcast_shapes
from .misuse import old_form
from .node import gather_edges, record
from .op import Op, camel, evaluate
from .override import dispatch_override, has_override
from .promotion import cast_array, check_operands, promote, refuse, result_type
from .readers import REGISTRY
from .tensor import Parameter, Tensor, wrap
from .writing import bump, check_apart, check_result, check_writable, has_overlap, is_same, rebase

#: Nodes that PyTorch names otherwise when they are made in place.
IN_PLACE_NAMES = {
    "FillBackward0": "FillBackward2",
    "FillBackward1": "FillBackward3",
    "PolygammaBackward0": "PolygammaBackward1",
    "ConjPhysicalBackward0": "ConjPhysicalBackward1",
}


#: What may write to memory that stands for several elements: it writes the same to all of them, or PyTorch does not look.
FILLING = ("fill", "zero", "masked_fill", "index_fill", "index_put", "tril", "triu")

#: Of which PyTorch records nothing, not even that there is no derivative: any leaf may be written to, and what was its history stays so.
UNRECORDED = ("logical_and", "logical_or", "logical_xor", "logical_not")


def _check_shape(x: Tensor, operands: tuple[Any, ...], dtype: Any) -> None:
    """Refuse what does not fit ``x``: a result of this dtype, of what these operands broadcast to."""
    shape = broadcast_shapes(*[i._a.shape for i in operands if isinstance(i, Tensor)])
    check_result(x, np.empty(shape, dtype))


def inplace(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """``op_(self, ...)``: the op's result written into its first input, which is returned."""
    x: Tensor = args[0]
    if x.__class__ is not Tensor and x.__class__ is not Parameter and has_override(x):
        return dispatch_override(getattr(Tensor, op.name + "_"), x, args, kwargs)  # type: ignore[no-any-return]
    if levels.running and levels.inplace(op, args, kwargs):
        return x
    if kwargs and op.variant is not None:
        op = op.variant(kwargs)
    try:
        inputs, attrs = op.bind(args, kwargs)
    except TypeError:  # of arguments PyTorch speaks before it looks at the target, of shapes after that
        old = old_form(op.name, args, kwargs)
        if old is not None:
            return inplace(op, *old)
        raise
    except Exception as error:
        check_target(op, x, args, kwargs)
        if isinstance(error, NotImplementedError):  # a kernel that is missing, which PyTorch finds out last
            check_apart(x, args[1:])
            if op.family == "elementwise":
                _check_shape(x, args, x._a.dtype)
        raise
    try:
        check_target(op, x, args, kwargs)
    except RuntimeError as error:
        if op.family == "elementwise":
            check_operands(op, inputs)  # of these PyTorch speaks first
            in_words = " " in str((op.refuses or {}).get(x.dtype.category, ""))
            if in_words and "single memory location" in str(error):
                refuse(op, x.dtype)  # and of what it refuses in words, but not of kernels that are missing
        raise
    if len(inputs) > 1:
        check_apart(x, inputs[1:])
    try:
        if op.family == "elementwise" and x._a.size >= LARGE and not (recording() and gather_edges(op, inputs)):
            promoted = promote(op, inputs)
            if promoted[0] is x._a and large.body(op, promoted, attrs, out=x._a) is not None:
                bump(x)
                return x
        if op.writer is not None and not (recording() and gather_edges(op, inputs)):
            op.writer(x._a, *[i._a if isinstance(i, Tensor) else i for i in inputs[1:]], **attrs)
            bump(x)
            return x
        result, saved_inputs = evaluate(op, inputs, attrs)
    except NotImplementedError:
        if op.family == "elementwise" and all(i is not None for i in inputs):
            # PyTorch asks this before it looks for a kernel
            answers = op.all_nondiff and not op.name.startswith("bitwise")  # with bools, which fit anywhere
            _check_shape(x, inputs, x._a.dtype if answers else result_type(inputs).np)
        raise
    r = np.asarray(result[0] if result.__class__ is tuple else result)
    if r.dtype.kind == "f" and x._a.dtype.kind == "c":
        raise errors.runtime(f"In-place {op.name} is not supported for complex tensors.", "Its results are real.")
    check_result(x, r)
    edges = gather_edges(op, inputs) if recording() else None
    recorded = op
    if op.all_nondiff and op.name not in UNRECORDED and recording():
        # a question overwrites what it asks about, and its answer depends on nothing smoothly: all gradients are zero
        recorded = REGISTRY["overwritten"]
        edges = gather_edges(recorded, inputs)
    if edges is None:
        _overwrite(x._a, r)
        bump(x)
        return x
    # A rule that reads the overwritten values gets a copy of them. The other inputs are saved with the versions they have
    # now (x.mul_(x) is refused by backward), the output with the version it is about to have.
    if any(r is not None and 0 in r.slots for r in (*recorded.rules, recorded.joint)):
        old = saved_inputs[0].copy() if np.may_share_memory(saved_inputs[0], x._a) else saved_inputs[0]
        inputs, saved_inputs = (wrap(old), *inputs[1:]), (old, *saved_inputs[1:])
    proxy = wrap(x._a)
    own = proxy._vc
    results = (r, *result[1:]) if result.__class__ is tuple else (r,)
    record(recorded, [proxy], results, inputs, saved_inputs, attrs, edges)
    _overwrite(x._a, r)
    bump(x)
    edge = proxy._edge
    if edge is None:  # integers: no gradient goes through them
        return x
    node: Any = edge[0]
    if node.name() in IN_PLACE_NAMES:
        node.rename(IN_PLACE_NAMES[node.name()], op)
    if recorded is not op:
        node.rename(f"{camel(op.name)}Backward{int(isinstance(inputs[1], Tensor))}", recorded)
    if any(cell is own for cell in node.versions[::2]):
        pairs: list[Any] = []
        for i in range(0, len(node.versions), 2):
            cell, version = node.versions[i : i + 2]
            pairs += (x._vc, x._vc[0]) if cell is own else (cell, version)
        node.versions = tuple(pairs)
    rebase(x, edge)
    return x


def _overwrite(a: np.ndarray[Any, Any], r: np.ndarray[Any, Any]) -> None:
    """The elements of ``r`` into ``a``; where one place stands for several elements, those that change what is there."""
    r = r if r.dtype is a.dtype else cast_array(r, a.dtype)
    if has_overlap(a):
        changed = (a != r) & ((a == a) | (r == r))  # NaN stays NaN
        a[changed] = np.broadcast_to(r, a.shape)[changed]
    else:
        assign(a, r)


def check_target(op: Op, x: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Refuse what this op may not be written into."""
    recorded = op.name not in UNRECORDED
    onto_itself = (
        op.name == "copy" and isinstance(args[1], Tensor) and is_same(x._a, args[1]._a)
    )  # which writes nothing
    overlap = op.name not in FILLING and not onto_itself
    check_writable(x, *args[1:], *kwargs.values(), overlap=overlap, recorded=recorded)

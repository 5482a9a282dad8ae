"""Optimizers whose update is one formula, elementwise: a parameter, its gradient, its state.

The formula is written against ``k`` like the body of an op: read with ndarrays it is the step, read with Tensors the step is
recorded and can be differentiated (``differentiable=True``). It changes the parameter and its state with ``+=``, ``*=`` and
``x[...] =``. Since it is elementwise, many small parameters are joined to one array and changed at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from .. import errors, fpstate
from ..kernels.llvm import patience
from ..readers import arrays, tensors
from ..tensor import Tensor, wrap
from . import fused
from .optimizer import Optimizer, check_parameters, evaluate

#: The module of sparse tensors: before it is loaded no gradient is one, and nothing is asked.
SPARSE = __name__.rpartition(".optim")[0] + ".sparse.tensor"

SMALL = 2048  # elements up to which a parameter is joined with others: a NumPy call costs about as much as adding these

_DEVICES = "['cuda', 'xpu', 'hpu', 'privateuseone', 'xla']"


#: What each optimizer's formula was compiled to for a group, with its settings at that time.
_loops: WeakKeyDictionary[Any, dict[int, tuple[Any, dict[Any, Any]]]] = WeakKeyDictionary()


class GroupOptimizer(Optimizer):
    """An optimizer that changes one group after another: ``update(group, params)``, after ``check`` has passed for all."""

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change all parameters once. ``closure`` recomputes the loss, which is returned."""
        loss = evaluate(closure)
        work = []
        for group in self.param_groups:
            params = [p for p in group["params"] if p._grad is not None]
            if params:
                if not group.get("fused"):  # which asks nobody in PyTorch either
                    check_parameters(params)
                self.check(group, params)
                if SPARSE in sys.modules and any(p._grad.is_sparse for p in params):  # type: ignore[union-attr]
                    self.check_sparse(group)
                work.append((group, params))
        token = fpstate.enter(fpstate.QUIET)
        try:
            for group, params in work:
                if SPARSE in sys.modules:
                    params = self.without_sparse(group, params)
                self.update(group, params)
        finally:
            fpstate.leave(token)
        return loss

    def check(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """Raise before anything is changed."""

    # --- sparse gradients -------------------------------------------------------------------------------------------
    #: What is said where ``change_rows`` is not written; the algorithm's name is put in front.
    refusal = "does not support sparse gradients"

    def check_sparse(self, group: dict[str, Any]) -> None:
        """Raise if a gradient may not be sparse, before anything is changed."""
        if type(self).change_rows is GroupOptimizer.change_rows:
            raise errors.runtime(f"{self.called()} {self.refusal}", "Make the layer with sparse=False.")

    def called(self) -> str:
        """The algorithm's name in errors."""
        return type(self).__name__

    def without_sparse(self, group: dict[str, Any], params: list[Tensor]) -> list[Tensor]:
        """Change the parameters whose gradients are sparse; the others."""
        for p in params:
            if p._grad.is_sparse:  # type: ignore[union-attr]
                self.change_rows(group, p, p._grad)
                p._vc[0] += 1
        return [p for p in params if not p._grad.is_sparse]  # type: ignore[union-attr]

    def change_rows(self, group: dict[str, Any], p: Tensor, grad: Any) -> None:
        """Change a parameter by a sparse gradient."""
        raise NotImplementedError(f"{type(self).__name__}.change_rows")

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """Change the parameters of one group."""
        raise NotImplementedError(f"{type(self).__name__}.update")


class Elementwise(GroupOptimizer):
    """``start`` makes a parameter's state, ``names`` says which of it the formula ``change`` reads, in order."""

    #: Whether the formula's numbers are made of the group's settings alone, not of how many steps there were.
    only_settings = False
    #: What a capturable step must find on an accelerator, in PyTorch's words.
    captured = "params and state_steps"

    def check(self, group: dict[str, Any], params: list[Tensor]) -> None:
        if group.get("capturable"):
            raise errors.advised(
                AssertionError(f"If capturable=True, {self.captured} must be on supported devices: {_DEVICES}."),
                "There is no accelerator: leave capturable out.",
            )
        if group.get("differentiable") and group.get("foreach"):
            raise AssertionError("_foreach ops don't support autograd")
        if group.get("fused"):
            for p in params:
                if not p.is_floating_point():
                    raise errors.runtime(
                        "`fused=True` requires all the params to be floating point Tensors of supported devices: ['cpu'] but "
                        f"{p.dtype} and cpu"
                    )

    def names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """The state that the formula reads."""
        raise NotImplementedError(f"{type(self).__name__}.names")

    def start(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        """Make the state of a parameter; ``step`` counts from zero."""
        raise NotImplementedError(f"{type(self).__name__}.start")

    def change(self, k: Any, group: dict[str, Any], a: Any, g: Any, step: float, *state: Any) -> None:
        """Change ``a`` and its state by the gradient ``g``."""
        raise NotImplementedError(f"{type(self).__name__}.change")

    def count(self, state: dict[str, Any]) -> float:
        """Which step this is, from 1 on. It is counted in the state."""
        cell = state["step"]._a
        step: float = cell.item() + 1.0
        cell.fill(step)
        return step

    # --- one step -----------------------------------------------------------------------------------------------------
    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        names = self.names(group)
        loops = self.loops(group, params)
        together: dict[Any, list[Any]] = {}
        states, finishes = self.state, type(self).finish is not Elementwise.finish
        for p in params:
            state = states[p]
            if not state:
                self.start(group, p, state)
            step = self.count(state)
            if group.get("differentiable"):
                self._change_tensors(group, p, step, state, names)
                continue
            a = p._a
            values = [a, p._grad._a, *[state[n]._a for n in names]]  # type: ignore[union-attr]
            if a.dtype.kind == "c":
                self._change_arrays(group, step, [_real(x) for x in values])
            elif loops is not None and self._ran(loops, group, step, values):
                pass
            elif a.size > SMALL:
                self._change_arrays(group, step, values)
            else:
                rows = together.get((a.dtype, step))
                if rows is None:
                    together[a.dtype, step] = [values]
                else:
                    rows.append(values)
            p._vc[0] += 1
            if finishes:
                self.finish(group, state, step)
        for (_, step), rows in together.items():
            if len(rows) == 1 or len({id(a if a.base is None else a.base) for a, *_ in rows}) < len(rows):
                for row in rows:  # one after another where parameters share memory
                    self._change_arrays(group, step, row)
                continue
            columns = list(zip(*rows, strict=True))
            flat = [_joined(column) for column in columns]
            self._change_arrays(group, step, flat)
            del flat[1], columns[1]  # the gradients stay as they are
            for whole, column in zip(flat, columns, strict=True):
                _split(whole, column)

    def loops(self, group: dict[str, Any], params: list[Tensor]) -> dict[Any, Any] | None:
        """The loops of this step, by dtype and number of the step; None as long as NumPy does the work.

        Where their numbers are made of settings alone they stay as long as those do; a setting that is a tensor may change at any
        time.
        """
        if group.get("differentiable") or not patience.over(sum([p._a.size for p in params]), len(params)):
            return None
        settings = [value for name, value in group.items() if name != "params"]
        if not self.only_settings or any([isinstance(value, Tensor) for value in settings]):
            return {}
        kept = _loops.get(self)
        if kept is None:
            kept = _loops[self] = {}
        known, loops = kept.get(id(group), (None, {}))
        if known != settings:
            loops = {}
            kept[id(group)] = settings, loops
        return loops

    def _ran(self, loops: dict[Any, Any], group: dict[str, Any], step: float, values: list[Any]) -> bool:
        """Whether a loop has changed these arrays."""
        dtype = values[0].dtype
        found = loops.get((dtype, step))
        if found is None:

            def change(k: Any, a: Any, g: Any, *state: Any) -> None:
                self._change_arrays(group, step, [a, g, *state], k)

            try:
                found = fused.recorded(change, dtype, len(values) - 2)
            except fused.Unreadable:
                found = (None, ())
            loops[dtype, step] = found
        loop, numbers = found
        return loop is not None and loop(*values, *numbers)

    def _change_arrays(self, group: dict[str, Any], step: float, values: list[Any], k: Any = arrays) -> None:
        a, g, *state = values
        if group["maximize"]:
            g = -g
        self.change(k, group, a, self.decay(k, group, a, g), step, *state)

    def _change_tensors(
        self, group: dict[str, Any], p: Any, step: float, state: dict[str, Any], names: tuple[str, ...]
    ) -> None:
        values = [state[n].clone() for n in names]  # what this step's graph saves is not written to by the next
        g = -p.grad if group["maximize"] else p.grad
        self.change(tensors, group, p, self.decay(tensors, group, p, g), step, *values)
        state.update(zip(names, values, strict=True))
        self.finish(group, state, step)

    def decay(self, k: Any, group: dict[str, Any], a: Any, g: Any) -> Any:
        """Weight decay: part of the gradient, or, decoupled, of the parameter."""
        rate = group["weight_decay"]
        if rate.__class__ is not float:
            rate = number(rate)
        if rate == 0:
            return g
        if group.get("decoupled_weight_decay"):
            a *= 1 - number(group["lr"]) * rate
            return g
        return k.fma(a, rate, g)

    def finish(self, group: dict[str, Any], state: dict[str, Any], step: float) -> None:
        """After a step: state that is no element-wise array."""


def lerp(k: Any, a: Any, end: Any, weight: float) -> None:
    """Move ``a`` towards ``end``: PyTorch's ``lerp``, which measures from the nearer end."""
    if abs(weight) < 0.5:
        k.accumulate(a, end - a, weight)
    else:
        a[...] = k.fma(a - end, 1 - weight, end)


def number(x: Any) -> Any:
    """A setting, which may be a tensor, as a Python number."""
    return x.item() if isinstance(x, Tensor) else x


def zero_step() -> Tensor:
    return wrap(np.zeros((), np.float32))


def zeros(p: Tensor) -> Tensor:
    return wrap(np.zeros_like(p._a))


def _joined(column: Sequence[Any]) -> Any:
    return np.concatenate([x.reshape(-1) for x in column])


def _split(whole: Any, column: Sequence[Any]) -> None:
    at = 0
    for x in column:
        end = at + x.size
        x[...] = whole[at:end] if x.ndim == 1 else whole[at:end].reshape(x.shape)
        at = end


def _real(a: Any) -> Any:
    """A complex array as its real and imaginary parts, a last dimension of 2 on the same memory."""
    part = a.real
    return np.lib.stride_tricks.as_strided(part, (*a.shape, 2), (*a.strides, part.itemsize))


def check_fused(fused: Any, foreach: Any, differentiable: bool) -> None:
    """The settings that exclude each other."""
    if fused:
        if differentiable:
            raise errors.runtime("`fused` does not support `differentiable`")
        if foreach:
            raise errors.runtime("`fused` and `foreach` cannot be `True` together.")

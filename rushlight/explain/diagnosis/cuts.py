"""Where gradients end, and where a loss is made of the wrong things: heard while the first steps run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...autograd import mode
from ...nn import functional
from ...ops import losses
from ...tensor import Parameter, Tensor
from .. import places
from ..nonfinite import public_name
from .changes import all_pairs, are_probabilities, computed, misfit
from .trace import Bounded, Cut, Trace

#: Methods that hand on values without their history.
LEAVING = ("detach", "item", "tolist", "numpy", "detach_")
#: What makes bounded numbers of logits, and what takes logits.
BOUNDING = frozenset({"softmax", "sigmoid", "tanh"})
#: Functions whose derivative is 0 wherever there is one.
FLAT = frozenset({"round", "floor", "ceil", "trunc", "sign", "sgn", "heaviside", "fix"})
#: A sum of probabilities that no rounding explains, in bfloat16 either.
FAR_FROM_ONE = 0.1
#: A logarithm of a probability that is no rounding of 0.
ABOVE_ZERO = 1e-3
TAKING_LOGITS = {"log_softmax": "cross_entropy", "bce_logits": "binary_cross_entropy_with_logits"}


def class_dim(a: np.ndarray[Any, Any]) -> int:
    """Where the classes lie in what a loss is given."""
    return 1 if a.ndim > 1 else 0


class Cuts:
    """Listens for what cuts the graph, for targets that do not fit, for bounded numbers taken as logits."""

    MOST = 60

    def __init__(self, trace: Trace):
        self.trace = trace
        self.leaving: Callable[[Tensor], None] = lambda tensor: None  # told of what is handed on without its history
        self.unrecorded_at: dict[int, Cut] = {}  # where parameters were used while nothing was recorded, by identity
        self.logarithms: list[Any] = []  # what log_softmax gave
        self.made: list[tuple[Any, str, places.Line | None, str]] = []  # by what is in BOUNDING, and where

    def install(self) -> None:
        """In this process for good: note each call of a method that leaves the graph."""
        for name in LEAVING:
            setattr(Tensor, name, self.noting(name, getattr(Tensor, name)))
        cls: Any = Tensor
        data = cls.data

        def get(tensor: Tensor) -> Any:
            self.cut(".data", tensor)
            return data.fget(tensor)

        def assign(tensor: Tensor, value: Any) -> None:
            if tensor.is_leaf and tensor.requires_grad and self.trace.step_line is None and self.trace.backwards:
                self.trace.step_line = places.user_line()
            data.fset(tensor, value)

        cls.data = property(get, assign)
        divergence: Any = functional.kl_div

        def kl_div(input: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(input, Tensor) and input._a.size and input._a.max() > ABOVE_ZERO:
                self.above_zero("kl_div", input._a)
            return divergence(input, *args, **kwargs)

        setattr(functional, "kl_div", kl_div)  # noqa: B010
        expand = losses._broadcast

        def compared(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
            self.compared("the loss", all_pairs(input, target))
            return expand(input, target)

        losses._broadcast = compared

    def noting(self, name: str, method: Any) -> Any:
        def noted(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
            self.cut(f"{name}()", tensor)
            return method(tensor, *args, **kwargs)

        return noted

    def cut(self, how: str, tensor: Tensor) -> None:
        edge = tensor._edge
        if how in ("detach()", ".data"):
            self.leaving(tensor)
        if edge is not None and not edge[0].is_leaf and len(self.trace.cuts) < self.MOST:
            found = Cut(how, places.user_line(), places.module_path())
            if found.line is not None and found not in self.trace.cuts:
                self.trace.cuts.append(found)

    def heard(self, op: Any, inputs: tuple[Any, ...], arrays: tuple[Any, ...], result: Any) -> None:
        """After each operation."""
        if op.name in FLAT and mode.recording() and isinstance(inputs[0], Tensor) and computed(inputs[0]):
            found = Cut(f"{public_name(op)}()", places.user_line(), places.module_path())
            if found not in self.trace.flats:
                self.trace.flats.append(found)
        if not mode.recording() or op.all_nondiff or all(answer == "nondiff" for answer in op.answers.values()):
            self.unrecorded(inputs)
            how = "torch.no_grad()" if not mode.recording() else f"{public_name(op)}()"
            for x in inputs:
                if isinstance(x, Tensor):
                    self.cut(how, x)
        self.compared(op.name, misfit(op, inputs))
        if op.name == "log_softmax":
            self.logarithms = [*self.logarithms[-4:], result]
        if op.name in BOUNDING:
            self.made = [*self.made[-8:], (result, op.name, places.user_line(), places.module_path())]
        elif op.name in TAKING_LOGITS:
            self.look_for_bounded(TAKING_LOGITS[op.name], arrays[0])
        elif op.name == "nll" and arrays[0].size:
            self.of_logarithms(arrays[0])

    def unrecorded(self, inputs: tuple[Any, ...]) -> None:
        """Parameters are used while nothing is recorded."""
        for x in inputs if not mode.recording() else ():
            leaf = x._base if isinstance(x, Tensor) and x._base is not None else x
            if isinstance(leaf, Parameter) and leaf.requires_grad and id(leaf) not in self.unrecorded_at:
                self.unrecorded_at[id(leaf)] = Cut("torch.no_grad()", places.user_line(), places.module_path())

    def of_logarithms(self, a: np.ndarray[Any, Any]) -> None:
        """What ``nll_loss`` is given."""
        trace = self.trace
        if a.max() > ABOVE_ZERO:
            self.above_zero("nll_loss", a)
        elif a.ndim == 2 and trace.not_normalised is None:
            probabilities = np.exp(a.astype(np.float64))
            sums, across = probabilities.sum(1), probabilities.sum(0)
            other = np.allclose(across, 1.0, atol=1e-2) or any(np.may_share_memory(x, a) for x in self.logarithms)
            if other and np.isfinite(sums).all() and not np.allclose(sums, 1.0, atol=FAR_FROM_ONE):
                trace.not_normalised = (places.user_line(), a.shape, float(sums.min()), float(sums.max()))

    def above_zero(self, taker: str, a: np.ndarray[Any, Any]) -> None:
        """A loss takes these for logarithms of probabilities."""
        found = (places.user_line(), float(a.max()), taker, are_probabilities(a))
        self.trace.logits_as_logarithms = self.trace.logits_as_logarithms or found

    def compared(self, name: str, pair: tuple[Tensor, Tensor] | None) -> None:
        """Note a prediction and a target of which all pairs are compared."""
        if pair is not None:
            found = (name, pair[0]._a.shape, pair[1]._a.shape, places.user_line())
            if found not in self.trace.misfits:
                self.trace.misfits.append(found)

    def look_for_bounded(self, taker: str, logits: Any) -> None:
        """Whether what a loss takes as logits is what a softmax, sigmoid or tanh gave."""
        for result, name, line, module in self.made:
            found = Bounded(name, line, module, taker)
            if np.may_share_memory(result, logits) and found not in self.trace.bounded:
                self.trace.bounded.append(found)
        if (
            taker == "cross_entropy"
            and not self.trace.bounded
            and are_probabilities(np.moveaxis(logits, class_dim(logits), -1))
        ):
            self.trace.bounded.append(Bounded("softmax", places.user_line(), places.module_path(), taker, by_hand=True))

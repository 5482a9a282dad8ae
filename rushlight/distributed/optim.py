"""``torch.distributed.optim``: optimizers whose parameters or state are spread over processes, of which there is one."""

from __future__ import annotations

import inspect
from typing import Any

from .. import errors
from ..autograd.mode import no_grad
from ..optim import Optimizer
from .autograd import get_gradients


class DistributedOptimizer:
    """An optimizer for parameters behind references, whose gradients lie in a context of ``torch.distributed.autograd``.

    Args:
        optimizer_class: an optimizer. params_rref: references to parameters. The rest goes to the optimizer.
    """

    def __init__(self, optimizer_class: Any, params_rref: list[Any], *args: Any, **kwargs: Any):
        self.is_functional_optim = False
        self._params = [reference.local_value() for reference in params_rref]
        self._optimizer = optimizer_class(self._params, *args, **kwargs)

    def step(self, context_id: int) -> None:
        """One step with the gradients of a context."""
        found = get_gradients(context_id)
        for parameter in self._params:
            parameter.grad = found.get(parameter)
        self._optimizer.step()


class ZeroRedundancyOptimizer(Optimizer):
    """An optimizer whose state would be cut into parts, one a process; the one process has all of it.

    Args:
        params: parameters or groups. optimizer_class: an optimizer, which gets ``defaults``.
    """

    param_groups: list[dict[str, Any]]
    state: dict[Any, Any]

    def __init__(
        self, params: Any, optimizer_class: Any, process_group: Any = None, parameters_as_bucket_view: bool = False,
        overlap_with_ddp: bool = False, **defaults: Any,
    ):  # fmt: skip
        if not (inspect.isclass(optimizer_class) and issubclass(optimizer_class, Optimizer)):
            raise errors.type_(f"optimizer_class must be an optimizer, but got {optimizer_class}")
        from . import default_group

        self.process_group: Any = process_group or default_group()
        self.optim: Optimizer = optimizer_class(params, **defaults)
        super().__init__(self.optim.param_groups, self.optim.defaults)
        self.param_groups, self.state = self.optim.param_groups, self.optim.state

    def step(self, closure: Any = None, **kwargs: Any) -> Any:
        """The optimizer's step."""
        with no_grad():
            return self.optim.step(**kwargs) if closure is None else self.optim.step(closure=closure, **kwargs)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group."""
        if param_group in getattr(self.optim, "param_groups", ()):
            self.__dict__.setdefault("param_groups", []).append(param_group)
        else:
            self.optim.add_param_group(param_group)

    def consolidate_state_dict(self, to: int = 0) -> None:
        """Bring the parts of the state to one rank: they are there."""

    def state_dict(self) -> dict[str, Any]:
        """The optimizer's."""
        return self.optim.state_dict()  # type: ignore[no-any-return]

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what ``state_dict`` gave."""
        self.optim.load_state_dict(state_dict)
        self.param_groups, self.state = self.optim.param_groups, self.optim.state


__all__ = ["DistributedOptimizer", "ZeroRedundancyOptimizer"]

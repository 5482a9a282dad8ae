"""A module's border: the identity through which its backward hooks see gradients pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..autograd.function import Function
from ..tensor import Tensor

if TYPE_CHECKING:
    from .module import Module

Hook = Callable[..., Any]


class Border(Function):
    """Hands tensors on; in backward hands their gradients to a function."""

    @staticmethod
    def forward(ctx: Any, watch: Callable[[Any], Any], *tensors: Any) -> Any:
        ctx.watch = watch
        out = tuple(t.view_as(t) for t in tensors)
        return out if len(out) > 1 else out[0]

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return (None, *ctx.watch(grads))


class BackwardHooks:
    """Watches the gradients at a module's borders for full backward hooks: those that there are when it is called, as in PyTorch."""

    def __init__(self, module: Module, hooks: tuple[Hook, ...], pre_hooks: tuple[Hook, ...]):
        self.module: Any = module
        self.hooks: Any = hooks
        self.pre_hooks: Any = pre_hooks
        self.grad_output: tuple[Any, ...] | None = None
        self.inputs: list[Tensor] = []

    def watch_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        tensors = [a for a in args if isinstance(a, Tensor) and a.requires_grad]
        if not tensors:
            return args
        passed = iter(Border.apply(self.leave, *tensors) if len(tensors) > 1 else (Border.apply(self.leave, *tensors),))
        self.inputs = tensors
        return tuple(next(passed) if isinstance(a, Tensor) and a.requires_grad else a for a in args)

    def watch_outputs(self, output: Any) -> Any:
        many = isinstance(output, (tuple, list))
        tensors = [t for t in (output if many else [output]) if isinstance(t, Tensor) and t.requires_grad]
        if not tensors:
            return output
        passed = Border.apply(self.enter, *tensors)
        passed = iter(passed if isinstance(passed, tuple) else (passed,))
        items = [
            next(passed) if isinstance(t, Tensor) and t.requires_grad else t for t in (output if many else [output])
        ]
        return type(output)(items) if many else items[0]

    def enter(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.pre_hooks:
            result = hook(self.module, grads)
            if result is not None:
                grads = result if isinstance(result, tuple) else (result,)
        self.grad_output = grads
        if not self.inputs:
            for hook in self.hooks:
                hook(self.module, (None,), grads)
        return grads

    def leave(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.hooks:
            result = hook(self.module, grads, self.grad_output)
            if result is not None:
                grads = result if isinstance(result, tuple) else (result,)
        return grads

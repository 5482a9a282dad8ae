"""``torch.nn.grad``: the gradients of convolutions for input and weight, as functions of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd import grad
from ..autograd.mode import enable_grad
from ..ops.create import empty
from ..tensor import Tensor
from . import functional

F: Any = functional


def _gradient(dims: int, x: Any, w: Any, grad_output: Tensor, of_input: bool, settings: tuple[Any, ...]) -> Tensor:
    """The gradient for one of the two; of that one the convolution needs the size alone."""
    size = x if of_input else w
    other = w if of_input else x
    with enable_grad():
        wanted = empty(tuple(size), dtype=other.dtype).requires_grad_()
        given = other.detach()
        out = getattr(F, f"conv{dims}d")(*((wanted, given) if of_input else (given, wanted)), None, *settings)
    return grad(out, wanted, grad_output)[0]  # type: ignore[no-any-return]


def _pair(dims: int) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """The two functions of the convolution of so many dimensions."""

    def to_input(
        input_size: Any, weight: Tensor, grad_output: Tensor, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
    ) -> Tensor:  # fmt: skip
        return _gradient(dims, input_size, weight, grad_output, True, (stride, padding, dilation, groups))

    def to_weight(
        input: Tensor, weight_size: Any, grad_output: Tensor, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
    ) -> Tensor:  # fmt: skip
        return _gradient(dims, input, weight_size, grad_output, False, (stride, padding, dilation, groups))

    for function, name in ((to_input, "input"), (to_weight, "weight")):
        function.__name__ = function.__qualname__ = f"conv{dims}d_{name}"
        function.__doc__ = (
            f"The gradient of ``F.conv{dims}d`` for {'an input' if name == 'input' else 'a weight'} of ``{name}_size``, where that for "
            "the output is ``grad_output``."
        )
    return to_input, to_weight


conv1d_input, conv1d_weight = _pair(1)
conv2d_input, conv2d_weight = _pair(2)
conv3d_input, conv3d_weight = _pair(3)

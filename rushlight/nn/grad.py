"""``torch.nn.grad``: the gradients of convolutions for input and weight, as functions of their own."""

from __future__ import annotations

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


def conv1d_input(
    input_size: Any, weight: Tensor, grad_output: Tensor, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:  # fmt: skip
    """The gradient of ``F.conv1d`` for an input of ``input_size``, where that for the output is ``grad_output``."""
    return _gradient(1, input_size, weight, grad_output, True, (stride, padding, dilation, groups))


def conv1d_weight(
    input: Tensor, weight_size: Any, grad_output: Tensor, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:  # fmt: skip
    """The gradient of ``F.conv1d`` for a weight of ``weight_size``, where that for the output is ``grad_output``."""
    return _gradient(1, input, weight_size, grad_output, False, (stride, padding, dilation, groups))


def conv2d_input(
    input_size: Any, weight: Tensor, grad_output: Tensor, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:  # fmt: skip
    """The gradient of ``F.conv2d`` for an input of ``input_size``, where that for the output is ``grad_output``."""
    return _gradient(2, input_size, weight, grad_output, True, (stride, padding, dilation, groups))


def conv2d_weight(
    input: Tensor, weight_size: Any, grad_output: Tensor, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:  # fmt: skip
    """The gradient of ``F.conv2d`` for a weight of ``weight_size``, where that for the output is ``grad_output``."""
    return _gradient(2, input, weight_size, grad_output, False, (stride, padding, dilation, groups))


def conv3d_input(
    input_size: Any, weight: Tensor, grad_output: Tensor, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:  # fmt: skip
    """The gradient of ``F.conv3d`` for an input of ``input_size``, where that for the output is ``grad_output``."""
    return _gradient(3, input_size, weight, grad_output, True, (stride, padding, dilation, groups))


def conv3d_weight(
    input: Tensor, weight_size: Any, grad_output: Tensor, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:  # fmt: skip
    """The gradient of ``F.conv3d`` for a weight of ``weight_size``, where that for the output is ``grad_output``."""
    return _gradient(3, input, weight_size, grad_output, False, (stride, padding, dilation, groups))

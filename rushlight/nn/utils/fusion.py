"""``torch.nn.utils.fusion``: a batch normalisation in eval mode, written into the weights of the layer before it.

In eval mode ``bn(layer(x))`` is one affine map: with ``s = weight / sqrt(running_var + eps)`` the layer's weight is multiplied by
``s`` for each output channel, and its bias becomes ``(bias - running_mean) * s + bn.bias``.
"""

from __future__ import annotations

import copy
from typing import Any

from ...ops.likes import ones_like, zeros_like
from ...tensor import Parameter, Tensor
from ..module import Module


def _fused(
    weight: Tensor, bias: Tensor | None, mean: Tensor, var: Tensor, eps: float, scale: Tensor | None, shift: Tensor | None,
    shape: list[int],
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight and bias with the normalisation in them, in the dtypes of the layer's own."""
    bias_dtype = weight.dtype if bias is None else bias.dtype
    bias = zeros_like(mean) if bias is None else bias
    scale = ones_like(mean) if scale is None else scale
    shift = zeros_like(mean) if shift is None else shift
    inverse = (var + eps).rsqrt()
    new_weight = (weight * (scale * inverse).reshape(shape)).to(dtype=weight.dtype)
    new_bias = ((bias - mean) * inverse * scale + shift).to(dtype=bias_dtype)
    return Parameter(new_weight, weight.requires_grad), Parameter(new_bias, bias.requires_grad)


def _copied(layer: Module, bn: Module) -> tuple[Any, Tensor, Tensor]:
    """A copy of the layer, and the statistics that the normalisation has gathered.

    Raises:
        AssertionError: in training mode, or if there are none.
    """
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    mean, var = getattr(bn, "running_mean", None), getattr(bn, "running_var", None)
    if mean is None or var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    return copy.deepcopy(layer), mean, var


def fuse_conv_bn_weights(
    conv_w: Tensor, conv_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor | None, bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight and bias of a convolution with the normalisation after it written into them.

    ``transpose``: a transposed convolution, whose output channels are the second dimension of the weight.
    """
    leading = [1, -1] if transpose else [-1, 1]
    return _fused(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, leading + [1] * (conv_w.dim() - 2))


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A convolution that computes ``bn(conv(x))``; both in eval mode, both left as they are.

    Raises:
        AssertionError: in training mode, or for a normalisation without running statistics.
    """
    fused, mean, var = _copied(conv, bn)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, mean, var, bn.eps, bn.weight, bn.bias, transpose
    )
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor | None, bn_b: Tensor | None
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight and bias of a linear layer with the normalisation after it written into them."""
    return _fused(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, [-1, 1])


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A linear layer that computes ``bn(linear(x))``; both in eval mode, both left as they are.

    Raises:
        AssertionError: in training mode, for a normalisation without running statistics, or one of another number of features
            than the layer has outputs.
    """
    fused, mean, var = _copied(linear, bn)
    if linear.out_features != bn.num_features and bn.num_features != 1:
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, "
            f"got linear.out_features={linear.out_features} and bn.num_features={bn.num_features}"
        )
    fused.weight, fused.bias = fuse_linear_bn_weights(fused.weight, fused.bias, mean, var, bn.eps, bn.weight, bn.bias)
    return fused

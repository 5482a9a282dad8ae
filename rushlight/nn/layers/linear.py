"""Linear maps and shapes."""

from __future__ import annotations

import math
from typing import Any

from ... import errors, types
from ...errors import check_dim
from ...meta import of_size
from ...tensor import Parameter, Tensor
from .. import functional as F
from .. import init
from ..module import Module


def empty_parameter(shape: tuple[int, ...], dtype: Any = None, device: Any = None) -> Parameter:
    """A parameter whose values are still to be drawn."""
    for n in shape:
        if n < 0:
            raise errors.runtime(f"Trying to create tensor with negative dimension {n}: {list(shape)}")
    kind = types.PYTHON_TYPES.get(dtype, dtype) or types.get_default_dtype()
    return Parameter(of_size(shape, kind.np, device))  # type: ignore[no-any-return]


class Identity(Module):
    """Hands its input on."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return input


class Linear(Module):
    """``input @ weight.T + bias``; weight is (out_features, in_features)."""

    _takes = "[*, {0.in_features}]"

    in_features: int
    out_features: int

    def __init__(self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight: Parameter = empty_parameter((out_features, in_features), dtype, device)
        if bias:
            self.bias: Parameter = empty_parameter((out_features,), dtype, device)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters: both uniform on (-1/sqrt(in_features), 1/sqrt(in_features))."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        own = self._parameters  # asked first, as an attribute that is a parameter takes longer to find
        weight, bias = own.get("weight"), own.get("bias")
        weight, bias = self.weight if weight is None else weight, self.bias if bias is None else bias
        return F.linear(input, weight, bias)  # type: ignore[no-any-return, attr-defined]

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class NonDynamicallyQuantizableLinear(Linear):
    """A ``Linear`` under the name that PyTorch prints for the output projection of attention."""


class Flatten(Module):
    """Dimensions merged into one."""

    start_dim: int
    end_dim: int

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        return input.flatten(self.start_dim, self.end_dim)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """One dimension split into several."""

    dim: int
    unflattened_size: Any

    def __init__(self, dim: int, unflattened_size: Any):
        super().__init__()
        if not isinstance(dim, int):
            raise NotImplementedError("Unflatten: named dimensions are not supported; give the dimension's number")
        if not isinstance(unflattened_size, (tuple, list)):
            raise TypeError(
                f"unflattened_size must be a tuple of ints, but found type {type(unflattened_size).__name__}"
            )
        for i, size in enumerate(unflattened_size):
            if not isinstance(size, int):
                raise TypeError(
                    f"unflattened_size must be tuple of ints, but found element of type {type(size).__name__} at pos {i}"
                )
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        dim = check_dim(self.dim, input._a.ndim)
        shape = input._a.shape
        return input.view((*shape[:dim], *self.unflattened_size, *shape[dim + 1 :]))  # type: ignore[no-any-return, attr-defined]

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Bilinear(Module):
    """``x1 @ weight[k] @ x2 + bias[k]`` for each output k; weight is (out_features, in1_features, in2_features)."""

    _takes = "[*, {0.in1_features}] and [*, {0.in2_features}]"

    in1_features: int
    in2_features: int
    out_features: int

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ):  # fmt: skip
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got (in1_features={in1_features})")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight: Parameter = empty_parameter((out_features, in1_features, in2_features), dtype, device)
        self.register_parameter("bias", empty_parameter((out_features,), dtype, device) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters: both uniform on (-1/sqrt(in1_features), 1/sqrt(in1_features))."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)  # type: ignore[no-any-return, attr-defined]

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )

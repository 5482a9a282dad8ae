"""``torch.nn.init``: fill parameters with numbers whose scale suits the layer. The draws are PyTorch's, bit for bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors
from ..asking import asking
from ..kernels.lazy import settle
from ..meta import is_meta
from ..random import normal as normal_family
from ..random import uniform as uniform_family
from ..random.generator import default_generator
from ..tensor import Tensor
from ..writing import bump, check_inference

_UNIT_GAIN = (
    "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid",
)  # fmt: skip


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which a nonlinearity's layer should be scaled: 1 for linear, 5/3 for tanh, sqrt(2) for relu."""
    if nonlinearity in _UNIT_GAIN:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        if param is None:
            slope = 0.01
        elif isinstance(param, (int, float)) and not isinstance(param, bool):
            slope = param
        else:
            raise errors.value(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise errors.value(f"Unsupported nonlinearity {nonlinearity}")


def _fans(tensor: Tensor) -> tuple[int, int]:
    """Inputs and outputs of one unit: sizes 1 and 0 of the weight times its receptive field."""
    shape = tensor._a.shape
    if len(shape) < 2:
        raise errors.value("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


_calculate_fan_in_and_fan_out = _fans


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise errors.value(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan_in, fan_out = _fans(tensor)
    return fan_in if mode == "fan_in" else fan_out


def _memory(tensor: Tensor) -> Any:
    """The array that is filled."""
    check_inference(tensor)
    return tensor._a


def _drawn(tensor: Tensor) -> Any:
    """The array that numbers are drawn for: none for a tensor without elements."""
    return np.empty(0, tensor._a.dtype) if is_meta(tensor) else _memory(tensor)


def _written(tensor: Tensor) -> Tensor:
    bump(tensor)
    return tensor


@asking
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Fill from the uniform distribution on [a, b)."""
    uniform_family.uniform_(generator or default_generator, _drawn(tensor), a, b)
    return _written(tensor)


@asking
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Fill from the normal distribution."""
    normal_family.normal_(generator or default_generator, _drawn(tensor), mean, std)
    return _written(tensor)


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Tensor:
    """Fill from the normal distribution restricted to [a, b]."""
    from ..random.truncated import trunc_normal_ as fill

    fill(generator or default_generator, _drawn(tensor), mean, std, a, b)
    return _written(tensor)


@asking
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value."""
    settle()
    _memory(tensor)[...] = val
    return _written(tensor)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with one."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zero."""
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity."""
    if tensor._a.ndim != 2:
        raise errors.value("Only tensors with 2 dimensions are supported")
    settle()
    _memory(tensor)[...] = np.eye(*tensor._a.shape)
    return _written(tensor)


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill a convolution's weight so that it hands its inputs on, as many as there are channels."""
    shape = tensor._a.shape
    if len(shape) not in (3, 4, 5):
        raise errors.value("Only tensors with 3, 4, or 5 dimensions are supported")
    if shape[0] % groups:
        raise errors.value("dim 0 must be divisible by groups")
    per_group = shape[0] // groups
    settle()
    _memory(tensor)[...] = 0
    centre = tuple(n // 2 for n in shape[2:])
    for group in range(groups):
        for d in range(min(per_group, shape[1])):
            tensor._a[(group * per_group + d, d, *centre)] = 1
    return _written(tensor)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform on [-a, a), a = gain sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio 2010)."""
    fan_in, fan_out = _fans(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    a = math.sqrt(3.0) * std
    return uniform_(tensor, -a, a, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal with std = gain sqrt(2 / (fan_in + fan_out)) (Glorot & Bengio 2010)."""
    fan_in, fan_out = _fans(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(fan_in + fan_out)), generator)


@asking
def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Uniform on [-b, b), b = gain sqrt(3 / fan) (He et al. 2015)."""
    if 0 in tensor._a.shape:
        errors.warn("Initializing zero-element tensors is a no-op", UserWarning, stacklevel=3)
        return tensor
    fan = _calculate_correct_fan(tensor, mode)
    std = calculate_gain(nonlinearity, a) / math.sqrt(fan)
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Normal with std = gain / sqrt(fan) (He et al. 2015)."""
    if 0 in tensor._a.shape:
        errors.warn("Initializing zero-element tensors is a no-op", UserWarning, stacklevel=2)
        return tensor
    fan = _calculate_correct_fan(tensor, mode)
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / math.sqrt(fan), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Fill with a (semi-)orthogonal matrix: the Q of a normal matrix's QR decomposition (Saxe et al. 2013).

    The draws are PyTorch's; the digits of Q depend on the LAPACK.
    """
    if tensor._a.ndim < 2:
        raise errors.value("Only tensors with 2 or more dimensions are supported")
    if not tensor._a.size or is_meta(tensor):
        return tensor
    rows = tensor._a.shape[0]
    flat = np.empty((rows, tensor._a.size // rows), tensor._a.dtype)
    normal_family.normal_(generator or default_generator, flat, 0.0, 1.0)
    q, r = np.linalg.qr(flat.T if rows < flat.shape[1] else flat)
    q *= np.sign(np.diag(r))
    settle()
    _memory(tensor)[...] = (q.T if rows < flat.shape[1] else q).reshape(tensor._a.shape) * tensor._a.dtype.type(gain)
    return _written(tensor)


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Normal numbers with a share ``sparsity`` of each column set to zero (Martens 2010)."""
    from ..random.permutation import randperm

    if tensor._a.ndim != 2:
        raise errors.value("Only tensors with 2 dimensions are supported")
    rows, columns = tensor._a.shape
    zeros = math.ceil(sparsity * rows)
    normal_family.normal_(generator or default_generator, _drawn(tensor), 0, std)
    for column in range(columns):
        tensor._a[randperm(default_generator, rows)[:zeros], column] = 0
    return _written(tensor)


def _old_name(new: Any) -> Any:
    old = new.__name__[:-1]

    def deprecated(*args: Any, **kwargs: Any) -> Any:
        errors.warn(
            f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new.__name__}`.", FutureWarning, stacklevel=2
        )
        return new(*args, **kwargs)

    deprecated.__wrapped__ = new  # type: ignore[attr-defined]
    deprecated.__name__, deprecated.__doc__ = old, f"The old name of {new.__name__}."
    return deprecated


uniform: Any = _old_name(uniform_)
normal: Any = _old_name(normal_)
constant: Any = _old_name(constant_)
eye: Any = _old_name(eye_)
dirac: Any = _old_name(dirac_)
xavier_uniform: Any = _old_name(xavier_uniform_)
xavier_normal: Any = _old_name(xavier_normal_)
kaiming_uniform: Any = _old_name(kaiming_uniform_)
kaiming_normal: Any = _old_name(kaiming_normal_)
orthogonal: Any = _old_name(orthogonal_)
sparse: Any = _old_name(sparse_)


# By these names packages import what fills without a gradient, which everything here does.
_no_grad_uniform_, _no_grad_normal_, _no_grad_trunc_normal_ = uniform_, normal_, trunc_normal_
_no_grad_fill_, _no_grad_zero_ = constant_, zeros_

"""Dropout: of elements, of whole channels, and the kind that keeps SELU's mean and variance. Draws as PyTorch's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors, levels, types
from ..asking import otherwise
from ..functions import function
from ..meta import is_meta
from ..random.generator import default_generator
from ..random.uniform import bernoulli_scalar_, dropout_noise
from ..tensor import Tensor, wrap

#: SELU's limit at minus infinity with the opposite sign: scale * alpha (Klambauer et al. 2017).
ALPHA = 1.7580993408473766


def _check(p: float) -> None:
    if not 0 <= p <= 1:
        raise errors.value(f"dropout probability has to be between 0 and 1, but got {p}")


def _drawn(input: Tensor, feature: bool, draw: Any) -> Any:
    """What ``draw`` makes of an empty array for the draws, as a tensor; under ``vmap`` for each example."""
    if not levels.running or not levels.drawing() and not isinstance(input, levels.Batched):
        return draw(_noise(input, feature))
    shape = _noise(wrap(np.broadcast_to(np.zeros((), input._a.dtype), input._a.shape)), feature).shape
    return levels.drawn(shape, lambda shape: draw(np.empty(shape, input._a.dtype)))


def _noise(input: Tensor, feature: bool) -> Any:
    """An empty array for the draws: of the input's layout, or (N, C, 1, ...) for whole channels."""
    a = input._a
    if a.dtype.kind in "biu":
        raise errors.runtime(
            f"result type Float can't be cast to the desired output type {types.scalar_name(input.dtype)}"
        )
    if not feature:
        return np.empty_like(a)
    if a.ndim < 2:
        raise errors.runtime("Feature dropout requires at least 2 dimensions in the input")
    return np.empty((*a.shape[:2], *[1] * (a.ndim - 2)), a.dtype)


def _multiplied(input: Any, p: float, training: bool, inplace: bool, feature: bool) -> Tensor:
    if not isinstance(input, Tensor):
        error = errors.not_a_tensor("dropout", "input", 1, input)
        return otherwise(dropout, (input, p, training, inplace), {}, error)  # type: ignore[no-any-return]
    if not training or p == 0 or not input._a.size:
        return input
    if p == 1:
        noise: Any = input.new_zeros(())
    elif is_meta(input):
        noise = input
    else:
        noise = _drawn(input, feature, lambda a: wrap(dropout_noise(default_generator, a, p)))
    return input.mul_(noise) if inplace else input * noise  # type: ignore[no-any-return]


def _alpha(input: Any, p: float, training: bool, inplace: bool, feature: bool) -> Tensor:
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("alpha_dropout", "input", 1, input)
    if not training or p == 0 or not input._a.size:
        return input
    if p == 1:
        return _multiplied(input, p, training, inplace, feature)
    noise = _drawn(input, feature, lambda a: wrap(bernoulli_scalar_(default_generator, a, 1 - p)))
    a = 1.0 / math.sqrt((ALPHA * ALPHA * p + 1) * (1 - p))
    shift = (noise - 1) * (ALPHA * a) + ALPHA * a * p
    scale = noise * a
    if inplace:
        return input.mul_(scale).add_(shift)  # type: ignore[no-any-return]
    return input * scale + shift  # type: ignore[no-any-return]


def _samples(*shapes: tuple[int, ...]) -> Any:
    def make(m: Any) -> list[Any]:
        out = [m(m.f(*s), 0.3, True) for s in shapes]
        out += [m(m.f(*shapes[0]), 0.0, True), m(m.f(*shapes[0]), 1.0, True), m(m.f(*shapes[0]), 0.5, False)]
        out += [m(m.nc(*shapes[0]), 0.5, True), m(m.f(*[0 for _ in shapes[0]]), 0.5, True)]
        few = [] if len(shapes[0]) == 2 and () in shapes else [m.without("0-d", "channels are a dimension")]
        return [*out, *few]

    return make


def _errors(m: Any) -> list[Any]:
    return [m.error(ValueError, "dropout probability has to be between 0 and 1", m.f(2, 3, 2), 1.5)]


@function(name="nn.functional.dropout", asks=False, samples=_samples((3, 4), ()), errors=_errors)
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Elements set to zero with probability ``p``, the others divided by ``1 - p``; nothing outside training."""
    _check(p)
    return _multiplied(input, p, training, inplace, False)


@function(name="nn.functional.alpha_dropout", samples=_samples((3, 4), ()), errors=_errors)
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Elements set to SELU's negative limit, then all scaled and shifted so that mean and variance stay."""
    _check(p)
    return _alpha(input, p, training, inplace, False)


@function(name="nn.functional.feature_alpha_dropout", samples=_samples((3, 4), (2, 3, 4)), errors=_errors)
def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """``alpha_dropout`` of whole channels (dimension 1)."""
    _check(p)
    return _alpha(input, p, training, inplace, True)


def _old_shape(name: str, ndim: int, spatial: int, dims: str) -> None:
    errors.warn(
        f"{name}: Received a {ndim}-D input to {name}, which is deprecated and will result in an error in a future release. To "
        f"retain the behavior and silence this warning, please use dropout instead. Note that {name} exists to provide "
        f"channel-wise dropout on inputs with {spatial} spatial dimensions, a channel dimension, and an optional batch dimension "
        f"(i.e. {dims} inputs).",
        stacklevel=3,
    )


@function(name="nn.functional.dropout1d", samples=_samples((2, 3, 4), (3, 4)), errors=_errors)
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of (N, C, L) or (C, L) set to zero.

    Raises:
        RuntimeError: for other numbers of dimensions.
    """
    _check(p)
    ndim = input._a.ndim
    if ndim not in (2, 3):
        raise errors.runtime(
            f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input. Note that dropout1d exists to provide "
            "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch dimension (i.e. "
            "2D or 3D inputs)."
        )
    return _batched(input, p, training, inplace, ndim == 2)


def _batched(input: Any, p: float, training: bool, inplace: bool, lone: bool) -> Tensor:
    """Channels dropped, of one sample without a batch dimension if ``lone``."""
    if not lone:
        return _multiplied(input, p, training, inplace, True)
    x = input.unsqueeze_(0) if inplace else input.unsqueeze(0)
    out: Any = _multiplied(x, p, training, inplace, True)
    return out.squeeze_(0) if inplace else out.squeeze(0)  # type: ignore[no-any-return]


@function(name="nn.functional.dropout2d", samples=_samples((2, 3, 2, 2)), errors=_errors)
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of (N, C, H, W) set to zero; three dimensions are (N, C, L), with a warning."""
    _check(p)
    ndim = input._a.ndim
    if ndim not in (3, 4):
        _old_shape("dropout2d", ndim, 2, "3D or 4D")
    if ndim == 3:
        errors.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired - input is "
            "interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a future release to "
            "interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise dropout "
            "behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return _multiplied(input, p, training, inplace, True)


@function(name="nn.functional.dropout3d", samples=_samples((2, 3, 2, 2, 2), (3, 2, 2, 2)), errors=_errors)
def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of (N, C, D, H, W) or (C, D, H, W) set to zero."""
    _check(p)
    ndim = input._a.ndim
    if ndim not in (4, 5):
        _old_shape("dropout3d", ndim, 3, "4D or 5D")
    return _batched(input, p, training, inplace, ndim != 5)


def _low_errors(m: Any) -> list[Any]:
    return [m.error(RuntimeError, "dropout probability has to be between 0 and 1", m.f(2, 3), 1.5, True)]


def _low(name: str, alpha: bool, feature: bool, inplace: bool) -> None:
    """``torch.<name>(input, p, train)``, and with a trailing underscore the form that writes into its input."""

    def call(input: Tensor, p: float, train: bool) -> Tensor:
        if not 0 <= p <= 1:
            raise errors.runtime(f"dropout probability has to be between 0 and 1, but got {p:g}")
        return (_alpha if alpha else _multiplied)(input, p, train, inplace, feature)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"What ``nn.functional`` calls: ``{name}(input, p, train)``."
    shapes: Any = ((3, 4), (2, 3, 4)) if feature else ((3, 4), ())
    function(name=name, samples=_samples(*shapes), errors=_low_errors)(call)


for _name, _is_alpha, _is_feature in (
    ("dropout", False, False),
    ("alpha_dropout", True, False),
    ("feature_dropout", False, True),
    ("feature_alpha_dropout", True, True),
):
    _low(_name, _is_alpha, _is_feature, False)
    _low(_name + "_", _is_alpha, _is_feature, True)

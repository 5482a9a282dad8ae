"""Changes to a training that are tried in a copy of it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import nn
from ...nn import functional
from ...ops import losses
from ...tensor import Tensor, wrap
from .. import places
from ..listening import hear_through
from ..statistics import array_of, norm_of
from .trace import Bounded, Part


class Change(NamedTuple):
    """What is done otherwise in a run; each field's default leaves things as they are."""

    rate: float = 1.0  # times the step size
    keep_rate: float = 0.0  # all steps of optimizers have this size, whatever a schedule says
    root: float = 1.0  # times the gradient of the loss
    by_hand: bool = False  # the program changes its parameters itself: the step size is changed through the gradient
    zero: bool = False  # gradients that a step has used are forgotten before the next backward
    hold: tuple[str, ...] = ()  # parameters added to the optimizer
    inputs: tuple[Any, Any] | None = None  # mean and standard deviation that inputs are normalised with
    weights: dict[str, float] | None = None  # standard deviations that weights are drawn anew with, biases being zero
    orthogonal: tuple[tuple[str, Any], ...] = ()  # weights, or parts of some, drawn anew so that they change no length
    rectify: tuple[Any, ...] = ()  # lines and modules at which sigmoid and tanh become relu
    normalise: tuple[str, ...] = ()  # weights whose modules' outputs get mean 0 and deviation 1
    clip: float = 0.0  # largest norm of the gradient
    fill: tuple[str, ...] = ()  # parameters given other numbers
    align: bool = False  # targets take the shape of predictions with as many elements
    logits: tuple[Bounded, ...] = ()  # softmax, sigmoid or tanh that are left out
    log_softmax: bool = False  # before nll_loss
    connect: bool = False  # detach() and .data hand on the tensor itself
    freeze: int = -1  # after so many backwards parameters stay, gradients are averaged and losses kept,
    batches: int = 32  # for so many backwards,
    windows: int = 1  # so many times; then the run ends
    no_decay: bool = False  # optimizers decay no weights
    train: bool = False  # batch normalisation is in training mode
    only_nan: bool = False  # run under detect_nan


def around_step(optimizer: Any, factor: float, kept: float, no_decay: bool) -> list[tuple[Any, str, Any]]:
    """Multiply an optimizer's step sizes, or set them to ``kept`` unless it is 0, and its decay to 0; the groups and what they had."""
    before = [(group, "lr", group["lr"]) for group in optimizer.param_groups if "lr" in group]
    for group, _, lr in before:
        group["lr"] = kept or lr * factor
    for group in optimizer.param_groups if no_decay else ():
        if group.get("weight_decay"):
            before.append((group, "weight_decay", group["weight_decay"]))
            group["weight_decay"] = 0.0
    return before


def redraw(leaf: Tensor, std: float, rng: Any) -> None:
    """Normal numbers of this standard deviation in place of a parameter's."""
    leaf._a[...] = rng.standard_normal(leaf._a.shape) * std
    leaf._vc[0] += 1


def make_orthogonal(leaf: Tensor, part: Part, rng: Any) -> None:
    """A random orthogonal matrix in place of a part of a parameter; if it is not square, one that keeps lengths on an average."""
    a = part.of(leaf._a)
    high, wide = a.shape
    q = np.linalg.qr(rng.standard_normal((max(high, wide), min(high, wide))))[0]
    into, out = (wide, high) if part.axis else (high, wide)
    a[...] = (q if high >= wide else q.T) * max(1.0, np.sqrt(into / out))
    leaf._vc[0] += 1


def clip_gradients(leaves: list[Tensor], largest: float) -> None:
    """Scale all gradients so that their norm together is at most ``largest``."""
    held = [(p, p._grad) for p in leaves if p._grad is not None]
    norm = norm_of(array_of(g) for _, g in held)
    if norm > largest:
        for p, g in held:
            p._grad = g.detach() * (largest / norm)


def normalised(x: Tensor, mean: Any, std: Any) -> Tensor:
    """An input with mean 0 and standard deviation 1 in each feature."""
    at = feature_dim(x._a.ndim)
    shape = [1] * x._a.ndim
    shape[at] = -1
    m, s = (np.asarray(v, x._a.dtype).reshape(shape) for v in (mean, std))
    return wrap((x._a - m) / s)


def normalised_output(x: Tensor) -> Tensor:
    """What a layer gives with mean 0 and standard deviation 1: over the batch by unit or channel, in sequences by place."""
    if x._a.ndim == 3:
        return functional.layer_norm(x, x._a.shape[-1:])  # type: ignore[no-any-return]
    return functional.batch_norm(x, None, None, training=True) if len(x._a) > 1 else x  # type: ignore[no-any-return]


#: Products of an input with a parameter.
LINEAR = frozenset({"addmm", "mm", "mv", "bmm", "baddbmm", "convolve", "convolve_input", "matmul", "linear"})


def raw_input(inputs: tuple[Any, ...]) -> int | None:
    """Which operand of a product holds data, beside a parameter that no module has."""
    tensors = [x for x in inputs if isinstance(x, Tensor)]
    if not any(x._edge is not None and (x._edge[0].is_leaf or x._base is not None) for x in tensors):
        return None
    return next((i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x._edge is None and x._a.ndim > 1), None)


def feature_dim(ndim: int) -> int:
    """Where an input's features lie: channels of images, else the last dimension."""
    return 1 if ndim >= 4 else max(ndim - 1, 0)


#: Operations that compare a prediction with a target element by element.
COMPARING = frozenset({
    "sub", "squared_error", "smoothed_error", "huber_error",
    "absolute_error", "l1_loss", "mse_loss", "smooth_l1", "smooth_l1_loss", "huber", "huber_loss", "mul", "rsub",
})  # fmt: skip


def misfit(op: Any, inputs: tuple[Any, ...]) -> tuple[Tensor, Tensor] | None:
    """A prediction and a target that an operation compares in all pairs; else None."""
    return all_pairs(*inputs[:2]) if op.name in COMPARING and len(inputs) > 1 else None


def all_pairs(x: Any, y: Any) -> tuple[Tensor, Tensor] | None:
    """A prediction and a target with as many elements and other shapes, which broadcasting turns into all pairs; else None."""
    if not isinstance(x, Tensor) or not isinstance(y, Tensor) or x._a.shape == y._a.shape or x._a.size != y._a.size:
        return None
    if x._a.size < 2 or (x._edge is None) == (y._edge is None):
        return None
    if np.broadcast_shapes(x._a.shape, y._a.shape) in (x._a.shape, y._a.shape):
        return None
    return (x, y) if x._edge is not None else (y, x)


# --- changes of what operations do: in a child process for good ---------------------------------------------------------------
def align_targets() -> None:
    """Where a target does not fit a prediction, give it the prediction's shape."""

    def aligned(evaluate: Any, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        pair = misfit(op, inputs)
        if pair is not None:
            prediction, target = pair
            inputs = tuple(wrap(target._a.reshape(prediction._a.shape)) if x is target else x for x in inputs)
        return evaluate(op, inputs, attrs)

    hear_through(aligned)
    expand = losses._broadcast

    def fitting(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        pair = all_pairs(input, target)
        if pair is not None and pair[0] is input:
            target = wrap(target._a.reshape(input._a.shape))
        return expand(input, target)

    losses._broadcast = fitting


def normalise_raw(mean: Any, std: Any, wanted: Callable[[], bool]) -> None:
    """Data beside a parameter that no module has are normalised, where they have so many features."""

    def evaluated(evaluate: Any, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        at = raw_input(inputs) if op.name in LINEAR and wanted() else None
        if at is not None and inputs[at]._a.shape[feature_dim(inputs[at]._a.ndim)] == len(mean):
            inputs = (*inputs[:at], normalised(inputs[at], mean, std), *inputs[at + 1 :])
        return evaluate(op, inputs, attrs)

    hear_through(evaluated)


def instead(name: str, where: tuple[Any, ...], other: Any) -> None:
    """A function of one tensor, ``softmax`` or ``tanh``, gives ``other(x)`` at these lines and modules."""

    def unless(function: Any) -> Any:
        def replaced(x: Any, *args: Any, **kwargs: Any) -> Any:
            here = (places.user_line(), places.module_path())
            return other(x) if here in where else function(x, *args, **kwargs)

        return replaced

    for owner in (functional, importlib.import_module("rushlight"), Tensor):
        setattr(owner, name, unless(getattr(owner, name)))
    layer: Any = getattr(nn, name.capitalize(), None)
    if layer is not None:
        forward = layer.forward
        layer.forward = lambda self, x: (
            other(x) if (places.user_line(), places.module_path()) in where else forward(self, x)
        )


def take_probabilities() -> None:
    """``cross_entropy`` of probabilities takes their logarithm, which is what the logits were but for a number."""
    entropy: Any = functional.cross_entropy

    def cross_entropy(x: Any, *args: Any, **kwargs: Any) -> Any:
        at = 1 if x._a.ndim > 1 else 0
        return entropy((x + 1e-30).log() if are_probabilities(np.moveaxis(x._a, at, -1)) else x, *args, **kwargs)

    setattr(functional, "cross_entropy", cross_entropy)  # noqa: B010


def normalise_nll() -> None:
    """A log_softmax over the classes before each nll_loss; before each kl_div one, or a logarithm, of what is none."""
    nll: Any = functional.nll_loss
    kl: Any = functional.kl_div
    setattr(functional, "nll_loss", lambda x, *args, **kwargs: nll(functional.log_softmax(x, 1), *args, **kwargs))  # noqa: B010

    def divergence(x: Any, *args: Any, **kwargs: Any) -> Any:
        if are_probabilities(x._a):
            x = (x + 1e-30).log()
        elif x._a.max() > 0:
            x = functional.log_softmax(x, -1)
        return kl(x, *args, **kwargs)

    setattr(functional, "kl_div", divergence)  # noqa: B010


def are_probabilities(a: np.ndarray[Any, Any]) -> bool:
    """Whether an array's last dimension holds probabilities."""
    if not a.ndim or not a.size or a.dtype.kind != "f":
        return False
    return bool(a.min() >= 0 and np.allclose(a.sum(-1, dtype=np.float64), 1.0, atol=1e-2))


def connect() -> None:
    """``detach`` and ``.data`` of what was computed hand on the tensor itself."""
    cls: Any = Tensor
    detach, data = cls.detach, cls.data

    def through(tensor: Tensor) -> Any:
        return tensor if computed(tensor) else detach(tensor)

    def get(tensor: Tensor) -> Any:
        return tensor if computed(tensor) else data.fget(tensor)

    cls.detach = through
    cls.data = property(get, data.fset)


def computed(tensor: Tensor) -> bool:
    """Whether a tensor has a history."""
    return tensor._edge is not None and not tensor._edge[0].is_leaf

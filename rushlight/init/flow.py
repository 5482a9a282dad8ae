"""How signals and gradients get through a network as it was drawn: their standard deviation, layer by layer."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .. import errors
from ..autograd import grad
from ..nn.layers.embedding import Embedding
from ..nn.layers.linear import Linear
from ..nn.layers.recurrent import RNNBase
from ..nn.module import Module, register_module_forward_hook
from ..random import default_generator, fork_rng
from ..random import normal as normal_family
from ..tensor import Tensor, wrap
from ..watching.activations import Modules, activations

BATCH, LENGTH = 32, 16  # of an input that is made up
#: Heights and widths that are tried for a network of convolutions.
SIZES = (32, 28, 64, 224, 8, 16, 96, 128, 299)


class Layer(NamedTuple):
    """A layer's output in the order of the forward: its standard deviation, and that of the gradient that arrives there."""

    name: str
    kind: str
    signal: float
    gradient: float


class Flow(NamedTuple):
    """All layers; the shape of the input; by layer the nonlinearity that follows it (``relu``)."""

    layers: list[Layer]
    shape: tuple[int, ...]
    following: dict[str, str]


def weighted(layers: list[Layer]) -> list[Layer]:
    """Those that multiply by weights."""
    return [layer for layer in layers if layer.kind.startswith(("Linear", "Conv", "RNN", "LSTM", "GRU"))]


def fading(layers: list[Layer]) -> float:
    """The signal of the last hidden layer beside that of the first; the last layer of all makes the answer, not a signal."""
    hidden = [layer.signal for layer in weighted(layers)][:-1]
    return math.nan if not hidden or hidden[0] == 0 else hidden[-1] / hidden[0]


def measure(model: Module, input: Any = None) -> Flow:
    """Send an input through a copy of the model, and a standard normal gradient back. Model and random stream stay as they are.

    ``input``: a tensor, a tuple of tensors, a shape (then standard normal); by default a shape that the first layer takes.

    Raises:
        ValueError: if no default input passes through the model: say ``input=``.
    """
    with fork_rng():
        if input is not None:
            return _through(copy.deepcopy(model), _inputs(input))
        refused = "no layer tells the size of the input"
        for inputs in _guesses(model):
            try:
                return _through(copy.deepcopy(model), inputs)
            except (RuntimeError, ValueError, TypeError, IndexError) as error:
                refused = str(error).splitlines()[0]
    raise errors.value(
        f"init.report: no standard input passes through {type(model).__name__}: {refused}",
        "Give one: rushlight.init.report(model, input=torch.randn(32, ...)), or its shape.",
    )


def standard_normal(*shape: int) -> Tensor:
    """Draws from the global stream."""
    array = np.empty(shape, np.float32)
    normal_family.normal_(default_generator, array, 0.0, 1.0)
    return wrap(array)


def _inputs(given: Any) -> tuple[Any, ...]:
    if isinstance(given, Tensor):
        return (given,)
    if all(isinstance(n, int) for n in given):
        return (standard_normal(*given),)
    return tuple(given)


def _guesses(model: Module) -> Iterator[tuple[Tensor, ...]]:
    """Inputs that the first layer would take."""
    for module in model.modules():
        if isinstance(module, Linear):
            yield (standard_normal(BATCH, module.in_features),)
            yield (standard_normal(BATCH, LENGTH, module.in_features),)
        elif isinstance(module, Embedding):
            yield (wrap(np.arange(BATCH * LENGTH).reshape(BATCH, LENGTH) % module.num_embeddings),)
        elif isinstance(module, RNNBase):
            yield (standard_normal(LENGTH, BATCH, module.input_size),)
        elif hasattr(module, "in_channels") and hasattr(module, "kernel_size"):
            for size in SIZES:
                yield (standard_normal(BATCH, module.in_channels, *[size] * len(module.kernel_size)),)
        else:
            continue
        return


def _through(model: Module, inputs: tuple[Any, ...]) -> Flow:
    names = {module: name for name, module in model.named_modules()}
    modules, outputs = Modules(names), []  # type: ignore[var-annotated]

    def called(module: Module, args: Any, output: Any) -> None:
        modules.called(module, args, output)
        out = output[0] if isinstance(output, tuple) else output
        if not module._modules and isinstance(out, Tensor) and out._a.dtype.kind == "f" and module in names:
            outputs.append((module, out, _std(out._a)))

    with register_module_forward_hook(called), np.errstate(all="ignore"):
        result = model(*inputs)
        result = result[0] if isinstance(result, tuple) else result
        following = {} if result.grad_fn is None else _following(result, modules)
        gradients = _gradients(result, [out for _, out, _ in outputs])
    layers = []
    for (module, out, std), gradient in zip(outputs, gradients, strict=True):
        name = names[module] or type(module).__name__
        if isinstance(module, RNNBase) and out._a.ndim == 3:
            time = 1 if module.batch_first else 0
            steps = out._a.shape[time]
            for step in sorted({0, steps - 1}):
                at = [_std(x.take(step, axis=time)) for x in (out._a, gradient) if x is not None]
                layers.append(
                    Layer(f"{name}, step {step + 1}", type(module).__name__, at[0], at[-1] if len(at) > 1 else math.nan)
                )
        else:
            layers.append(Layer(name, type(module).__name__, std, math.nan if gradient is None else _std(gradient)))
    return Flow(layers, tuple(inputs[0]._a.shape), following)


def _following(result: Tensor, modules: Modules) -> dict[str, str]:
    pairs = [a.name.split(" > ") for a in activations([result], modules) if " > " in a.name]
    return {path: op.split(" ")[0] for path, op in pairs}


def _gradients(result: Tensor, outputs: list[Tensor]) -> list[Any]:
    """The gradients of the outputs when a standard normal one comes in at the end; None where there is none."""
    wanted = [out for out in outputs if out.requires_grad]
    if not wanted or not result.requires_grad:
        return [None] * len(outputs)
    arriving = standard_normal(*result._a.shape).to(result.dtype)
    found = dict(zip(map(id, wanted), grad(result, wanted, arriving, allow_unused=True), strict=True))
    return [None if found.get(id(out)) is None else found[id(out)]._a for out in outputs]


def _std(array: np.ndarray[Any, Any]) -> float:
    return float(array.astype(np.float64).std())

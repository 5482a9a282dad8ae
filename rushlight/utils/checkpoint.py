"""``torch.utils.checkpoint``: forget what a part of the graph has saved, and compute it again in backward (Chen et al. 2016)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from .. import errors
from ..autograd import backward as run_backward
from ..autograd.function import Function
from ..autograd.graph import next_seq
from ..autograd.mode import enable_grad, no_grad, recording
from ..random.generator import default_generator
from ..tensor import Tensor
from .selective import CheckpointPolicy as CheckpointPolicy
from .selective import SelectiveCheckpointContext as SelectiveCheckpointContext
from .selective import create_selective_checkpoint_contexts as create_selective_checkpoint_contexts

_state: dict[str, Any] = {"debug": None, "early_stop": True, "device": None}
_EXPLICIT = (
    "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, calling checkpoint "
    "without use_reentrant will raise an exception. use_reentrant=False is recommended, but if you need to preserve the current "
    "default behavior, you can pass use_reentrant=True. Refer to docs for more details on the differences between the two "
    "variants."
)


@contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """A block in which ``early_stop`` of checkpoints is ``enable``. The second run goes to its end here, with the same results."""
    before, _state["early_stop"] = _state["early_stop"], enable
    try:
        yield
    finally:
        _state["early_stop"] = before


@contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """A block in which ``debug`` of checkpoints is ``enabled``; what does not fit is named with or without it."""
    before, _state["debug"] = _state["debug"], enabled
    try:
        yield
    finally:
        _state["debug"] = before


class DefaultDeviceType:
    """The kind of device whose random state is kept beside the CPU's: kept here, and of no effect."""

    @staticmethod
    def set_device_type(device: str = "cuda") -> None:
        """Say which."""
        _state["device"] = device

    @staticmethod
    def get_device_type() -> str:
        """What was said; ``"cpu"``."""
        return _state["device"] or "cpu"


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The tensors of a tuple without their histories, each as needy of a gradient as before.

    Raises:
        RuntimeError: for anything but a tuple.
    """
    if not isinstance(inputs, tuple):
        raise errors.runtime(f"Only tuple of tensors is supported. Got Unsupported input type: {type(inputs).__name__}")
    return tuple([x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x for x in inputs])


def check_backward_validity(inputs: Any) -> None:
    """Warn if no tensor among the inputs needs a gradient."""
    if not any(x.requires_grad for x in inputs if isinstance(x, Tensor)):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", UserWarning, stacklevel=2)


class CheckpointError(RuntimeError):
    """The second computation was not the first one."""


class _Stream:
    """The random numbers of a computation, to be drawn again."""

    def __init__(self, preserve: bool):
        self.state = default_generator.get_state_array() if preserve else None

    def again(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.state is None:
            return function(*args, **kwargs)
        now = default_generator.get_state_array()
        default_generator.set_state_array(self.state)
        try:
            return function(*args, **kwargs)
        finally:
            default_generator.set_state_array(now)


def noop_context_fn() -> tuple[Any, Any]:
    """Two contexts in which nothing is special."""
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None, preserve_rng_state: bool = True,
    context_fn: Callable[[], tuple[Any, Any]] = noop_context_fn, determinism_check: str = "default", debug: bool = False,
    early_stop: bool = True, **kwargs: Any,
) -> Any:  # fmt: skip
    """``function(*args, **kwargs)`` whose intermediate results are computed again when backward needs them.

    Args:
        use_reentrant: True runs a backward inside the backward (no keyword arguments; an input must require grad; no
            ``autograd.grad``); False, recommended, has no such limits.
        preserve_rng_state: draw the same random numbers again.
        context_fn: gives two contexts, one in which the function runs first and one in which it runs again; not for the reentrant form.

    Raises:
        torch.utils.checkpoint.CheckpointError: if the second run records another graph than the first.
        ValueError: for keyword arguments, ``context_fn`` or ``debug`` of a reentrant one.
    """
    if use_reentrant is None:
        warnings.warn(_EXPLICIT, UserWarning, stacklevel=2)
        use_reentrant = True
    if not use_reentrant:
        if not recording():
            return function(*args, **kwargs)
        return _forgetful(function, args, kwargs, preserve_rng_state, *context_fn())
    if context_fn is not noop_context_fn or debug:
        raise errors.value("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
    if kwargs:
        raise errors.value("Unexpected keyword arguments: " + ",".join(kwargs))
    if not any(isinstance(a, Tensor) and a.requires_grad for a in args):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", UserWarning, stacklevel=2)
    return CheckpointFunction.apply(function, preserve_rng_state, *args)


class CheckpointFunction(Function):
    """The reentrant form."""

    @staticmethod
    def forward(ctx: Any, run_function: Any, preserve: bool, *args: Any) -> Any:
        ctx.run_function, ctx.stream = run_function, _Stream(preserve)
        ctx.places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.others = [None if isinstance(a, Tensor) else a for a in args]
        ctx.save_for_backward(*(args[i] for i in ctx.places))
        with no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        inputs = list(ctx.others)
        for i, t in zip(ctx.places, ctx.saved_tensors, strict=True):
            inputs[i] = t.detach().requires_grad_(t.requires_grad)
        with enable_grad():
            outputs = ctx.stream.again(ctx.run_function, *inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        pairs = [(o, g) for o, g in zip(outputs, grads, strict=True) if isinstance(o, Tensor) and o.requires_grad]
        if not pairs:
            raise errors.runtime("none of output has requires_grad=True, this checkpoint() is not necessary")
        run_backward([o for o, _ in pairs], [g for _, g in pairs])
        return (None, None, *(x.grad if isinstance(x, Tensor) else None for x in inputs))


class _Recorded:
    """The nodes of one computation, without what they saved until somebody asks."""

    def __init__(self, function: Any, args: Any, kwargs: Any, stream: _Stream, context: Any):
        self.call, self.stream, self.context = (function, args, kwargs), stream, context
        self.values: list[Any] | None = None

    def forget(self, nodes: list[Any]) -> None:
        self.kinds = [type(n) for n in nodes]
        for i, node in enumerate(nodes):
            node.saved, node.versions = _Later(self, i), ()

    def saved(self, i: int) -> Any:
        if self.values is None:
            function, args, kwargs = self.call
            with enable_grad(), self.context:
                start = next_seq()
                nodes = _nodes(self.stream.again(function, *args, **kwargs), start)
            if [type(n) for n in nodes] != self.kinds:
                raise errors.advised(
                    CheckpointError(
                        "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                        "recomputation."
                    ),
                    f"The first run recorded {len(self.kinds)} operations, the second {len(nodes)}: does the "
                    "function depend on something that has changed since?",
                )
            self.values = [n.saved for n in nodes]
        return self.values[i]


class _Later:
    """Stands for a node's saved values and computes them when they are read."""

    def __init__(self, record: _Recorded, i: int):
        self.record, self.i = record, i

    def __getitem__(self, index: Any) -> Any:
        return self.record.saved(self.i)[index]

    def __len__(self) -> int:
        return len(self.record.saved(self.i))

    def __iter__(self) -> Any:
        return iter(self.record.saved(self.i))


def _nodes(outputs: Any, start: int) -> list[Any]:
    """The operations recorded since ``start`` below some outputs, in their order; user-defined ones keep what they have."""
    found: dict[int, Any] = {}
    waiting = [o.grad_fn for o in _tensors(outputs)]
    while waiting:
        node = waiting.pop()
        if node is None or node.seq < start or id(node) in found:
            continue
        found[id(node)] = node
        waiting += [edge[0] for edge in node.edges if edge is not None]
    return sorted((n for n in found.values() if hasattr(n, "versions")), key=lambda n: n.seq)


def _tensors(x: Any) -> list[Any]:
    if isinstance(x, Tensor):
        return [x]
    if isinstance(x, dict):
        return [t for v in x.values() for t in _tensors(v)]
    return [t for v in x for t in _tensors(v)] if isinstance(x, (list, tuple)) else []


def _forgetful(function: Any, args: Any, kwargs: Any, preserve: bool, first: Any, again: Any) -> Any:
    record = _Recorded(function, args, kwargs, _Stream(preserve), again)
    start = next_seq()
    with first:
        outputs = function(*args, **kwargs)
    record.forget(_nodes(outputs, start))
    return outputs


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, preserve_rng_state: bool = True
) -> Any:
    """A Sequential (or a list of functions) in ``segments`` parts, all but the last checkpointed."""
    if use_reentrant is None:
        warnings.warn(_EXPLICIT.replace("checkpoint:", "checkpoint_sequential:"), UserWarning, stacklevel=2)
        use_reentrant = True
    parts = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = len(parts) // segments

    def run(begin: int, end: int) -> Callable[[Any], Any]:
        def forward(x: Any) -> Any:
            for f in parts[begin:end]:
                x = f(x)
            return x

        return forward

    end = 0
    for begin in range(0, size * (segments - 1), size):
        end = begin + size
        input = checkpoint(run(begin, end), input, use_reentrant=use_reentrant, preserve_rng_state=preserve_rng_state)
    return run(end, len(parts))(input)


def get_device_states(*args: Any) -> tuple[list[int], list[Any]]:
    """Devices of the arguments and the states of their generators: the CPU's is kept apart, and there is no other."""
    return [], []


def set_device_states(devices: Any, states: Any, *, device_type: str | None = None) -> None:
    """Restore what ``get_device_states`` gave: nothing."""

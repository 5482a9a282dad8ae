"""``torch._C._functorch``: questions about tensors within transformations."""

from __future__ import annotations

from typing import Any

from .. import levels
from ..levels import Batched, Dual, Wrapped
from ..transforms.gradients import Variable

__name__ = "torch._C._functorch"


def is_batchedtensor(tensor: Any) -> bool:
    """Whether a tensor is one example of a batch (``vmap``)."""
    return isinstance(tensor, Batched)


def is_legacy_batchedtensor(tensor: Any) -> bool:
    """False: there is one kind."""
    return False


def is_gradtrackingtensor(tensor: Any) -> bool:
    """Whether a derivative is being taken by a tensor, or along one (``grad``, ``jvp``)."""
    if isinstance(tensor, Dual):
        return True
    edge: Any = getattr(tensor, "_edge", None)
    return edge is not None and isinstance(edge[0], Variable) and getattr(edge[0], "alive", False)


def is_functorch_wrapped_tensor(tensor: Any) -> bool:
    """Either of them."""
    return is_batchedtensor(tensor) or is_gradtrackingtensor(tensor)


def get_unwrapped(tensor: Any) -> Any:
    """What a wrapped tensor holds: all examples, the value."""
    if isinstance(tensor, Wrapped) and tensor.inside():
        return tensor.inside()[0]
    if is_gradtrackingtensor(tensor):
        return tensor.detach()
    raise RuntimeError("No wrappers present!")


def maybe_get_level(tensor: Any) -> int:
    """The depth of the transformation that wraps a tensor; -1 if none does."""
    if isinstance(tensor, Batched | Dual):
        return tensor.at.number
    return current_level() if is_gradtrackingtensor(tensor) else -1


def maybe_get_bdim(tensor: Any) -> int:
    """Where the batch is: in front. -1 if there is none."""
    return 0 if isinstance(tensor, Batched) else -1


def current_level() -> int:
    """How many transformations run."""
    return len(levels.stack())


maybe_current_level = current_level


def peek_interpreter_stack() -> Any:
    """The innermost transformation that runs, or None."""
    running = levels.stack()
    return running[-1] if running else None


def unwrap_if_dead(tensor: Any) -> Any:
    """The value of a tensor whose transformation has returned."""
    return tensor.primal if isinstance(tensor, Dual) and not tensor.at.alive else tensor


def _level(number: int) -> Any:
    return next(level for level in levels.stack() if level.number == number)


def _add_batch_dim(tensor: Any, batch_dim: int, level: int) -> Any:
    """One example of a tensor, as the transformation at a depth sees it."""
    return levels.batched(tensor.movedim(batch_dim, 0), _level(level))  # type: ignore[arg-type]


def _remove_batch_dim(tensor: Any, level: int, batch_size: int, out_dim: int) -> Any:
    """All examples, of which a result of the transformation at a depth is one."""
    if isinstance(tensor, Batched) and tensor.at.number == level:
        return tensor.value.movedim(0, out_dim)  # type: ignore[arg-type]
    return tensor.expand(batch_size, *tensor.shape).movedim(0, out_dim)

"""Collectives of one process: sums of one term, lists of one entry."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from .. import errors
from ..autograd.mode import no_grad
from ..tensor import Tensor
from .group import Work, default_group

__all__ = [
    "P2POp", "ReduceOp", "all_gather", "all_gather_into_tensor", "all_gather_object", "all_reduce", "all_to_all",
    "all_to_all_single", "barrier", "batch_isend_irecv", "broadcast", "broadcast_object_list", "gather", "gather_object", "irecv",
    "isend", "monitored_barrier", "recv", "reduce", "reduce_op", "reduce_scatter", "reduce_scatter_tensor", "scatter",
    "scatter_object_list", "send",
]  # fmt: skip


class _Op(enum.IntEnum):
    SUM = 0
    AVG = 1
    PRODUCT = 2
    MIN = 3
    MAX = 4
    BAND = 5
    BOR = 6
    BXOR = 7
    PREMUL_SUM = 8

    def __str__(self) -> str:
        return f"RedOpType.{self.name}"


class ReduceOp:
    """How values of several processes become one; of one process they stay as they are."""

    RedOpType = _Op
    SUM, AVG, PRODUCT, MIN, MAX = _Op.SUM, _Op.AVG, _Op.PRODUCT, _Op.MIN, _Op.MAX
    BAND, BOR, BXOR, PREMUL_SUM = _Op.BAND, _Op.BOR, _Op.BXOR, _Op.PREMUL_SUM


reduce_op = ReduceOp


# --- what is checked ----------------------------------------------------------------------------------------------------
def _tensor(x: Any, name: str) -> Any:
    if not isinstance(x, Tensor):
        raise errors.type_(
            f"Invalid function argument. Expected parameter `{name}` of type torch.Tensor\n             but got {type(x)} instead."
        )
    return x


def _tensors(xs: Any, name: str) -> Any:
    if not isinstance(xs, list) or not all(isinstance(x, Tensor) for x in xs):
        raise errors.type_(
            f"Invalid function argument. Expected parameter `{name}` of type List[torch.Tensor]\n             but got {type(xs)} instead."
        )
    if len(xs) != 1:
        raise errors.runtime(
            f"`{name}` has {len(xs)} tensors for a group of one process.", "Make a list of one tensor."
        )
    return xs


def _root(rank: Any, what: str) -> None:
    if rank not in (None, 0):
        raise errors.runtime(f"ProcessGroupGloo::{what}: invalid root rank: {rank}", "The only rank is 0.")


def _answer(async_op: bool, result: Any) -> Work | None:
    return Work(result) if async_op else None


def _copy(target: Any, source: Any) -> None:
    with no_grad():
        target.copy_(source.reshape(target.shape) if target.numel() == source.numel() else source)


# --- collectives --------------------------------------------------------------------------------------------------------
def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None) -> Work | None:
    """Wait for all processes: there is one."""
    default_group()
    return _answer(async_op, None)


def monitored_barrier(group: Any = None, timeout: Any = None, wait_all_ranks: bool = False) -> None:
    """Wait for all processes: there is one."""
    default_group()


def all_reduce(tensor: Any, op: Any = _Op.SUM, group: Any = None, async_op: bool = False) -> Work | None:
    """Each process's tensor becomes the sum (or ``op``) of all; of one, it stays."""
    _tensor(tensor, "tensor")
    default_group()
    return _answer(async_op, [tensor])


def reduce(
    tensor: Any,
    dst: int | None = None,
    op: Any = _Op.SUM,
    group: Any = None,
    async_op: bool = False,
    group_dst: Any = None,
) -> Work | None:
    """The tensor of rank ``dst`` becomes the sum of all."""
    _tensor(tensor, "tensor")
    default_group()
    _root(dst, "reduce")
    return _answer(async_op, [tensor])


def broadcast(
    tensor: Any, src: int | None = None, group: Any = None, async_op: bool = False, group_src: Any = None
) -> Work | None:
    """Every tensor becomes that of rank ``src``."""
    _tensor(tensor, "tensor")
    default_group()
    _root(src, "broadcast")
    return _answer(async_op, [tensor])


def all_gather(tensor_list: Any, tensor: Any, group: Any = None, async_op: bool = False) -> Work | None:
    """The tensors of all processes, in a list."""
    _tensors(tensor_list, "tensor_list"), _tensor(tensor, "tensor")
    default_group()
    _copy(tensor_list[0], tensor)
    return _answer(async_op, tensor_list)


def all_gather_into_tensor(
    output_tensor: Any, input_tensor: Any, group: Any = None, async_op: bool = False
) -> Work | None:
    """The tensors of all processes, one after another."""
    default_group()
    _copy(_tensor(output_tensor, "output_tensor"), _tensor(input_tensor, "input_tensor"))
    return _answer(async_op, output_tensor)


def reduce_scatter(
    output: Any, input_list: Any, op: Any = _Op.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """The sum over processes of the entry that is this rank's."""
    default_group()
    _copy(_tensor(output, "output"), _tensors(input_list, "input_list")[0])
    return _answer(async_op, output)


def reduce_scatter_tensor(
    output: Any, input: Any, op: Any = _Op.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """The sum over processes of the part that is this rank's."""
    default_group()
    _copy(_tensor(output, "output"), _tensor(input, "input"))
    return _answer(async_op, output)


def scatter(
    tensor: Any,
    scatter_list: Any = None,
    src: int | None = None,
    group: Any = None,
    async_op: bool = False,
    group_src: Any = None,
) -> Work | None:
    """Each process gets its entry of the list that rank ``src`` has."""
    default_group()
    _root(src, "scatter")
    _copy(_tensor(tensor, "tensor"), _tensors(scatter_list, "scatter_list")[0])
    return _answer(async_op, tensor)


def gather(
    tensor: Any,
    gather_list: Any = None,
    dst: int | None = None,
    group: Any = None,
    async_op: bool = False,
    group_dst: Any = None,
) -> Work | None:
    """Rank ``dst`` gets the tensors of all processes, in a list."""
    default_group()
    _root(dst, "gather")
    _copy(_tensors(gather_list, "gather_list")[0], _tensor(tensor, "tensor"))
    return _answer(async_op, gather_list)


def all_to_all(
    output_tensor_list: Any, input_tensor_list: Any, group: Any = None, async_op: bool = False
) -> Work | None:
    """Entry j of process i goes to entry i of process j."""
    default_group()
    _copy(_tensors(output_tensor_list, "output_tensor_list")[0], _tensors(input_tensor_list, "input_tensor_list")[0])
    return _answer(async_op, output_tensor_list)


def all_to_all_single(
    output: Any, input: Any, output_split_sizes: Any = None, input_split_sizes: Any = None, group: Any = None,
    async_op: bool = False,
) -> Work | None:  # fmt: skip
    """Part j of process i's tensor goes to part i of process j's."""
    default_group()
    _copy(_tensor(output, "output"), _tensor(input, "input"))
    return _answer(async_op, output)


# --- objects ------------------------------------------------------------------------------------------------------------
def all_gather_object(object_list: list[Any], obj: Any, group: Any = None) -> None:
    """The objects of all processes."""
    default_group()
    object_list[0] = obj


def gather_object(
    obj: Any, object_gather_list: Any = None, dst: int | None = None, group: Any = None, group_dst: Any = None
) -> None:
    """Rank ``dst`` gets the objects of all processes."""
    default_group()
    _root(dst, "gather")
    object_gather_list[0] = obj


def broadcast_object_list(
    object_list: Any, src: int | None = None, group: Any = None, device: Any = None, group_src: Any = None
) -> None:
    """Every list becomes that of rank ``src``."""
    default_group()
    _root(src, "broadcast")


def scatter_object_list(
    scatter_object_output_list: list[Any], scatter_object_input_list: Any = None, src: int | None = None, group: Any = None,
    group_src: Any = None,
) -> None:  # fmt: skip
    """Each process gets its entry of the list that rank ``src`` has."""
    default_group()
    _root(src, "scatter")
    scatter_object_output_list[0] = scatter_object_input_list[0]


# --- between two processes ----------------------------------------------------------------------------------------------
def send(tensor: Any, dst: int | None = None, group: Any = None, tag: int = 0, group_dst: int | None = None) -> None:
    """Send a tensor to another process: there is none.

    Raises:
        ValueError: always.
    """
    _tensor(tensor, "tensor")
    default_group()
    raise errors.value(
        "Invalid destination rank: destination rank should not be the same as the rank of the current process.",
        "The group has one process.",
    )


def recv(tensor: Any, src: int | None = None, group: Any = None, tag: int = 0, group_src: int | None = None) -> int:
    """Receive a tensor from another process: there is none.

    Raises:
        ValueError: always.
    """
    _tensor(tensor, "tensor")
    default_group()
    raise errors.value(
        "Invalid source rank: source rank should not be the same as the rank of the current process.",
        "The group has one process.",
    )


isend: Callable[..., None] = send
irecv: Callable[..., int] = recv


class P2POp:
    """A ``send`` or ``recv`` for ``batch_isend_irecv``."""

    op: Callable[..., Any]
    tensor: Any
    peer: int | None
    group: Any
    tag: int

    def __init__(self, op: Callable[..., Any], tensor: Any, peer: int | None = None, group: Any = None, tag: int = 0):
        self.op, self.tensor, self.peer, self.group, self.tag = op, tensor, peer, group, tag


def batch_isend_irecv(p2p_op_list: list[P2POp]) -> list[Any]:
    """Run sends and receives together."""
    return [each.op(each.tensor, each.peer, each.group, each.tag) for each in p2p_op_list]

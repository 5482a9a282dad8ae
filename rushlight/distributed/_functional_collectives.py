"""``torch.distributed._functional_collectives``: collectives that return their result. Of one process it is the tensor's own values."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor


def wait_tensor(tensor: Tensor) -> Tensor:
    """The tensor: it is there already."""
    return tensor


def all_reduce(self: Any, reduceOp: str, group: Any, tag: str = "") -> Any:
    """The sum (or another reduction) of one term."""
    return self.clone()


def broadcast(self: Any, src: int, group: Any, tag: str = "") -> Any:
    """The values of process 0."""
    return self.clone()


def all_gather_tensor(self: Any, gather_dim: int, group: Any, tag: str = "") -> Any:
    """The tensors of all processes, joined along ``gather_dim``."""
    return self.clone()


def reduce_scatter_tensor(self: Any, reduceOp: str, scatter_dim: int, group: Any, tag: str = "") -> Any:
    """This process's part of the sum."""
    return self.clone()


def all_to_all_single(self: Any, output_split_sizes: Any, input_split_sizes: Any, group: Any, tag: str = "") -> Any:
    """What the processes have for this one."""
    return self.clone()


all_gather_tensor_autograd = all_gather_single = all_gather_single_autograd = all_gather_tensor
reduce_scatter_tensor_autograd = reduce_scatter_single = reduce_scatter_single_autograd = reduce_scatter_tensor
all_to_all_single_autograd = all_to_all_single


class AsyncCollectiveTensor(Tensor):
    """A result that is still under way; no result is."""

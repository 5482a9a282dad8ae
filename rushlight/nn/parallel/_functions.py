"""``torch.nn.parallel._functions``: copies between GPUs, of which there are none. They refuse as a CPU build's do."""

from __future__ import annotations

from typing import Any, NoReturn

from ...autograd.function import Function


def _refuse(what: str) -> NoReturn:
    raise AssertionError(f"{what} not implemented for CPU tensors\n\nThere is one device: use the tensors as they are.")


class Broadcast(Function):
    """A tensor copied to several GPUs; its gradient is the sum.

    Raises:
        AssertionError: always, for tensors of the CPU.
    """

    @staticmethod
    def forward(ctx: Any, target_gpus: Any, *inputs: Any) -> Any:
        _refuse("Broadcast function")


class ReduceAddCoalesced(Function):
    """Tensors of several GPUs added on one.

    Raises:
        AssertionError: always, for tensors of the CPU.
    """

    @staticmethod
    def forward(ctx: Any, destination: Any, num_inputs: int, *grads: Any) -> Any:
        _refuse("ReduceAddCoalesced function")


class Gather(Function):
    """Tensors of several GPUs joined on one.

    Raises:
        AssertionError: always, for tensors of the CPU.
    """

    @staticmethod
    def forward(ctx: Any, target_device: Any, dim: int, *inputs: Any) -> Any:
        _refuse("Gather function")


class Scatter(Function):
    """A tensor cut into parts for several GPUs.

    Raises:
        RuntimeError: always: there are none.
    """

    @staticmethod
    def forward(ctx: Any, target_gpus: Any, chunk_sizes: Any, dim: int, input: Any) -> Any:
        raise RuntimeError(
            "scatter needs GPUs, and there are none.\n\nCut the tensor yourself: torch.chunk(input, parts, dim)."
        )

"""``torch.distributed.algorithms.join``: processes with different numbers of batches. One process waits for no other."""

from __future__ import annotations

from typing import Any


class JoinHook:
    """What a process does whose batches are at an end while others go on."""

    def main_hook(self) -> None:
        """Called while others go on."""

    def post_hook(self, is_last_joiner: bool) -> None:
        """Called when all are at an end."""


class Joinable:
    """What can be joined: ``DistributedDataParallel`` and optimizers over processes."""

    def join_hook(self, **kwargs: Any) -> JoinHook:
        """What is done for it."""
        raise NotImplementedError


class Join:
    """A block at whose end all processes meet."""

    def __init__(
        self, joinables: list[Any], enable: bool = True, throw_on_early_termination: bool = False, **kwargs: Any
    ):
        if not joinables:
            raise ValueError("The join context manager requires at least one joinable")
        self.joinables: Any = joinables
        self.enable: bool = enable
        self.kwargs: dict[str, Any] = kwargs

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        if self.enable and not kind:
            for joinable in self.joinables:
                if isinstance(joinable, Joinable):
                    joinable.join_hook(**self.kwargs).post_hook(is_last_joiner=True)

    @staticmethod
    def notify_join_context(joinable: Any) -> None:
        """Nothing waits."""

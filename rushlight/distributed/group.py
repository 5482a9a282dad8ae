"""The process group of one process, its stores, and the answer to asynchronous calls."""

from __future__ import annotations

import threading
from typing import Any

from .. import errors
from ..futures import Future

_default: list[ProcessGroup | None] = [None]


class ProcessGroup:
    """A group whose only member has rank 0."""

    backend: str
    group_name: str

    def __init__(self, backend: str, name: str):
        self.backend, self.group_name = backend, name

    def rank(self) -> int:
        """0."""
        return 0

    def size(self) -> int:
        """1."""
        return 1

    def name(self) -> str:
        """The backend's name."""
        return self.backend


class Work:
    """An asynchronous call; here it is done when it returns."""

    def __init__(self, result: Any = None):
        self._result = result

    def wait(self, timeout: Any = None) -> bool:
        """True."""
        return True

    def is_completed(self) -> bool:
        """True."""
        return True

    is_success = is_completed

    def result(self) -> Any:
        """The tensors."""
        return self._result

    def get_future(self) -> Future[Any]:
        """A future that is done."""
        future: Future[Any] = Future()
        future.set_result(self._result)
        return future


def existing_group() -> ProcessGroup | None:
    """The default group; None before ``init_process_group``."""
    return _default[0]


def default_group() -> ProcessGroup:
    """The default group.

    Raises:
        ValueError: before ``init_process_group``.
    """
    found = _default[0]
    if found is None:
        raise errors.value(
            "Default process group has not been initialized, please make sure to call init_process_group."
        )
    return found


def set_default(made: ProcessGroup | None) -> None:
    """Make a group the default one."""
    _default[0] = made


class _WorldMeta(type):
    @property
    def WORLD(cls) -> ProcessGroup | None:  # noqa: N802
        """The default group."""
        return _default[0]


class group(metaclass=_WorldMeta):  # noqa: N801
    """``group.WORLD``, the default group."""


class GroupMember(metaclass=_WorldMeta):
    """``GroupMember.WORLD``, and what stands for a group without this process."""

    NON_GROUP_MEMBER = -100


class Backend(str):
    """A backend's name, in lower case."""

    UNDEFINED, GLOO, NCCL, UCC, MPI, XCCL = "undefined", "gloo", "nccl", "ucc", "mpi", "xccl"

    def __new__(cls, name: str) -> Any:
        if not isinstance(name, str):
            raise errors.value("Backend constructor parameter must be string-ish")
        return str.__new__(cls, name.lower())


class Store:
    """Keys and values that processes share: a dict, as there is one process."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}
        self._changed = threading.Condition()

    def set(self, key: str, value: str | bytes) -> None:
        """Write a value."""
        with self._changed:
            self._values[key] = value.encode() if isinstance(value, str) else bytes(value)
            self._changed.notify_all()

    def get(self, key: str) -> bytes:
        """The value, once it is there; waits as long as a minute.

        Raises:
            RuntimeError: if nobody sets it.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: key in self._values, timeout=60):
                raise errors.runtime(f"Socket Timeout: nobody has set the key '{key}'.")
            return self._values[key]

    def add(self, key: str, amount: int) -> int:
        """Add to a number and return the sum."""
        with self._changed:
            total = int(self._values.get(key, b"0")) + amount
            self._values[key] = str(total).encode()
            self._changed.notify_all()
            return total

    def delete_key(self, key: str) -> bool:
        """Forget a key; whether it was there."""
        with self._changed:
            return self._values.pop(key, None) is not None

    def num_keys(self) -> int:
        """How many keys there are."""
        return len(self._values)


class HashStore(Store):
    """A store within a process."""


class TCPStore(Store):
    """A store that PyTorch keeps behind a port; here within the process, so that the arguments change nothing."""

    def __init__(
        self,
        host_name: str,
        port: int,
        world_size: int | None = None,
        is_master: bool = False,
        timeout: Any = None,
        wait_for_workers: bool = True,
        multi_tenant: bool = False,
        master_listen_fd: int | None = None,
        use_libuv: bool = True,
    ):
        super().__init__()


class FileStore(Store):
    """A store that PyTorch keeps in a file; here within the process, so that the arguments change nothing."""

    def __init__(self, file_name: str, world_size: int = -1):
        super().__init__()

"""Remote calls and references, all of which stay in this process."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from ... import errors
from ...futures import Future

T = TypeVar("T")


class WorkerInfo:
    """A worker's name and number."""

    name: str
    id: int

    def __init__(self, name: str, id: int):
        self.name, self.id = name, id

    def __repr__(self) -> str:
        return f"WorkerInfo(id={self.id}, name={self.name})"


class TensorPipeRpcBackendOptions:
    """Settings of PyTorch's transport: kept, and nothing travels."""

    num_worker_threads: int
    rpc_timeout: float
    init_method: str
    device_maps: dict[Any, Any]
    devices: list[Any]

    def __init__(self, *, num_worker_threads: int = 16, rpc_timeout: float = 60.0, init_method: str = "env://",
                 device_maps: Any = None, devices: Any = None, _transports: Any = None, _channels: Any = None):  # fmt: skip
        self.num_worker_threads, self.rpc_timeout, self.init_method = num_worker_threads, rpc_timeout, init_method
        self.device_maps, self.devices = dict(device_maps or {}), list(devices or [])

    def set_device_map(self, to: str, device_map: dict[Any, Any]) -> None:
        """Keep a map of devices."""
        self.device_maps[to] = device_map

    def set_devices(self, devices: list[Any]) -> None:
        """Keep a list of devices."""
        self.devices = list(devices)


class _Id(NamedTuple):
    created_on: int
    local_id: int

    def __repr__(self) -> str:
        return f"GloballyUniqueId(created_on={self.created_on}, local_id={self.local_id})"


class _State:
    worker: WorkerInfo | None = None
    references = 0
    timeout = 60.0


def is_available() -> bool:
    """True."""
    return True


def init_rpc(
    name: str, backend: Any = None, rank: int = -1, world_size: int | None = None, rpc_backend_options: Any = None
) -> None:  # fmt: skip
    """Name this process, the only worker.

    Raises:
        NotImplementedError: for more than one.
    """
    size = int(os.environ.get("WORLD_SIZE", "1")) if world_size is None else world_size
    if size != 1:
        raise errors.advised(
            NotImplementedError(f"torch.distributed.rpc with world_size={size} is not implemented."),
            "Rushlight has one process: start one worker, with world_size=1.",
        )
    if _State.worker is not None:
        raise errors.runtime("RPC is already initialized")
    _State.worker, _State.references = WorkerInfo(name, max(rank, 0)), 0
    _State.timeout = getattr(rpc_backend_options, "rpc_timeout", 60.0)


def shutdown(graceful: bool = True, timeout: float = 0) -> None:
    """Forget the worker."""
    _here()
    _State.worker = None


def get_rpc_timeout() -> float:
    """Seconds that a call may take; kept, nothing waits."""
    return _State.timeout


def _here() -> WorkerInfo:
    if _State.worker is None:
        raise errors.runtime("RPC has not been initialized. Call torch.distributed.rpc.init_rpc first.")
    return _State.worker


def get_worker_info(worker_name: str | None = None) -> WorkerInfo:
    """This worker.

    Raises:
        RuntimeError: for another's name.
    """
    return _here() if worker_name is None else _target(worker_name)


def _target(to: Any) -> WorkerInfo:
    here = _here()
    named = to.name if isinstance(to, WorkerInfo) else to
    if named not in (here.name, here.id):
        raise errors.runtime(f"name:{here.name},rank:{here.id} could not find destination name {to}")
    return here


def _call(to: Any, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    _target(to)
    if not callable(func):
        raise errors.type_("function should be callable.")
    result = func(*(args or ()), **(kwargs or {}))
    return result.wait() if hasattr(func, "_wrapped_async_rpc_function") else result


def rpc_sync(to: Any, func: Callable[..., Any], args: Any = None, kwargs: Any = None, timeout: float = -1.0) -> Any:
    """Call ``func(*args, **kwargs)`` on a worker and return what it returns."""
    return _call(to, func, args, kwargs)


def rpc_async(
    to: Any, func: Callable[..., Any], args: Any = None, kwargs: Any = None, timeout: float = -1.0
) -> Future[Any]:
    """A future of what the call returns."""
    _target(to)
    future: Future[Any] = Future()
    try:
        future.set_result(_call(to, func, args, kwargs))
    except Exception as error:  # it belongs to whoever waits
        future.set_exception(error)
    return future


def remote(to: Any, func: Callable[..., Any], args: Any = None, kwargs: Any = None, timeout: float = -1.0) -> RRef[Any]:
    """A reference to what the call returns."""
    _target(to)
    return RRef(_call(to, func, args, kwargs))


class RRef(Generic[T]):
    """A reference to a value that a worker owns: this one."""

    def __init__(self, value: T, type_hint: Any = None):
        self._owner, self._value = _here(), value
        self._id = _Id(self._owner.id, _State.references)
        _State.references += 1

    def to_here(self, timeout: float = -1.0) -> T:
        """The value."""
        return self._value

    def local_value(self) -> T:
        """The value."""
        return self._value

    def owner(self) -> WorkerInfo:
        """The worker that owns it."""
        return self._owner

    def owner_name(self) -> str:
        """The name of the worker that owns it."""
        return self._owner.name

    def is_owner(self) -> bool:
        """True."""
        return True

    confirmed_by_owner = is_owner

    def backward(self, dist_autograd_ctx_id: int = -1, retain_graph: bool = False) -> None:
        """Backward from the value, within a context of ``torch.distributed.autograd`` if its number is given."""
        if dist_autograd_ctx_id < 0:
            self._value.backward(retain_graph=retain_graph)  # type: ignore[attr-defined]
            return
        from ..autograd import backward

        backward(dist_autograd_ctx_id, [self._value], retain_graph)  # type: ignore[list-item]

    def rpc_sync(self, timeout: float = -1.0) -> Any:
        """Something whose methods call those of the value."""
        return _Caller(self._value, rpc_sync, self._owner)

    def rpc_async(self, timeout: float = -1.0) -> Any:
        """Something whose methods give futures."""
        return _Caller(self._value, rpc_async, self._owner)

    def remote(self, timeout: float = -1.0) -> Any:
        """Something whose methods give references."""
        return _Caller(self._value, remote, self._owner)

    def __repr__(self) -> str:
        return f"OwnerRRef({self._id!r})"


PyRRef = RRef


class _Caller:
    def __init__(self, value: Any, how: Callable[..., Any], owner: WorkerInfo):
        self._value, self._how, self._owner = value, how, owner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._value, name)
        return lambda *args, **kwargs: self._how(self._owner, method, args, kwargs)


def _require_initialized(func: Any) -> Any:
    """Decorator: the function, which needs ``init_rpc`` before it."""

    @functools.wraps(func)
    def run(*args: Any, **kwargs: Any) -> Any:
        _here()
        return func(*args, **kwargs)

    return run

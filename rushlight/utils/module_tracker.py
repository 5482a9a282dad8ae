"""``torch.utils.module_tracker``: which modules are running, forward or backward, by their paths."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from ..autograd.engine import backward as engine_backward
from ..autograd.graph import register_multi_grad_hook
from ..nn.global_hooks import register_module_forward_hook, register_module_forward_pre_hook
from ..nn.module import Module
from ..tensor import Tensor

__all__ = ["ModuleTracker"]


class ModuleTracker:
    """A block in which ``parents`` are the paths of the modules that run just now, ``"Global"`` always among them.

    A path begins with the class of the outermost module. In backward a module runs from the gradients of its output to those of its input.

    >>> import rushlight as torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 2))
    >>> with torch.utils.module_tracker.ModuleTracker() as tracker:
    ...     hook = net[0].register_forward_pre_hook(lambda *_: print(sorted(tracker.parents)))
    ...     y = net(torch.ones(1, 2))
    ['Global', 'Sequential', 'Sequential.0']
    """

    def __init__(self) -> None:
        self._forward: set[str] = set()
        self._backward: set[str] = set()
        self._paths: weakref.WeakKeyDictionary[Module, str] = weakref.WeakKeyDictionary()
        self._seen: weakref.WeakSet[Module] = weakref.WeakSet()
        self._hooks: list[Any] = []

    @property
    def is_bw(self) -> bool:
        """Whether a backward is running."""
        frame: Any = sys._getframe(1)
        while frame is not None and frame.f_code is not engine_backward.__code__:
            frame = frame.f_back
        return frame is not None

    @property
    def parents(self) -> set[str]:
        """The paths of the modules that are running."""
        if not self.is_bw:
            self._backward.clear()  # of one that has ended
        return {"Global", *self._forward, *self._backward}

    def _path(self, module: Module) -> str:
        path = self._paths.setdefault(module, type(module).__name__)
        if module not in self._seen:
            self._seen.add(module)
            for name, child in module.named_children():
                self._paths[child] = f"{path}.{name}"
                self._path(child)
        return path

    def _on_gradients(self, values: Any, change: Callable[[str], None], path: str) -> None:
        tensors = [t for t in _tensors(values) if t.requires_grad]
        if tensors:
            self._hooks.append(register_multi_grad_hook(tensors, lambda *_: change(path)))

    def _before(self, module: Module, args: Any) -> None:
        path = self._path(module)
        self._forward.add(path)
        self._on_gradients(args, self._backward.discard, path)

    def _after(self, module: Module, args: Any, output: Any) -> None:
        path = self._path(module)
        self._forward.discard(path)
        self._on_gradients(output, self._backward.add, path)

    def __enter__(self) -> ModuleTracker:
        self._entered = register_module_forward_pre_hook(self._before), register_module_forward_hook(self._after)
        return self

    def __exit__(self, *exc: object) -> None:
        for handle in (*self._entered, *self._hooks):
            handle.remove()
        self._hooks.clear()


def _tensors(x: Any) -> Iterator[Tensor]:
    if isinstance(x, Tensor):
        yield x
    elif isinstance(x, dict):
        for value in x.values():
            yield from _tensors(value)
    elif isinstance(x, (list, tuple)):
        for value in x:
            yield from _tensors(value)

"""Which names are public, asked from the modules and registries themselves: what the reference has pages for."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from types import ModuleType
from typing import Any

import rushlight
from rushlight import families
from rushlight.functions import FUNCTIONS, Function
from rushlight.op import Op, names_under
from rushlight.readers import REGISTRY
from rushlight.tensor import Tensor

#: Namespaces below ``torch``, in the order of the reference, each with what it holds.
NAMESPACES = {
    "": "Tensors and the functions on them.",
    "nn": "Modules: layers, losses, containers.",
    "nn.functional": "What modules compute, as functions.",
    "nn.init": "How weights begin.",
    "nn.utils": "Clipping, flattening and fusing parameters.",
    "nn.utils.rnn": "Sequences of different lengths.",
    "nn.utils.parametrize": "Parameters computed from others.",
    "nn.utils.parametrizations": "Ready parametrizations: orthogonal, spectral and weight norm.",
    "nn.utils.stateless": "Modules as functions of their parameters.",
    "nn.attention": "Which attention is used.",
    "optim": "Optimizers.",
    "optim.lr_scheduler": "Learning rates that change.",
    "optim.swa_utils": "Averaged weights.",
    "distributions": "Random variables: samples, densities, divergences.",
    "distributions.transforms": "Maps between random variables.",
    "autograd": "Recording and running the graph.",
    "autograd.functional": "Jacobians, Hessians and products with them.",
    "autograd.forward_ad": "Tangents carried forward.",
    "func": "Derivatives and maps of functions.",
    "utils.data": "Data sets and loaders.",
    "utils.checkpoint": "Memory saved by computing twice.",
    "linalg": "Decompositions, solvers, norms.",
    "fft": "Fourier transforms.",
    "special": "Special functions.",
    "signal.windows": "Windows for spectra.",
    "masked": "Reductions that leave elements out.",
    "sparse": "Sparse tensors in coordinates.",
    "fx": "Programs traced as graphs.",
    "profiler": "Where time and memory go.",
    "amp": "Mixed precision: what is there of it.",
    "cuda": "What a build without GPU answers.",
    "jit": "Scripting, which runs eagerly here.",
    "compiler": "Compilation, which runs eagerly here.",
    "library": "Operators of your own.",
    "hub": "Models from local folders.",
    "futures": "Results that come later.",
    "distributed": "A process group of one process.",
    "testing": "Comparison of tensors.",
}


#: What PyTorch does not have: functions by their names in ``rushlight``, and modules whose ``__all__`` names what belongs to them.
OWN = ("explain", "diagnose", "detect_nan", "explain.nonfinite.NonFinite", "watch", "install_as_torch")
OWN_MODULES = ("explain", "explain.diagnosis", "watching", "init")


@dataclass(frozen=True)
class Public:
    """A public name: ``path`` is what a program writes (``"torch.nn.Linear"``), ``value`` what it gets."""

    path: str
    value: Any

    @property
    def is_class(self) -> bool:
        return inspect.isclass(self.value)

    @property
    def is_method(self) -> bool:
        return self.path.startswith("torch.Tensor.")

    @property
    def role(self) -> str:
        """The role of Sphinx's Python domain that refers to it."""
        if self.is_method:
            return "meth" if callable(self.value) else "attr"
        return "class" if self.is_class else "func"

    @property
    def page(self) -> str:
        """Its page. Kinds stand apart: ``torch.Tensor`` and ``torch.tensor`` are one file name on some systems."""
        folder = (
            "classes" if self.is_class else {"func": "functions", "meth": "methods", "attr": "attributes"}[self.role]
        )
        return f"reference/{folder}/{self.path}"

    @cached_property
    def op(self) -> Op | None:
        """The record behind it, if there is one."""
        return getattr(self.value, "__op__", None)

    @cached_property
    def doc(self) -> str:
        return inspect.cleandoc(self.value.__doc__ or "")


def namespace_members(path: str) -> list[Public]:
    """The public functions and classes directly under ``torch.<path>``, sorted."""
    module = _module(path)
    prefix = "torch." + (path + "." if path else "")
    found = []
    for name in sorted(_names(path, module)):
        value = getattr(module, name)
        if callable(value) and not inspect.ismodule(value) and not isinstance(value, rushlight.dtype):
            found.append(Public(prefix + name, value))
    return found


def own_members() -> list[Public]:
    """Rushlight's own functions, and the classes of what they return."""
    found = {}
    for name in OWN:
        value = attrgetter(name)(rushlight)
        found[f"rushlight.{name}"] = getattr(value, name) if inspect.ismodule(value) else value
    for module in OWN_MODULES:
        home = importlib.import_module(f"rushlight.{module}")
        for name in home.__all__:
            value = getattr(home, name)
            if callable(value) and value not in found.values():
                found[f"rushlight.{module}.{name}"] = value
    return [Public(path, value) for path, value in sorted(found.items())]


def constants() -> list[tuple[str, Any]]:
    """Types of elements, layouts and memory formats, by their names in ``torch``."""
    kinds = (rushlight.dtype, rushlight.layout, rushlight.memory_format)
    return [(name, value) for name, value in sorted(vars(rushlight).items()) if isinstance(value, kinds)]


def methods() -> list[Public]:
    """The public methods and attributes of Tensor."""
    return [Public(f"torch.Tensor.{n}", getattr(Tensor, n)) for n in sorted(dir(Tensor)) if not n.startswith("_")]


def everything() -> Iterator[Public]:
    families.load_all()
    yield from own_members()
    for path in NAMESPACES:
        yield from namespace_members(path)
    yield from methods()


def registered(torch_name: str) -> Op | Function | None:
    """The record or the function of this name or alias."""
    return _by_name().get(torch_name)


def without_page(pages: set[str]) -> list[str]:
    """Registered names that no page is made for: a namespace is missing above."""
    return sorted(name for name in _by_name() if not name.startswith("Tensor.") and f"torch.{name}" not in pages)


def _by_name() -> dict[str, Op | Function]:
    found: dict[str, Op | Function] = {}
    for op in REGISTRY.values():
        if op.public_name:
            found.update(dict.fromkeys([op.torch_name, *op.aliases], op))
    for function in FUNCTIONS.values():
        found.update(dict.fromkeys([function.torch_name, *function.aliases], function))
    return {name: record for name, record in found.items() if not name.rpartition(".")[2].startswith("_")}


def _module(path: str) -> ModuleType:
    module: Any = rushlight
    if path:
        try:
            module = importlib.import_module(f"rushlight.{path}")
        except ModuleNotFoundError:  # one that is made in code, not by a file
            module = importlib.import_module({"utils.data": "rushlight.data"}[path])
    return module


def _names(path: str, module: ModuleType) -> set[str]:
    """A module's ``__all__``; without one what the registries put there and what it defines."""
    if hasattr(module, "__all__"):
        return {name for name in module.__all__ if not name.startswith("_")}
    prefix = path + "." if path else ""
    named = {*names_under(prefix), *families.waiting(prefix)}
    defines: Callable[[str], bool] = (
        (lambda home: home == "torch" or home.startswith("rushlight"))
        if not path
        else (lambda home: home in (module.__name__, "torch._C"))
    )
    for name in dir(module):
        home = str(getattr(getattr(module, name, None), "__module__", ""))
        if defines(home):
            named.add(name)
    return {name for name in named if not name.startswith("_")}

"""`import torch` means Rushlight, in this process.

A finder at the front of ``sys.meta_path`` answers every dotted name below ``torch`` with the *same* object as the
Rushlight module it stands for. (With ``sys.modules["torch"]`` alone, ``import torch.nn`` would find our files by
path and load every class a second time.) Only the top is a module of its own, because ``torch.__version__`` has to
be torch's and ``rushlight.__version__`` ours.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from .facade import Facade, facade, origin
from .paths import CLASS_HOME, HOMES, PUBLIC, rushlight_path, torch_path
from .version import TORCH_VERSION, TorchVersion

_OWN_NAMES = frozenset({"__name__", "__version__", "__spec__", "__loader__", "__path__", "__package__", "__file__"})
_VISION = "rushlight.compat.vision"
_STANDIN = str(Path(__file__).parent / "standin")


def install_as_torch() -> ModuleType:
    """Make ``import torch`` and everything below it mean Rushlight; return the module ``torch``.

    Calling it again changes nothing. Raises RuntimeError if the real torch has been imported in this process: its
    objects and ours would meet in one program under one name.
    """
    present = sys.modules.get("torch")
    if isinstance(present, TorchModule):
        return present
    if present is not None:
        raise RuntimeError(
            f"torch is already imported in this process, from {getattr(present, '__file__', 'an unknown place')}.\n\n"
            "Call rushlight.install_as_torch() before the first `import torch`, or run the program with "
            "`rushlight run SCRIPT`."
        )
    finder = AliasFinder()
    for name, module in list(sys.modules.items()):
        if name == "rushlight" or name.startswith("rushlight."):
            finder.adopt(module)
    top = TorchModule(finder)
    sys.meta_path.insert(0, finder)
    sys.modules["torch"] = top
    sys.path.insert(min(1, len(sys.path)), _STANDIN)
    return top


def uninstall() -> None:
    """Undo ``install_as_torch``. Names that a program already imported stay valid; they are Rushlight's own objects."""
    top = sys.modules.get("torch")
    if not isinstance(top, TorchModule):
        return
    finder: AliasFinder = top.__loader__  # type: ignore[assignment]
    sys.meta_path.remove(finder)
    finder.release()
    for name in [name for name in sys.modules if name.partition(".")[0] == "torch"]:
        del sys.modules[name]
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("torchvision", "functorch") and module.__name__.startswith("rushlight."):
            del sys.modules[name]
    if _STANDIN in sys.path:
        sys.path.remove(_STANDIN)


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext rushlight`` in a notebook."""
    install_as_torch()


def unload_ipython_extension(ipython: Any) -> None:
    """``%unload_ext rushlight`` in a notebook."""
    uninstall()


class TorchModule(ModuleType):
    """The module ``torch``: reads, writes and deletes through to ``rushlight``, save for its version and its spec.

    What was read once is kept in its own dictionary, so that ``torch.relu`` costs what ``rushlight.relu`` does. The
    look-up of what is not there yet is a module-level ``__getattr__``, which leaves CPython's fast path for modules on.
    """

    def __init__(self, finder: AliasFinder):
        import rushlight
        from rushlight import version

        super().__init__("torch", rushlight.__doc__)
        spec = ModuleSpec("torch", finder, origin=rushlight.__file__, is_package=True)  # type: ignore[arg-type]
        own = self.__dict__
        own.update({name: value for name, value in vars(rushlight).items() if not name.startswith("__")})
        own.update(
            __spec__=spec,
            __loader__=finder,
            __package__="torch",
            __path__=[],
            __file__=rushlight.__file__,
            __version__=TorchVersion(TORCH_VERSION),
            version=version,
            __getattr__=self._look_up,
            __dir__=lambda: sorted({*dir(rushlight), *own}),
        )

    def _look_up(self, name: str) -> Any:
        rushlight = sys.modules["rushlight"]
        try:
            value = getattr(rushlight, name)
        except AttributeError:
            if "torch." + name in HOMES:
                return importlib.import_module("torch." + name)
            raise AttributeError(f"module 'torch' has no attribute '{name}'", name=name, obj=self) from None
        if name in vars(rushlight) and not name.startswith("__"):
            self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name not in _OWN_NAMES and not isinstance(value, Facade):
            setattr(sys.modules["rushlight"], name, value)

    def __delattr__(self, name: str) -> None:
        if name in _OWN_NAMES:
            raise AttributeError(f"'{name}' of module 'torch' cannot be deleted")
        self.__dict__.pop(name, None)
        delattr(sys.modules["rushlight"], name)


class AliasFinder:
    """Finds ``torch.*`` among Rushlight's modules, and gives the classes of each the name torch prints for them."""

    def __init__(self) -> None:
        self.attached: list[tuple[ModuleType, str]] = []

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname.startswith("torch."):
            return self._torch_spec(fullname)
        if fullname.startswith("rushlight."):
            return self._watched_spec(fullname, path)
        if fullname.partition(".")[0] == "functorch":  # comes with torch
            return self._standing_in(fullname, "rushlight.compat." + fullname)
        if fullname.partition(".")[0] == "torchvision" and PathFinder.find_spec("torchvision") is None:
            # `importlib.util.find_spec("torchvision")` asks whether it is installed, which it is not: a package that asks goes on
            # to use all of torchvision. An import is answered.
            if sys._getframe(2).f_globals.get("__name__") != "importlib.util":
                return self._vision_spec(fullname)
        return None

    def find_distributions(self, context: Any = None) -> Iterator[Any]:
        """What ``importlib.metadata`` finds: packages that are built on torch look its version up there."""
        if context is None or (getattr(context, "name", None) in (None, "torch") and "path" not in vars(context)):
            from .metadata import TorchDistribution

            yield TorchDistribution()

    def _vision_spec(self, fullname: str) -> ModuleSpec | None:
        """The stand-in for torchvision, which is not installed."""
        target = _VISION + fullname.removeprefix("torchvision")
        if importlib.util.find_spec(target) is None:
            raise ModuleNotFoundError(
                f"No module named '{fullname}'\n\ntorchvision is not installed, and this part is not in Rushlight's stand-in for it "
                "(docs/torchvision.md says what is).",
                name=fullname,
            )
        module = importlib.import_module(target)
        return ModuleSpec(fullname, _ExistingModule(module), is_package=hasattr(module, "__path__"))

    def _standing_in(self, fullname: str, target: str) -> ModuleSpec | None:
        """One of our modules under another name; None if there is none."""
        if importlib.util.find_spec(target) is None:
            raise ModuleNotFoundError(f"No module named '{fullname}'\n\nRushlight has torch.func.", name=fullname)
        module = importlib.import_module(target)
        return ModuleSpec(fullname, _ExistingModule(module), is_package=hasattr(module, "__path__"))

    def _torch_spec(self, fullname: str) -> ModuleSpec:
        module = self._module_for(fullname)
        if module is None:
            raise ModuleNotFoundError(
                f"No module named '{fullname}'\n\n"
                f"`import torch` means Rushlight here, and Rushlight has no '{rushlight_path(fullname)}'. "
                "README.md says what it covers, docs/differences.md where it differs on purpose.",
                name=fullname,
            )
        return ModuleSpec(fullname, _ExistingModule(module), is_package=hasattr(module, "__path__"))

    def _module_for(self, fullname: str) -> ModuleType | None:
        target = rushlight_path(fullname)
        parent, _, leaf = target.rpartition(".")
        if target in sys.modules:
            return sys.modules[target]
        try:
            if importlib.util.find_spec(target) is not None:
                return importlib.import_module(target)
        except ModuleNotFoundError as error:
            if error.name is None or not target.startswith(error.name):
                raise  # the module is there, and something that it needs is not
        inner = facade(fullname)
        if inner is None:  # a module made in code rather than by a file of its own
            made = getattr(sys.modules.get(parent), leaf, None)
            return made if isinstance(made, ModuleType) else None
        outer = sys.modules.get(fullname.rpartition(".")[0])
        if outer is not None and not isinstance(outer, TorchModule | Facade):
            self.attached.append((outer, leaf))
        return inner

    def _watched_spec(self, fullname: str, path: Any) -> ModuleSpec | None:
        """The ordinary spec of one of our modules, which renames the module's classes once it is loaded."""
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            execute = loader.exec_module

            def execute_and_adopt(module: ModuleType) -> None:
                execute(module)
                self.adopt(module)

            loader.exec_module = execute_and_adopt
        return spec

    def adopt(self, module: ModuleType) -> None:
        """Let the classes that ``module`` defines print as torch's: ``<class 'torch.Tensor'>``.

        An inner module that has its name in common with a function beside it (``torch.nn.utils.weight_norm``) is put where
        imports find it, as the import system would write what it loads over the function.
        """
        path = torch_path(module.__name__)
        for inner in HOMES:
            if inner.rpartition(".")[0] == path and callable(vars(module).get(inner.rpartition(".")[2])):
                sys.modules.setdefault(inner, facade(inner))  # type: ignore[arg-type]
        if module.__name__.startswith(_VISION):
            home = "torchvision" + module.__name__.removeprefix(_VISION)
            for value in list(vars(module).values()):
                if isinstance(value, type) and value.__module__ == module.__name__:
                    origin[value] = module.__name__
                    value.__module__ = home
            return
        part = module.__name__.partition(".")[2].partition(".")[0]
        part = part if part in PUBLIC.values() else ""
        for value in list(vars(module).values()):
            if isinstance(value, type) and value.__module__ == module.__name__:
                home = CLASS_HOME.get((part, value.__qualname__))
                if home is not None:
                    origin[value] = module.__name__
                    value.__module__ = home

    def release(self) -> None:
        for cls, name in origin.items():
            cls.__module__ = name
        origin.clear()
        for module, name in self.attached:
            vars(module).pop(name, None)


class _ExistingModule(Loader):
    """A loader for what is loaded already."""

    def __init__(self, module: ModuleType):
        self.module = module
        self.spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just put torch's spec on the module; a Rushlight module keeps its own.
        if self.spec is not None:
            module.__spec__ = self.spec

"""Machine code at run time: LLVM IR in, addresses of functions out.

llvmlite is imported on first use, and only then: a program of a few small operations never pays for it. For the same reason the modules
about code on disk and in memory are imported in functions here.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from . import iteration

_kept: list[Any] = []
_own = threading.local()  # what each thread that compiles has for itself
_ahead: Any = None  # the ``Ahead`` that compiles what will be asked for, once there is something


def setting() -> str:
    """``RUSHLIGHT_KERNELS``: ``now`` compiles at the first chance, ``off`` never; by default when it is worth it."""
    return os.environ.get("RUSHLIGHT_KERNELS", "")


@functools.cache
def available() -> bool:
    """Whether compiled code may be used here."""
    return obstacle() is None


def obstacle() -> str | None:
    """Why compiled code may not be used here; None where it may: in a CPython with its lock, with a working llvmlite, arrays as we
    know them and fused operations (of x86's processors those since 2013), ``RUSHLIGHT_KERNELS`` not ``off``."""
    if setting() == "off":
        return "by RUSHLIGHT_KERNELS"
    if sys.implementation.name != "cpython" or sys.maxsize < 1 << 32:
        return "they are made for CPython on 64-bit processors"
    import sysconfig

    from . import cpython

    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "they are made for a Python with the interpreter lock"
    if _features() is None:
        return "llvmlite is missing or finds no library"
    if has("sse2") and not (has("fma") and has("avx2")):
        return "this processor has no fused multiply-add or no AVX2"
    return None if cpython.trusted() else "this NumPy's arrays are laid out otherwise than known"


@functools.cache
def _features() -> str | None:
    """This processor's features as LLVM writes them; None if llvmlite is missing or finds no library.

    They are kept on disk, so that a later process that has all its code from there never imports llvmlite.
    """
    import importlib.util

    from . import cache

    if importlib.util.find_spec("llvmlite") is None:
        return None
    kept = cache.read(cache.key("features"))
    if kept is not None:
        return kept.decode()
    try:
        import llvmlite.binding as llvm
    except (ImportError, OSError):
        return None
    found = str(llvm.get_host_cpu_features().flatten())
    cache.write(cache.key("features"), found.encode())
    return found


def has(feature: str) -> bool:
    """Whether this processor has a feature, by LLVM's name for it (``fma``)."""
    return f"+{feature}" in (_features() or "").split(",")


def load(module: Any, symbols: dict[str, int]) -> dict[str, int]:
    """Code for this processor from LLVM IR (text, or anything that prints as it); the addresses of its functions and data.

    ``symbols`` are the addresses of the functions that it declares and calls. The object file is kept on disk.
    """
    text = str(module)
    return code(("text", text), lambda: text, symbols)


def code(
    parts: tuple[object, ...],
    text: Callable[[], str],
    symbols: dict[str, int],
    follow: Callable[[], None] | None = None,
) -> dict[str, int]:
    """The same for IR that is written only when no object file is kept for ``parts``, which must say all that the IR depends on
    beyond the source of the kernels, LLVM and the processor. ``follow`` is called then, to ``begin`` what is needed next."""
    from . import cache, objects

    name = cache.key(*parts)
    taken = _ahead.take(name) if _ahead else None
    data = taken or cache.read(name)
    if (data is None or taken) and follow is not None and iteration.get_threads() > 1:
        follow()
    if data is None:
        data = _made(name, text)
    try:
        return objects.load(data, symbols.__getitem__)
    except NotImplementedError:
        return _load_by_llvm(data, symbols)


def begin(parts: tuple[object, ...], text: Callable[[], str]) -> None:
    """Have code made on another core, if it is not on the disk: what ``code`` will be asked for soon."""
    global _ahead
    from . import cache
    from .ahead import Ahead

    name = cache.key(*parts)
    if cache.read(name) is None:
        _ahead = _ahead or Ahead(_made)
        _ahead.begin(name, text)


def _made(name: str, text: Callable[[], str]) -> bytes:
    """Compile and keep."""
    from . import cache

    data = compiled(_written(text))
    cache.write(name, data)
    return data


def _written(text: Callable[[], str]) -> str:
    """The IR. Python does not look for garbage among the trees of sources: they are tens of thousands of new objects, and all of use."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return text()
    finally:
        if collecting:
            if not gc.get_freeze_count():
                gc.freeze()  # and back: all are old objects now, which the next collections pass over
                gc.unfreeze()
            gc.enable()


def compiled(text: str) -> bytes:
    """An object file for this processor."""
    import llvmlite.binding as llvm

    parsed = llvm.parse_assembly(text, llvm.create_context())
    parsed.verify()
    machine = _machine()
    # Variables to registers, and no more: other passes take three times as long as the rest and gain nothing on what is written here.
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.run(parsed, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    return _object(machine, parsed)


def _object(machine: Any, parsed: Any) -> bytes:
    """``machine.emit_object(parsed)``, without the lock that lets one thread at a time into llvmlite: LLVM itself needs none for two
    threads with a context and a machine each."""
    from llvmlite.binding import ffi

    library = ffi.lib
    emit = library.LLVMPY_TargetMachineEmitToMemory
    with ffi.OutputString() as error:
        buffer = getattr(emit, "_cfn", emit)(machine, parsed, 1, error)
        if not buffer:
            raise RuntimeError(str(error))
    try:
        return ctypes.string_at(library.LLVMPY_GetBufferStart(buffer), library.LLVMPY_GetBufferSize(buffer))
    finally:
        library.LLVMPY_DisposeMemoryBuffer(buffer)


def _machine() -> Any:
    """What emits code for this processor, on this thread."""
    if not hasattr(_own, "machine"):
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        _own.machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(),
            features=llvm.get_host_cpu_features().flatten(),
            opt=1,
            reloc="pic",
            codemodel="small",
        )
    return _own.machine


def _load_by_llvm(data: bytes, symbols: dict[str, int]) -> dict[str, int]:
    """By LLVM's own loader, where ours knows the format too little.

    The engine is never disposed of: code that the interpreter may still hold would go with it.
    """
    import llvmlite.binding as llvm

    machine = _machine()
    for name, address in symbols.items():
        llvm.add_symbol(name, address)
    engine: Any = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    file = llvm.ObjectFileRef.from_data(data)
    engine.add_object_file(file)
    engine.finalize_object()
    engine._owned, engine._dispose = True, lambda: None
    _kept.append(engine)
    return Addresses(engine)


class Addresses(dict[str, int]):
    """Symbols of an engine, looked up as they are asked for."""

    def __init__(self, engine: Any):
        self.engine = engine

    def __missing__(self, name: str) -> int:
        return int(self.engine.get_function_address(name) or self.engine.get_global_value_address(name))


#: Elements that NumPy has to have worked through before loops are compiled, which takes about as long as they would have saved
#: by then. A call counts as ten thousand elements, as NumPy's many calls for it take that long however short the array is.
#: Code from the disk is worth less waiting.
PATIENCE, A_CALL, WARM = 30_000_000, 10_000, 2_000_000


class Patience:
    """Whether loops are worth compiling yet: after enough work for NumPy, or at once if told so."""

    def __init__(self) -> None:
        self.left = 0 if setting() == "now" else PATIENCE
        self.ready: bool | None = None
        self.looked = False
        #: Caches of decisions that were made while it was not over.
        self.dependents: list[dict[Any, Any]] = []

    def is_warm(self) -> bool:
        """Whether an earlier process has kept code on the disk; asked once."""
        from . import cache

        self.looked = True
        return setting() != "off" and cache.read(cache.key("features")) is not None

    def over(self, elements: int, calls: int) -> bool:
        """Count work that is about to be done; whether it is a loop's from here on."""
        if self.ready is None:
            self.left -= elements + calls * A_CALL
            if self.left < 0 or (not self.looked and self.left < PATIENCE - WARM and self.is_warm()):
                self.ready = available()
                for cached in self.dependents:
                    cached.clear()
        return bool(self.ready)

    def over_or_large(self, elements: int, calls: int, large: int) -> bool:
        """The same, but work on ``large`` elements does not wait: NumPy would take longer over it than code from the disk takes to load."""
        if self.ready is None and elements >= large:
            return available()
        return self.over(elements, calls)


patience: Patience = Patience()

"""Machine code at run time: LLVM IR in, addresses of functions out.

llvmlite is imported on first use, and only then: a program of a few small operations never pays for it.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

_kept: list[Any] = []


def setting() -> str:
    """``RUSHLIGHT_KERNELS``: ``now`` compiles at the first chance, ``off`` never; by default when it is worth it."""
    return os.environ.get("RUSHLIGHT_KERNELS", "")


@functools.cache
def available() -> bool:
    """Whether compiled code may be used here: a CPython with its lock, a working llvmlite, ``RUSHLIGHT_KERNELS`` not ``off``."""
    if setting() == "off" or sys.implementation.name != "cpython" or sys.maxsize < 1 << 32:
        return False
    import sysconfig

    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return False
    try:
        import llvmlite.binding  # noqa: F401 - it finds its library now or never
    except (ImportError, OSError):
        return False
    return True


@functools.cache
def has(feature: str) -> bool:
    """Whether this processor has a feature, by LLVM's name for it (``fma``)."""
    import llvmlite.binding as llvm

    return bool(llvm.get_host_cpu_features().get(feature, False))


def load(module: Any, symbols: dict[str, int]) -> Any:
    """Compile an ``llvmlite.ir.Module`` for this processor; its functions and globals are asked for by name.

    ``symbols`` are the addresses of the functions that it declares and calls.

    The engine is never disposed of: code that the interpreter may still hold would go with it.
    """
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    for name, address in symbols.items():
        llvm.add_symbol(name, address)
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    # No passes over the IR: on what is written here they take three times as long as the rest and gain nothing.
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=1
    )
    engine: Any = llvm.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    engine._owned, engine._dispose = True, lambda: None
    _kept.append(engine)
    return engine


#: Elements that NumPy has to have worked through before loops are compiled, which takes about as long as they would have saved
#: by then. A call counts as ten thousand elements, as NumPy's many calls for it take that long however short the array is.
PATIENCE, A_CALL = 30_000_000, 10_000


class Patience:
    """Whether loops are worth compiling yet: after enough work for NumPy, or at once if told so."""

    def __init__(self) -> None:
        self.left = 0 if setting() == "now" else PATIENCE
        self.ready: bool | None = None

    def over(self, elements: int, calls: int) -> bool:
        """Count work that is about to be done; whether it is a loop's from here on."""
        if self.ready is None:
            self.left -= elements + calls * A_CALL
            if self.left < 0:
                self.ready = available()
        return bool(self.ready)


patience = Patience()

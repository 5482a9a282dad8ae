"""What a measured process runs on: processor, BLAS and its kernel, versions; and what the machine can do at best."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

# NumPy's wheels rename the symbols of their OpenBLAS, each generation in another way.
_CORENAMES = (
    "scipy_openblas_get_corename64_",
    "scipy_openblas_get_corename",
    "openblas_get_corename64_",
    "openblas_get_corename",
)


def facts(side: str, namespace: Any) -> dict[str, str]:
    """Subject and fact of one side: ``rushlight`` says what holds for the machine, another side only what is its own."""
    own = {f"{side} version": str(namespace.__version__), f"{side} threads": _threads(namespace)}
    if side == "torch":
        return own | {"torch BLAS": torch_libraries(namespace.__config__.show())}
    if side != "rushlight":
        return own
    return own | {
        "date": date.today().isoformat(),
        "CPU": cpu_model(),
        "cores": str(cores()),
        "load at start": _load(),
        "NumPy BLAS": numpy_blas(),
        "Python": f"{platform.python_version()} ({platform.python_implementation()}, {platform.system()})",
        "NumPy": np.__version__,
        "llvmlite": _version("llvmlite"),
        "RUSHLIGHT_KERNELS": os.environ.get("RUSHLIGHT_KERNELS") or "not set",
    }


def cores() -> int:
    """Processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else (os.cpu_count() or 1)


def cpu_model() -> str:
    """The processor's name as the system gives it."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        described = dict(line.split(":", 1) for line in listing.read_text().splitlines() if ":" in line)
        found = {name.strip(): value.strip() for name, value in described.items()}
        if "model name" in found:
            numbers = [f"{name} {found[name]}" for name in ("cpu family", "model") if name in found]
            return f"{found['model name']} ({', '.join(numbers)})" if numbers else found["model name"]
    return platform.processor() or platform.machine()


def numpy_blas() -> str:
    """Name and version of the BLAS that NumPy uses, and the kernel chosen for this processor, if it is NumPy's own OpenBLAS."""
    config: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]
    blas = config.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}, kernel {openblas_kernel() or 'unknown'}"


def openblas_kernel() -> str | None:
    """The name of the kernels that OpenBLAS runs; None if NumPy's BLAS is not one that was found."""
    package = Path(np.__file__).parent
    folders = [package.parent / "numpy.libs", package / ".dylibs", package / ".libs"]
    for path in [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*openblas*"))]:
        try:
            library = ctypes.CDLL(str(path))  # NumPy has it open: this is the same one, not a second
        except OSError:
            continue
        for name in _CORENAMES:
            if hasattr(library, name):
                corename = getattr(library, name)
                corename.restype = ctypes.c_char_p
                return str(corename().decode())
    return None


def torch_libraries(config: str) -> str:
    """The lines of ``torch.__config__.show()`` that say who multiplies matrices, and for which processor."""
    wanted = ("Math Kernel Library", "MKL-DNN", "OpenBLAS", "BLAS_INFO", "Accelerate", "CPU capability")
    lines = [line.strip(" -") for line in config.splitlines() if any(word in line for word in wanted)]
    kept = []
    for line in lines:
        if line.startswith("Build settings"):
            line = next(part.strip() for part in line.removeprefix("Build settings:").split(",") if "BLAS_INFO" in part)
        kept.append(line.split(" for Intel")[0].split(" (Git")[0])
    return "; ".join(kept) or "unknown"


def peaks(seconds: float) -> dict[str, float]:
    """What this machine does at best with all cores: ``gemm`` flop/s of float32 products, ``memory`` bytes/s read and written by copies."""
    return {"gemm": _gemm_peak(seconds), "memory": _memory_peak(seconds)}


def _gemm_peak(seconds: float) -> float:
    a = np.ones((2048, 2048), np.float32)
    out = np.empty_like(a)
    return 2 * 2048.0**3 / _best(lambda: np.matmul(a, a, out=out), seconds)


def _memory_peak(seconds: float) -> float:
    """A thread a core copies 64 MB, more than caches hold; NumPy lets go of the interpreter's lock meanwhile."""
    workers, size = cores(), 1 << 26
    pairs = [(np.ones(size, np.uint8), np.ones(size, np.uint8)) for _ in range(workers)]
    with ThreadPoolExecutor(workers) as pool:
        return 2 * workers * size / _best(lambda: list(pool.map(lambda pair: np.copyto(*pair), pairs)), seconds)


def _best(work: Callable[[], Any], seconds: float) -> float:
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end or best == float("inf"):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def peak_memory() -> int:
    """Bytes of memory that this process has had resident at most.

    Linux's VmHWM where there is one: ``ru_maxrss`` there begins with what the process that started this one had.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if platform.system() == "Darwin" else size * 1024


def forget_peak() -> None:
    """Let the peak begin again at what is resident now, where the system can do so (Linux); elsewhere it stays what it was."""
    switch = Path("/proc/self/clear_refs")
    if switch.exists() and os.access(switch, os.W_OK):
        switch.write_text("5")


def available_memory() -> float:
    """Bytes that programs may still take without swapping; infinity where the system does not say."""
    listing = Path("/proc/meminfo")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024.0
    return float("inf")


def _threads(namespace: Any) -> str:
    get = getattr(namespace, "get_num_threads", None)
    return str(get()) if get else "unknown"


def _load() -> str:
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"


def _version(name: str) -> str:
    if importlib.util.find_spec(name) is None:
        return "missing"
    try:
        return version(name)
    except PackageNotFoundError:
        return "present, version unknown"

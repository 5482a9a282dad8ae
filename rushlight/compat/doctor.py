"""What Rushlight runs on here: the facts that a bug report needs, and what could be mended."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ..kernels import cache, llvm
from ..kernels.iteration import get_threads

#: Optional packages, each with what it is for.
OPTIONAL = {
    "rich": "explain, watch, diagnose and tour in the terminal",
    "ml_dtypes": "bfloat16 tensors (extra bfloat16)",
    "matplotlib": "pictures of benchmarks and notebooks (extra bench)",
    "tensorboardX": "TensorBoard's event files (extra tensorboard)",
}


def show() -> None:
    """Print the facts and notes: a table in a terminal, plain lines elsewhere and without rich."""
    if not sys.stdout.isatty() or importlib.util.find_spec("rich") is None:
        print(report())
        return
    from rich.table import Table

    from ..terminal import console

    screen = console(highlight=False)
    for title, facts in sections().items():
        table = Table(
            title=title, title_justify="left", title_style="bold", show_header=False, box=None, pad_edge=False
        )
        table.add_column(style="cyan", no_wrap=True, min_width=12)
        table.add_column(overflow="fold")
        for subject, fact in facts.items():
            table.add_row(subject, fact)
        screen.print(table)
        screen.print()
    for note in notes():
        screen.print(f"[yellow]note[/]  {note}")


def report() -> str:
    """The same as lines of ``subject  fact``."""
    facts = {subject: fact for section in sections().values() for subject, fact in section.items()}
    width = max(map(len, facts))
    lines = [f"{subject:<{width}}  {fact}" for subject, fact in facts.items()]
    return "\n".join([*lines, *(f"{'note':<{width}}  {note}" for note in notes())])


def sections() -> dict[str, dict[str, str]]:
    """The facts by section."""
    import rushlight

    config: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]
    blas = config.get("Build Dependencies", {}).get("blas", {})
    return {
        "Rushlight": {
            "rushlight": f"{rushlight.__version__} from {os.path.dirname(rushlight.__file__ or '')}",
            "python": f"{platform.python_version()} ({platform.python_implementation()}) on {platform.platform()}",
        },
        "Arithmetic": {
            "numpy": np.__version__,
            "BLAS": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
            "SIMD": " ".join(config.get("SIMD Extensions", {}).get("found", [])) or "baseline only",
            "threads": f"{get_threads()} of {os.cpu_count()} processors{_threads_said()}",
        },
        "Machine code": {
            "llvmlite": _package("llvmlite", "missing"),
            "kernels": _kernels(),
            "cache": _cache(),
        },
        "Optional": {
            **{name: _package(name, f"missing: for {purpose}") for name, purpose in OPTIONAL.items()},
            "torch": _package("torch", "not installed, and not needed"),
        },
    }


def notes() -> list[str]:
    """What is not as it could be here, and what to do about it."""
    found = []
    if importlib.util.find_spec("llvmlite") is None:
        found.append(
            "llvmlite is missing: all works on NumPy alone, large work several times slower. pip install llvmlite"
        )
    if importlib.util.find_spec("rich") is None:
        found.append(f"rich is missing: it is needed for {OPTIONAL['rich']}. pip install rich")
    if llvm.available() and cache.folder() is None:
        found.append(
            "compiled code is not kept, so each process compiles anew. Set RUSHLIGHT_CACHE_DIR to a folder of yours"
        )
    return found


def _kernels() -> str:
    why_not = llvm.obstacle()
    if why_not is not None:
        return f"off: {why_not}"
    return "on, compiled at the first chance (RUSHLIGHT_KERNELS=now)" if llvm.setting() == "now" else "on"


def _threads_said() -> str:
    """By which variable the number of threads is set, if by one."""
    given = os.environ.get("OMP_NUM_THREADS")
    return f" (OMP_NUM_THREADS={given})" if given else ""


def _cache() -> str:
    """Where compiled code is kept, and how much."""
    where = cache.folder()
    if where is None:
        return "none: the folder cannot be written, or others may write to it"
    sizes = [path.stat().st_size for path in cache.entries(where)]
    return f"{where}: {len(sizes)} files, {sum(sizes) / 1024:.0f} KiB"


def clear_cache() -> str:
    """Remove the compiled code that is kept on disk."""
    return f"{cache.clear()} files of compiled code removed"


def _package(name: str, absent: str) -> str:
    if importlib.util.find_spec(name) is None:
        return absent
    try:
        return version(name)
    except PackageNotFoundError:
        return "present, version unknown"

"""What Rushlight runs on here: the facts that a bug report needs."""

from __future__ import annotations

import importlib.util
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ..kernels import cache, llvm
from ..kernels.iteration import get_threads


def report() -> str:
    """Lines of ``subject: fact``."""
    import rushlight

    config: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]
    blas = config.get("Build Dependencies", {}).get("blas", {})
    facts = {
        "rushlight": f"{rushlight.__version__} from {os.path.dirname(rushlight.__file__ or '')}",
        "python": f"{platform.python_version()} ({platform.python_implementation()}) on {platform.platform()}",
        "numpy": np.__version__,
        "BLAS": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
        "SIMD": " ".join(config.get("SIMD Extensions", {}).get("found", [])) or "baseline only",
        "threads": f"{get_threads()} of {os.cpu_count()} processors",
        "llvmlite": _package("llvmlite", "missing: everything runs on NumPy alone, large work more slowly"),
        "kernels": "off, by RUSHLIGHT_KERNELS"
        if os.environ.get("RUSHLIGHT_KERNELS") == "off"
        else "on"
        if llvm.available()
        else "off",
        "cache": _cache(),
        "bfloat16": _package("ml_dtypes", "missing: pip install 'rushlight[bfloat16]'"),
        "torch": _package("torch", "not installed, and not needed"),
    }
    width = max(map(len, facts))
    return "\n".join(f"{subject:<{width}}  {fact}" for subject, fact in facts.items())


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

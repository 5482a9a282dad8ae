"""What Rushlight runs on here: the facts that a bug report needs."""

from __future__ import annotations

import importlib.util
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ..kernels import llvm
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
        "llvmlite": _package("llvmlite", "missing: small operations run on NumPy alone"),
        "kernels": "off, by RUSHLIGHT_KERNELS"
        if os.environ.get("RUSHLIGHT_KERNELS") == "off"
        else "on"
        if llvm.available()
        else "off",
        "bfloat16": _package("ml_dtypes", "missing: pip install 'rushlight[bfloat16]'"),
        "torch": _package("torch", "not installed, and not needed"),
    }
    width = max(map(len, facts))
    return "\n".join(f"{subject:<{width}}  {fact}" for subject, fact in facts.items())


def _package(name: str, absent: str) -> str:
    if importlib.util.find_spec(name) is None:
        return absent
    try:
        return version(name)
    except PackageNotFoundError:
        return "present, version unknown"

"""Compiled code kept on disk between runs.

A folder that only its owner can write: ``RUSHLIGHT_CACHE_DIR``, or ``rushlight`` in the user's cache folder. An entry's name is a
hash of everything the code depends on; it begins with a hash of its own content, so that a damaged one is seen and made anew.
Entries are written beside and renamed, so that processes never see half of one. If the folder cannot be used, nothing is kept.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import stat
import sys
from pathlib import Path

CAP = 128 << 20  # bytes; the entries that were unused longest go first
ONE_IN = 32  # of so many entries written one has all looked through, which takes as long as there are files


@functools.cache
def folder() -> Path | None:
    """The folder, made if it is not there; None if it cannot be had or somebody else could write to it."""
    given = os.environ.get("RUSHLIGHT_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = Path(given) if given else Path(home) / "rushlight"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
    except OSError:
        return None
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        return None
    return path


@functools.cache
def surroundings() -> bytes:
    """A hash of what all code depends on: the kernels' source, LLVM's version, this processor."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), *here.glob("code/*.py")]):
        digest.update(path.read_bytes())
    from .registers import SETTING

    asked = os.environ.get(SETTING, "")
    digest.update(f"{sys.platform} {sys.version_info[:2]} {_llvmlite()} {_processor()} {asked}".encode())
    return digest.digest()


def _llvmlite() -> str:
    """The version of llvmlite, without importing it."""
    import importlib.util

    spec = importlib.util.find_spec("llvmlite")
    if spec is None or not spec.submodule_search_locations:
        return "none"
    return (Path(spec.submodule_search_locations[0]) / "_version.py").read_text(errors="replace")


def _processor() -> str:
    """The processor's name and features."""
    try:
        text = Path("/proc/cpuinfo").read_text(errors="replace").partition("\n\n")[0]
    except OSError:
        import platform

        return platform.processor()
    lines = (line for line in text.splitlines() if line.startswith(("model", "flags", "Features", "CPU", "vendor")))
    return "\n".join(line for line in lines if "MHz" not in line)


def key(*parts: object) -> str:
    """The name of an entry."""
    return hashlib.sha256(surroundings() + repr(parts).encode()).hexdigest()


def read(name: str) -> bytes | None:
    """What was kept under a name, if it is there and whole."""
    where = folder()
    if where is None:
        return None
    try:
        content = (where / name).read_bytes()
    except OSError:
        return None
    return content[32:] if hashlib.sha256(content[32:]).digest() == content[:32] else None


def write(name: str, content: bytes) -> None:
    """Keep something, if it can be."""
    where = folder()
    if where is None:
        return
    beside = where / f"{name}.{os.getpid()}"
    try:
        beside.write_bytes(hashlib.sha256(content).digest() + content)
        beside.replace(where / name)
        if int(name[:8], 16) % ONE_IN == 0:
            _shrink(where)
    except OSError:
        beside.unlink(missing_ok=True)


def _shrink(where: Path) -> None:
    """Remove the oldest entries beyond the cap."""
    aged = [(path.stat(), path) for path in entries(where)]
    size = sum(found.st_size for found, _ in aged)
    for found, path in sorted(aged, key=lambda e: e[0].st_mtime):
        if size <= CAP:
            break
        path.unlink(missing_ok=True)
        size -= found.st_size


def clear() -> int:
    """Remove all entries; how many there were."""
    where = folder()
    found = entries(where) if where else []
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def entries(where: Path) -> list[Path]:
    """The files that are ours: their names are hashes."""
    return [path for path in where.iterdir() if re.fullmatch(r"[0-9a-f]{64}(\.\d+)?", path.name)]

"""Without llvmlite the modules that write machine code cannot be imported, and have no doctests to run."""

from importlib.util import find_spec

NATIVE = [
    "entry_points/__init__.py",
    "entry_points/binary.py",
    "entry_points/parts.py",
    "entry_points/single.py",
    "kernels/native.py",
    "kernels/loops.py",
    "kernels/tiles.py",
]
collect_ignore = [] if find_spec("llvmlite") else [f"rushlight/{name}" for name in NATIVE]

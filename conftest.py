"""Without llvmlite the modules that write machine code cannot be imported, and have no doctests to run."""

from importlib.util import find_spec

NATIVE = ["entry_points", "kernels/native.py", "kernels/loops.py", "kernels/tiles.py"]
collect_ignore = [] if find_spec("llvmlite") else [f"rushlight/{name}" for name in NATIVE]

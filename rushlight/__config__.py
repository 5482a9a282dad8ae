"""``torch.__config__``: how the library was built."""

from __future__ import annotations

import os

from .settings import get_num_interop_threads, get_num_threads


def show() -> str:
    """What computes, as text."""
    import numpy

    from .version import __version__

    return (
        f"Rushlight built with:\n  - NumPy {numpy.__version__}\n  - LLVM, if llvmlite is installed\n"
        f"  - Build settings: TORCH_VERSION={__version__.partition('+')[0]}, USE_CUDA=0, USE_MKL=OFF, USE_MKLDNN=OFF, USE_MPI=OFF, "
        "USE_OPENMP=OFF\n"
    )


def parallel_info() -> str:
    """How many threads compute, as text."""
    return (
        f"ATen/Parallel:\n\tat::get_num_threads() : {get_num_threads()}\n\tat::get_num_interop_threads() : "
        f"{get_num_interop_threads()}\nstd::thread::hardware_concurrency() : {os.cpu_count()}\n"
    )

"""``torch.backends`` as a CPU build answers. Settings that programs make are kept and change nothing."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class Backend(ModuleType):
    """A backend that is not there: it has settings and says so."""

    def __init__(self, name: str, available: bool, **settings: Any):
        super().__init__(f"{__name__}.{name}")
        self.__dict__.update(settings)
        self.__dict__["is_available"] = lambda: available
        self.__dict__["is_built"] = lambda: available
        sys.modules[self.__name__] = self


cudnn = Backend(
    "cudnn",
    False,
    enabled=True,
    benchmark=False,
    deterministic=False,
    allow_tf32=True,
    benchmark_limit=10,
    version=lambda: None,
)
cuda = Backend("cuda", False, matmul=Backend("cuda.matmul", False, allow_tf32=False))
mps = Backend("mps", False)
mkl = Backend("mkl", True)
mkldnn = Backend("mkldnn", True, enabled=True)
openmp = Backend("openmp", True)
opt_einsum = Backend("opt_einsum", False, enabled=False, strategy=None)

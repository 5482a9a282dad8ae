"""``torch.backends`` as a CPU build answers. Settings that programs make are kept and change nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


cudnn: Backend = Backend(
    "cudnn",
    False,
    enabled=True,
    benchmark=False,
    deterministic=False,
    allow_tf32=True,
    benchmark_limit=10,
    version=lambda: None,
)
cuda: Backend = Backend("cuda", False, matmul=Backend("cuda.matmul", False, allow_tf32=False))
_sdp = {"flash": True, "mem_efficient": True, "math": True, "cudnn": True}


def _add_switch(name: str) -> None:
    def enable(enabled: bool) -> None:
        _sdp[name] = bool(enabled)

    enable.__doc__ = "Kept; there is one implementation of attention (see ``torch.nn.attention.sdpa_kernel``)."
    cuda.__dict__[f"enable_{name}_sdp"] = enable
    cuda.__dict__[f"{name}_sdp_enabled"] = lambda: _sdp[name]


for _name in _sdp:
    _add_switch(_name)


@contextmanager
def sdp_kernel(
    enable_flash: bool = True, enable_math: bool = True, enable_mem_efficient: bool = True, enable_cudnn: bool = True
) -> Iterator[None]:
    """Inside, the switches of attention's implementations on a GPU are as said; nothing else changes."""
    before = dict(_sdp)
    _sdp.update(flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient, cudnn=enable_cudnn)
    try:
        yield
    finally:
        _sdp.update(before)


cuda.__dict__["sdp_kernel"] = sdp_kernel
mps: Backend = Backend("mps", False)
mkl: Backend = Backend("mkl", True)
mkldnn: Backend = Backend("mkldnn", True, enabled=True)
openmp: Backend = Backend("openmp", True)
opt_einsum: Backend = Backend("opt_einsum", False, enabled=False, strategy=None)


@contextmanager
def __allow_nonbracketed_mutation() -> Iterator[None]:
    """Inside, and outside too, settings may be changed."""
    yield


def flags_frozen() -> bool:
    """False: settings may be changed."""
    return False

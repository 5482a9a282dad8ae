"""Settings of ``torch.compile``'s writer of kernels: kept, and nothing reads them."""

from __future__ import annotations

from typing import Any

coordinate_descent_tuning = False
coordinate_descent_check_all_directions = False
max_autotune = False
max_autotune_gemm = False
epilogue_fusion = True
fx_graph_cache = True
shape_padding = True
debug = False
force_disable_caches = False


def __getattr__(name: str) -> Any:
    raise AttributeError(f"torch._inductor.config.{name} does not exist")

"""Settings of ``torch.compile``'s reader of programs: kept, and nothing reads them."""

from __future__ import annotations

from typing import Any

recompile_limit = cache_size_limit = 8
accumulated_recompile_limit = accumulated_cache_size_limit = 256
suppress_errors = False
verbose = False
capture_scalar_outputs = False
capture_dynamic_output_shape_ops = False
automatic_dynamic_shapes = True
assume_static_by_default = True
optimize_ddp = True
allow_unspec_int_on_nn_module = False
force_parameter_static_shapes = True


def __getattr__(name: str) -> Any:
    raise AttributeError(f"torch._dynamo.config.{name} does not exist")

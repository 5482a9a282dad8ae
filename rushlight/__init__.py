"""Rushlight: PyTorch programs on NumPy alone. The names are those of ``torch``; they are gathered here, not written."""

from __future__ import annotations

import importlib
from math import e, inf, nan, pi
from typing import Any

from . import families as _families
from . import ops  # noqa: F401
from . import types as _types
from .autograd.mode import (
    enable_grad,
    inference_mode,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .errors import OutOfMemoryError
from .gradient_methods import backward as _backward  # noqa: F401  (importing it completes Tensor)
from .op import names_under as _names_under
from .printing import set_printoptions
from .promotion import result_type as _result_type
from .random.generator import Generator, default_generator
from .settings import (
    _assert,
    are_deterministic_algorithms_enabled,
    autocast_decrement_nesting,
    autocast_increment_nesting,
    clear_autocast_cache,
    compile,
    get_autocast_cpu_dtype,
    get_autocast_dtype,
    get_autocast_gpu_dtype,
    get_default_device,
    get_float32_matmul_precision,
    get_num_interop_threads,
    get_num_threads,
    is_autocast_cache_enabled,
    is_autocast_cpu_enabled,
    is_autocast_enabled,
    is_deterministic_algorithms_warn_only_enabled,
    set_autocast_cache_enabled,
    set_autocast_cpu_dtype,
    set_autocast_cpu_enabled,
    set_autocast_dtype,
    set_autocast_enabled,
    set_autocast_gpu_dtype,
    set_default_device,
    set_float32_matmul_precision,
    set_flush_denormal,
    set_num_interop_threads,
    set_num_threads,
    typename,
    use_deterministic_algorithms,
)
from .subclasses import complete as _complete  # noqa: F401  (which lets classes ask about attributes)
from .tensor import Tensor
from .types import (
    Size,
    can_cast,
    channels_last,
    channels_last_3d,
    contiguous_format,
    device,
    dtype,
    finfo,
    get_default_dtype,
    iinfo,
    jagged,
    layout,
    memory_format,
    preserve_format,
    promote_types,
    set_default_dtype,
    sparse_coo,
    sparse_csr,
    strided,
)

__version__ = "0.1.0"

newaxis = None

# The names of the registries that live directly under `torch`.
globals().update({t.name: t for t in (*_types.ALL, *_types.FLOAT8, *_types.ONLY_NAMED) if t.name != "bool"})
chalf = _types.ONLY_NAMED[0]
globals().update({name: t for name, t in _types.ALIASES.items() if name != "bool"})
globals().update(_names_under(""))
bool = _types.bool_

#: Submodules, imported on first use.
_SUBMODULES = frozenset(
    "nn optim linalg fft special masked autograd utils distributions random cpu cuda backends jit accelerator mps version testing data "
    "compat recorder serialization storage return_types overrides func amp onnx distributed multiprocessing xpu "
    "hub explain futures compiler library fx sparse profiler nested classes signal init export quasirandom monitor package ao "
    "quantization _C _dynamo _inductor _jit_internal _tensor_str _utils _subclasses __config__ __future__ types".split()
)

#: Names that load the module they live in when they are asked for.
_LATER = {
    "serialization": "PyTorchFileReader save load",
    "storage": "TypedStorage UntypedStorage from_file BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage "
    "ComplexFloatStorage DoubleStorage FloatStorage HalfStorage IntStorage LongStorage ShortStorage Storage",
    "func": "vmap",
    "rare": "symeig detach get_device eig lstsq solve matrix_rank _scaled_mm _amp_foreach_non_finite_check_and_unscale_ cond "
    "compiled_with_cxx11_abi get_deterministic_debug_mode get_device_module has_lapack has_mkl has_openmp has_spectral is_distributed "
    "is_inference is_warn_always_enabled set_anomaly_enabled set_deterministic_debug_mode set_warn_always sym_float sym_int sym_ite "
    "sym_max sym_min sym_not sym_sqrt sym_sum SymBool SymFloat SymInt",
    "native_forms": "binary_cross_entropy_with_logits convolution conv_tbc ctc_loss affine_grid_generator "
    "norm_except_dim frobenius_norm nuclear_norm detach_copy unsafe_split_with_sizes init_num_threads is_vulkan_available "
    "cosine_embedding_loss embedding gru_cell hinge_embedding_loss kl_div "
    "lstm_cell rnn_relu_cell rnn_tanh_cell margin_ranking_loss poisson_nll_loss triplet_margin_loss",
    "sparse": "sparse_coo_tensor sparse_csr_tensor",
    "sparse.compressed": "_convert_indices_from_coo_to_csr _convert_indices_from_csr_to_coo",
    "utils.dlpack": "from_dlpack to_dlpack",
    "jit": "ScriptFunction ScriptModule TensorType fork wait",
    "futures": "Future",
    "streams": "Event Stream",
    "checks": "_assert_async _check _check_index _check_is_size _check_not_implemented _check_tensor_all _check_tensor_all_with "
    "_check_type _check_value _check_with",
    "amp": "autocast GradScaler",
    "errors": "AcceleratorError",
    "override": "DisableTorchFunction DisableTorchFunctionSubclass",
    # Rushlight's own, which PyTorch does not have: what happens in a training, and what went wrong.
    "explain.nonfinite": "detect_nan",
    "explain.diagnosis": "diagnose",
    "watching": "watch",
}
_HOMES = {name: module for module, names in _LATER.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is not None:
        return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    if name == "spmm":
        return importlib.import_module(f"{__name__}.sparse").mm
    if name == "torch":  # the module holds itself: ``from torch import torch``
        return importlib.import_module(__name__)
    if name[-1] == "_" and name[0] != "_":
        from . import inplace_functions

        if name in inplace_functions.NAMES:
            return inplace_functions.function(name)
    if name in _SUBMODULES:
        try:
            return importlib.import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
    found = _families.find(name)
    if found is None:
        found = importlib.import_module(f"{__name__}.missing").of_torch(name)
    if found is None:
        raise AttributeError(f"module 'torch' has no attribute '{name}'")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    in_place = importlib.import_module(f"{__name__}.inplace_functions").NAMES
    return sorted({*globals(), *_SUBMODULES, *in_place, *_HOMES, "spmm", *_families.waiting("")})


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext rushlight``: from here on the notebook's ``import torch`` means Rushlight."""
    install_as_torch()


def install_as_torch() -> None:
    """Let ``import torch`` mean Rushlight in this process.

    Raises:
        RuntimeError: if the real torch is already imported.
    """
    from .compat.alias import install_as_torch as install

    install()

"""Names of PyTorch's that are there and do nothing: what they ask for needs a device, a compiler or a library that is not here.

A program may name them (``hasattr(torch, "quantize_per_tensor")``); who calls one is told why it cannot be done and what to do instead.
"""

from __future__ import annotations

import functools
from typing import Any

from . import errors
from .asking import asking

QUANTIZED = (
    "Tensors of quantized integers are not supported: compute in float32, or in bfloat16 under torch.autocast('cpu')."
)
PACKAGE = "Save model.state_dict() with torch.save, and install the code as a Python package."
VENDOR = "It calls a library of one vendor's: call the function of torch.nn.functional that it belongs to."
SPARSE = "Of sparse layouts there are COO and CSR: x.to_sparse(), x.to_sparse_csr()."
INSIDE = "It is a part of PyTorch's own kernels: call the public function that it belongs to."


#: Functions directly under ``torch``, by the reason.
_TORCH = {
    QUANTIZED: (
        "choose_qparams_optimized dequantize empty_quantized fake_quantize_per_channel_affine fake_quantize_per_tensor_affine "
        "fbgemm_linear_fp16_weight fbgemm_linear_fp16_weight_fp32_activation fbgemm_linear_int8_weight "
        "fbgemm_linear_int8_weight_fp32_activation fbgemm_linear_quantize_weight fbgemm_pack_gemm_matrix_fp16 "
        "fbgemm_pack_quantized_matrix fused_moving_avg_obs_fake_quant int_repr q_per_channel_axis q_per_channel_scales "
        "q_per_channel_zero_points q_scale q_zero_point quantize_per_channel quantize_per_tensor quantize_per_tensor_dynamic "
        "quantized_batch_norm quantized_gru_cell quantized_lstm_cell quantized_max_pool1d quantized_max_pool2d quantized_max_pool3d "
        "quantized_rnn_relu_cell quantized_rnn_tanh_cell"
    ),
    VENDOR: (
        "cudnn_affine_grid_generator cudnn_batch_norm cudnn_convolution cudnn_convolution_add_relu cudnn_convolution_relu "
        "cudnn_convolution_transpose cudnn_grid_sampler cudnn_is_acceptable miopen_batch_norm miopen_convolution "
        "miopen_convolution_add_relu miopen_convolution_relu miopen_convolution_transpose miopen_ctc_loss miopen_depthwise_convolution "
        "miopen_rnn mkldnn_adaptive_avg_pool2d mkldnn_convolution mkldnn_linear_backward_weights mkldnn_max_pool2d mkldnn_max_pool3d "
        "mkldnn_rnn_layer"
    ),
    SPARSE: (
        "sparse_bsc_tensor sparse_bsr_tensor sparse_compressed_tensor sparse_csc_tensor hspmm hsmm dsmm resize_as_sparse_ "
        "ccol_indices_copy row_indices_copy"
    ),
    INSIDE: (
        "batch_norm_backward_elemt batch_norm_backward_reduce batch_norm_elemt batch_norm_gather_stats "
        "batch_norm_gather_stats_with_counts batch_norm_stats batch_norm_update_stats col_indices_copy crow_indices_copy indices_copy "
        "values_copy native_norm slice_inverse sym_constrain_range sym_constrain_range_for_size sym_fresh_size"
    ),
}
TORCH = {name: why for why, names in _TORCH.items() for name in names.split()}


@functools.cache
def of_torch(name: str) -> Any:
    """The function directly under ``torch`` that says why it cannot be called; None if there is none of that name."""
    return asking(errors.absent("torch", name, TORCH[name])[name]) if name in TORCH else None

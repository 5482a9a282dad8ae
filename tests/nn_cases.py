"""Modules whose birth is compared with PyTorch's: by goldens in tests/, directly in parity/."""

from __future__ import annotations

import hashlib
from typing import Any

CASES = [
    "Linear(3, 4)", "Linear(784, 128)", "Linear(3, 4, bias=False)", "Bilinear(2, 3, 4)", "Embedding(10, 3, padding_idx=-1)",
    "Embedding(1000, 16)", "RNN(3, 4)", "LSTM(28, 64)", "LSTM(3, 4, 2, bidirectional=True, batch_first=True)",
    "GRU(3, 4, 2, dropout=0.5, bias=False)", "RNNCell(3, 4, nonlinearity='relu', bias=False)", "LSTMCell(3, 4)",
    "GRUCell(3, 4)", "BatchNorm1d(4)", "BatchNorm2d(4, affine=False)", "BatchNorm2d(4, bias=False)",
    "BatchNorm3d(4, track_running_stats=False, momentum=None)", "InstanceNorm1d(4)",
    "InstanceNorm2d(4, affine=True, track_running_stats=True)", "GroupNorm(2, 4)", "GroupNorm(2, 4, bias=False)",
    "LayerNorm((2, 4), bias=False)", "RMSNorm(4)", "Dropout(0.2)", "Dropout2d(0.1, inplace=True)", "ReLU6(inplace=True)",
    "Hardtanh(-2, 2)", "Softplus(2, 10)", "Unflatten(1, (2, 3))",
    "Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 3), nn.Tanh()))",
    "LSTM(3, 4, 2, proj_size=2, bidirectional=True)", "RNN(3, 4, 1, 'relu')", "EmbeddingBag(5, 3, mode='sum', padding_idx=1)",
    "Embedding(5, 3, 1, max_norm=2.0, scale_grad_by_freq=True)", "MultiheadAttention(8, 2)",
    "MultiheadAttention(8, 2, kdim=3, vdim=5, add_bias_kv=True, bias=False)", "TransformerEncoderLayer(8, 2, 16, activation='gelu')",
    "TransformerDecoderLayer(8, 2, 16, norm_first=True, bias=False)",
    "TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)", "Transformer(8, 2, 1, 1, 16, batch_first=True)",
    "CELU(0.5, True)", "SELU()", "Mish()", "Hardswish()", "Hardsigmoid()", "GLU(1)", "Hardshrink(0.3)", "Softshrink()", "PReLU(3)",
    "RReLU()", "Softmax2d()", "Threshold(0.1, 2)", "AlphaDropout(0.2)", "FeatureAlphaDropout()", "LocalResponseNorm(2)",
    "ParameterList([nn.Parameter(nn.Linear(2, 3).weight.detach())])", "ParameterDict({'a': nn.Linear(2, 1).bias.detach()})",
    "AdaptiveLogSoftmaxWithLoss(32, 30, [4, 12])",
    "AdaptiveLogSoftmaxWithLoss(12, 9, [4], div_value=2.0, head_bias=True)",
    "SmoothL1Loss()", "TripletMarginLoss()", "CTCLoss()", "CosineSimilarity()", "PairwiseDistance()", "LayerNorm(4)",
]  # fmt: skip

#: Constructions that fail, with the type and PyTorch's words.
BAD = {
    "AdaptiveLogSoftmaxWithLoss(12, 9, [])": (ValueError, "cutoffs should be a sequence of length larger than 0"),
    "AdaptiveLogSoftmaxWithLoss(12, 9, [4, 9])": (
        ValueError,
        "unique, positive integers sorted in an increasing order",
    ),
    "GroupNorm(3, 4)": (ValueError, "num_channels (4) must be divisible by num_groups (3)"),
    "Bilinear(0, 2, 3)": (ValueError, "in1_features must be > 0"),
    "Hardtanh(2, -2)": (AssertionError, "must be greater than min_val"),
    "Dropout(2)": (ValueError, "dropout probability has to be between 0 and 1, but got 2"),
    "BatchNorm1d(-1)": (RuntimeError, "Trying to create tensor with negative dimension -1: [-1]"),
    "LSTM(2, 3, proj_size=3)": (ValueError, "proj_size has to be smaller than hidden_size"),
    "GRU(2, 3, proj_size=1)": (ValueError, "proj_size argument is only supported for LSTM, not RNN or GRU"),
    "LSTM(2, 3.0)": (TypeError, "hidden_size should be of type int, got: float"),
    "RNN(2, 3, batch_first=1)": (TypeError, "batch_first should be of type bool, got: int"),
    "RNN(2, 3, nonlinearity='x')": (ValueError, "Unknown nonlinearity 'x'. Select from 'tanh' or 'relu'."),
    "MultiheadAttention(7, 2)": (AssertionError, "embed_dim must be divisible by num_heads"),
    "TransformerEncoderLayer(8, 2, activation='x')": (RuntimeError, "activation should be relu/gelu, not x"),
    "TripletMarginLoss(margin=0)": (ValueError, "expected margin to be greater than 0, got 0 instead"),
    "HuberLoss(delta=1j)": (TypeError, "delta must be a float or int, got: <class 'complex'>"),
    "Unflatten(1, 3)": (TypeError, "unflattened_size must be a tuple of ints, but found type int"),
}


def build(torch: Any, case: str) -> Any:
    """The module a case describes, drawn from seed 7."""
    torch.manual_seed(7)
    return eval(f"nn.{case}", {"nn": torch.nn})


def describe(torch: Any, case: str) -> dict[str, Any]:
    """Repr, state_dict keys, digest of names, shapes and bytes, and the next number of the stream."""
    module = build(torch, case)
    digest = hashlib.sha256()
    state = module.state_dict()
    for name, value in state.items():
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode() + value.numpy().tobytes())
    return {
        "repr": repr(module),
        "keys": list(state),
        "digest": digest.hexdigest()[:16],
        "next": float(torch.rand(1)[0]),
    }


def hook_calls(torch: Any) -> list[str]:
    """In which order backward hooks of all modules and of one are called; grad_input is doubled on its way."""
    calls: list[str] = []
    everywhere = torch.nn.modules.module
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())

    def note(what: str, factor: int | None = None) -> Any:
        def hook(module: Any, first: Any, *rest: Any) -> Any:
            calls.append(f"{what} {type(module).__name__} {[g is not None for g in first]}")
            return None if factor is None else (first[0] * factor,)

        return hook

    net[0].register_full_backward_hook(note("own"))
    net[0].register_full_backward_pre_hook(note("own pre"))
    with (
        everywhere.register_module_full_backward_hook(note("all", 2)),
        everywhere.register_module_full_backward_pre_hook(note("all pre")),
    ):
        x = torch.ones(1, 2, requires_grad=True)
        y = torch.nn.ReLU()(x)
        torch.nn.Sequential(torch.nn.ReLU())(y).sum().backward()
        calls.append(str(x.grad.tolist()))
    with (
        everywhere.register_module_full_backward_hook(note("all")),
        everywhere.register_module_full_backward_pre_hook(note("all pre")),
    ):
        net(torch.ones(1, 2)).sum().backward()
    net(torch.ones(1, 2, requires_grad=True)).sum().backward()
    return calls


#: PyTorch's order.
HOOK_CALLS = [
    "all pre Sequential [True]",
    "all pre ReLU [True]",
    "all ReLU [True]",
    "all Sequential [True]",
    "all pre ReLU [True]",
    "all ReLU [True]",
    "[[8.0, 8.0]]",
    "all pre Sequential [True]",
    "all Sequential [False]",
    "all pre ReLU [True]",
    "all ReLU [True]",
    "all pre Linear [True]",
    "own pre Linear [True]",
    "all Linear [False]",
    "own Linear [False]",
    "own pre Linear [True]",
    "own Linear [True]",
]

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
]  # fmt: skip

#: Constructions that fail, with the type and PyTorch's words.
BAD = {
    "GroupNorm(3, 4)": (ValueError, "num_channels (4) must be divisible by num_groups (3)"),
    "Bilinear(0, 2, 3)": (ValueError, "in1_features must be > 0"),
    "Hardtanh(2, -2)": (AssertionError, "must be greater than min_val"),
    "Dropout(2)": (ValueError, "dropout probability has to be between 0 and 1, but got 2"),
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

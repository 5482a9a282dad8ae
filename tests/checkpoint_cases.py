"""Objects that go through checkpoint files, built for any namespace."""

from __future__ import annotations

import collections
import copy
from typing import Any

import numpy as np

DTYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]


def _views(m: Any) -> Any:
    a = m.arange(12.0).reshape(3, 4)
    return [a, a.t(), a[1:], a[:, ::2], a[0], a[2, 3]]


def _nested(m: Any) -> Any:
    return {
        "list": [1, 2.5, (3, "x", None, True), 2**80, -1], "set": {1, 2}, "ordered": collections.OrderedDict(a=m.ones(2)),
        "complex": 3 + 4j, "bytes": bytearray(b"ab"), "size": m.ones(2, 3).shape, "dtype": m.float16, "device": m.device("cpu"),
        "counter": collections.Counter("aab"), 7: {"deep": [m.zeros(1)]},
    }  # fmt: skip


def _model(m: Any) -> Any:
    m.manual_seed(1)
    return m.nn.Sequential(
        m.nn.Linear(3, 4), m.nn.BatchNorm1d(4), m.nn.ReLU(), m.nn.Dropout(0.5), m.nn.Linear(4, 2, bias=False)
    )


CASES = {
    "dtypes": lambda m: [m.tensor([1, 0, 1]).to(getattr(m, d)) for d in DTYPES],
    "nested": _nested,
    "views of one storage": _views,
    "memory in another order": lambda m: [m.arange(6.0).reshape(2, 3).t().clone(), copy.deepcopy(m.arange(6.0).reshape(2, 3).t()),
                                          m.from_numpy(np.asfortranarray(np.arange(6.0).reshape(2, 3)))],
    "parameters": lambda m: [m.nn.Parameter(m.ones(2)), m.nn.Parameter(m.ones(2), requires_grad=False), m.ones(2, requires_grad=True)],
    "empty": lambda m: [m.empty(0), m.empty(2, 0), m.tensor(3.0)],
    "expanded": lambda m: m.ones(1).expand(5),
    "a non-leaf": lambda m: (m.ones(2, requires_grad=True) * 2).detach(),
    "state_dict": lambda m: _model(m).state_dict(),
    "the same twice": lambda m: (lambda t: [t, t, {"again": t}])(m.ones(2)),
}  # fmt: skip

MODULES = {
    "model": _model,
    "convolution": lambda m: m.nn.Conv2d(1, 2, 3, padding=1),
    "embedding": lambda m: m.nn.Embedding(3, 2),
    "encoder": lambda m: m.nn.TransformerEncoderLayer(4, 2, 4),
}


def plain(x: Any) -> Any:
    """An object with its tensors as dtype, shape, strides, flags and numbers, to be compared across namespaces."""
    if type(x).__name__ in ("Tensor", "Parameter"):
        values = x.detach().float() if str(x.dtype) == "torch.bfloat16" else x.detach()
        return (type(x).__name__, str(x.dtype), tuple(x.shape), x.stride(), x.requires_grad, values.numpy().tolist())
    if isinstance(x, dict):
        return (type(x).__name__, [(plain(k), plain(v)) for k, v in x.items()])
    if type(x) in (list, tuple):
        return (type(x).__name__, [plain(v) for v in x])
    return repr(x)

"""What programs ask for next after a kernel: its gradient's, and what commonly stands behind it in a network.

``ahead`` compiles it meanwhile. A wrong guess costs another core some time, once, as the code is kept on disk; nothing waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .words import f32

Bindings = dict[str, Any]
#: A function in a module of ``code``, and what is bound.
Kernel = tuple[str, str, Bindings]

_SUMS: Bindings = {"T": f32, "V": 8}
_PRODUCTS: Kernel = ("gemm", "products", {"FUSED": True})
_FEW_CLASSES: Kernel = ("products", "in_lanes", {})
_GRADIENTS_OF_BIASES: list[Kernel] = [("sums", "column_sums", _SUMS), ("sums", "row_sums", _SUMS)]


def _of_correlate(bound: Bindings) -> list[Kernel]:
    kind = {"T": bound["T"], "L": bound["L"]}
    alone = bound["M"] == 1  # a channel by itself has no chains
    in_lanes = {"T": bound["T"], "L": 8 if bound["T"] is f32 else 4}
    weights: Kernel = (
        ("convolution", "multiply", in_lanes | {"M": 1, "V": 9})
        if alone
        else ("convolution", "chains", kind | {"M": 6, "V": 2})
    )
    sums: Kernel = ("convolution", "channel_sums", kind)
    return [_PRODUCTS, _FEW_CLASSES, weights, sums, *_GRADIENTS_OF_BIASES] if bound["T"] is f32 else [weights]


def _of_pool(bound: Bindings) -> list[Kernel]:
    return [("pooling", "scatter" if bound["KIND"] == 1 else "spread", {"T": bound["T"]})] if bound["KIND"] else []


#: By module and name.
_AFTER: dict[tuple[str, str], Callable[[Bindings], list[Kernel]]] = {
    ("streams", "fill"): lambda bound: [_PRODUCTS],  # large weights are begun with random numbers
    ("convolution", "correlate"): _of_correlate,
    ("pooling", "pool"): _of_pool,
    ("gemm", "products"): lambda bound: [_FEW_CLASSES, *_GRADIENTS_OF_BIASES] if bound == _PRODUCTS[2] else [],
    ("softmax", "softmax_rows"): lambda bound: [("softmax", "softmax_gradient_rows", {})],
    ("softmax", "log_softmax_rows"): lambda bound: [
        ("softmax", "log_softmax_gradient_rows", {}), ("classes", "nll", {"T": f32}), ("classes", "nll_gradient", {"T": f32}),
    ],
    ("normalization", "layer_norm"): lambda bound: [("normalization", "layer_norm_gradient", bound)],
    ("batch_norm", "train"): lambda bound: [("batch_norm", "gradients", {})],
    ("attention", "forward"): lambda bound: [("attention", "backward", {})],
    ("lstm", "lstm_forward"): lambda bound: [("lstm", "lstm_backward", {})],
    ("gate_products", "products"): lambda bound: [("lstm", "lstm_forward", {}), ("gate_products", "gradients", {})],
    ("gated", "forward"): lambda bound: [("gated", "backward", bound)],
}  # fmt: skip


def following(module: str, name: str, bound: Bindings) -> list[Kernel]:
    """The kernels to be expected when one of ``code`` has had to be compiled, the soonest first."""
    after = _AFTER.get((module, name))
    return after(bound) if after else []

"""Gradients and sums over planes, classes and channels of a group against torch, in float32: every bit."""

import numpy as np
import pytest
import torch

import rushlight
from rushlight.kernels import llvm


@pytest.fixture(params=["native", "numpy"], autouse=True)
def way(request, monkeypatch):
    """By native code, and by NumPy."""
    if request.param == "native":
        if not llvm.available():
            pytest.skip("compiled code is not available here")
        monkeypatch.setattr(llvm.patience, "ready", True)
    else:
        monkeypatch.setattr(llvm, "available", lambda: False)
        monkeypatch.setattr(llvm.patience, "ready", False)


def compared(shapes, function):
    """The results of a function of leaves, and their gradients, of both."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s).astype(np.float32) for s in shapes]
    found = []
    for module in (rushlight, torch):
        leaves = [module.from_numpy(a.copy()).requires_grad_() for a in arrays]
        out = function(module, *leaves)
        g = np.random.default_rng(1).standard_normal(tuple(out.shape)).astype(np.float32)
        out.backward(module.from_numpy(g))
        found.append([out, *(leaf.grad for leaf in leaves)])
    for mine, other in zip(*found, strict=True):
        np.testing.assert_array_equal(mine.detach().numpy(), other.detach().numpy())


@pytest.mark.parametrize(
    "shape, settings",
    [
        ((2, 3, 9, 17), {"scale_factor": 2}), ((2, 3, 30, 40), {"scale_factor": (2, 3)}), ((1, 2, 40, 8), {"size": (13, 21)}),
        ((2, 5, 200), {"scale_factor": 2}), ((2, 5, 20), {"size": 31}), ((2, 3, 4, 5, 6), {"scale_factor": 2}),
        ((3, 4, 21, 20), {"scale_factor": 0.5}), ((3, 4, 20, 20), {"size": (30, 7), "mode": "nearest-exact"}),
        ((2, 3, 9, 17), {"scale_factor": 2, "mode": "bilinear"}),
        ((2, 3, 9, 17), {"scale_factor": 2, "mode": "bilinear", "align_corners": True}),
        ((2, 8, 13, 1), {"size": (5, 7), "mode": "bilinear"}), ((1, 3, 33, 40), {"size": (10, 90), "mode": "bilinear"}),
        ((1, 3, 33, 40), {"size": (33, 40), "mode": "bilinear"}), ((2, 3, 16, 16), {"scale_factor": 1.7, "mode": "bilinear"}),
        ((2, 3, 50), {"scale_factor": 3, "mode": "linear"}), ((2, 3, 50), {"size": 17, "mode": "linear", "align_corners": True}),
    ],
)  # fmt: skip
def test_interpolation(shape, settings):
    """Each element is one chain in the order of those that read it."""
    compared([shape], lambda module, x: module.nn.functional.interpolate(x, **settings))


@pytest.mark.parametrize("shape", [(3, 5, 19), (4, 10, 7), (2, 33, 9), (2, 6, 5, 8), (1, 4, 100), (2, 3, 1000)])
def test_log_softmax_over_classes(shape):
    """What is left over of vectors takes another exponential."""
    compared([shape], lambda module, x: module.log_softmax(x, 1))


@pytest.mark.parametrize("channels, groups", [(16, 2), (20, 1), (26, 2), (9, 1), (24, 3), (12, 4)])
@pytest.mark.parametrize("weighted", [True, False])
def test_group_norm(channels, groups, weighted):
    """Of eight and more channels in a group eight are added side by side."""
    shapes = [(3, channels, 5), (channels,), (channels,)] if weighted else [(3, channels, 5)]
    compared(shapes, lambda module, x, *more: module.nn.functional.group_norm(x, groups, *more))

"""Names that are there to be named: who calls one is told what is missing, and what to do instead."""

import importlib

import pytest

import rushlight as torch
from rushlight import missing


@pytest.mark.parametrize("name", ["quantize_per_tensor", "cudnn_convolution", "sparse_bsr_tensor", "batch_norm_stats"])
def test_functions_of_torch(name):
    with pytest.raises(NotImplementedError, match=rf"torch\.{name}"):
        getattr(torch, name)(1)


def test_all_are_missing():
    """None of the table is a function that is there after all."""
    for name in missing.TORCH:
        assert getattr(torch, name).__doc__.startswith("Not implemented."), name


@pytest.mark.parametrize("module, name", [("package", "PackageExporter"), ("ao.quantization", "quantize_dynamic"),
                                          ("quantization", "prepare"), ("export", "export")])  # fmt: skip
def test_modules(module, name):
    with pytest.raises(NotImplementedError, match=name):
        getattr(importlib.import_module(f"rushlight.{module}"), name)(None)


def test_operations_that_are_named_alone():
    assert str(torch.ops.aten._softmax.default) == "aten._softmax.default"
    with pytest.raises(NotImplementedError, match="convolution_backward"):
        torch.ops.aten.convolution_backward()

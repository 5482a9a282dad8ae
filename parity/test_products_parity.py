"""Products of float32 matrices against torch: every bit, where the order of its BLAS is known."""

import numpy as np
import pytest
import torch

import rushlight
from rushlight.kernels import gemm

if gemm._kernel() is None:
    pytest.skip("compiled code is not available here", allow_module_level=True)


@pytest.mark.parametrize("inner", [2, 3, 16, 64, 191, 192, 193, 200, 301, 384, 400, 784])
@pytest.mark.parametrize("rows", [4, 16, 64, 100])
def test_products(rows, inner):
    rng = np.random.default_rng(inner)
    for columns in (12, 13, 39, 64):
        for turned in range(4):
            a = rng.standard_normal((inner, rows) if turned & 1 else (rows, inner)).astype(np.float32)
            b = rng.standard_normal((columns, inner) if turned & 2 else (inner, columns)).astype(np.float32)
            a, b = a.T if turned & 1 else a, b.T if turned & 2 else b
            expected = torch.from_numpy(a) @ torch.from_numpy(b)
            np.testing.assert_array_equal((rushlight.from_numpy(a) @ rushlight.from_numpy(b)).numpy(), expected.numpy())


@pytest.mark.parametrize("shape", [(32, 20, 16), (64, 100, 40), (100, 16, 16), (16, 300, 24)])
def test_gradients_of_a_linear_layer(shape):
    rows, size, units = shape
    answers = []
    for library in (torch, rushlight):
        rng = np.random.default_rng(0)
        x, w, g = (
            library.tensor(rng.standard_normal(s).astype(np.float32))
            for s in ((rows, size), (units, size), (rows, units))
        )
        x.requires_grad_(), w.requires_grad_()
        (library.nn.functional.linear(x, w) * g).sum().backward()
        answers.append([x.grad.numpy(), w.grad.numpy(), x.grad.stride(), w.grad.stride()])
    for theirs, ours in zip(*answers, strict=True):
        np.testing.assert_array_equal(theirs, ours)

"""Products of float32 matrices against torch: every bit, for all sizes and layouts whose order is known."""

import numpy as np
import pytest
import torch

import rushlight
from rushlight.kernels import blocks, gemm, products

if blocks.kernel(True) is None:
    pytest.skip("compiled code is not available here", allow_module_level=True)


@pytest.fixture(params=["native", "numpy"], autouse=True)
def small(request, monkeypatch):
    """Small products by machine code, and by NumPy where it can."""
    monkeypatch.setattr(gemm, "_known", {})
    if request.param == "native":
        for module in (gemm, products):
            monkeypatch.setattr(module, "worth_machine_code", lambda work: True)
    else:
        for module in (gemm, products):
            monkeypatch.setattr(module, "worth_machine_code", lambda work: work > products._MOST)


def matrix(rng, rows, columns, turned, batch=()):
    if turned:
        return rng.standard_normal((*batch, columns, rows)).astype(np.float32).swapaxes(-1, -2)
    return rng.standard_normal((*batch, rows, columns)).astype(np.float32)


def both(name, *arrays):
    ours = getattr(rushlight, name)(*[rushlight.from_numpy(x) for x in arrays]).numpy()
    theirs = getattr(torch, name)(*[torch.from_numpy(x) for x in arrays]).numpy()
    np.testing.assert_array_equal(ours, theirs)
    return ours, theirs


def compare(rows, inner, columns, seed=0):
    """mm, and addmm with a row and with a matrix, for all layouts."""
    rng = np.random.default_rng(seed)
    for turned in range(4):
        a, b = matrix(rng, rows, inner, turned & 1), matrix(rng, inner, columns, turned & 2)
        both("mm", a, b)
        both("addmm", matrix(rng, 1, columns, False)[0], a, b)
        both("addmm", matrix(rng, rows, columns, False), a, b)


@pytest.mark.parametrize("inner", [2, 3, 16, 64, 191, 192, 193, 200, 301, 384, 400, 784])
@pytest.mark.parametrize("rows", [4, 16, 64, 100])
def test_products(rows, inner):
    for columns in (12, 13, 39, 64):
        compare(rows, inner, columns)


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 15, 18, 33])
@pytest.mark.parametrize("inner", [1, 2, 4, 5, 8, 11, 12, 16, 17, 33, 40])
def test_any_number_of_rows_and_columns(rows, inner):
    """Few of them, what is left over of them, and where few terms change the order."""
    for columns in (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 16, 17, 31, 100, 101):
        compare(rows, inner, columns, seed=rows * columns)


@pytest.mark.parametrize(
    "shape",
    [
        (768, 512, 128),
        (128, 784, 256),
        (784, 128, 256),
        (128, 256, 10),
        (256, 128, 10),
        (12, 128, 256),
        (512, 512, 512),
    ],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_large_products(shape, threads):
    """The order is the same for one and two threads of either side, but for five to eleven rows. (With more, MKL cuts more ways.)"""
    ours, theirs = rushlight.get_num_threads(), torch.get_num_threads()
    try:
        rushlight.set_num_threads(threads)
        torch.set_num_threads(3 - threads)
        compare(*shape)
    finally:
        rushlight.set_num_threads(ours)
        torch.set_num_threads(theirs)


@pytest.mark.parametrize(
    "shape", [(4, 5000, 12), (16, 20000, 24), (3, 5000, 40), (40, 5000, 3), (1, 9000, 9), (9, 9000, 1)]
)
def test_many_terms(shape):
    compare(*shape)


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 8, 13, 64])
def test_batches(count, rows):
    rng = np.random.default_rng(rows)
    for inner in (1, 3, 8, 17, 64, 200):
        for columns in (1, 2, 3, 6, 7, 11, 12, 17, 33, 64):
            for turned in range(4):
                a = matrix(rng, rows, inner, turned & 1, (count,))
                b = matrix(rng, inner, columns, turned & 2, (count,))
                both("bmm", a, b)


def test_vectors():
    rng = np.random.default_rng(0)
    for rows, inner in ((1, 5), (1, 40), (4, 9), (7, 33), (100, 16), (1000, 300)):
        for turned in range(2):
            a = matrix(rng, rows, inner, turned)
            both("mv", a, matrix(rng, 1, inner, False)[0])
            both("matmul", matrix(rng, 1, rows, False)[0], a)


def test_inner_products():
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 4, 7, 12, 15, 31, 33, 100, 1000, 8191, 8192, 8193, 30_001):
        for first in range(4):
            for second in range(4):
                x, y = (rng.standard_normal(n + 3).astype(np.float32)[k : k + n] for k in (first, second))
                both("dot", x, y)


def test_matrices_that_begin_anywhere():
    """Within 16 bytes: lanes begin at a multiple."""
    rng = np.random.default_rng(0)
    for rows, inner, columns in ((9, 30, 5), (3, 41, 20), (1, 33, 14), (20, 33, 20), (1, 36, 8)):
        for shift in range(1, 4):
            a = rng.standard_normal((rows + 1, inner + 3)).astype(np.float32)[1:, shift:][:, :inner]
            b = rng.standard_normal((columns, inner + shift)).astype(np.float32)[:, shift:].T
            both("mm", a, b)
            both("mm", np.ascontiguousarray(a), b)
            both("mm", a, np.ascontiguousarray(b))


@pytest.mark.parametrize(
    "shape", [(32, 20, 16), (64, 100, 40), (100, 16, 16), (16, 300, 24), (100, 2, 16), (100, 16, 1)]
)
def test_gradients_of_a_linear_layer(shape):
    rows, size, units = shape
    answers = []
    for library in (torch, rushlight):
        rng = np.random.default_rng(0)
        x, w, g, b = (
            library.tensor(rng.standard_normal(s).astype(np.float32))
            for s in ((rows, size), (units, size), (rows, units), (units,))
        )
        x.requires_grad_(), w.requires_grad_()
        out = library.nn.functional.linear(x, w, b)
        (out * g).sum().backward()
        answers.append([out.detach().numpy(), x.grad.numpy(), w.grad.numpy(), x.grad.stride(), w.grad.stride()])
    for theirs, ours in zip(*answers, strict=True):
        np.testing.assert_array_equal(theirs, ours)

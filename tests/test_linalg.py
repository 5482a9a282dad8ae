"""Decompositions whose factors are free in sign, or that read one triangle: what does not depend on that is differentiated."""

import numpy as np
import pytest

import rushlight as torch
from rushlight.autograd import gradcheck, gradgradcheck


def matrix(*shape):
    return torch.from_numpy(np.random.default_rng(3).uniform(-1, 1, shape)).requires_grad_()


def positive(x):
    return x @ x.mT + torch.eye(x.shape[-1], dtype=x.dtype)


def symmetric(x):
    return x + x.mT


FUNCTIONS = {
    "cholesky": (lambda x: torch.linalg.cholesky(positive(x)), (3, 3)),
    "upper cholesky of a batch": (lambda x: torch.linalg.cholesky(positive(x), upper=True), (2, 3, 3)),
    "cholesky_solve": (lambda x: torch.cholesky_solve(x, torch.linalg.cholesky(positive(x))), (3, 3)),
    "cholesky_inverse": (lambda x: torch.cholesky_inverse(torch.linalg.cholesky(positive(x))), (3, 3)),
    "eigvalsh": (lambda x: torch.linalg.eigvalsh(symmetric(x)), (3, 3)),
    "eigh": (lambda x: torch.linalg.eigh(symmetric(x))[1] ** 2, (2, 3, 3)),
    "svd of a tall matrix": (lambda x: [p**2 for p in torch.linalg.svd(x, full_matrices=False)], (4, 3)),
    "svd of a wide matrix": (lambda x: [p**2 for p in torch.linalg.svd(x, full_matrices=False)], (2, 3, 4)),
    "svd put together": (lambda x: (lambda u, s, v: u * s @ v)(*torch.linalg.svd(x, full_matrices=False)), (3, 2)),
    "lstsq": (lambda x: torch.linalg.lstsq(x, x[:, :1] ** 2)[0], (4, 3)),
    "eigvals": (lambda x: torch.linalg.eigvals(symmetric(x)).real.sort()[0], (3, 3)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives(name):
    function, shape = FUNCTIONS[name]
    x = matrix(*shape)
    f = lambda x: tuple(function(x)) if isinstance(function(x), list) else function(x)  # noqa: E731
    assert gradcheck(f, [x])
    if name not in ("lstsq",):
        assert gradgradcheck(f, [x])


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (2, 3, 3)])
def test_factors_make_the_matrix(shape):
    x = matrix(*shape).detach()
    q, r = torch.linalg.qr(x)
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    u2, s2, v2 = torch.svd(x)
    for product in (q @ r, u * s.unsqueeze(-2) @ vh, u2 * s2.unsqueeze(-2) @ v2.mT):
        np.testing.assert_allclose(product.numpy(), x.numpy(), atol=1e-12)
    if shape[-1] == shape[-2]:
        values, vectors = torch.linalg.eigh(symmetric(x))
        np.testing.assert_allclose(
            (vectors * values.unsqueeze(-2) @ vectors.mT).numpy(), symmetric(x).numpy(), atol=1e-12
        )
        values, vectors = torch.linalg.eig(x)
        np.testing.assert_allclose(
            (x.to(vectors.dtype) @ vectors).numpy(), (vectors * values.unsqueeze(-2)).numpy(), atol=1e-12
        )

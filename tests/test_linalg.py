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


def eigenpairs(A, **more):
    """The largest two, as far as they can be had; squares, as the signs of vectors are free."""
    torch.manual_seed(0)
    E, X = torch.lobpcg(A, k=2, tol=1e-15, niter=60, **more)
    return [E, X**2]


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
    "lobpcg": (lambda x: eigenpairs(positive(x)), (7, 7)),
    "lobpcg beside B": (lambda x: eigenpairs(symmetric(x), B=positive(x)), (7, 7)),
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


@pytest.mark.parametrize("shape", [(1, 4), (2, 3), (2, 5), (4, 1), (6, 4), (9, 4), (2, 3, 7), (0, 3), (3, 0)])
@pytest.mark.parametrize("full", [False, True])
def test_singular_vectors_of_every_shape(shape, full):
    # wide and tall ones are made so before LAPACK sees them that their vectors have PyTorch's signs
    x = matrix(*shape).detach()
    for dtype in (torch.float64, torch.float32):
        u, s, vh = torch.linalg.svd(x.to(dtype), full_matrices=full)
        k = s.shape[-1]
        assert u.dtype is s.dtype is vh.dtype is dtype
        assert u.shape[-1] == (shape[-2] if full else k) and vh.shape[-2] == (shape[-1] if full else k)
        atol = 1e-12 if dtype is torch.float64 else 1e-5
        made = u[..., :k] * s.unsqueeze(-2) @ vh[..., :k, :]
        np.testing.assert_allclose(made.double().numpy(), x.numpy(), atol=atol)
        for q in (u, vh.mT):
            eye = np.broadcast_to(np.eye(q.shape[-1]), (*shape[:-2], q.shape[-1], q.shape[-1]))
            np.testing.assert_allclose((q.mT @ q).numpy(), eye, atol=atol)


@pytest.mark.parametrize("n", [1, 3, 8, 9, 16, 17, 40, 70])
def test_elimination_of_every_size(n):
    """One by one, by columns, by halves: the factors make the matrix, and solve with it."""
    x = torch.from_numpy(np.random.default_rng(n).uniform(-1, 1, (2, n, n)))
    for a in (x, x[0]):
        p, lower, upper = torch.linalg.lu(a)
        np.testing.assert_allclose((p @ lower @ upper).numpy(), a.numpy(), atol=1e-12)
        assert lower.abs().max() <= 1
        b = torch.ones(n, 3, dtype=torch.float64)
        for found in (torch.linalg.solve(a, b), torch.linalg.lu_solve(*torch.linalg.lu_factor(a), b)):
            np.testing.assert_allclose((a @ found).numpy(), np.ones(found.shape), atol=1e-9)
        adjoint = torch.linalg.lu_solve(*torch.linalg.lu_factor(a), b, adjoint=True)
        np.testing.assert_allclose((a.mT @ adjoint).numpy(), np.ones(adjoint.shape), atol=1e-9)
        np.testing.assert_allclose(torch.linalg.det(a).numpy(), np.linalg.det(a.numpy()), rtol=1e-9)


def test_small_determinants_are_to_the_last_bit_those_of_torch():
    """A singular matrix has a determinant that is nothing but rounding: it must be PyTorch's rounding."""
    table = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    assert torch.det(table).item() == torch.det(table.double()).item() == 0.0
    assert torch.det(table / 10).item() == 3.5762786065873797e-09
    regular = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]])
    assert (torch.det(regular).item(), torch.det(regular.double()).item()) == (-3.0000014305114746, -2.9999999999999973)
    with pytest.raises(torch.linalg.LinAlgError, match="The diagonal element 3 is zero"):
        torch.linalg.inv(table)


@pytest.mark.parametrize("hermitian", [False, True])
def test_indefinite_systems(hermitian):
    rng = np.random.default_rng(5)
    for n in range(1, 9):
        a = rng.uniform(-1, 1, (n, n)) + 1j * rng.uniform(-1, 1, (n, n))
        a = torch.from_numpy(a + (a.conj().T if hermitian else a.T))
        factors = torch.linalg.ldl_factor(a, hermitian=hermitian)
        b = torch.ones(n, 2, dtype=a.dtype)
        found = torch.linalg.ldl_solve(*factors, b, hermitian=hermitian)
        np.testing.assert_allclose((a @ found).numpy(), b.numpy(), atol=1e-9)


def test_exp_by_every_polynomial():
    for size in (1e-17, 1e-9, 1e-5, 1e-3, 1e-2, 0.2, 1.0, 30.0):
        values = torch.tensor([0.3, -0.7, 0.9], dtype=torch.float64) * size
        q, _ = torch.linalg.qr(matrix(3, 3).detach())
        want = (q * values.exp()) @ q.mT
        for a in ((q * values) @ q.mT, ((q * values) @ q.mT).expand(2, 3, 3)):
            found = torch.linalg.matrix_exp(a)
            np.testing.assert_allclose(
                found.numpy(),
                np.broadcast_to(want.numpy(), found.shape),
                rtol=1e-9,
                atol=1e-13 * float(want.abs().max()),
            )


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_eigenpairs_of_a_large_matrix(largest, dtype):
    """As ``linalg.eigh`` has them, for a dense and for a sparse matrix, and of a pencil; a tracker sees each step."""
    n, near = 120, 1e-3 if dtype == torch.float32 else 1e-6
    steps = []
    line = torch.diag(torch.linspace(1, 9, n, dtype=dtype))
    A = (
        line
        + torch.diag(torch.full((n - 1,), 0.3, dtype=dtype), 1)
        + torch.diag(torch.full((n - 1,), 0.3, dtype=dtype), -1)
    )
    want = torch.linalg.eigvalsh(A)
    want = want.flip(0)[:3] if largest else want[:3]
    for matrix_ in (A, A.to_sparse()):
        torch.manual_seed(0)
        E, X = torch.lobpcg(
            matrix_, 3, n=5, largest=largest, tracker=lambda search: steps.append(search.ivars["istep"])
        )
        assert torch.allclose(E, want, atol=near)
        assert (A @ X - X * E).norm() < 30 * near
        assert torch.allclose(X.T @ X, torch.eye(3, dtype=dtype), atol=1e-5)
    assert steps[:3] == [1, 2, 3] and steps.count(1) == 2
    E, X = torch.lobpcg(A, 2, B=line, iK=torch.linalg.inv(A), largest=largest)
    assert (A @ X - line @ X * E).norm() < 30 * near
    _, early = torch.lobpcg(A, 2, tracker=lambda search: search.bvars.update(force_stop=True))
    assert early.shape == (n, 2)
    with pytest.raises(torch.linalg.LinAlgError, match="the 2 columns of X span 1 dimensions only"):
        torch.lobpcg(A, X=torch.ones(n, 2, dtype=dtype))

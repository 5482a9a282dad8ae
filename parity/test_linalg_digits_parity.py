"""Small matrices' factors, inverses and solutions against torch: every bit, for the sizes whose order is known."""

import numpy as np
import pytest
import torch

import rushlight
from rushlight.kernels import llvm

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

both = (rushlight, torch)
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def drawn(seed, count, most):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield rng, tuple(int(x) for x in rng.integers(1, most + 1, 2)), [(), (3,)][int(rng.integers(2))]


def compare(call, *arrays, strides=False):
    mine, theirs = (call(library, *[library.tensor(x) for x in arrays]) for library in both)
    if not isinstance(mine, (tuple, list)):
        mine, theirs = (mine,), (theirs,)
    for one, other in zip(mine, theirs, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
        assert not strides or one.stride() == other.stride()


@dtypes
@pytest.mark.parametrize("seed", range(5))
def test_qr(dtype, seed):
    for rng, shape, batch in drawn(seed, 30, 20):
        a = rng.standard_normal((*batch, *shape)).astype(dtype)
        a *= rng.choice([1, 100, 1e-4])
        for mode in ("reduced", "complete", "r"):
            compare(lambda lib, x, mode=mode: lib.linalg.qr(x, mode), a, strides=min(shape) > 1)
        compare(lambda lib, x: lib.geqrf(x), a)
        if shape[0] >= shape[1]:
            compare(lambda lib, x: lib.linalg.householder_product(*lib.geqrf(x)), a)


@dtypes
def test_columns_that_are_done(dtype):
    """Zeros below the diagonal take no reflection."""
    a = np.triu(np.random.default_rng(0).standard_normal((5, 5))).astype(dtype)
    a[2:, 3] = 0
    compare(lambda lib, x: lib.linalg.qr(x), a)
    compare(lambda lib, x: lib.linalg.qr(x), np.ones((4, 3), dtype))


@dtypes
@pytest.mark.parametrize("seed", range(3))
def test_elimination(dtype, seed):
    for rng, (n, columns), batch in drawn(seed, 25, 16):
        a = rng.standard_normal((*batch, n, n)).astype(dtype)
        compare(lambda lib, x: lib.linalg.det(x), a)
        compare(lambda lib, x: lib.linalg.lu_factor(x), a)
        compare(lambda lib, x, y: lib.linalg.solve(x, y), a, rng.standard_normal((*batch, n)).astype(dtype))
        if n <= 8:
            compare(lambda lib, x: lib.linalg.inv(x), a, strides=n > 1)
            columns = min(columns, 8)
            compare(
                lambda lib, x, y: lib.linalg.solve(x, y), a, rng.standard_normal((*batch, n, columns)).astype(dtype)
            )


@dtypes
@pytest.mark.parametrize("name", ["inv", "det", "slogdet", "solve"])
def test_gradients(dtype, name):
    rng = np.random.default_rng(3)
    for n in (2, 3, 4) if name == "solve" else (2, 3, 5, 8):
        a, b = rng.standard_normal((2, n, n)).astype(dtype)
        found = []
        for library in both:
            x, y = library.tensor(a, requires_grad=True), library.tensor(b, requires_grad=True)
            out = getattr(library.linalg, name)(*((x, y) if name == "solve" else (x,)))
            out = out if isinstance(out, library.Tensor) else out[1] if name == "slogdet" else out[0]
            (
                out * library.tensor(np.cos(np.arange(out.numel())).reshape(tuple(out.shape)).astype(dtype))
            ).sum().backward()
            found.append([t.grad.numpy() for t in ((x, y) if name == "solve" else (x,))])
        for mine, theirs in zip(*found, strict=True):
            np.testing.assert_array_equal(mine, theirs)

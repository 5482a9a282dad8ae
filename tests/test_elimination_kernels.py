"""Elimination and substitution as machine code beside the arrays' way, bit for bit."""

import numpy as np
import pytest

import rushlight
from rushlight.kernels import elimination, llvm

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@pytest.fixture
def both(monkeypatch):
    """A call with kernels, and without."""

    def compare(call):
        with monkeypatch.context() as patch, np.errstate(all="ignore"):
            native = call()
            for name in ("factors", "solutions", "substituted", "determinants"):
                patch.setattr(elimination, name, lambda *arguments: None)
            arrays = call()
        native, arrays = (x if isinstance(x, tuple) else (x,) for x in (native, arrays))
        for one, other in zip(native, arrays, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())
            assert one.dtype is other.dtype and one.shape == other.shape

    return compare


def matrices(dtype):
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 4, 5, 7, 8, 9, 16):
        for batch in ((), (3,), (2, 2)):
            yield rng.standard_normal((*batch, n, n)).astype(dtype), rng
    yield np.zeros((3, 3), dtype), rng
    yield np.array([[1, 2, 3], [2, 4, 6], [1, 0, 1]], dtype), rng
    yield np.stack([np.eye(4), np.ones((4, 4))]).astype(dtype), rng


@dtypes
def test_systems(both, dtype):
    for a, rng in matrices(dtype):
        A, n = rushlight.from_numpy(a), a.shape[-1]
        both(lambda A=A: tuple(rushlight.linalg.inv_ex(A)))
        for columns in (1, 2, 9):
            B = rushlight.from_numpy(rng.standard_normal((*a.shape[:-1], columns)).astype(dtype))
            both(lambda A=A, B=B: tuple(rushlight.linalg.solve_ex(A, B)))
            for up in (False, True):
                for unit in (False, True):
                    for T in (A, A.mT):
                        both(
                            lambda T=T, B=B, up=up, unit=unit: rushlight.linalg.solve_triangular(
                                T, B, upper=up, unitriangular=unit
                            )
                        )
        both(lambda A=A: rushlight.linalg.det(A))
        both(lambda A=A: tuple(rushlight.linalg.slogdet(A)))
        assert n <= elimination.MOST


@dtypes
@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (16, 40), (40, 16), (2, 4, 7)])
def test_factors_of_any_shape(both, dtype, shape):
    A = rushlight.from_numpy(np.random.default_rng(1).standard_normal(shape).astype(dtype))
    both(lambda: tuple(rushlight.linalg.lu_factor_ex(A)))
    both(lambda: tuple(rushlight.linalg.lu(A)))


def test_arguments_stay_as_they_are():
    a = np.random.default_rng(2).standard_normal((4, 4))
    A, b = rushlight.tensor(a), rushlight.ones(4, 2, dtype=rushlight.float64)
    for call in (
        lambda: A.inverse(),
        lambda: A.det(),
        lambda: rushlight.linalg.solve(A, b),
        lambda: rushlight.linalg.lu_factor(A),
    ):
        call()
        assert A.numpy().tolist() == a.tolist() and (b.numpy() == 1).all()

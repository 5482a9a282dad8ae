"""What a large mask picks, and where it is, found in one dimension: the same as NumPy's own ways."""

import numpy as np
import pytest

import rushlight as torch

SHAPES = [(5000,), (70, 80), (7, 30, 40), (3, 4, 20, 30), (1, 5000), (5000, 1), (2, 3)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["bool", "float", "none", "all", "turned", "nan"])
def test_nonzero(shape, kind):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape).astype(np.float32) * (rng.random(shape) > 0.7)
    x = {"bool": x > 0, "none": x * 0, "all": x * 0 + 1, "turned": x.T, "nan": x * np.float32("nan")}.get(kind, x)
    found = torch.from_numpy(x).nonzero()
    np.testing.assert_array_equal(found.numpy(), np.argwhere(x))
    assert found.dtype is torch.int64 and (x.ndim < 2 or not len(found) or found.stride() == (1, len(found)))
    parts = torch.from_numpy(x).nonzero(as_tuple=True)
    for part, expected in zip(parts, np.nonzero(x), strict=True):
        np.testing.assert_array_equal(part.numpy(), expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_elements(shape):
    rng = np.random.default_rng(1)
    a = rng.standard_normal(shape).astype(np.float32)
    x = torch.from_numpy(a.copy()).requires_grad_()
    mask = torch.from_numpy(rng.random(shape) > 0.4)
    for found in (x[mask], x.masked_select(mask), x[(mask,)]):
        np.testing.assert_array_equal(found.detach().numpy(), a[mask.numpy()])
        (g,) = torch.autograd.grad(found.sum(), x)
        np.testing.assert_array_equal(g.numpy(), mask.numpy().astype(np.float32))
    rows = torch.from_numpy(rng.random(shape[0]) > 0.4)
    np.testing.assert_array_equal(x[rows].detach().numpy(), a[rows.numpy()])
    np.testing.assert_array_equal(
        x.t()[mask.t()].detach().numpy() if x.ndim == 2 else a, a.T[mask.numpy().T] if x.ndim == 2 else a
    )

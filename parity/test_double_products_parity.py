"""Products of float64 matrices against torch: every bit, for all sizes and layouts."""

import numpy as np
import pytest
import torch

import rushlight
from rushlight.kernels import double_products

if double_products.kernel(True) is None:
    pytest.skip("compiled code is not available here", allow_module_level=True)


@pytest.fixture(autouse=True)
def two_threads():
    """What is left over of a product depends on the number of MKL's threads; ours is its order for two."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def array(rng, shape, turned):
    if turned:
        return rng.standard_normal((*shape[:-2], shape[-1], shape[-2])).swapaxes(-1, -2)
    return rng.standard_normal(shape)


def theirs(x):
    """A tensor of torch's in the layout of an array, beginning at a cache line as torch's do."""
    if x.ndim > 1 and x.strides[-1] != x.itemsize:
        return torch.from_numpy(x.swapaxes(-1, -2)).clone().transpose(-1, -2)
    return torch.from_numpy(x).clone()


def ours(x):
    if x.ndim > 1 and x.strides[-1] != x.itemsize:
        return rushlight.from_numpy(x.swapaxes(-1, -2)).transpose(-1, -2)
    return rushlight.from_numpy(x)


def compare(name, *arrays):
    mine = getattr(rushlight, name)(*map(ours, arrays)).numpy()
    np.testing.assert_array_equal(mine, getattr(torch, name)(*map(theirs, arrays)).numpy())


def all_products(rng, m, k, n, batch, layouts):
    a, b = array(rng, (m, k), layouts & 1), array(rng, (k, n), layouts & 2)
    compare("mm", a, b)
    compare("addmm", rng.standard_normal((m, n)), a, b)
    compare("addmm", rng.standard_normal(n), a, b)
    if m > 1:
        compare("mv", a, rng.standard_normal(k))
    compare("dot", rng.standard_normal(k), rng.standard_normal(k))
    if n > 1 and m > 1:
        compare("bmm", array(rng, (batch, m, k), layouts & 1), array(rng, (batch, k, n), layouts & 2))


@pytest.mark.parametrize("seed", range(12))
def test_drawn_sizes(seed):
    rng = np.random.default_rng(seed)
    for layouts in range(16):
        most = 40 if layouts < 8 else 200
        m, k, n = (int(x) for x in rng.integers(2, most, 3))
        all_products(rng, m, k, n, int(rng.integers(1, 5)), layouts & 3)


@pytest.mark.parametrize("k", [1, 2, 3, 8, 9, 16, 17, 255, 256, 257, 300, 511, 512, 700])
def test_few_and_many_terms(k):
    rng = np.random.default_rng(k)
    for m, n in (
        (1, 1),
        (1, 5),
        (5, 1),
        (1, 40),
        (3, 13),
        (4, 12),
        (6, 14),
        (9, 25),
        (13, 37),
        (7, 61),
        (33, 15),
        (80, 15),
    ):
        for layouts in range(4):
            all_products(rng, m, k, n, 2, layouts)


@pytest.mark.parametrize("size", [4095, 4096, 5001, 100001])
def test_long_inner_products(size):
    rng = np.random.default_rng(size)
    compare("dot", rng.standard_normal(size), rng.standard_normal(size))
    x, y = rng.standard_normal(2 * size), rng.standard_normal(size + 1)
    for first, second in ((x[::2], y[1:]), (x[:size], y[1:])):
        mine = rushlight.from_numpy(first) @ rushlight.from_numpy(second)
        moved = torch.from_numpy(y).clone()[1:]
        base = torch.from_numpy(x).clone()
        assert (
            mine.item()
            == ((base[::2] if len(first.base) != size and first.strides[0] == 16 else base[:size]) @ moved).item()
        )


def test_gradients():
    """Those of a layer, of a product with a vector and of a batch are products in the same orders."""
    rng = np.random.default_rng(0)
    found = []
    for library in (rushlight, torch):
        rng = np.random.default_rng(0)
        x, w, b, v, y, z = (
            library.tensor(rng.standard_normal(s), requires_grad=True)
            for s in ((37, 30), (19, 30), (19,), (19,), (5, 21, 16), (5, 16, 23))
        )
        out = library.nn.functional.linear(x, w, b)
        total = (out @ v).square().sum() + library.bmm(y, z).square().sum()
        total.backward()
        found.append([t.grad.numpy() for t in (x, w, b, v, y, z)])
    for mine, other in zip(*found, strict=True):
        np.testing.assert_array_equal(mine, other)

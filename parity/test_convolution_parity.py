"""Convolutions, pools and batch norm against torch, in float32: every bit, where the order of adding is known."""

import numpy as np
import pytest
import torch

import rushlight
from rushlight.kernels import llvm, single_image, weight_orders

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)


@pytest.fixture(params=["native", "numpy"])
def way(request, monkeypatch):
    """By native code, and by NumPy."""
    if request.param == "native":
        monkeypatch.setattr(llvm.patience, "ready", True)
    else:
        monkeypatch.setattr(llvm, "available", lambda: False)
        monkeypatch.setattr(llvm.patience, "ready", False)


def equal(ours, theirs):
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine.detach().numpy(), other.detach().numpy())


def random(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(s).astype(np.float32) for s in shapes]


# batch, channels, size, kernel: groups, output channels, stride, padding, dilation
CASES = [
    ((64, 1, 28, 28), (32, 1, 3, 3), {}), ((4, 32, 26, 26), (64, 32, 3, 3), {}), ((8, 64, 16, 16), (64, 64, 3, 3), {"padding": 1}),
    ((2, 3, 64, 64), (64, 3, 7, 7), {"stride": 2, "padding": 3}), ((4, 64, 28, 28), (64, 64, 1, 1), {}),
    ((4, 16, 28, 28), (512, 16, 1, 1), {}), ((4, 16, 28, 28), (64, 16, 1, 1), {"stride": 2}),
    ((4, 64, 28, 28), (128, 64, 3, 3), {"stride": 2, "padding": 1}), ((4, 16, 28, 28), (40, 16, 4, 4), {"stride": 2, "padding": 1}),
    ((4, 16, 28, 28), (40, 16, 5, 3), {"stride": (2, 1), "padding": (1, 0)}), ((4, 12, 28, 28), (20, 12, 3, 3), {"padding": 1}),
    ((4, 32, 28, 28), (32, 32, 3, 3), {"padding": 2, "dilation": 2}), ((4, 64, 28, 28), (64, 16, 3, 3), {"padding": 1, "groups": 4}),
    ((4, 64, 28, 28), (64, 1, 3, 3), {"padding": 1, "groups": 64}), ((16, 3, 32, 32), (6, 3, 5, 5), {}),
    ((4, 16, 200), (32, 16, 3), {"padding": 1}), ((4, 16, 200), (32, 16, 5), {"stride": 2, "padding": 1}),
    ((1, 3, 6, 6), (4, 3, 2, 2), {}), ((1, 16, 12, 12), (32, 16, 3, 3), {"padding": 1}), ((1, 3, 64), (4, 3, 3), {"padding": 1}),
    ((1, 3, 32, 32), (16, 3, 3, 3), {"stride": 2, "padding": 1}), ((1, 2, 8, 8, 8), (4, 2, 3, 3, 3), {"padding": 1}),
    ((1, 3, 64, 64), (8, 3, 5, 5), {"padding": 2}), ((1, 32, 40, 40), (8, 32, 3, 3), {}),
    ((4, 16, 27, 25), (40, 16, 3, 3), {"stride": 2, "padding": 1}), ((4, 16, 28, 25), (40, 16, 3, 3), {"stride": (2, 1)}),
    ((100, 16, 14, 14), (32, 16, 5, 5), {"padding": 2}), ((2, 16, 6, 15), (40, 16, 3, 3), {"padding": 1}),
    ((2, 8, 6, 39), (40, 8, 3, 3), {"padding": 1}), ((2, 8, 6, 40), (40, 8, 3, 3), {"padding": 1}),
    ((4, 16, 14), (40, 16, 3), {"padding": 1}), ((4, 16, 30), (40, 16, 5), {"padding": 2}),
    ((2, 300, 6, 6), (20, 300, 1, 1), {}), ((2, 300, 14), (20, 300, 1), {}), ((2, 300, 3, 6, 6), (20, 300, 1, 1, 1), {}),
    ((2, 300, 9, 9), (20, 300, 1, 1), {"stride": 2}), ((2, 300, 8, 8), (20, 300, 1, 1), {"stride": 2}),
    ((2, 32, 9, 9), (96, 16, 1, 1), {"groups": 2}),
    ((2, 8, 8, 12, 12), (40, 8, 3, 3, 3), {"padding": 1}), ((2, 8, 8, 12, 12), (16, 8, 3, 3, 3), {"stride": 2, "padding": 1}),
]  # fmt: skip


# what oneDNN makes products of matrices in one order whatever is left over of their tiles
PRODUCTS = [
    ((3, 8, 12, 12), (24, 4, 3, 3), {"groups": 2, "padding": 1}),
    ((2, 12, 18, 18), (24, 6, 3, 3), {"groups": 2}), ((20, 16, 6, 6), (48, 16, 2, 5), {"padding": 2}),
    ((64, 2, 4, 33), (12, 2, 3, 3), {"stride": 2, "padding": 1, "dilation": 2}), ((4, 64, 16, 21), (10, 64, 5, 1), {"padding": 2}),
    ((32, 20, 55), (5, 20, 5), {"stride": 3, "dilation": 2}), ((16, 16, 72), (1, 16, 3), {"stride": 3, "dilation": 2}),
]  # fmt: skip


@pytest.mark.parametrize("size, weight, numbers", CASES + PRODUCTS)
def test_forward_and_the_gradient_of_the_input(size, weight, numbers, monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    x, w, bias = random(0, size, weight, weight[:1])
    found = []
    for module in (rushlight, torch):
        input = module.from_numpy(x).requires_grad_()
        conv = getattr(module.nn.functional, f"conv{len(size) - 2}d")
        out = conv(input, module.from_numpy(w), module.from_numpy(bias), **numbers)
        (g,) = random(1, tuple(out.shape))
        out.backward(module.from_numpy(g))
        back = getattr(module.nn.functional, f"conv_transpose{len(size) - 2}d")
        turned = back(module.from_numpy(g), module.from_numpy(w), **numbers)
        found.append((out, input.grad, turned))
    equal(*found)


# what few channels, groups and unusual settings meet: also as transposed convolutions
GRADIENTS = [
    ((7, 8, 64), (1, 8, 5), {"padding": 2}), ((5, 8, 22, 22), (1, 8, 3, 3), {"padding": 1}), ((32, 1, 32, 32), (1, 1, 2, 2), {"stride": 2}),
    ((5, 3, 22, 23), (2, 3, 7, 5), {"padding": 2}), ((16, 32, 28, 28), (3, 32, 3, 3), {"padding": 1}),
    ((9, 12, 20, 21), (24, 12, 3, 3), {"padding": 1}), ((8, 24, 9, 9), (24, 8, 3, 3), {"groups": 3}),
    ((2, 300, 9, 9), (20, 300, 1, 1), {}), ((5, 16, 16, 16), (32, 16, 1, 1), {}), ((3, 8, 31, 33), (2, 8, 1, 1), {}),
    ((4, 64, 16, 16), (128, 64, 1, 1), {"stride": 2}), ((5, 16, 5, 31), (1, 16, 1, 1), {"stride": 2}), ((5, 16, 40), (24, 16, 1), {}),
    ((5, 20, 33, 47), (20, 1, 3, 3), {"padding": 1, "groups": 20}), ((3, 8, 45, 33), (8, 1, 2, 3), {"groups": 8, "stride": 2}),
    ((4, 32, 61, 64), (32, 1, 3, 3), {"padding": 1, "groups": 32}), ((4, 3, 20, 60), (3, 1, 3, 3), {"padding": 1, "groups": 3}),
    ((1, 8, 40, 60), (16, 8, 4, 4), {"padding": 1}), ((1, 6, 29, 28), (32, 6, 3, 4), {"padding": 1}),
    ((2, 4, 8, 8), (8, 4, 3, 3), {"padding": 1}),
    ((10, 4, 25, 22), (4, 2, 2, 5), {"padding": 2, "groups": 2, "stride": 2}), ((2, 12, 16, 18), (6, 4, 3, 3), {"groups": 3}),
]  # fmt: skip


@pytest.mark.parametrize("turned", [False, True], ids=["conv", "conv_transpose"])
@pytest.mark.parametrize("size, weight, numbers", CASES + GRADIENTS)
def test_the_gradients_of_weight_and_bias(size, weight, numbers, turned, monkeypatch):
    """Every bit, but for the weights of what oneDNN makes a product of matrices, which lie as close to the sums in float64 as PyTorch's
    do, and the bias of three dimensions, which is one long chain here."""
    monkeypatch.setattr(llvm.patience, "ready", True)
    x, w = random(0, size, weight)
    groups, n = numbers.get("groups", 1), len(size) - 2
    (bias,) = random(2, (weight[1] * groups if turned else weight[0],))
    found = []
    for module, kind in ((rushlight, np.float32), (torch, np.float32), (torch, np.float64)):
        leaves = [module.from_numpy(a.astype(kind)).requires_grad_() for a in (w, bias)]
        conv = getattr(module.nn.functional, f"conv{'_transpose' * turned}{n}d")
        given = x
        if turned:
            places = getattr(torch.nn.functional, f"conv{n}d")(torch.from_numpy(x), torch.from_numpy(w), **numbers)
            given = places.numpy()
        out = conv(module.from_numpy(given.astype(kind)), *leaves, **numbers)
        (g,) = random(1, tuple(out.shape))
        out.backward(module.from_numpy(g.astype(kind)))
        found.append([leaf.grad for leaf in leaves])
    *found, exact = found
    if n < 3:
        equal(*[grads[1:] for grads in found])
    else:
        assert np.abs(found[0][1].numpy() - exact[1].numpy()).max() <= 1e-6 * np.abs(exact[1].numpy()).max()
    stride, padding, dilation = (
        _each(numbers.get(key, i), n) for key, i in (("stride", 1), ("padding", 0), ("dilation", 1))
    )
    shape, space = (tuple(out.shape), tuple(places.shape)[2:]) if turned else (size, tuple(out.shape)[2:])
    s = weight_orders.shape_of(shape, space, weight, stride, padding, dilation, groups)
    if s is not None and weight_orders.way(s) != weight_orders.PRODUCT:
        equal(*[grads[:1] for grads in found])
    else:
        as_close(*[grads[0].numpy() for grads in (*found, exact)])


def as_close(ours, theirs, exact):
    """Both were added in float32, in orders of their own."""
    scale = np.abs(exact).max()
    assert np.abs(ours - exact).max() <= 2 * np.abs(theirs - exact).max() + 1e-7 * scale


def _each(value, n):
    return value if isinstance(value, tuple) else (value,) * n


@pytest.mark.parametrize("seed", range(40))
def test_pools(seed, way):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 4))
    size = (2, 3, *map(int, rng.integers(5, 40 if n < 3 else 9, n)))
    kernel = tuple(map(int, rng.integers(1, 5, n)))
    stride, padding = tuple(map(int, rng.integers(1, 4, n))), tuple(int(rng.integers(0, k // 2 + 1)) for k in kernel)
    up, (x,) = bool(rng.integers(2)), random(seed, size)
    if seed % 2:
        x.flat[rng.integers(0, x.size, 20)] = np.nan
    found = []
    for module in (rushlight, torch):
        results = []
        for name in ("max", "avg"):
            t = module.from_numpy(np.nan_to_num(x) if name == "avg" else x).requires_grad_()
            pool = getattr(module.nn.functional, f"{name}_pool{n}d")
            more = {"return_indices": True} if name == "max" else {"count_include_pad": bool(seed % 3)}
            out = pool(t, kernel, stride, padding, ceil_mode=up, **more)
            out, *places = out if name == "max" else (out,)
            (g,) = random(1, tuple(out.shape))
            out.backward(module.from_numpy(g))
            results += [out, *places, t.grad]
        found.append(results)
    equal(*found)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "shape", [(32, 64, 16, 16), (8, 50, 7, 3), (5, 9, 13), (4, 30, 11, 9), (3, 7, 2, 2, 2), (1, 5, 3)]
)
def test_batch_norm(shape, training, way):
    c = shape[1]
    x, weight, bias, mean, var, g = random(0, shape, c, c, c, c, shape)
    found = []
    for module in (rushlight, torch):
        leaves = [module.from_numpy(a.copy()).requires_grad_() for a in (x, weight, bias)]
        moved = [module.from_numpy(a.copy()) for a in (mean, np.abs(var))]
        out = module.nn.functional.batch_norm(leaves[0], *moved, *leaves[1:], training, 0.3, 1e-4)
        out.backward(module.from_numpy(g))
        found.append([out, *moved, *(leaf.grad for leaf in leaves)])
    equal(*found)


# channels of input and output, spatial sizes, kernel: stride, padding, dilation
ALONE = [
    (4, 3, (5, 5), (3, 3), {}), (4, 3, (5, 5), (3, 3), {"padding": 1}), (4, 8, (5, 5), (3, 3), {"stride": 2}),
    (3, 16, (32, 32), (3, 3), {"padding": 1}), (16, 32, (16, 16), (3, 3), {"padding": 1}), (1, 32, (28, 28), (3, 3), {}),
    (3, 8, (8, 8), (2, 2), {}), (3, 8, (8, 8), (1, 1), {}), (64, 64, (14, 14), (3, 3), {"padding": 1}), (1, 6, (8, 9), (3, 3), {}),
    (8, 1, (16, 16), (3, 3), {"padding": 1}), (256, 256, (7, 7), (1, 1), {}), (3, 64, (32, 32), (3, 3), {"stride": 2, "padding": 1}),
    (3, 8, (16, 16), (3, 3), {"padding": 2, "dilation": 2}), (3, 8, (50,), (3,), {"padding": 1}), (16, 32, (40,), (5,), {"padding": 2}),
    (3, 4, (8, 8, 8), (3, 3, 3), {"padding": 1}), (8, 8, (30,), (3,), {"padding": 2, "dilation": 2}), (1, 2, (3, 3), (3, 3), {}),
    (2, 4, (9, 9), (5, 3), {}), (300, 5, (4, 4), (2, 2), {}), (5, 300, (8, 8), (2, 2), {}),
]  # fmt: skip


@pytest.mark.parametrize("turned", [False, True], ids=["conv", "conv_transpose"])
@pytest.mark.parametrize("bias", [False, True], ids=["", "bias"])
@pytest.mark.parametrize("channels, rows, size, kernel, numbers", ALONE)
def test_one_small_image(channels, rows, size, kernel, numbers, bias, turned, way):
    """Products of matrices, the bias first: every bit of the value and of all gradients."""
    shape = (channels, rows, *kernel) if turned else (rows, channels, *kernel)
    arrays = random(0, (1, channels, *size), shape, *[(rows,)] * bias)
    if way == "numpy" and max(channels, rows) * max(size) > 16:
        pytest.skip("larger products are compiled code's")
    found = []
    for module in (rushlight, torch):
        leaves = [module.from_numpy(a).requires_grad_() for a in arrays]
        conv = getattr(module.nn.functional, f"conv{'_transpose' * turned}{len(size)}d")
        out = conv(*leaves[:2], leaves[2] if bias else None, **numbers)
        if turned and out.numel() > single_image.SMALL:
            pytest.skip("what counts is the size of the input, which its gradient's convolution does not see")
        (g,) = random(1, tuple(out.shape))
        found.append((out, *module.autograd.grad(out, leaves, module.from_numpy(g))))
    equal(*found)

"""16-bit floats against torch: where its kernels compute in float32, and when they round."""

import numpy as np
import pytest
import torch

import rushlight

DTYPES = "bfloat16", "float16"


def given(dtype, *shapes, seed=0):
    """The same numbers for both, as leaves: the 16-bit floats nearest to float32 ones."""
    rng = np.random.default_rng(seed)
    numbers = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    return [
        [m.from_numpy(x.copy()).to(getattr(m, dtype)).requires_grad_() for x in numbers] for m in (rushlight, torch)
    ]


def differing(ours, theirs):
    assert tuple(ours.shape) == tuple(theirs.shape) and str(ours.dtype) == str(theirs.dtype)
    a, b = ours.detach().float().numpy(), theirs.detach().float().numpy()
    return int((~((a == b) | (np.isnan(a) & np.isnan(b)))).sum())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(768, 512), (100, 1003), (300001,), (33, 7), (64, 20, 30), (2000, 24), (2000, 31)])
def test_sums_and_extremes(shape, dtype):
    (x,), (y,) = given(dtype, shape)
    for f in ("sum", "mean", "amax", "amin"):
        for dim in (None, 0, -1):
            args = () if dim is None else (dim,)
            assert not differing(getattr(x, f)(*args), getattr(y, f)(*args)), (f, dim)
    assert not differing(x.max(), y.max()) and not differing(x.min(), y.min())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(768, 512), (5, 7), (3, 100), (4, 50, 30)])
def test_softmax_down_columns(shape, dtype):
    (x,), (y,) = given(dtype, shape)
    assert differing(x.softmax(0), y.softmax(0)) <= x.numel() // 2000


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(300, 129), (5, 7), (4, 64, 128)])
def test_layer_norm(shape, dtype, mixed):
    results = []
    for m, (x, w, b, g) in zip((rushlight, torch), given(dtype, shape, shape[-1:], shape[-1:], shape), strict=True):
        if mixed:
            w, b = (v.detach().float().requires_grad_() for v in (w, b))
        out = m.nn.functional.layer_norm(x, shape[-1:], w, b)
        results.append([out, *m.autograd.grad(out, (x, w, b), g.detach())])
    few = 1 + results[0][0].numel() // 2000
    assert [differing(a, b) <= most for a, b, most in zip(*results, (few, few, 0, 0), strict=True)] == [True] * 4


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm(training, dtype, mixed):
    shape, results = (4, 3, 4, 4), []
    for m, (x, w, b, g) in zip((rushlight, torch), given(dtype, shape, (3,), (3,), shape), strict=True):
        kind = m.float32 if mixed else x.dtype
        w, b = (v.detach().to(kind).requires_grad_() for v in (w, b))
        running = m.zeros(3, dtype=kind), m.ones(3, dtype=kind)
        out = m.nn.functional.batch_norm(x, *running, w, b, training)
        results.append([out, *m.autograd.grad(out, (x, b), g.detach()), *running])
    if (
        training and dtype == "bfloat16" and not mixed
    ):  # PyTorch rounds something else: one result in five is a unit away
        results = [r[2:] for r in results]
    assert all([differing(a, b) <= 2 for a, b in zip(*results, strict=True)])


NUMBERS = {
    "times": lambda x: x * 0.1, "before": lambda x: 0.1 * x, "by": lambda x: x / 3.3, "into": lambda x: 1.1 / x, "plus": lambda x: x + 0.1,
    "in place": lambda x: x.clone().mul_(0.1).div_(0.7), "sigmoid": lambda x: x.sigmoid(), "tanh": lambda x: x.tanh(),
}  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_beside_them(name, dtype):
    """A Python number keeps the digits of float32."""
    (x, g), (y, h) = given(dtype, (40, 300), (40, 300))
    ours, theirs = NUMBERS[name](x), NUMBERS[name](y)
    assert not differing(ours, theirs)
    assert not differing(
        *[m.autograd.grad(o, v, w.detach())[0] for m, o, v, w in ((rushlight, ours, x, g), (torch, theirs, y, h))]
    )


@pytest.mark.parametrize("causal", [False, True])
def test_attention_rounds_weights(causal):
    """Rows of fewer than eight keys, as PyTorch's vectors have an exponential of few digits of their own."""
    results = []
    for m, (q, k, v, g) in zip((rushlight, torch), given("bfloat16", *[(3, 2, 7, 8)] * 4), strict=True):
        out = m.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
        results.append([out, *m.autograd.grad(out, (q, k, v), g.detach())])
    assert [differing(a, b) <= 2 for a, b in zip(*results, strict=True)] == [True] * 4

"""Attention as machine code against NumPy in float64, for all shapes and masks; the bits of PyTorch are held in parity/."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight as torch
from rushlight.kernels import attention, llvm

if not (llvm.available() and llvm.has("fma")):
    pytest.skip("compiled code is not available here", allow_module_level=True)

F = torch.nn.functional


def numbers(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def attended(arrays, mask, native, **options):
    """The output and the gradients of queries, keys and values."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(llvm.patience, "ready", native)
        leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
        out = F.scaled_dot_product_attention(*leaves, attn_mask=None if mask is None else torch.tensor(mask), **options)
        out.backward(torch.tensor(np.resize(numbers(5, 997), out.shape).astype(arrays[0].dtype)))
    return [out.detach().numpy(), *[x.grad.numpy() for x in leaves]]


def wide(mask):
    return mask if mask is None or mask.dtype == bool else mask.astype(np.float64)


def check(arrays, mask=None, **options):
    mine = attended(arrays, mask, True, **options)
    exact = attended([a.astype(np.float64) for a in arrays], wide(mask), False, **options)
    # What cancels in the gradients of queries and keys: each key's product of g and value less the mean of these, times a row.
    g = np.abs(np.resize(numbers(5, 997), mine[0].shape))
    products = (g @ np.abs(arrays[2]).swapaxes(-1, -2)).max() / arrays[0].shape[-1] ** 0.5
    cancelling = [0, products * np.abs(arrays[1]).max(), products * np.abs(arrays[0]).max(), 0]
    for a, b, most in zip(mine, exact, cancelling, strict=True):
        assert a.dtype == np.float32 and a.shape == b.shape
        # Products of up to some hundred terms, weights with the short exponential's seven digits.
        assert np.abs(a - b).max() <= 3e-6 * max(1, np.abs(b).max(), most)
    return mine


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(1, 2), st.integers(1, 3), st.integers(1, 40), st.integers(1, 40), st.integers(1, 36),
    st.sampled_from([None, "bool", "float", "causal"]),
)  # fmt: skip
def test_all_shapes(seed, batch, heads, length, span, size, kind):
    arrays = [numbers(seed + i, batch, heads, n, size) for i, n in enumerate((length, span, span))]
    mask = numbers(seed + 9, length, span)
    mask = {"bool": mask > -0.5, "float": mask}.get(kind)
    check(arrays, mask, is_causal=kind == "causal")


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    "length,span,size", [(70, 530, 16), (200, 200, 40), (800, 770, 8), (33, 1100, 24), (5, 7, 192)]
)
def test_blocks_of_keys_and_rows(length, span, size, causal):
    check([numbers(i, 1, 2, n, size) for i, n in enumerate((length, span, span))], is_causal=causal)


def test_masks_of_all_forms():
    arrays = [numbers(i, 2, 3, n, 8) for i, n in enumerate((10, 12, 12))]
    full = numbers(4, 2, 3, 10, 12)
    for mask in (
        full,
        full[:1],
        full[:, :1],
        full[0, 0],
        full[:, :, :1],
        full[..., :1],
        full.transpose(0, 1, 3, 2)[..., :10, :1],
    ):
        check(arrays, mask)
    check(arrays, np.asfortranarray(full))
    check(arrays, full > 0.3, scale=0.2)


def test_rows_that_see_nothing_are_zero():
    arrays = [numbers(i, 1, 1, 9, 8) for i in range(3)]
    mask = np.ones((9, 9), bool)
    mask[4] = False
    out, *gradients = check(arrays, mask)
    assert not out[0, 0, 4].any() and not gradients[0][0, 0, 4].any()
    assert all(np.isfinite(x).all() for x in (out, *gradients))


def test_heads_within_a_packed_buffer_are_read_where_they_lie(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    packed = torch.tensor(numbers(1, 2, 20, 3 * 24), requires_grad=True)
    apart = packed.detach().clone().requires_grad_()
    results = []
    for leaf, contiguous in ((packed, False), (apart, True)):
        q, k, v = (part.view(2, 20, 3, 8).transpose(1, 2) for part in leaf.split(24, 2))
        if contiguous:
            q, k, v = (x.contiguous() for x in (q, k, v))
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        assert out.transpose(1, 2).is_contiguous() is not contiguous
        out.square().sum().backward()
        results.append(out.detach().numpy())
    np.testing.assert_array_equal(*results)
    assert torch.equal(packed.grad, apart.grad)


def test_queries_may_lie_in_memory_in_any_order(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    x, k = torch.tensor(numbers(1, 2, 3, 8, 10)), torch.tensor(numbers(2, 2, 3, 10, 8))
    column = torch.tensor(numbers(3, 2, 3, 10, 1))
    for q in (
        x.transpose(2, 3),
        x.permute(0, 1, 3, 2)[:, :, ::2],
        column.expand(2, 3, 10, 8),
        k[:1].expand(2, 3, 10, 8),
        k.flip(2),
    ):
        assert torch.equal(
            F.scaled_dot_product_attention(q, k, k), F.scaled_dot_product_attention(q.contiguous(), k, k)
        )
        turned = k.transpose(2, 3).contiguous().transpose(2, 3)
        assert torch.equal(F.scaled_dot_product_attention(q, turned, k), F.scaled_dot_product_attention(q, k, k))


def test_nan_and_infinity_stay_in_their_row(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    arrays = [numbers(i, 1, 2, 16, 8) for i in range(3)]
    clean = attention.forward(*arrays, None, False, 0.3)[0]
    arrays[0][0, 1, 3, 2], arrays[0][0, 0, 5, 0] = np.nan, np.inf
    out = attention.forward(*arrays, None, False, 0.3)[0]
    bad = np.isnan(out).all(-1)
    assert bad[0, 1, 3] and bad[0, 0, 5] and bad.sum() == 2
    np.testing.assert_array_equal(out[~bad], clean[~bad])


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    arrays, g = [numbers(i, 3, 5, 50, 16) for i in range(3)], numbers(8, 3, 5, 50, 16)
    before, answers = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            out, logarithms = attention.forward(*arrays, None, True, 0.25)
            answers.append([out, logarithms, *attention.backward(g, *arrays, out, logarithms, None, True, 0.25)])
    finally:
        torch.set_num_threads(before)
    for one, *others in zip(*answers, strict=True):
        for other in others:
            np.testing.assert_array_equal(one, other)


def test_a_second_derivative_computes_the_weights_again(monkeypatch):
    gradients = []
    for native in (True, False):
        monkeypatch.setattr(llvm.patience, "ready", native)
        q, k, v = (torch.tensor(numbers(i, 1, 2, 6, 4), requires_grad=True) for i in range(3))
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        (first,) = torch.autograd.grad(out.square().sum(), q, create_graph=True)
        gradients.append([x.numpy() for x in torch.autograd.grad(first.square().sum(), (q, k, v))])
    for mine, numpys in zip(*gradients, strict=True):
        np.testing.assert_allclose(mine, numpys, rtol=1e-4, atol=1e-5)


def test_what_does_not_fit_goes_to_numpy(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    arrays = [numbers(i, 1, 2, 4, 8) for i in range(3)]
    assert attention.forward(*[a.astype(np.float64) for a in arrays], None, False, 1.0) is None
    assert attention.forward(arrays[0], *[a[:, :1] for a in arrays[1:]], None, False, 1.0) is None
    assert attention.forward(*[numbers(i, 1, 1, 2, 193) for i in range(3)], None, False, 1.0) is None
    assert attention.forward(*[a[:, :, :0] for a in arrays], None, False, 1.0) is None


@pytest.mark.parametrize("native", [True, False])
def test_masks_that_do_not_fit_are_refused(native, monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", native)
    q = torch.zeros(1, 1, 5, 4)
    with pytest.raises(
        RuntimeError, match=r"size of tensor a \(5\) must match the size of tensor b \(3\) at non-singleton dim"
    ):
        F.scaled_dot_product_attention(q, q, q, attn_mask=torch.zeros(3, 3))
    for shape in ((2, 1, 5, 5), (1, 1, 1, 5, 5)):
        with pytest.raises(RuntimeError, match=r"output with shape \[1, 1, 5, 5\] doesn't match the broadcast shape"):
            F.scaled_dot_product_attention(q, q, q, attn_mask=torch.zeros(*shape))

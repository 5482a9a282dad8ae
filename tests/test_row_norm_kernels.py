"""Layer normalisation as machine code: NumPy's bits in float32, some units of its last place in float64, the same for every chunking."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight as torch
from rushlight.kernels import llvm, moments, row_gradients, row_norm

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

F = torch.nn.functional
SIZES = st.one_of(
    st.integers(1, 40), st.sampled_from([63, 64, 128, 129, 255, 256, 257, 300, 384, 1000, 1024, 2047, 4096])
)


def rows(seed, b, n, dtype=np.float32):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((b, n)) * rng.choice([1e-3, 1, 50]) + rng.standard_normal()).astype(dtype)


def by(native, call, monkeypatch_context):
    with monkeypatch_context() as patch:
        patch.setattr(llvm.patience, "ready", native)
        with np.errstate(all="ignore"):
            return call()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 20), SIZES, st.booleans(), st.booleans())
def test_forward_has_the_bits_of_numpy(seed, b, n, weighted, shifted):
    x = rows(seed, b, n)
    weight, bias = rows(seed + 1, 1, n)[0] if weighted else None, rows(seed + 2, 1, n)[0] if shifted else None
    found = [
        by(ready, lambda: row_norm.layer_norm(x, weight, bias, 1e-5), pytest.MonkeyPatch.context)
        for ready in (True, False)
    ]
    for mine, numpys in zip(*found, strict=True):
        np.testing.assert_array_equal(mine, numpys)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 20), SIZES, st.booleans())
def test_gradients_have_the_bits_of_numpy(seed, b, n, weighted):
    x, g = rows(seed, b, n), rows(seed + 3, b, n)
    weight = rows(seed + 1, 1, n)[0] if weighted else None
    _, mean, rstd = moments.layer_norm(x, weight, None, 1e-5)
    found = by(
        True, lambda: row_norm.gradients(g, x, weight, mean, rstd, (True, True, True)), pytest.MonkeyPatch.context
    )
    m, r = mean[:, None], rstd[:, None]
    expected = row_gradients.to_input(g, x, weight, m, r), row_gradients.to_weight(g, x, m, r), row_gradients.to_bias(g)
    for mine, numpys in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine, numpys)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("b,n", [(700, 130), (40, 1000)])
def test_many_rows_against_float64(b, n, dtype):
    x, g, weight = rows(1, b, n, dtype), rows(2, b, n, dtype), rows(3, 1, n, dtype)[0]
    wide = [torch.tensor(a.astype(np.float64), requires_grad=True) for a in (x, weight, weight)]
    own = [torch.tensor(a, requires_grad=True) for a in (x, weight, weight)]
    for ready, tensors in ((False, wide), (True, own)):
        by(ready, lambda t=tensors: F.layer_norm(t[0], (n,), t[1], t[2]).backward(torch.tensor(g.astype(t[0].numpy(force=True).dtype))),
           pytest.MonkeyPatch.context)  # fmt: skip
    for mine, exact in zip(own, wide, strict=True):
        mine, exact = mine.grad.numpy(), exact.grad.numpy()
        # Sums of b or n terms, each rounded: a few units of the last place of the largest.
        assert np.abs(mine - exact).max() <= 64 * np.finfo(dtype).eps * np.abs(exact).max()


@pytest.mark.parametrize(
    "needs", [(True, False, False), (False, True, False), (False, False, True), (True, True, True)]
)
def test_what_is_not_needed_is_not_computed(needs, monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    x, g = rows(1, 9, 20), rows(2, 9, 20)
    _, mean, rstd = row_norm.layer_norm(x, None, None, 1e-5)
    found = row_norm.gradients(g, x, None, mean, rstd, needs)
    assert [v is not None for v in found] == list(needs)
    everything = row_norm.gradients(g, x, None, mean, rstd, (True, True, True))
    for mine, whole in zip(found, everything, strict=True):
        assert mine is None or np.array_equal(mine, whole)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_rows_that_are_not_finite(bad, monkeypatch):
    x = rows(5, 6, 300)
    x[2, 7], x[4, 299] = bad, bad
    g = rows(6, 6, 300)
    answers = []
    for ready in (True, False):
        monkeypatch.setattr(llvm.patience, "ready", ready)
        leaf = torch.tensor(x, requires_grad=True)
        out = F.layer_norm(leaf, (300,))
        out.backward(torch.tensor(g))
        answers.append((out.detach().numpy(), leaf.grad.numpy()))
    np.testing.assert_array_equal(answers[0][0], answers[1][0])
    np.testing.assert_array_equal(np.isnan(answers[0][1]), np.isnan(answers[1][1]))


def test_the_input_may_lie_in_memory_as_it_likes(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    x = torch.tensor(rows(7, 12, 40))
    for view in (
        x.T.contiguous().T,
        x[::2],
        x[:, ::2],
        x[:, 1:],
        x.expand(2, 12, 40),
        x.reshape(3, 4, 40).transpose(0, 1),
    ):
        n = view.shape[-1]
        assert torch.equal(
            F.layer_norm(view, (n,)), F.layer_norm(view.clone(memory_format=torch.contiguous_format), (n,))
        )
    assert F.layer_norm(x[:0], (40,)).shape == (0, 40)


def test_chunks_and_threads_do_not_change_rows(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    x, g, weight = rows(8, 500, 200), rows(9, 500, 200), rows(10, 1, 200)[0]
    before, answers = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            out, mean, rstd = row_norm.layer_norm(x, weight, weight, 1e-5)
            answers.append((out, mean, rstd, row_norm.gradients(g, x, weight, mean, rstd, (True, False, False))[0]))
    finally:
        torch.set_num_threads(before)
    for one, two in zip(*answers, strict=True):
        np.testing.assert_array_equal(one, two)
    alone = row_norm.layer_norm(x[123:124], weight, weight, 1e-5)[0]
    np.testing.assert_array_equal(alone[0], answers[0][0][123])


def test_half_types_are_computed_in_float32(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    x = torch.tensor(rows(11, 5, 33)).half()
    assert torch.equal(F.layer_norm(x, (33,)), F.layer_norm(x.float(), (33,)).half())


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 3), st.integers(1, 4), st.integers(2, 70), st.booleans()
)
def test_group_norm_has_the_bits_of_numpy(seed, batch, groups, each, places, weighted):
    x = rows(seed, batch * groups * each, places).reshape(batch, groups * each, places)
    weight, bias = (torch.tensor(rows(seed + i, 1, groups * each)[0]) if weighted else None for i in (1, 2))
    g = torch.tensor(rows(seed + 3, batch * groups * each, places).reshape(x.shape))

    def normed():
        inputs = [torch.as_tensor(v).clone().requires_grad_() for v in (x, weight, bias) if v is not None]
        out = F.group_norm(inputs[0], groups, *inputs[1:])
        return [v.detach().numpy() for v in (out, *torch.autograd.grad(out, inputs, g))]

    for native, by_numpy in zip(
        *[by(ready, normed, pytest.MonkeyPatch.context) for ready in (True, False)], strict=True
    ):
        np.testing.assert_array_equal(native, by_numpy)

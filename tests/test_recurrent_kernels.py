"""Recurrent layers as machine code: an LSTM's numbers are NumPy's to a few units of the last place, however its work is shared out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight as torch
from rushlight.kernels import gate_orders, gate_products, llvm, recurrent
from rushlight.kernels import gated as gated_kernels

if not (llvm.available() and llvm.has("fma")):
    pytest.skip("compiled code is not available here", allow_module_level=True)

from rushlight.kernels.code import lstm as code
from rushlight.kernels.kernel import compiled
from rushlight.kernels.words import f32, load, read, write  # noqa: F401  words of the kernel below


def applied(start, stop, out: "write[f32]", x: "read[f32]"):
    for i in range(start, stop, 8):
        out[i] = FUNCTION(load(x, i, 8))  # noqa: F821  bound when it is compiled


def function(name, x):
    out = np.empty_like(x)
    assert compiled(applied, FUNCTION=getattr(code, name))(x.size, x.size, out, x)
    return out


def units_apart(mine, exact):
    """How many units of the last place of the exact numbers."""
    return np.abs(mine - exact) / np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)


NUMBERS = np.concatenate(
    [np.linspace(-30, 30, 40_000), np.linspace(-0.5, 0.5, 40_000), np.geomspace(1e-30, 1e-3, 800)]
).astype(np.float32)


def test_tanh_is_within_three_units():
    mine = function("tanh", NUMBERS)
    assert units_apart(mine, np.tanh(NUMBERS.astype(np.float64))).max() < 3
    ends = np.array([0.0, -0.0, 100, -100, np.inf, -np.inf, 1e-42, np.nan], np.float32)
    np.testing.assert_array_equal(function("tanh", ends)[:6], [0, -0.0, 1, -1, 1, -1])
    assert np.signbit(function("tanh", ends)[1]) and np.isnan(function("tanh", ends)[7])


def test_sigmoid_is_within_three_units():
    """Five where it is small: oneDNN, whose steps it takes, has ln 2 in one number."""
    wide = np.linspace(-86, 40, 80_000).astype(np.float32)
    exact = 1 / (1 + np.exp(-wide.astype(np.float64)))
    apart = units_apart(function("sigmoid", wide), exact)
    assert apart[wide > -10].max() < 3 and apart.max() < 5
    ends = np.array([0.0, 200, np.inf, -200, -np.inf, -90, -87.5, np.nan], np.float32)
    found = function("sigmoid", ends)
    np.testing.assert_array_equal(found[:3], [0.5, 1, 1])
    assert (found[3:7] < 1e-37).all() and np.isnan(found[7])


def numbers(seed, *shape, scale=1.0):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def both_ways(call, monkeypatch):
    answers = []
    for found in (gate_products.kernel, lambda module, name: None):
        monkeypatch.setattr(recurrent, "kernel", found)
        answers.append(call())
    return answers


def trained(layer, x, states=None, seed=9):
    """Outputs, last states and all gradients of a layer."""
    x = x.detach().clone().requires_grad_()
    states = None if states is None else tuple(s.detach().clone().requires_grad_() for s in states)
    layer.zero_grad()
    out, last = layer(x, states)
    loss = (out * torch.tensor(numbers(seed, *out.shape))).sum()
    for i, s in enumerate(last):
        loss = loss + (s * torch.tensor(numbers(seed + 1 + i, *s.shape))).sum()
    loss.backward()
    found = [out, *last, x.grad, *[p.grad for p in layer.parameters()], *[s.grad for s in states or ()]]
    return [t.detach().numpy().copy() for t in found]


def agree(these, those, units=24):
    for mine, numpys in zip(these, those, strict=True):
        scale = max(0.05, np.abs(numpys).max())  # a small sum has the errors of its terms
        assert np.abs(mine - numpys).max() <= units * np.finfo(np.float32).eps * scale


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(1, 14), st.integers(1, 20), st.integers(1, 34), st.booleans(), st.booleans())
def test_lstm_agrees_with_numpy(steps, batch, features, size, bias, given_states):
    torch.manual_seed(steps + 10 * batch)
    layer = torch.nn.LSTM(features, size, bias=bias, bidirectional=batch % 2 == 0)
    x = torch.tensor(numbers(1, steps, batch, features))
    directions = 1 + layer.bidirectional
    states = tuple(torch.tensor(numbers(s, directions, batch, size)) for s in (2, 3)) if given_states else None
    with pytest.MonkeyPatch.context() as patch:
        agree(*both_ways(lambda: trained(layer, x, states), patch))


def test_layers_batch_first_and_long_sequences(monkeypatch):
    torch.manual_seed(0)
    layer = torch.nn.LSTM(20, 24, num_layers=2, batch_first=True, bidirectional=True)
    agree(*both_ways(lambda: trained(layer, torch.tensor(numbers(4, 5, 60, 20))), monkeypatch), units=100)


@pytest.mark.parametrize("batch", [1, 23])
def test_no_bit_depends_on_who_computes_it(batch, monkeypatch):
    torch.manual_seed(0)
    layer, x, answers = torch.nn.LSTM(16, 40, bidirectional=True), torch.tensor(numbers(5, 30, batch, 16)), []
    for parts in (1, 2, 3):
        for module, name in ((gate_products, "_grain"), (recurrent, "_share")):
            monkeypatch.setattr(module, name, lambda units, parts=parts: -(-units // parts))
        with torch.no_grad():
            out, states = layer(x)
        answers.append([out.numpy(), *[s.numpy() for s in states], *trained(layer, x)])
    for one, *others in zip(*answers, strict=True):
        for other in others:
            np.testing.assert_array_equal(one, other)


def test_products_in_the_order_of_oneDNN_are_products():
    for rows, inner, width, threads in (
        (1, 7, 5, 2),
        (3, 300, 40, 2),
        (50, 33, 8, 1),
        (97, 600, 24, 3),
        (100, 20, 70, 4),
    ):
        a, w = numbers(rows, rows, inner), numbers(inner, inner, width)
        how = gate_orders._order(False, width, rows, inner, False, 1, threads)
        np.testing.assert_allclose(gate_products.product(a, w, how), a @ w, rtol=1e-4, atol=1e-4)
        slopes, x = numbers(1, inner, width), numbers(2, inner, rows)
        across = gate_orders._order(False, width, rows, inner, True, 1, threads)
        found, sums = gate_products.gradient(width, rows, [(slopes, x, across), (slopes, x, across)], inner, 1)
        np.testing.assert_allclose(found, 2 * (slopes.T @ x), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(sums, slopes.sum(0), rtol=1e-4, atol=1e-4)


def test_nan_stays_in_its_sequence():
    layer, x = torch.nn.LSTM(3, 10), numbers(9, 6, 5, 3)
    clean = layer(torch.tensor(x))[0].detach().numpy()
    x[2, 3, 1] = np.nan
    out = layer(torch.tensor(x))[0].detach().numpy()
    assert np.isnan(out[2:, 3]).all()
    np.testing.assert_array_equal(np.delete(out, 3, 1), np.delete(clean, 3, 1))
    np.testing.assert_array_equal(out[:2], clean[:2])


def test_what_is_not_float32_goes_to_numpy():
    x = np.zeros((2, 3, 4))
    assert recurrent.lstm(x, x[0, :, :2], x[0, :, :2], np.zeros((8, 4)), np.zeros((8, 2)), None, True) is None
    empty = np.zeros((2, 0, 4), np.float32)
    states = np.zeros((0, 2), np.float32)
    weights = np.zeros((8, 4), np.float32), np.zeros((8, 2), np.float32)
    assert recurrent.lstm(empty, states, states, *weights, None, True) is None


# --- GRU and plain layers: every bit of NumPy's steps --------------------------------------------------------------------
def same(these, those):
    for mine, numpys in zip(these, those, strict=True):
        np.testing.assert_array_equal(mine, numpys)


def gated(mode, size, features, **options):
    torch.manual_seed(size)
    if mode == "gru":
        return torch.nn.GRU(features, size, **options)
    return torch.nn.RNN(features, size, nonlinearity=mode, **options)


def trained_gated(layer, x, state, seed=9):
    x = x.detach().clone().requires_grad_()
    state = None if state is None else state.detach().clone().requires_grad_()
    layer.zero_grad()
    out, last = layer(x, state)
    loss = (out * torch.tensor(numbers(seed, *out.shape))).sum() + (
        last * torch.tensor(numbers(seed + 1, *last.shape))
    ).sum()
    loss.backward()
    found = [out, last, x.grad, *[p.grad for p in layer.parameters()], *([] if state is None else [state.grad])]
    return [t.detach().numpy().copy() for t in found]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["gru", "tanh", "relu"]), st.integers(1, 6), st.sampled_from([4, 8, 12, 13, 14, 18, 21]), st.integers(1, 20),
    st.sampled_from([16, 24, 40, 136, 200, 400]), st.booleans(), st.booleans(),
)  # fmt: skip
def test_gated_layers_have_the_bits_of_their_steps(mode, steps, batch, features, size, bias, given_state):
    layer = gated(mode, size, features, bias=bias, bidirectional=steps % 2 == 0)
    x = torch.tensor(numbers(1, steps, batch, features))
    state = torch.tensor(numbers(2, 1 + layer.bidirectional, batch, size)) if given_state else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(llvm.patience, "ready", True)
        native = trained_gated(layer, x, state)
        patch.setattr(gated_kernels, "_found", lambda *a: None)  # the steps by NumPy, the products within them native
        same(native, trained_gated(layer, x, state))


@pytest.mark.parametrize("mode", ["gru", "tanh", "relu"])
def test_gated_layers_on_any_number_of_threads(mode, monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    layer, x = gated(mode, 40, 16), torch.tensor(numbers(5, 12, 24, 16))
    before, answers = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            with torch.no_grad():
                out, last = layer(x)
            kept = numbers(6, 12, 24, 160 if mode == "gru" else 0)
            weights = layer.weight_hh_l0.detach().numpy()
            state = np.zeros((24, 40), np.float32)
            back = gated_kernels.backward(
                mode, (numbers(7, 12, 24, 40), None), state, weights, out.numpy(), kept, False
            )
            answers.append([out.numpy(), last.numpy(), *back])
    finally:
        torch.set_num_threads(before)
    for one, *others in zip(*answers, strict=True):
        same(others, [one] * len(others))


def test_batches_whose_products_are_small_go_to_numpy(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    for batch, size in ((1, 16), (3, 16), (5, 16), (4, 12), (4, 8), (14, 24), (13, 16)):
        gates, weights = numbers(1, 2, batch, size), numbers(2, size, size)
        fits = batch > 12
        found = gated_kernels.forward("tanh", gates, np.zeros((batch, size), np.float32), weights, None, False)
        assert (found is not None) == fits


def test_second_derivatives_of_gated_layers():
    layer = gated("gru", 3, 2).double()
    x = torch.tensor(numbers(1, 3, 2, 2).astype(np.float64), requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: layer(x)[0], (x,))

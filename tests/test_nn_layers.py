"""What layers promise of themselves: packed and padded sequences agree, lazy modules become ordinary ones, heads and masks."""

import math

import numpy as np
import pytest

import rushlight as torch
from rushlight.nn.utils import rnn

nn = torch.nn


def close(a, b, atol=1e-6):
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), atol=atol)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_packed_batch_is_what_its_sequences_are_alone(kind, bidirectional):
    torch.manual_seed(0)
    layer = getattr(nn, kind)(3, 4, 2, bidirectional=bidirectional)
    sequences = [torch.randn(n, 3) for n in (2, 5, 3)]
    out, last = layer(rnn.pack_sequence(sequences, enforce_sorted=False))
    padded, lengths = rnn.pad_packed_sequence(out, batch_first=True)
    assert lengths.tolist() == [2, 5, 3]
    for i, x in enumerate(sequences):
        alone, last_alone = layer(x)
        close(padded[i, : len(x)], alone)
        assert not padded[i, len(x) :].any()
        for a, b in zip(*((s if kind == "LSTM" else (s,)) for s in (last, last_alone)), strict=True):
            close(a[:, i], b)


def test_packing_refuses_lengths_that_do_not_fit():
    x = torch.zeros(3, 2, 2)
    for lengths, phrase in (([2, 3], "must be sorted"), ([3, 0], "greater than 0"), ([3], "equal to batch_size")):
        with pytest.raises(RuntimeError, match=phrase):
            rnn.pack_padded_sequence(x, lengths)
    with pytest.raises(ValueError, match="Expected total_length to be at least"):
        rnn.pad_packed_sequence(rnn.pack_padded_sequence(x, [3, 2]), total_length=2)


def test_the_lstm_node_differentiates_as_the_formula():
    torch.manual_seed(1)
    layer = nn.LSTM(2, 3, 2, bidirectional=True).double()
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    weights = [w for ws in layer.all_weights for w in ws]
    states = torch.zeros(4, 2, 3, dtype=torch.float64)

    def run(x, *weights):
        return torch.lstm(x, (states, states), weights, True, 2, 0.0, False, True, False)

    assert torch.autograd.gradcheck(run, (x, *weights))
    (first,) = torch.autograd.grad(run(x, *weights)[0].sum(), x, create_graph=True)
    assert first.requires_grad


def test_a_lazy_layer_draws_what_an_ordinary_one_draws_and_becomes_it():
    torch.manual_seed(3)
    lazy = nn.LazyLinear(4)
    with pytest.raises(ValueError, match="Attempted to use an uninitialized parameter"):
        lazy.weight + 1
    with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized parameter"):
        _ = lazy.weight.shape
    lazy(torch.ones(2, 5))
    torch.manual_seed(3)
    plain = nn.Linear(5, 4)
    assert type(lazy) is nn.Linear and lazy.in_features == 5
    assert torch.equal(lazy.weight, plain.weight) and torch.equal(lazy.bias, plain.bias)
    other = nn.LazyLinear(4)
    other.load_state_dict(plain.state_dict())
    assert torch.equal(other(torch.ones(1, 5)), plain(torch.ones(1, 5)))


def test_attention_gives_the_same_with_and_without_its_weights():
    torch.manual_seed(2)
    layer = nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.randn(3, 5, 8)
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    padding = torch.tensor([[False] * 5, [False] * 4 + [True], [False] * 3 + [True] * 2])
    padding = torch.zeros(3, 5).masked_fill(padding, -math.inf)
    out, weights = layer(x, x, x, attn_mask=mask, key_padding_mask=padding)
    close(out, layer(x, x, x, attn_mask=mask, key_padding_mask=padding, need_weights=False)[0])
    close(weights.sum(-1), torch.ones(3, 5))
    assert not weights.triu(1).any() and not weights[2, :, 3:].any()


def test_attention_sees_nothing_where_all_is_masked():
    q = torch.randn(1, 1, 2, 4)
    out = nn.functional.scaled_dot_product_attention(q, q, q, torch.tensor([[False, False], [True, True]]))
    assert not out[0, 0, 0].any() and out[0, 0, 1].any()


def test_a_decoder_layer_trains():
    torch.manual_seed(0)
    model = nn.Transformer(8, 2, 1, 1, 16, dropout=0.0, batch_first=True)
    src, tgt = torch.randn(2, 4, 8), torch.randn(2, 3, 8)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(src, tgt, tgt_mask=model.generate_square_subsequent_mask(3)), tgt)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_a_normalised_weight_is_the_weight_until_it_is_trained():
    torch.manual_seed(0)
    layer = nn.Linear(3, 2)
    before = layer.weight.clone()
    nn.utils.weight_norm(layer)
    assert [n for n, _ in layer.named_parameters()] == ["bias", "weight_g", "weight_v"]
    close(layer.weight, before)
    nn.utils.remove_weight_norm(layer)
    close(layer.weight, before)
    nn.utils.spectral_norm(layer, n_power_iterations=30)
    layer(torch.ones(1, 3))
    assert np.linalg.svd(layer.weight.detach().numpy())[1][0] == pytest.approx(1, abs=1e-5)


def test_lists_and_dicts_of_parameters():
    items = nn.ParameterList([torch.ones(2), nn.Parameter(torch.zeros(3))])
    items.append(torch.ones(1))
    assert [n for n, _ in items.named_parameters()] == ["0", "1", "2"]
    assert items.pop(0).tolist() == [1, 1] and [tuple(p.shape) for p in items] == [(3,), (1,)]
    named = nn.ParameterDict({"b": torch.ones(1), "a": torch.zeros(2)})
    assert list(named) == ["a", "b"] and isinstance(named["a"], nn.Parameter)
    with pytest.raises(TypeError, match="should be called with an iterable"):
        items.extend(3)


def test_statistics_of_a_batch_norm_are_refused_in_another_size():
    norm = nn.BatchNorm1d(3)
    with pytest.raises(RuntimeError, match="running_mean should contain 4 elements not 3"):
        norm(torch.zeros(2, 4))
    with pytest.raises(ValueError, match="eps must be positive during training"):
        nn.BatchNorm1d(3, eps=0.0)(torch.zeros(2, 3))
    assert norm(torch.zeros(0, 3)).shape == (0, 3)


def test_assigning_anew_keeps_the_place():
    net = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.ReLU(), torch.nn.Linear(1, 1))
    net[0] = torch.nn.Tanh()
    setattr(net, "1", torch.nn.Sigmoid())
    assert [type(m).__name__ for m in net] == ["Tanh", "Sigmoid", "Linear"]
    line = torch.nn.Linear(1, 1)
    line.weight = torch.nn.Parameter(torch.zeros(1, 1))
    assert list(line.state_dict()) == ["weight", "bias"]


def test_adaptive_log_softmax():
    """Its loss is that of the whole table of log-probabilities, whose rows add up to one; gradients too."""
    torch.manual_seed(0)
    layer = torch.nn.AdaptiveLogSoftmaxWithLoss(32, 30, [4, 12], head_bias=True)
    x, labels = torch.randn(9, 32, requires_grad=True), torch.tensor([0, 3, 4, 11, 12, 29, 2, 5, 1])
    output, loss = layer(x, labels)
    table = layer.log_prob(x)
    assert torch.allclose(table.exp().sum(1), torch.ones(9))
    assert torch.allclose(output, table.gather(1, labels[:, None])[:, 0])
    (mine,) = torch.autograd.grad(loss, x)
    (whole,) = torch.autograd.grad(torch.nn.functional.nll_loss(table, labels), x)
    assert torch.allclose(mine, whole, atol=1e-6)
    chosen = layer.predict(20 * x)
    assert torch.equal(chosen, layer.log_prob(20 * x).argmax(1)) and (chosen < 4).any() and (chosen >= 4).any()
    one = layer(x[4].detach(), torch.tensor(12))
    assert one.output.shape == () and torch.allclose(one.output, output[4])
    with pytest.raises(RuntimeError, match=r"Target values should be in \[0, 29\], but values in range \[-1, 30\]"):
        layer(x, torch.tensor([0, 30, -1, 0, 0, 0, 0, 0, 0]))
    with pytest.raises(RuntimeError, match="0D target tensor expects 1D input tensors"):
        layer(x, torch.tensor(1))
    with pytest.raises(RuntimeError, match="should have the same size in the batch dimension"):
        layer(x, labels[:2])


def test_a_causal_bias_is_a_mask_and_nothing_else():
    from rushlight.nn.attention.bias import causal_lower_right

    with pytest.raises(NotImplementedError, match="torch.add is not implemented"):
        causal_lower_right(2, 3) + 1
    with pytest.warns(UserWarning, match="will produce NaNs"):
        causal_lower_right(3, 2)
    with pytest.raises(TypeError, match="must be an int, but got float"):
        causal_lower_right(2.0, 3)
    with pytest.raises(RuntimeError, match="negative dimension -1"):
        causal_lower_right(-1, 3)

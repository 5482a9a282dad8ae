"""Every bit of float32 LSTMs beside torch, whose oneDNN has one order of sums for training and another for inference."""

import random

import numpy as np
import pytest
import torch

import rushlight
from rushlight.kernels import llvm

if not (llvm.available() and llvm.has("fma")):
    pytest.skip("compiled code is not available here", allow_module_level=True)


@pytest.fixture(autouse=True)
def as_many_threads(two_threads):
    before = rushlight.get_num_threads()
    rushlight.set_num_threads(torch.get_num_threads())
    yield
    rushlight.set_num_threads(before)


def results(library, features, size, batch, steps, recorded, options):
    """Outputs and last states; if recorded, all gradients too."""
    library.manual_seed(0)
    layer, rng = library.nn.LSTM(features, size, **options), np.random.default_rng(1)
    layers = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))

    def numbers(*shape):
        return library.tensor(rng.standard_normal(shape).astype(np.float32))

    x = numbers(batch, steps, features) if options.get("batch_first") else numbers(steps, batch, features)
    states = numbers(layers, batch, size), numbers(layers, batch, size)
    if not recorded:
        with library.no_grad():
            out, last = layer(x, states)
        return {"out": out, "h": last[0], "c": last[1]}
    for t in (x, *states):
        t.requires_grad_()
    out, last = layer(x, states)
    loss = (out * numbers(*out.shape)).sum()
    for s in last:
        loss = loss + (s * numbers(*s.shape)).sum()
    loss.backward()
    of = {"x": x, "h0": states[0], "c0": states[1], **dict(layer.named_parameters())}
    return {"out": out, "h": last[0], "c": last[1], **{f"gradient of {name}": t.grad for name, t in of.items()}}


def same(*sizes, recorded=True, **options):
    theirs, ours = (results(library, *sizes, recorded, options) for library in (torch, rushlight))
    for name, t in theirs.items():
        np.testing.assert_array_equal(
            ours[name].detach().numpy(), t.detach().numpy(), err_msg=f"{name} of {sizes} {options}"
        )


#: Features, units, sequences, steps: whole tiles and what is left over, one sequence, large batches, layers of 500 units and more.
SIZES = [
    (5, 8, 4, 3), (10, 20, 3, 5), (16, 16, 4, 10), (33, 47, 7, 9), (28, 64, 20, 10), (64, 64, 128, 3), (100, 300, 5, 3), (7, 6, 2, 60),
    (20, 51, 75, 4), (5, 9, 1, 4), (30, 100, 1, 20), (65, 33, 1, 1), (1, 51, 3, 9), (10, 2, 3, 5), (3, 10, 200, 5), (64, 128, 32, 64),
    (300, 256, 129, 3), (10, 8, 40, 50), (1, 1, 1, 4), (3, 1, 4, 5), (12, 12, 1, 6), (64, 256, 1, 20), (512, 512, 64, 3),
    (100, 512, 20, 6), (40, 650, 20, 8), (512, 512, 1, 5),
]  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"bidirectional": True}, {"recorded": False}], ids=str)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_bit(sizes, options):
    same(*sizes, **options)


@pytest.mark.parametrize("threads", [1, 3, 4])
@pytest.mark.parametrize("sizes", [s for s in SIZES if s[1] < 100], ids=str)
def test_every_bit_for_other_numbers_of_threads(sizes, threads):
    torch.set_num_threads(threads)
    rushlight.set_num_threads(threads)
    same(*sizes)


@pytest.mark.parametrize("seed", range(40))
def test_every_bit_of_drawn_layers(seed):
    draw = random.Random(seed)
    features, size = (draw.choice([draw.randint(1, 20), draw.randint(1, 64), draw.randint(1, 512)]) for _ in range(2))
    batch, steps = draw.choice([1, 2, draw.randint(1, 40), draw.randint(1, 140)]), draw.randint(1, 30)
    same(
        features, size, batch, steps, recorded=draw.random() < 0.75, num_layers=draw.choice([1, 1, 2]),
        bidirectional=draw.random() < 0.4, batch_first=draw.random() < 0.5, bias=draw.random() < 0.8,
    )  # fmt: skip


@pytest.mark.parametrize("batch", [20, 3, 1])
def test_a_training_prints_the_same_losses(batch):
    """Twenty steps of Adam on an LSTM between an embedding and a linear layer."""
    printed = []
    for library in (torch, rushlight):
        library.manual_seed(0)
        nn = library.nn
        embedding, lstm, head = nn.Embedding(30, 24), nn.LSTM(24, 40, 2, batch_first=True), nn.Linear(40, 30)
        optimizer = library.optim.SGD([*embedding.parameters(), *lstm.parameters(), *head.parameters()], lr=0.5)
        ids = library.randint(0, 30, (batch, 17))
        for _ in range(20):
            out, _ = lstm(embedding(ids[:, :-1]))
            loss = nn.functional.cross_entropy(head(out).reshape(-1, 30), ids[:, 1:].reshape(-1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            printed.append(f"{loss.item():.9f}")
    assert printed[:20] == printed[20:]


@pytest.mark.parametrize("lengths", [[5, 5, 5], [4], [1, 1]], ids=str)
def test_every_bit_of_packed_sequences_of_one_length(lengths):
    """PyTorch takes them for padded ones."""
    found = []
    for library in (torch, rushlight):
        library.manual_seed(0)
        layer = library.nn.LSTM(7, 20, 2, bidirectional=True)
        x = library.tensor(
            np.random.default_rng(3).standard_normal((lengths[0], len(lengths), 7)).astype(np.float32),
            requires_grad=True,
        )
        out, (h, c) = layer(library.nn.utils.rnn.pack_padded_sequence(x, lengths))
        (out.data.sum() + h.sum() + c.sum()).backward()
        tensors = (out.data, h, c, x.grad, *[p.grad for p in layer.parameters()])
        found.append(([t.detach().numpy() for t in tensors], type(out.data.grad_fn).__name__))
    for theirs, ours in zip(found[0][0], found[1][0], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert found[0][1] == found[1][1]

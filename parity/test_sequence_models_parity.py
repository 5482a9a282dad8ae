"""Layer norm, attention and recurrent layers as machine code against torch."""

import numpy as np
import pytest
import torch

import rushlight
from rushlight.kernels import llvm

if not (llvm.available() and llvm.has("fma")):
    pytest.skip("compiled code is not available here", allow_module_level=True)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)


def numbers(seed, *shape, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def both(program, *arrays):
    """What a program gives in torch and here, gradients of its arrays included."""
    answers = []
    for library in (torch, rushlight):
        leaves = [None if a is None else library.tensor(a, requires_grad=True) for a in arrays]
        out = program(library, *leaves)
        out.backward(library.tensor(np.resize(numbers(99, 997), tuple(out.shape)).astype(arrays[0].dtype)))
        answers.append([out.detach().numpy(), *[x.grad.numpy() for x in leaves if x is not None]])
    return zip(*answers, strict=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 3, 7, 8, 9, 31, 64, 127, 128, 129, 200, 256, 300, 424, 1000, 1024, 1048, 2500])
def test_every_bit_of_layer_norm(n, dtype):
    torch.set_num_threads(
        rushlight.get_num_threads()
    )  # the gradient of the weight is added in as many parts, here and there
    for rows in (1, 3, 300, 301):
        for weight, bias in ((numbers(1, n, dtype=dtype), numbers(2, n, dtype=dtype)), (None, None)):
            x = numbers(n, rows, n, dtype=dtype) * 3 + 1
            for theirs, ours in both(lambda t, x, w, b: t.nn.functional.layer_norm(x, (n,), w, b), x, weight, bias):
                np.testing.assert_array_equal(ours, theirs)


CASES = [
    (64, 64, 32, True), (64, 64, 32, False), (16, 16, 16, False), (64, 40, 24, False), (36, 44, 20, False), (128, 128, 64, True),
    (256, 256, 32, True), (320, 320, 48, True), (64, 600, 32, False), (768, 768, 32, True), (12, 100, 16, False), (200, 16, 12, False),
    (37, 37, 32, False), (64, 1100, 32, False),
]  # fmt: skip


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("length,span,size,causal", CASES)
def test_every_bit_of_attention(length, span, size, causal, masked):
    if causal and masked:
        pytest.skip("PyTorch takes one of the two")
    mask = numbers(7, length, span) if masked else None

    def program(library, q, k, v):
        own = None if mask is None else library.tensor(mask)
        return library.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=own, is_causal=causal)

    arrays = [numbers(i, 2, 2, n, size) for i, n in enumerate((length, span, span))]
    for theirs, ours in both(program, *arrays):
        np.testing.assert_array_equal(ours, theirs)


def test_attention_lies_in_memory_as_in_torch():
    strides = []
    for library in (torch, rushlight):
        x = library.tensor(numbers(1, 2, 5, 36), requires_grad=True)
        q, k, v = (p.view(2, 5, 3, 4).transpose(1, 2) for p in x.split(12, 2))
        seen = []
        q.register_hook(lambda g, seen=seen: seen.append(g.stride()))
        out = library.nn.functional.scaled_dot_product_attention(q, k, v)
        out.sum().backward()
        strides.append((out.stride(), *seen))
    assert strides[0] == strides[1]


@pytest.mark.parametrize("name", ["GRU", "RNN"])
@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False, "batch_first": True}]
)
def test_recurrent_layers_agree(name, options):
    answers = []
    for library in (torch, rushlight):
        library.manual_seed(0)
        layer = getattr(library.nn, name)(20, 36, **options)
        x = library.tensor(numbers(1, 17, 9, 20), requires_grad=True)
        out, last = layer(x)
        (out * library.tensor(np.resize(numbers(3, 997), tuple(out.shape)))).sum().backward()
        last = last if isinstance(last, tuple) else (last,)
        answers.append([t.detach().numpy() for t in (out, *last, x.grad, *[p.grad for p in layer.parameters()])])
    for theirs, ours in zip(*answers, strict=True):
        assert np.abs(theirs - ours).max() <= 2e-5 * max(1, np.abs(theirs).max())

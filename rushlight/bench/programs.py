"""The programs of the benchmark, each written once against the torch API.

A program is called with the framework's namespace and returns its step: a function that does the work once and gives back a tensor,
or several, by which both frameworks are compared. Seeds are set, so that both start from the same numbers.

``flop`` counts the additions and multiplications in matrix products and convolutions that a step cannot do without, ``traffic`` the
bytes that it has to read from and write to arrays of the program (each array once a pass, temporaries not counted).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

Step = Callable[[], Any]
Program = Callable[[Any], Step]


class Row(NamedTuple):
    """A row of the table: the program, the ratio to PyTorch it must reach and the one aimed at."""

    program: Program
    bar: float
    aim: float
    repeats: int = 1  # how often a step does the work: its time is divided by it
    tolerance: float = 1e-4  # relative, between the results of both sides
    flop: float = 0  # of a step, as this module's docstring counts them; 0 where arithmetic is not what limits
    traffic: float = 0  # bytes of a step, likewise
    peers: Mapping[str, Program] = {}  # the same work written for another framework, by the name of its module


# --- small work ---------------------------------------------------------------------------------------------------
def small_op(torch: Any) -> Step:
    """One multiplication that records a node, a thousand times."""
    x, y = torch.ones(4, requires_grad=True), torch.ones(4)

    def step() -> Any:
        for _ in range(1000):
            z = x * y
        return z

    return step


def seed_loop(torch: Any) -> Step:
    """The notebook's loop: a forward of five ops, backward, an update of the leaf by hand; a hundred times."""
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    w = torch.tensor([[0.1, 0.2], [0.3, 0.4]], requires_grad=True)

    def step() -> Any:
        for _ in range(100):
            loss = ((w * x + 2) ** 2 * 3).mean()
            loss.backward()
            w.data -= 1e-4 * w.grad.data
            w.grad.data.zero_()
        return loss

    return step


def chain(torch: Any) -> Step:
    """A chain of 1,000 small ops forward and backward."""
    x = torch.ones(4, requires_grad=True)

    def step() -> Any:
        y = x
        for _ in range(500):
            y = y * 1.001
            y = y + 0.001
        y.sum().backward()
        grad, x.grad = x.grad, None
        return y, grad

    return step


# --- training steps -----------------------------------------------------------------------------------------------
def training(model: Any, optimizer: Any, loss_of: Callable[[], Any]) -> Step:
    """A step of training: gradients to zero, loss, backward, update."""

    def step() -> Any:
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        return loss

    return step


def mlp_tiny(torch: Any) -> Step:
    """A network 2-16-16-1 on a batch of 100, mean squared error, SGD."""
    nn = torch.nn
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
    x, y = torch.randn(100, 2), torch.randn(100, 1)
    return training(net, torch.optim.SGD(net.parameters(), lr=0.05), lambda: nn.functional.mse_loss(net(x), y))


def mlp_mnist(torch: Any) -> Step:
    """A network 784-256-10 on a batch of 128, cross entropy, Adam."""
    nn = torch.nn
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    x, y = torch.randn(128, 784), torch.randint(0, 10, (128,))
    return training(net, torch.optim.Adam(net.parameters()), lambda: nn.functional.cross_entropy(net(x), y))


def cnn(torch: Any) -> Step:
    """Two convolutions (32 and 64 channels of 3 x 3), max pooling, two linear layers on 64 images of 28 x 28, Adam."""
    nn = torch.nn
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64 * 12 * 12, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip
    x, y = torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,))
    return training(net, torch.optim.Adam(net.parameters()), lambda: nn.functional.cross_entropy(net(x), y))


def residual_block(torch: Any) -> Step:
    """A residual block of two 3 x 3 convolutions with batch norm, 64 channels, on 32 images of 16 x 16, SGD."""
    nn = torch.nn
    torch.manual_seed(0)
    block = nn.Sequential(
        nn.Conv2d(64, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64),
    )  # fmt: skip
    x = torch.randn(32, 64, 16, 16)
    optimizer = torch.optim.SGD(block.parameters(), lr=0.01, momentum=0.9)
    return training(block, optimizer, lambda: torch.relu(block(x) + x).pow(2).mean())


def char_gpt(torch: Any) -> Step:
    """A transformer of 4 layers of width 128 on 12 sequences of 64 characters, AdamW."""
    nn = torch.nn
    functional = nn.functional
    torch.manual_seed(0)
    width, heads, layers, length, batch, symbols = 128, 4, 4, 64, 12, 65

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.attn, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

        def forward(self, x: Any) -> Any:
            b, t, c = x.shape
            parts = self.attn(self.ln1(x)).split(c, dim=2)
            q, k, v = (part.view(b, t, heads, c // heads).transpose(1, 2) for part in parts)
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.proj(y.transpose(1, 2).contiguous().view(b, t, c))
            return x + self.mlp(self.ln2(x))

    class GPT(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.places = nn.Embedding(symbols, width), nn.Embedding(length, width)
            self.blocks = nn.Sequential(*[Block() for _ in range(layers)])
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, symbols, bias=False)

        def forward(self, ids: Any) -> Any:
            x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
            return self.head(self.norm(self.blocks(x)))

    model = GPT()
    ids, targets = torch.randint(0, symbols, (batch, length)), torch.randint(0, symbols, (batch, length))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return training(model, optimizer, lambda: functional.cross_entropy(model(ids).view(-1, symbols), targets.view(-1)))


def char_lstm(torch: Any) -> Step:
    """An embedding, an LSTM 64 -> 128 over 32 sequences of 64 characters, a linear layer, Adam."""
    nn = torch.nn
    torch.manual_seed(0)
    symbols = 65
    embedding, lstm, head = nn.Embedding(symbols, 64), nn.LSTM(64, 128, batch_first=True), nn.Linear(128, symbols)
    model = nn.ModuleList([embedding, lstm, head])
    ids, targets = torch.randint(0, symbols, (32, 64)), torch.randint(0, symbols, (32, 64))

    def loss_of() -> Any:
        out, _ = lstm(embedding(ids))
        return nn.functional.cross_entropy(head(out).reshape(-1, symbols), targets.reshape(-1))

    return training(model, torch.optim.Adam(model.parameters()), loss_of)


# --- large arrays -------------------------------------------------------------------------------------------------
def big_chain(torch: Any) -> Step:
    """exp(tanh(1.5 x + 0.5) x) of two million numbers, forward and backward."""
    torch.manual_seed(0)
    x = torch.randn(2_000_000, requires_grad=True)

    def step() -> Any:
        x.grad = None
        y = torch.exp(torch.tanh(x * 1.5 + 0.5) * x).sum()
        y.backward()
        return y, x.grad

    return step


def softmax_norm(torch: Any) -> Step:
    """Softmax, then layer norm, of 2,048 rows of 1,024, forward and backward."""
    functional = torch.nn.functional
    torch.manual_seed(0)
    x = torch.randn(2048, 1024, requires_grad=True)
    weight, bias = torch.ones(1024, requires_grad=True), torch.zeros(1024, requires_grad=True)
    g = torch.randn(2048, 1024)

    def step() -> Any:
        x.grad = weight.grad = bias.grad = None
        y = functional.layer_norm(torch.softmax(x, dim=1), (1024,), weight, bias)
        y.backward(g)
        return weight.grad.abs().sum() + x.grad.abs().sum()

    return step


def adam_10m(torch: Any) -> Step:
    """A step of Adam over ten parameters of a million numbers."""
    torch.manual_seed(0)
    parameters = [torch.nn.Parameter(torch.randn(1_000_000)) for _ in range(10)]
    for p in parameters:
        p.grad = torch.randn(1_000_000)
    optimizer = torch.optim.Adam(parameters)

    def step() -> Any:
        optimizer.step()
        return parameters[0]

    return step


# --- random numbers -----------------------------------------------------------------------------------------------
def rand(torch: Any) -> Step:
    """A million uniform numbers."""
    return drawing(torch, lambda: torch.rand(1_000_000))


def randn(torch: Any) -> Step:
    """A million normal numbers."""
    return drawing(torch, lambda: torch.randn(1_000_000))


def bernoulli(torch: Any) -> Step:
    """A million coins of one half."""
    half = torch.full((1_000_000,), 0.5)
    return drawing(torch, lambda: torch.bernoulli(half))


def multinomial(torch: Any) -> Step:
    """64 draws with replacement from each of 256 distributions over 1,000 classes."""
    weights = torch.arange(1, 1001, dtype=torch.float32).repeat(256, 1)
    return drawing(torch, lambda: torch.multinomial(weights, 64, replacement=True))


def drawing(torch: Any, draw: Step) -> Step:
    torch.manual_seed(0)
    return draw


# --- the table ----------------------------------------------------------------------------------------------------
# A layer with weights multiplies three times: forward, for the weight's gradient and for its input's; the first one's input needs none.
MLP_FLOP = 2 * 128 * (2 * 784 * 256 + 3 * 256 * 10)
CNN_FLOP = 2 * 64 * (2 * 26 * 26 * 32 * 9 + 3 * 24 * 24 * 64 * 32 * 9 + 3 * 9216 * 128 + 3 * 128 * 10)
RESIDUAL_FLOP = 2 * (2 + 3) * 32 * 16 * 16 * 64 * 64 * 9
# Twelve squares of the width a layer and the head; attention's two products, of which a causal mask needs half.
GPT_FLOP = 3 * (2 * 12 * 64 * (4 * 12 * 128 * 128 + 128 * 65) + 4 * 2 * 12 * 64 * 64 * 128)
LSTM_FLOP = 3 * 2 * 32 * 64 * ((64 + 128) * 512 + 128 * 65)
FLOAT = 4  # bytes

ROWS = {
    "small_op": Row(small_op, 2.0, 3.0, repeats=1000),
    "seed_loop": Row(seed_loop, 2.0, 3.0, repeats=100),
    "chain": Row(chain, 2.0, 3.0),
    "mlp_tiny": Row(mlp_tiny, 1.5, 3.0),
    "mlp_mnist": Row(mlp_mnist, 1.5, 2.5, flop=MLP_FLOP),
    "cnn": Row(cnn, 1.0, 1.5, flop=CNN_FLOP),
    "residual_block": Row(residual_block, 0.75, 1.2, flop=RESIDUAL_FLOP),
    "char_gpt": Row(char_gpt, 1.2, 2.0, flop=GPT_FLOP),
    "char_lstm": Row(char_lstm, 1.2, 2.0, flop=LSTM_FLOP),
    # x forward and backward, its gradient.
    "big_chain": Row(big_chain, 3.0, 8.0, traffic=3 * 2_000_000 * FLOAT),
    # x and y forward; x, g and x's gradient backward, which is read once more for the result.
    "softmax_norm": Row(softmax_norm, 1.2, 2.0, traffic=6 * 2048 * 1024 * FLOAT),
    # Parameter and two averages, read and written; the gradient, read.
    "adam_10m": Row(adam_10m, 1.5, 2.2, traffic=7 * 10_000_000 * FLOAT),
    "rand": Row(rand, 3.0, 8.0, traffic=1_000_000 * FLOAT),
    "randn": Row(randn, 3.0, 8.0, traffic=1_000_000 * FLOAT),
    "bernoulli": Row(bernoulli, 3.0, 8.0, traffic=2 * 1_000_000 * FLOAT),
    "multinomial": Row(multinomial, 3.0, 8.0),
}


# --- what is compared ---------------------------------------------------------------------------------------------
SHOWN = 64  # elements
PART = 1 << 18  # elements that are widened at a time, so that looking at 100 million takes a moment and no memory


def numbers(result: Any) -> list[float]:
    """What is compared of a result: the mean size of its elements, then some of them, evenly spread; for several, one after another.

    NumPy does it for every side, so that no framework's own sums decide. ArithmeticError for what is not finite.
    """
    if isinstance(result, tuple):
        return [number for part in result for number in numbers(part)]
    array = np.asarray(result.detach() if hasattr(result, "detach") else result).ravel()
    parts = (array[start : start + PART].astype(np.float64) for start in range(0, array.size, PART))
    total = sum(float(np.abs(part).sum()) for part in parts)
    found = [total / array.size, *map(float, array[:: -(-array.size // SHOWN)].tolist())]
    if not all(map(math.isfinite, found)):
        raise ArithmeticError(f"the program computed numbers that are not finite: {found[:4]} ...")
    return found


def agree(these: list[float], those: list[float], tolerance: float) -> bool:
    """Whether two lists of `numbers` are the same result: each pair within ``tolerance`` times the larger of its size and the mean size."""
    if len(these) != len(those) or not these:
        return False
    scale = abs(these[0])
    return all(abs(a - b) <= tolerance * max(scale, abs(a), abs(b)) for a, b in zip(these, those, strict=True))

"""The programs of the sweep: how the cost of one operation grows from one element to a hundred million.

Each is called with the framework's namespace and the number of elements, and returns its step, as in ``programs``. Numbers are
uniform in [0, 1), so that no function overflows at any size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from .programs import Step

SIZES = [digit * 10**decade for decade in range(8) for digit in (1, 2, 5)] + [10**8]
ROW = 1000  # elements of a row, where an operation works along rows


class Line(NamedTuple):
    """One curve: its program, and how many float32 arrays of the given size are alive at once at most."""

    program: Callable[[Any, int], Step]
    arrays: int
    tolerance: float = 1e-4


def uniform(torch: Any, *shape: int) -> Any:
    return torch.rand(*shape)


def rows(n: int) -> tuple[int, int]:
    """n elements as a matrix: one row up to a thousand of them, then rows of a thousand."""
    return max(1, n // ROW), min(n, ROW)


def side(n: int) -> int:
    """The side of a square of about n elements."""
    return max(1, round(math.sqrt(n)))


LARGE = 100_000  # elements from which on asking for a tensor's address takes no time that counts


def read(n: int, compute: Step) -> Step:
    """A step whose result is in memory when it ends, as it might else be put off until somebody reads it."""

    def step() -> Any:
        result = compute()
        result.data_ptr()
        return result

    return step if n >= LARGE else compute


def mul(torch: Any, n: int) -> Step:
    """x * y."""
    x, y = uniform(torch, n), uniform(torch, n)
    return read(n, lambda: x * y)


def add(torch: Any, n: int) -> Step:
    """x + y."""
    x, y = uniform(torch, n), uniform(torch, n)
    return read(n, lambda: x + y)


def exp(torch: Any, n: int) -> Step:
    """exp(x)."""
    x = uniform(torch, n)
    return read(n, lambda: torch.exp(x))


def tanh(torch: Any, n: int) -> Step:
    """tanh(x)."""
    x = uniform(torch, n)
    return read(n, lambda: torch.tanh(x))


def tanh_backward(torch: Any, n: int) -> Step:
    """tanh(x) and its gradient."""
    x, g = uniform(torch, n).requires_grad_(), uniform(torch, n)

    def step() -> Any:
        x.grad = None
        torch.tanh(x).backward(g)
        return x.grad

    return step


def relu(torch: Any, n: int) -> Step:
    """max(x, 0) of numbers of both signs."""
    x = uniform(torch, n) - 0.5
    return read(n, lambda: torch.relu(x))


def total(torch: Any, n: int) -> Step:
    """The sum of all elements."""
    x = uniform(torch, n)
    return lambda: x.sum()


def mean_rows(torch: Any, n: int) -> Step:
    """The means of rows of a thousand."""
    x = uniform(torch, *rows(n))
    return lambda: x.mean(dim=1)


def mean_columns(torch: Any, n: int) -> Step:
    """The means over the rows of a matrix whose rows are a thousand long."""
    x = uniform(torch, *rows(n))
    return lambda: x.mean(dim=0)


def softmax(torch: Any, n: int) -> Step:
    """Softmax of rows of a thousand."""
    x = uniform(torch, *rows(n))
    return lambda: torch.softmax(x, dim=1)


def matmul(torch: Any, n: int) -> Step:
    """The product of two square matrices of n elements each."""
    a, b = uniform(torch, side(n), side(n)), uniform(torch, side(n), side(n))
    return lambda: a @ b


def conv2d(torch: Any, n: int) -> Step:
    """A padded convolution, 3 x 3, of n elements: one channel below 2,000, else 16; images of at most 32 x 32."""
    channels = 1 if n < 2000 else 16
    length = min(32, max(1, math.isqrt(n // channels)))
    x = uniform(torch, max(1, n // (channels * length * length)), channels, length, length)
    weight = uniform(torch, channels, channels, 3, 3)
    return lambda: torch.nn.functional.conv2d(x, weight, padding=1)


def training_step(torch: Any, n: int) -> Step:
    """A step of SGD on a network w-w-1 with w * w = n weights in its first layer, batch w but at most 128, mean squared error."""
    nn = torch.nn
    torch.manual_seed(0)
    width = side(n)
    batch = min(width, 128)
    net = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))
    x, y = uniform(torch, batch, width), uniform(torch, batch, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-6)

    def step() -> Any:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


LINES = {
    "mul": Line(mul, 3),
    "add": Line(add, 3),
    "exp": Line(exp, 3),
    "tanh": Line(tanh, 3),
    "tanh_backward": Line(tanh_backward, 8),
    "relu": Line(relu, 4),
    "sum": Line(total, 2),
    "mean_rows": Line(mean_rows, 2),
    "mean_columns": Line(mean_columns, 2),
    "softmax": Line(softmax, 6),
    "matmul": Line(matmul, 4),
    "conv2d": Line(conv2d, 24),
    "training_step": Line(training_step, 10),
}

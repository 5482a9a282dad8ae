"""The regularised incomplete gamma functions."""

from __future__ import annotations

from typing import Any

from ..kernels import incomplete_gamma
from ..op import Op, elementwise
from .underived import without_derivative


def _samples(m: Any) -> list[Any]:
    inf, nan = float("inf"), float("nan")
    by_first = "PyTorch has no derivative by the first: tests/test_registry.py tries the other"
    edges = m.a([0.0, 1.0, -1.0, inf, -inf, nan, 1e30, 0.5])
    return [
        m(m.f(3, 4, lo=0.3, hi=9), m.f(3, 4, lo=0.1, hi=12)).value_only(by_first),
        m(m.f(2, 1, lo=1, hi=2), m.f(3, lo=0.1, hi=3)).value_only(by_first),
        m(m.f(lo=1, hi=2), m.f(2, lo=1, hi=2)).value_only(by_first),
        m(m.f(0, 2), m.f(2, lo=0.5, hi=1)).value_only(by_first),
        m(m.nc(3, 2, lo=0.5, hi=2), m.f(3, 2, lo=0.5, hi=2)).value_only(by_first),
        m(m.i(3, lo=1), m.f(3, lo=0.5, hi=3)).value_only("PyTorch takes lgamma of whole numbers in float32"),
        m(m.i(3, lo=1), m.i(3, lo=1)),
        m(m.b(3), m.b(3)),
        m(m.f(2, lo=1), m.a([1, 2])),
        m(edges[:, None], edges).value_only("by the first"),
        m(
            m.a([[30.0], [300.0], [1e4], [1e6]]), m.a([25.0, 29.0, 31.0, 280.0, 310.0, 9900.0, 10100.0, 1001000.0])
        ).value_only("the same"),
        m(m.f(2, lo=1).to(m.torch.float16), m.f(2, lo=1).to(m.torch.float16)).value_only("half"),
        m(m.c(2), m.f(2)).value_only("refused"),
    ]


def _op(name: str, other_name: str, kernel: Any, sign: float, shown: str, doc: str) -> None:
    """``torch.igamma`` or ``torch.igammac``, and its derivative by the second argument; ``shown`` is what its example prints."""

    def forward(k, input, other):
        return kernel(input, other)

    forward.__name__ = name
    forward.__doc__ = (
        f"{doc} NaN where an argument is negative. The derivative by ``other`` is the gamma density, with its sign; "
        f"PyTorch has none by ``input``, and backward raises NotImplementedError for it. Also ``torch.{other_name}``.\n\n"
        "    >>> import rushlight as torch\n"
        f"    >>> torch.{name}(torch.tensor([0.5, 2.0]), torch.tensor([1.0, 3.0]))\n    tensor([{shown}])\n    "
    )
    op: Op = elementwise(
        promote="common",
        methods=f"{name} {name}_",
        aliases=other_name,
        refuses="bool int complex",
        samples=_samples,
    )(forward)

    @op.prepare
    def _(input, other):
        return (without_derivative(input, f"{name}: input"), other), {}

    @op.vjp("input")
    def _(k, g):
        return g * 0.0  # goes to `underived`, which refuses it

    @op.vjp("other")
    def _(k, g, input, other):
        return sign * g * k.exp((input - 1) * k.log(other) - other - k.lgamma(input))


_op(
    "igamma",
    "special.gammainc",
    incomplete_gamma.lower,
    1.0,
    "0.8427, 0.8009",
    "The regularised lower incomplete gamma function P(input, other): the share of the gamma integral below ``other``.",
)
_op(
    "igammac",
    "special.gammaincc",
    incomplete_gamma.upper,
    -1.0,
    "0.1573, 0.1991",
    "The regularised upper incomplete gamma function Q(input, other) = 1 - P.",
)

"""The polygamma functions and Hurwitz's zeta function, of which they are multiples."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..functions import function
from ..kernels import hurwitz, special
from ..op import elementwise
from ..writing import write_out
from .logarithms import _numbered
from .underived import without_derivative


# --- zeta -------------------------------------------------------------------------------------------------------------
def _zeta_samples(m: Any) -> list[Any]:
    inf, nan = float("inf"), float("nan")
    by_first = "PyTorch has no derivative by the first: tests/test_registry.py tries the other"
    return [
        m(m.f(3, 4, lo=1.2, hi=6), m.f(3, 4, lo=0.2, hi=12)).value_only(by_first),
        m(m.f(2, 1, lo=1.2, hi=6), m.f(3, lo=0.5, hi=3)).value_only(by_first),
        m(m.f(lo=2, hi=3), m.f(2, lo=1, hi=2)).value_only(by_first),
        m(m.f(0, 2), m.f(2, lo=1, hi=2)).value_only(by_first),
        m(m.nc(3, 2, lo=1.2, hi=6), m.f(3, 2, lo=0.5, hi=3)).value_only(by_first),
        m(3.5, m.f(3, lo=0.5, hi=3)),
        m(2, m.f(lo=1, hi=3)),
        m(m.i(3, lo=2), m.f(3, lo=0.5, hi=3)),
        m(m.i(3, lo=1), m.i(3, lo=1)),
        m(m.f(2, lo=2, hi=3), 2).value_only(by_first),
        m(m.f(2, lo=2, hi=3), m.a([1, 2])),
        m(
            m.a([[1.0], [0.5], [1.5], [2.0], [50.0], [inf], [nan]]), m.a([0.0, -1.0, -0.5, -3.5, 1e12, inf, -inf, nan])
        ).value_only("the same"),
        m(m.f(2, lo=2).to(m.torch.float16), 2).value_only("refused"),
        m(m.c(2), 2).value_only("refused"),
    ]


@elementwise(
    promote="float",
    torch_name="special.zeta",
    numbers="either",
    refuses="half complex",
    grad_name=_numbered("SpecialZeta"),
    samples=_zeta_samples,
)
def zeta(k, input, other):
    """Hurwitz's zeta function, the sum of ``(other + n) ** -input`` over all n >= 0.

    Infinite for ``input == 1`` and where ``other`` is 0, -1, -2, ...; NaN for ``input < 1``, and for a negative ``other`` to a power
    that is no whole number. The derivative by ``other`` is ``-input * zeta(input + 1, other)``; PyTorch has none by ``input``, and
    backward raises NotImplementedError for it.

    >>> import rushlight as torch
    >>> torch.special.zeta(torch.tensor([2.0, 4.0]), 1)
    tensor([1.6449, 1.0823])
    """
    return hurwitz.zeta(input, other)


@zeta.prepare
def _(input, other):
    return (without_derivative(input, "zeta"), other), {}


@zeta.vjp("input")
def _(k, g):
    return g * 0.0  # goes to `underived`, which refuses it


@zeta.vjp("other")
def _(k, g, input, other):
    return g * -input * k.zeta(input + 1, other)


# --- polygamma --------------------------------------------------------------------------------------------------------
def _method_samples(m: Any) -> list[Any]:
    span = {"lo": 0.5, "hi": 4}
    return [
        *[m(m.f(2, 3, **span), n) for n in range(5)],
        m(m.f(lo=1), 1),
        m(m.f(0), 1),
        m(m.nc(3, 2, **span), 2),
        m(m.f(4, lo=-3.4, hi=-3.1), 1),
        m(m.f(4, lo=-3.4, hi=-3.1), 3),
        m(m.a([0.0, -0.0, -1.0, -2.5, 1e9, float("inf"), float("nan")]), 2).value_only("poles"),
        m(m.i(2, lo=1), 1),
        m(m.b(2), 1),
    ]


@elementwise(
    promote="float",
    public=False,
    methods="polygamma polygamma_",
    grad_name="PolygammaBackward0",
    refuses={"complex": "polygamma"},
    samples=_method_samples,
    errors=lambda m: [m.error(RuntimeError, "polygamma(n, x) does not support negative n.", m.f(2), -1)],
)
def polygamma_of(k, input, *, n):
    """The n-th derivative of digamma. Gradient: the polygamma function of order n + 1."""
    return hurwitz.polygamma(input, n) if n else special.digamma(input)


@polygamma_of.check
def _(input, n):
    if not isinstance(n, int):
        raise errors.type_(f"polygamma(): argument 'n' (position 1) must be int, not {type(n).__name__}")
    if n < 0:
        raise errors.runtime("polygamma(n, x) does not support negative n.")
    return (input,), {"n": n}


@polygamma_of.vjp("input")
def _(k, g, input, n):
    return g * k.polygamma_of(input, n=n + 1)


@function(
    aliases="special.polygamma",
    samples=lambda m: [
        *[m(n, m.f(2, 3, lo=0.5, hi=4)) for n in range(4)],
        m(1, m.f(lo=1)),
        m(1, m.f(0)),
        m(2, m.nc(3, 2, lo=0.5)),
        m(1, m.i(2, lo=1)),
        m(1, m.b(2)),
        m(2, m.c(2)),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "polygamma(n, x) does not support negative n.", -1, m.f(2)),
        m.error(TypeError, "polygamma(): argument 'n' (position 1) must be int, not Tensor", m.f(2), 1),
    ],
)
def polygamma(n, input, *, out=None):
    """The n-th derivative of digamma: ``(-1)**(n + 1) * n! * zeta(n + 1, input)`` for n >= 1.

    >>> import rushlight as torch
    >>> torch.polygamma(1, torch.tensor([1.0, 0.5]))
    tensor([1.6449, 4.9348])
    """
    result = polygamma_of.public(input, n)
    return result if out is None else write_out("polygamma", out, result)

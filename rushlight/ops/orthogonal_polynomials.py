"""Orthogonal polynomials of a degree that may be a tensor too, on the kernels of rushlight.kernels.polynomials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..kernels import polynomials
from ..op import elementwise


def _samples(m: Any) -> list[Any]:
    """Every degree at which the method changes, the ends of the interval, and where there is no polynomial."""
    inf, nan = float("inf"), float("nan")
    degrees = m.a([0.0, 1.0, 2.0, 3.0, 6.0, 7.0, 8.0, 9.0, 20.0])
    return [
        m(m.f(5, lo=-0.95, hi=0.95), 3),
        m(m.f(6, 1, lo=-0.95, hi=0.95), degrees),
        m(m.f(5, 1, lo=-3, hi=3), degrees),
        m(m.f(), m.i(4)),
        m(m.f(0, 2), m.i(2)),
        m(m.nc(3, 2, lo=-1, hi=1), m.i(2)),
        m(
            m.a([[0.0], [-0.0], [1.0], [-1.0], [0.5], [inf], [nan]]),
            m.a([-1.0, 0.0, 1.0, 2.0, 2.9, 9.0, 10.0, inf, nan]),
        ),
        m(m.a([0.5, 0.3]), m.a([130, 600])),
        m(m.i(3), m.i(3)),
        m(m.i(3), 2),
        m(m.b(3), m.i(3)),
        m(0.5, m.i(4)),
        m(m.f(3), 2.5),
        m(m.f(3), -1),
        m(m.f(2).to(m.torch.float16), 2),
        m(m.c(2), 2),
    ]


def _polynomial(name: str, kernel: Callable[[Any, Any], Any], doc: str, shown: str) -> None:
    """An op in ``torch.special``; ``shown`` is what the example of its documentation prints."""

    def forward(k, input, n):
        return kernel(input, n)

    forward.__name__ = name
    forward.__doc__ = (
        f"{doc}\n\n"
        "    Either argument may be a number, both may be tensors; a degree is cut to a whole number, a negative one gives 0.\n    "
        "PyTorch has no derivative of it: the result needs no gradient. float32 and float64; integers become floats.\n\n"
        "    >>> import rushlight as torch\n"
        f"    >>> torch.special.{name}(torch.tensor([0.25, 2.0]), 3)\n    tensor([{shown}])\n    "
    )
    elementwise(
        promote="float",
        torch_name="special." + name,
        numbers="either",
        nondiff=True,
        refuses="half complex",
        samples=_samples,
    )(forward)


for _kind, _said, _shown, _shown_shifted in (
    ("t", "first kind: ``cos(n acos x)``", "-0.6875, 26.0000", " 1., 99."),
    ("u", "second kind: ``sin((n + 1) acos x) / sin(acos x)``", "-0.8750, 56.0000", "  1., 204."),
    ("v", "third kind: ``cos((n + 1/2) acos x) / cos(acos(x) / 2)``", "-0.1250, 41.0000", "  1., 169."),
    ("w", "fourth kind: ``sin((n + 1/2) acos x) / sin(acos(x) / 2)``", "-1.6250, 71.0000", "  1., 239."),
):
    _name = f"chebyshev_polynomial_{_kind}"
    _polynomial(
        _name, getattr(polynomials, f"chebyshev_{_kind}"), f"Chebyshev's polynomial of degree n of the {_said}.", _shown
    )
    _polynomial(
        f"shifted_{_name}",
        getattr(polynomials, f"shifted_chebyshev_{_kind}"),
        f"``{_name}(2 * input - 1, n)``, orthogonal between 0 and 1.",
        _shown_shifted,
    )

_polynomial(
    "hermite_polynomial_h",
    polynomials.hermite_h,
    "The physicists' Hermite polynomial of degree n: ``H' = 2 x H - 2 n H_before``; NaN above degree 128 (float64: 512).",
    "-2.8750, 40.0000",
)
_polynomial(
    "hermite_polynomial_he",
    polynomials.hermite_he,
    "The probabilists' Hermite polynomial of degree n: ``He' = x He - n He_before``; NaN above degree 128 (float64: 512).",
    "-0.7344,  2.0000",
)
_polynomial(
    "laguerre_polynomial_l",
    polynomials.laguerre_l,
    "Laguerre's polynomial of degree n: ``(n + 1) L' = (2 n + 1 - x) L - n L_before``.",
    " 0.3411, -0.3333",
)
_polynomial(
    "legendre_polynomial_p",
    polynomials.legendre_p,
    "Legendre's polynomial of degree n: ``(n + 1) P' = (2 n + 1) x P - n P_before``.",
    "-0.3359, 17.0000",
)

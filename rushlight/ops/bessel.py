"""Bessel's functions and Airy's, on the kernels of rushlight.kernels.bessel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..kernels import bessel
from ..op import Op, camel, elementwise


def _op(kernel: Callable[[Any], Any], name: str, doc: str, **options: Any) -> Op:
    """An op of one input whose body is a kernel."""

    def forward(k, input):
        return kernel(input)

    forward.__name__, forward.__doc__ = name, doc
    return elementwise(promote="float", **options)(forward)


# --- with a derivative ------------------------------------------------------------------------------------------------
def _derived(op: Op, derivative: Callable[[Any, Any], Any]) -> None:
    @op.vjp("input")
    def _(k, g, input):
        return g * derivative(k, input)


def _special(name: str, kernel: Callable[[Any], Any], domain: Any, doc: str) -> Op:
    """In ``torch.special`` alone."""
    options = {"refuses": {"complex": name + "_cpu"}, "grad_name": f"Special{camel(name).replace('e', 'E')}Backward0"}
    return _op(kernel, name, doc, torch_name="special." + name, domain=domain, **options)


def _over(k: Any, value: Any, x: Any) -> Any:
    """``value / x``, which is 1/2 at 0 for the functions of order 1."""
    zero = k.eq(x, 0)
    return k.where(zero, 0.5, value / k.where(zero, 1.0, x))


i0: Op = _op(
    bessel.i0,
    "i0",
    "The modified Bessel function of order 0.",
    methods="i0 i0_",
    aliases="special.i0",
    refuses={"complex": "i0_vml_cpu"},
    domain=(-3, 3),
)
_derived(i0, lambda k, x: k.i1(x))
i0e: Op = _special("i0e", bessel.i0e, (-3, 3), "``exp(-|input|) * i0(input)``.")
_derived(i0e, lambda k, x: k.i1e(x) - k.sgn(x) * k.i0e(x))
i1: Op = _special("i1", bessel.i1, (0.3, 3), "The modified Bessel function of order 1.")
_derived(i1, lambda k, x: k.i0(x) - _over(k, k.i1(x), x))
i1e: Op = _special("i1e", bessel.i1e, (0.3, 3), "``exp(-|input|) * i1(input)``.")
_derived(i1e, lambda k, x: k.i0e(x) - k.i1e(x) * k.sgn(x) - _over(k, k.i1e(x), x))


# --- without one in PyTorch -------------------------------------------------------------------------------------------
def _samples(lo: float, hi: float) -> Callable[[Any], list[Any]]:
    """Every range of the argument, the places where they meet, and where there is no answer."""
    inf = float("inf")

    def made(m: Any) -> list[Any]:
        return [
            m(m.f(4, 10, lo=lo, hi=hi)),
            m(m.f(lo=0.5, hi=3)),
            m(m.f(0, 2)),
            m(m.nc(3, 2, lo=lo, hi=hi)),
            m(m.a([0.0, -0.0, 1e-30, 1e-6, -1e-6, 2.0, 2.09, -2.09, 5.0, -5.0, 8.0, -8.0, 110.0])),
            m(m.a([inf, -inf, float("nan"), 1e30, -1e30])),
            m(m.i(4)),
            m(m.b(3)),
            m(m.f(2).to(m.torch.float16)),
            m(m.f(2).to(m.torch.bfloat16)),
            m(m.c(2)),
        ]

    return made


def _undifferentiated(
    name: str, kernel: Callable[[Any], Any], doc: str, shown: str, lo: float = -14, hi: float = 14
) -> None:
    """An op in ``torch.special``; ``shown`` is what the example of its documentation prints."""
    doc += "\n\n    PyTorch has no derivative of it: the result needs no gradient. float32 and float64; integers become floats.\n\n"
    doc += f"    >>> import rushlight as torch\n    >>> torch.special.{name}(torch.tensor([0.5, 3.0]))\n    tensor([{shown}])\n    "
    _op(
        kernel,
        name,
        doc,
        torch_name="special." + name,
        nondiff=True,
        refuses="half complex",
        samples=_samples(lo, hi),
    )


_OFF = "\n\n    As PyTorch evaluates it, off by up to 4e-7 around"
_undifferentiated(
    "airy_ai",
    bessel.airy,
    f"Airy's function Ai; 0 above 103.892, NaN at the infinities.{_OFF} -2.1.",
    "0.2317, 0.0066",
    -14,
    9,
)
_undifferentiated(
    "bessel_j0", bessel.j0, f"The Bessel function of the first kind of order 0.{_OFF} 5 and -5.", " 0.9385, -0.2601"
)
_undifferentiated(
    "bessel_j1", bessel.j1, f"The Bessel function of the first kind of order 1.{_OFF} 5 and -5.", "0.2423, 0.3391"
)
_undifferentiated(
    "bessel_y0",
    bessel.y0,
    f"The Bessel function of the second kind of order 0; minus infinity at 0, NaN below.{_OFF} 5.",
    "-0.4445,  0.3769",
    -1,
)
_undifferentiated(
    "bessel_y1",
    bessel.y1,
    f"The Bessel function of the second kind of order 1; minus infinity at 0, NaN below.{_OFF} 5.",
    "-1.4715,  0.3247",
    -1,
)
_undifferentiated(
    "modified_bessel_i0",
    bessel.i0,
    "The modified Bessel function of the first kind of order 0.",
    "1.0635, 4.8808",
)
_undifferentiated(
    "modified_bessel_i1",
    bessel.full_i1,
    "The modified Bessel function of the first kind of order 1.",
    "0.2579, 3.9534",
)
_undifferentiated(
    "modified_bessel_k0",
    bessel.k0,
    "The modified Bessel function of the second kind of order 0; NaN below 0.",
    "0.9244, 0.0347",
    -1,
)
_undifferentiated(
    "modified_bessel_k1",
    bessel.k1,
    "The modified Bessel function of the second kind of order 1; NaN below 0.",
    "1.6564, 0.0402",
    -1,
)
_undifferentiated(
    "scaled_modified_bessel_k0", bessel.k0e, "``exp(input) * modified_bessel_k0(input)``.", "1.5241, 0.6978", -1
)
_undifferentiated(
    "scaled_modified_bessel_k1", bessel.k1e, "``exp(input) * modified_bessel_k1(input)``.", "2.7310, 0.8066", -1
)
_undifferentiated(
    "spherical_bessel_j0",
    bessel.spherical_j0,
    "``sin(input) / input``, 1 at 0 and 0 at infinity.",
    "0.9589, 0.0470",
)

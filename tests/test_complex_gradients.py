"""Gradients of complex tensors: the gradient of a real number L is dL/dx + i dL/dy, whatever lies between.

Every sample of the registry with a complex tensor among its arguments is run, without torch: with outputs o and complex
numbers w, L is the sum of Re(conj(w) o), whose gradient is what backward gives for w. A difference along a direction v is
Re(conj(gradient) v).
"""

import warnings

import numpy as np
import pytest

import rushlight as torch
from rushlight import samples
from rushlight.tensor import Tensor

TARGETS = samples.targets()
STEP = 1e-6
DOUBLE = (torch.float64, torch.complex128)


def leaves_of(sample):
    """The floating and complex tensors among the arguments, each once; none if none is complex."""
    found = []
    for x in samples.tensors_in((sample.args, sample.kwargs), Tensor):
        if x.dtype in DOUBLE and not any(x is y for y in found):
            found.append(x)
    return found if any(x.is_complex() and x.numel() for x in found) else []


COMPLEX = sorted(
    (name, i) for name in TARGETS for i, sample in enumerate(TARGETS[name].made(torch)) if leaves_of(sample)
)


def direction(rng, x):
    v = rng.uniform(-1, 1, tuple(x.shape))
    if x.is_complex():
        v = v + 1j * rng.uniform(-1, 1, tuple(x.shape))
    return torch.from_numpy(np.array(v)).to(x.dtype)


def product(a, b):
    """The sum of Re(conj(a) b)."""
    return float((a.detach().conj() * b.detach()).sum().real)


def replaced(x, old, new):
    """Arguments with other leaves."""
    if isinstance(x, Tensor):
        return next((n for o, n in zip(old, new, strict=True) if o is x), x)
    if isinstance(x, (tuple, list)):
        return type(x)(replaced(item, old, new) for item in x)
    return x


@pytest.mark.parametrize(("name", "number"), COMPLEX)
def test_gradients_of_complex_tensors_agree_with_differences(name, number):
    target = TARGETS[name]
    sample = target.made(torch)[number]
    leaves = leaves_of(sample)
    rng = np.random.default_rng(number)

    def run(values):
        args = [replaced(x, leaves, values) for x in sample.args]
        if name.endswith("_"):
            args[0] = args[0].clone()
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = target.find(torch)(*args, **{n: replaced(x, leaves, values) for n, x in sample.kwargs.items()})
        return [o for o in samples.tensors_in(result, Tensor) if o.requires_grad and o.dtype in DOUBLE]

    values = [x.detach().clone().requires_grad_() for x in leaves]
    try:
        outs = run(values)
    except (RuntimeError, NotImplementedError):
        return  # a dtype that is refused, in PyTorch's words: test_registry.py looks at it
    if not outs:
        return
    ws, vs = [direction(rng, o) for o in outs], [direction(rng, x) for x in values]
    try:
        grads = torch.autograd.grad(outs, values, ws, allow_unused=True)
    except (RuntimeError, NotImplementedError) as error:
        pytest.skip(f"no gradient: {str(error).splitlines()[0]}")
    backward = sum(product(g, v) for g, v in zip(grads, vs, strict=True) if g is not None)

    def at(h):
        moved = run([(x.detach() + h * v).requires_grad_() for x, v in zip(values, vs, strict=True)])
        return sum(product(w, o) for w, o in zip(ws, moved, strict=True))

    difference = (at(STEP) - at(-STEP)) / (2 * STEP)
    assert abs(backward - difference) <= 1e-5 + 1e-4 * abs(difference), f"{backward}, by differences {difference}"


def matrices(x):
    """A Hermitian positive definite matrix made of any."""
    return x @ x.mH + torch.eye(x.shape[-1], dtype=torch.float64)


def shape_of_svd(x):
    U, S, Vh = torch.linalg.svd(x, full_matrices=False)
    return [U.abs(), S, Vh.abs(), (U * S) @ Vh @ (U @ Vh).mH]  # what does not depend on the phases, which are free


def shape_of_eigh(x, uplo):
    L, V = torch.linalg.eigh(matrices(x), uplo)
    return [L, V.abs(), (V * L.exp()) @ V.mH]


FACTORS = {
    "cholesky": lambda x: [torch.linalg.cholesky(matrices(x))],
    "cholesky upper": lambda x: [torch.linalg.cholesky(matrices(x), upper=True)],
    "qr": lambda x: list(torch.linalg.qr(x)),
    "svd": shape_of_svd,
    "eigh L": lambda x: shape_of_eigh(x, "L"),
    "eigh U": lambda x: shape_of_eigh(x, "U"),
    "nuclear norm": lambda x: [torch.norm(x, "nuc")],
    "addmm": lambda x: [torch.addmm(x, x, x, alpha=2 + 3j, beta=1 - 2j)],
    "addr": lambda x: [torch.addr(x, x[0], x[:, 1], alpha=2 + 3j, beta=1 - 2j)],
    "baddbmm": lambda x: [torch.baddbmm(x[None], x[None], x[None], alpha=2 + 3j, beta=1 - 2j)],
    "logcumsumexp": lambda x: [x.logcumsumexp(0)],
    "logsumexp": lambda x: [x.logsumexp(1)],
    "corrcoef": lambda x: [torch.corrcoef(x * 0.5)],
    "masked.logsumexp": lambda x: [torch.masked.logsumexp(x, 1, mask=x.detach().real < 1)],
    "renorm": lambda x: [x.renorm(2, 0, 0.5)],
}


@pytest.mark.parametrize("name", FACTORS)
def test_gradients_of_both_orders_of_factorisations_and_scaled_products(name):
    rng = np.random.default_rng(7)
    x = torch.from_numpy(rng.standard_normal((3, 3)) + 1j * rng.standard_normal((3, 3)))
    ws = [direction(rng, o) for o in FACTORS[name](x)]
    v, u = direction(rng, x), direction(rng, x)

    def gradient(at):
        at = at.detach().requires_grad_()
        (g,) = torch.autograd.grad(FACTORS[name](at), at, ws, create_graph=True)
        return at, g

    def value(at):
        return sum(product(w, o) for w, o in zip(ws, FACTORS[name](at), strict=True))

    at, g = gradient(x)
    difference = (value(x + STEP * v) - value(x - STEP * v)) / (2 * STEP)
    assert abs(product(g, v) - difference) <= 1e-5 + 1e-4 * abs(difference)
    (second,) = torch.autograd.grad(g, at, u)
    difference = (product(u, gradient(x + STEP * v)[1]) - product(u, gradient(x - STEP * v)[1])) / (2 * STEP)
    assert abs(product(second, v) - difference) <= 1e-4 + 1e-4 * abs(difference)

"""float64 functions beside torch, bit by bit: those whose steps are known agree in every number, the others in all but a known share."""

import numpy as np
import pytest

import rushlight

torch = pytest.importorskip("torch")

#: How many of 100,000 numbers may differ. Measured with 20 million: a half of these or fewer.
EXACT = ("exp", "expm1", "exp2", "log1p", "sinh", "cosh", "atanh", "asinh", "acosh", "sigmoid")
NEARLY = {"sqrt": 10, "tanh": 12, "log": 100, "log2": 4, "log10": 10, "sin": 50, "cos": 50, "tan": 150, "erf": 900}
SIZES = (1, 3, 7, 8, 16, 33, 1000)


def _numbers(name, count, seed=0):
    x = np.random.default_rng(seed).standard_normal(count) * 1.7
    if name == "atanh":
        return np.tanh(x)
    if name == "acosh":
        return 1 + x * x
    return np.exp(2 * x) if name in ("sqrt", "log", "log2", "log10", "log1p") else x


#: The C library's, whom NumPy's take the place of for many numbers without compiled code.
_LIBRARY = ("asinh", "acosh")


def _differing(name, x, *views):
    """How many results differ, of the array and of parts of it."""
    found = 0
    for view in (lambda a: a, *views):
        ours = getattr(rushlight, name)(view(rushlight.from_numpy(x))).numpy()
        theirs = getattr(torch, name)(view(torch.from_numpy(x))).numpy()
        assert ours.strides == theirs.strides
        found += int((ours.view(np.int64) != theirs.view(np.int64)).sum()) if ours.size else 0
    return found


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("size", SIZES)
def test_the_same_digits(name, size):
    x = _numbers(name, size, size)
    assert not _differing(name, x, lambda a: a[0], lambda a: a[::2], lambda a: a[1:])


@pytest.mark.parametrize("name", [*EXACT, *NEARLY])
def test_few_digits_differ(name):
    # In one piece by loops, as rows by NumPy's steps or loops, and apart.
    x = _numbers(name, 4_000 if name in _LIBRARY else 30_000)
    assert _differing(name, x) <= NEARLY.get(name, 0) // 2
    x = _numbers(name, 4_000, 1).reshape(20, 200)
    assert _differing(name, x, lambda a: a[:, 1:], lambda a: a.T, lambda a: a[:, ::2]) <= NEARLY.get(name, 0)


@pytest.mark.parametrize("name", [*EXACT, *NEARLY])
def test_results_are_within_a_unit(name):
    count = 4_000 if name in _LIBRARY else 20_000
    x = _numbers(name, count, 2) * np.exp(np.random.default_rng(3).uniform(-40, 3, count))
    ours = getattr(rushlight, name)(rushlight.from_numpy(x)).numpy()
    theirs = getattr(torch, name)(torch.from_numpy(x)).numpy()
    apart = np.abs(ours.view(np.int64) - theirs.view(np.int64))[~(np.isnan(ours) & np.isnan(theirs))]
    assert apart.max() <= 1
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 1e-310, 1e308, -1e308, 5e-324, 800, -800, 2.0**60])
    ours = getattr(rushlight, name)(rushlight.from_numpy(special)).numpy()
    theirs = getattr(torch, name)(torch.from_numpy(special)).numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-13)
    np.testing.assert_array_equal(np.signbit(ours) & (ours == ours), np.signbit(theirs) & (theirs == theirs))


_TWO = {
    "atan2": lambda t, x, y: t.atan2(x, y),
    "hypot": lambda t, x, y: t.hypot(x, y),
    "pow": lambda t, x, y: t.pow(x.abs(), y),
    "a number's power": lambda t, x, y: x.abs() ** 1.7,
    "a power of 3": lambda t, x, y: 3.0**x,
    "logaddexp": lambda t, x, y: t.logaddexp(x, y),
    "xlogy": lambda t, x, y: t.xlogy(x, y.abs()),
    "gelu": lambda t, x, y: t.nn.functional.gelu(x),
    "gelu by tanh": lambda t, x, y: t.nn.functional.gelu(x, approximate="tanh"),
    "mish": lambda t, x, y: t.nn.functional.mish(x),
    "elu": lambda t, x, y: t.nn.functional.elu(x, 0.7),
    "selu": lambda t, x, y: t.nn.functional.selu(x),
    "celu": lambda t, x, y: t.nn.functional.celu(x, 0.3),
    "softplus": lambda t, x, y: t.nn.functional.softplus(x, 1.3),
    "silu": lambda t, x, y: t.nn.functional.silu(x),
}


@pytest.mark.parametrize("name", _TWO)
@pytest.mark.parametrize("size", (1, 5, 8, 33, 2000))
def test_the_same_digits_and_gradients(name, size):
    numbers = np.random.default_rng(size).standard_normal((3, 2 * size)) * 1.5
    for part in (slice(None), slice(1, None), slice(None, None, 2)):
        found = []
        for t in (rushlight, torch):
            x, y, g = (t.tensor(a.tolist(), dtype=t.float64)[part] for a in numbers)
            x, y = x.requires_grad_(), y.requires_grad_()
            out = _TWO[name](t, x, y)
            out.backward(g)
            gradients = [a.grad.numpy() for a in (x, y) if a.grad is not None]
            found.append([out.detach().numpy(), *(gradients if name not in _NEARLY_GRADIENTS else ())])
        for ours, theirs in zip(*found, strict=True):
            np.testing.assert_array_equal(ours, theirs)


#: Their gradients take logarithms, of which 1 in some thousands differs.
_NEARLY_GRADIENTS = ("pow", "xlogy", "a power of 3")


def test_the_constant_in_the_gradient_of_log10():
    gradients = []
    for t in (rushlight, torch):
        x = t.tensor(_numbers("log", 1000).tolist(), dtype=t.float64).requires_grad_()
        gradients.append(t.autograd.grad(t.log10(x).sum(), x)[0].numpy())
    np.testing.assert_array_equal(*gradients)

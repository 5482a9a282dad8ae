"""Elementwise loops where one array is broadcast to the other's shape: every pattern against NumPy, and what is none."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight as torch
from rushlight.kernels import broadcast, llvm

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

FUNCTIONS = {"sub": np.subtract, "div": np.divide, "maximum": np.maximum}


def test_the_documentation_is_true():
    assert doctest.testmod(broadcast).failed == 0 and doctest.testmod(broadcast).attempted > 1


@st.composite
def shapes(draw):
    """A shape, and one that is broadcast to it."""
    large = draw(st.lists(st.sampled_from([1, 2, 3, 5, 16, 17, 40]), min_size=1, max_size=4))
    small = [m if draw(st.booleans()) else 1 for m in large]
    return tuple(large), tuple(small[draw(st.integers(0, len(small))) :])


@settings(max_examples=150, deadline=None)
@given(shapes(), st.sampled_from(sorted(FUNCTIONS)), st.sampled_from(["f4", "f8"]), st.booleans(), st.integers(0, 99))
def test_patterns_give_what_numpy_gives(given, name, dtype, swapped, seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.standard_normal(shape).astype(dtype) for shape in given)
    a.flat[:1] = np.nan
    if swapped:
        a, b = b, a
    if a.shape == b.shape or (a.size == b.size):
        return
    found = broadcast.spread(name, FUNCTIONS[name], a, b)
    if found is not None:
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(found, FUNCTIONS[name](a, b), strict=True)
    else:
        assert broadcast.pattern(max(a, b, key=np.size).shape, min(a, b, key=np.size).shape) is None


@pytest.mark.parametrize(("large", "small"), [
    ((4, 100), (100,)), ((4, 100), (4, 1)), ((2, 3, 20), (3, 1)), ((2, 3, 20), (2, 1, 20)), ((2, 3, 4, 20), (2, 1, 4, 20)),
    ((6, 5, 20), (5, 20)), ((3, 20), (1,))])  # fmt: skip
def test_common_patterns_are_known(large, small):
    found = broadcast.pattern(large, small)
    assert found is not None and found.rows * found.n == np.prod(large)


@pytest.mark.parametrize(("large", "small"), [
    ((4, 100), (4, 100, 1)), ((4, 100), (3, 1)), ((4, 3), (3,)), ((2, 3, 4, 20), (2, 1, 4, 1)), ((), ())])  # fmt: skip
def test_others_are_not(large, small):
    assert broadcast.pattern(large, small) is None


def test_operators_take_them(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    torch.manual_seed(0)
    x, bias, scale = (
        torch.randn(300, 200, requires_grad=True),
        torch.randn(200, requires_grad=True),
        torch.randn(300, 1),
    )
    for result, expected in (
        (x * bias, x.detach().numpy() * bias.detach().numpy()),
        (bias - x, bias.detach().numpy() - x.detach().numpy()),
        (x / scale, x.detach().numpy() / scale.numpy()),
    ):
        np.testing.assert_array_equal(result.detach().numpy(), expected)
    (x * bias).sum().backward()
    np.testing.assert_allclose(bias.grad.numpy(), x.detach().numpy().astype(float).sum(0), atol=1e-4)
    y = x.detach().clone()
    y += bias.detach()
    np.testing.assert_array_equal(y.numpy(), x.detach().numpy() + bias.detach().numpy())
    with pytest.raises(RuntimeError, match="must match the size"):
        x * torch.randn(300)


FORMULAS = {
    "fill": (lambda x, mask, number: np.where(mask, number, x)),
    "keep": (lambda x, mask, number: np.where(mask, x, number)),
    "add": (lambda x, mask, number: np.where(mask, x + number, x * number)),
}


@settings(max_examples=150, deadline=None)
@given(shapes(), st.sampled_from(sorted(FORMULAS)), st.sampled_from(["f4", "f8"]), st.booleans(), st.integers(0, 99))
def test_masks_are_broadcast(given, name, dtype, first, seed):
    rng = np.random.default_rng(seed)
    x, mask = rng.standard_normal(given[0]).astype(dtype), rng.random(given[1]) < 0.5
    formula = FORMULAS[name]
    if first:
        operands, function = (mask, x, 0.3), lambda mask, x, number: formula(x, mask, number)
    else:
        operands, function = (x, mask, 0.3), formula
    found = broadcast.masked(name, function, operands)
    if found is not None:
        np.testing.assert_array_equal(found, formula(x, mask, x.dtype.type(0.3)), strict=True)
    else:
        assert not mask.ndim or x.size == mask.size or broadcast.pattern(x.shape, mask.shape) is None
    assert broadcast.masked(name, function, (mask, x, None)) is None


def test_attention_masks_are_loops():
    """The comparison above would also pass if nothing were."""
    x = np.ones((2, 3, 40, 40), np.float32)
    for shape in ((40, 40), (2, 1, 1, 40), (2, 1, 40, 40)):
        assert broadcast.masked("fill", FORMULAS["fill"], (x, np.ones(shape, bool), 0.0)) is not None

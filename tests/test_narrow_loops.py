"""16-bit floats as loops: the bits of NumPy's passes, for every number there is."""

import numpy as np
import pytest

import rushlight as torch
from rushlight.kernels import llvm

pytest.importorskip("ml_dtypes")
if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

F = torch.nn.functional
DTYPES = torch.bfloat16, torch.float16
ALL = np.arange(1 << 16, dtype=np.uint16).view(np.int16)

OF_ONE = {
    "neg": lambda x: -x, "abs": torch.abs, "relu": F.relu, "leaky_relu": lambda x: F.leaky_relu(x, 0.1), "sqrt": torch.sqrt,
    "square": lambda x: x**2, "clamp": lambda x: x.clamp(-0.3, 0.7), "floor": torch.floor, "reciprocal": torch.reciprocal,
    "hardtanh": F.hardtanh, "hardswish": F.hardswish, "masked_fill": lambda x: x.masked_fill(x > 0, 0.1),
    "add a number": lambda x: x + 0.1, "subtract from a number": lambda x: 1.1 - x, "where": lambda x: torch.where(x > 1, x, 0.1),
}  # fmt: skip
#: Of two zeros either may be the larger.
EITHER_ZERO = {"relu", "clamp", "hardtanh", "hardswish", "maximum"}
#: What is computed in float32 and rounded once.
ROUNDED_ONCE = {
    "sigmoid": torch.sigmoid, "silu": F.silu, "gelu": F.gelu, "gelu (tanh)": lambda x: F.gelu(x, approximate="tanh"),
    "softplus": F.softplus, "mish": F.mish, "elu": F.elu, "tanh": torch.tanh, "exp": torch.exp, "log": torch.log,
}  # fmt: skip
OF_TWO = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "maximum": torch.maximum, "fmod": torch.fmod,
    "a row": lambda x, y: x.view(64, -1) + y[: x.numel() // 64], "a column": lambda x, y: x.view(64, -1) * y[:64, None],
    "a row, larger": lambda x, y: y[: x.numel() // 64] - x.view(64, -1), "mse": lambda x, y: F.mse_loss(x, y, reduction="none"),
}  # fmt: skip


def numbers(dtype):
    return torch.from_numpy(ALL).view(dtype)


def normal(dtype, seed):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(1 << 15).astype(np.float32) * 3).to(dtype)


def bits(x):
    """The numbers as they are, whatever sort of NaN."""
    return torch.where(x.isnan(), torch.full_like(x, float("nan")), x).detach().view(torch.int16).numpy()


@pytest.fixture
def by_numpy(monkeypatch):
    def computed(function):
        with monkeypatch.context() as patched:
            patched.setattr(llvm.patience, "ready", False)
            return function()

    return computed


def both_ways(by_numpy, function):
    """What a function gives that is computed by loops, and by NumPy."""
    expected = by_numpy(function)
    assert llvm.patience.over(0, 1 << 30)
    return function(), expected


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OF_ONE)
def test_functions_of_one(name, dtype, by_numpy):
    x = numbers(dtype)
    r, expected = both_ways(by_numpy, lambda: OF_ONE[name](x))
    assert r.dtype is dtype
    if name in EITHER_ZERO:
        r, expected = r + 0, expected + 0
    np.testing.assert_array_equal(bits(r), bits(expected))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ROUNDED_ONCE)
def test_functions_that_round_once(name, dtype, by_numpy):
    x = numbers(dtype)
    r, _ = both_ways(by_numpy, lambda: ROUNDED_ONCE[name](x))
    np.testing.assert_array_equal(bits(r), bits(ROUNDED_ONCE[name](x.float()).to(dtype)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OF_TWO)
def test_functions_of_two(name, dtype, by_numpy):
    x, y = normal(dtype, 1), normal(dtype, 2)
    r, expected = both_ways(by_numpy, lambda: OF_TWO[name](x, y))
    assert r.dtype is dtype
    np.testing.assert_array_equal(bits(r), bits(expected))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*OF_ONE, *ROUNDED_ONCE, *OF_TWO])
def test_gradients(name, dtype, by_numpy):
    function = (OF_ONE | ROUNDED_ONCE | OF_TWO)[name]
    given = [normal(dtype, i).requires_grad_() for i in range(2 if name in OF_TWO else 1)]

    def gradients():
        r = function(*given)
        if not r.requires_grad:
            return []
        return torch.autograd.grad(r, given, normal(dtype, 3)[: r.numel()].view(r.shape), allow_unused=True)

    for found, expected in zip(*both_ways(by_numpy, gradients), strict=True):
        if expected is not None:
            assert found.dtype is dtype
            np.testing.assert_array_equal(bits(found), bits(expected))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_number_of_float32_beside_them_is_not_rounded(dtype, by_numpy):
    x = numbers(dtype)
    r, expected = both_ways(by_numpy, lambda: torch.lerp(x, x.flip(0), 0.3))
    np.testing.assert_array_equal(bits(r), bits(expected))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_conversion_is_no_loop_of_its_arrays_dtype(dtype):
    assert numbers(dtype).float().dtype is torch.float32
    assert (numbers(dtype) > 0).to(dtype).dtype is dtype

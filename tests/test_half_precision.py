"""Functions whose half-precision results PyTorch computes in float32, and the largest bfloat16."""

import rushlight as torch

INF, NAN = float("inf"), float("nan")


def test_infinities_of_bfloat16():
    x = torch.tensor([INF, -INF, NAN, 1.0], dtype=torch.bfloat16)
    assert torch.isposinf(x).tolist() == [True, False, False, False]
    assert torch.isneginf(x).tolist() == [False, True, False, False]
    largest = torch.finfo(torch.bfloat16).max
    filled = torch.nan_to_num(x)
    assert filled.dtype is torch.bfloat16 and filled.tolist() == [largest, -largest, 0.0, 1.0]
    assert torch.nan_to_num(x, nan=2.0, posinf=3.0, neginf=-4.0).tolist() == [3.0, -4.0, 2.0, 1.0]


def test_sinc_and_bessel_functions_round_once():
    for dtype in (torch.float16, torch.bfloat16):
        x = torch.tensor([0.0, 0.5, 1.0, 2.0, 10.0], dtype=dtype)
        for function in (torch.sinc, torch.i0, torch.special.i1e, lambda t: torch.polygamma(1, t + 0.5)):
            assert torch.equal(function(x), function(x.float()).to(dtype)) and function(x).dtype is dtype


def test_float64_becomes_float16_by_way_of_float32():
    """It is rounded twice, as PyTorch rounds it: 1 + 2**-11 + 2**-40 is above the middle, and its float32 is the middle."""
    assert torch.tensor([1 + 2.0**-11 + 2.0**-40, 1e300], dtype=torch.float64).half().tolist() == [1.0, float("inf")]

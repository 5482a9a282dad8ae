"""The one-byte floating formats: stored through ml_dtypes, converted as torch 2.13 converts, in no promotion."""

import pytest

import rushlight as torch

pytest.importorskip("ml_dtypes")

INF = float("inf")
VALUES = [1.0, 2.3, 1000.0, -1e9, INF, 0.001, -0.0]

# What torch 2.13 makes of VALUES; None is NaN.
CONVERTED = {
    "float8_e4m3fn": [1.0, 2.25, 448.0, -448.0, 448.0, 0.001953125, -0.0],
    "float8_e5m2": [1.0, 2.5, 1024.0, -INF, INF, 0.0009765625, -0.0],
    "float8_e4m3fnuz": [1.0, 2.25, None, None, None, 0.0009765625, 0.0],
    "float8_e5m2fnuz": [1.0, 2.5, 1024.0, None, None, 0.0009765625, 0.0],
    "float8_e8m0fnu": [1.0, 2.0, 1024.0, 2.0**30, None, 2.0**-10, 2.0**-127],
}


@pytest.mark.parametrize("name", CONVERTED)
def test_conversion(name):
    made = torch.tensor(VALUES).to(getattr(torch, name))
    assert str(made.dtype) == f"torch.{name}" and made.itemsize == 1 and made.dtype.is_floating_point
    found = [None if value != value else value for value in made.tolist()]
    assert found == CONVERTED[name]
    assert repr(made.float().tolist()) == repr(made.tolist())


def test_limits_and_names():
    assert repr(torch.finfo(torch.float8_e4m3fn)) == (
        "finfo(resolution=1, min=-448, max=448, eps=0.125, smallest_normal=0.015625, tiny=0.015625, dtype=float8_e4m3fn)"
    )
    x = torch.tensor([1.0, 2.25]).to(torch.float8_e4m3fn)
    assert repr(x) == "tensor([1.0000, 2.2500], dtype=torch.float8_e4m3fn)" and x.type() == "torch.Float8_e4m3fnTensor"
    assert x.view(torch.uint8).tolist() == [56, 65]
    assert torch.cat([x, x]).tolist() == [1.0, 2.25, 1.0, 2.25]


def test_no_promotion():
    x = torch.ones(2).to(torch.float8_e5m2)
    with pytest.raises(
        RuntimeError, match="Promotion for Float8 Types is not supported, attempted to promote Float8_e5m2 and Float"
    ):
        x * torch.ones(2)
    with pytest.raises(TypeError, match="Got unsupported ScalarType Float8_e5m2"):
        x.numpy()

"""Small float32 products have PyTorch's bits: checksums recorded from torch 2.13 with its own torch.randn, which is ours too."""

import zlib

import pytest

import rushlight as torch

SHAPES = [
    (2, 16, 7), (3, 4, 3), (3, 21, 50), (5, 13, 6), (6, 10, 5), (7, 64, 11), (8, 8, 8), (16, 12, 3), (32, 20, 10),
    (64, 5, 2), (100, 16, 4), (500, 5, 5), (6, 100, 9),
    (32, 4, 1), (15, 13, 1), (7, 20, 1), (6, 33, 1), (1, 10, 5), (1, 32, 7), (1, 17, 50),
]  # fmt: skip
RECORDED = {
    "x @ w.T": [
        2693373684,
        4063603677,
        2835189012,
        3543277641,
        57694509,
        1229789568,
        917716081,
        4034608489,
        2421016761,
        1389446621,
        977092474,
        3009195084,
        1905181210,
        6677039,
        2045998479,
        604395580,
        2969440874,
        1263029638,
        1060583102,
        2730322463,
    ],
    "g @ w": [
        3987631949,
        4063603677,
        4202313278,
        2439541373,
        3305594373,
        121945878,
        517781410,
        3317243126,
        2936842573,
        1389446621,
        3370340761,
        274775492,
        1311626489,
        6677039,
        2045998479,
        604395580,
        2969440874,
        1250529757,
        3332221086,
        4114608734,
    ],
    "g.T @ x": [
        3987631949,
        4063603677,
        4202313278,
        2439541373,
        3305594373,
        121945878,
        517781410,
        3317243126,
        2936842573,
        1389446621,
        3370340761,
        274775492,
        1311626489,
        6677039,
        2133849566,
        196611424,
        3832023778,
        1250529757,
        3332221086,
        4114608734,
    ],
    "x.T @ w.T": [
        3987631949,
        4063603677,
        2571774169,
        1446366628,
        1090702293,
        3959296872,
        517781410,
        3317243126,
        1404469673,
        1389446621,
        3370340761,
        274775492,
        1761575168,
        6677039,
        2133849566,
        196611424,
        3832023778,
        1263029638,
        1060583102,
        2730322463,
    ],
}


def factors(m, k, n, layout):
    """Two matrices whose product is (m, n), lying in memory along rows (N) or columns (T, A)."""
    a = torch.randn(m, k, generator=torch.Generator().manual_seed(m))
    b = torch.randn(n, k, generator=torch.Generator().manual_seed(n))
    return {
        "x @ w.T": (a, b.t()),
        "g @ w": (a, b.t().contiguous()),
        "g.T @ x": (a.t().contiguous().t(), b.t().contiguous()),
        "x.T @ w.T": (a.t().contiguous().t(), b.t()),
    }[layout]


@pytest.mark.parametrize("layout", ["x @ w.T", "g @ w", "g.T @ x", "x.T @ w.T"])
def test_small_products_are_bit_exact(layout):
    found = [zlib.crc32((x @ y).numpy().tobytes()) for x, y in (factors(*shape, layout) for shape in SHAPES)]
    assert found == RECORDED[layout]

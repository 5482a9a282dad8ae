"""Reductions equal PyTorch's bit for bit: recorded digests, and the identities that need no record."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import reduce_cases as cases

from rushlight.kernels import iteration, moments, norm, reduce, softmax

GOLDEN = Path(__file__).parent / "golden" / "reduce.npz"
HAS_BFLOAT16 = find_spec("ml_dtypes") is not None
Array = np.ndarray[Any, Any]
Axes = tuple[int, ...]

OURS: dict[str, Callable[[Array, Axes], Array]] = {
    "sum": lambda a, d: reduce.sum_axes(a, d, False, a.dtype),
    "mean": lambda a, d: reduce.mean(a, d, True, a.dtype),
    "nansum": lambda a, d: reduce.nansum(np.where(a > 3, np.array(np.nan, a.dtype), a), d, False, a.dtype),
    "norm1": lambda a, d: norm.norm(a, 1, d, False),
    "norm2": lambda a, d: norm.norm(a, 2, d, False),
    "prod": lambda a, d: reduce.prod(a / a.dtype.type(4), d[:1], False, a.dtype),
    "cumsum": lambda a, d: reduce.cumsum(a, d[0], a.dtype),
    "cumprod": lambda a, d: reduce.cumprod(a / a.dtype.type(4), d[0], a.dtype),
    "var": lambda a, d: moments.var(a, d, False, 0),
}


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = iteration.get_threads()
    yield iteration.set_threads
    iteration.set_threads(before)


def in_dtype(x: Array, dtype: str) -> Array:
    """bfloat16 cases come as float32; the cast keeps the strides' order, or makes expanded ones contiguous."""
    if dtype != "bfloat16":
        return x
    import ml_dtypes

    return x.astype(ml_dtypes.bfloat16, order="C" if 0 in x.strides else "K")


def strided_like(x: Array, dtype: str) -> Array:
    """`in_dtype` with the same gaps between elements as `x`, as the recorder makes them."""
    y = in_dtype(x, dtype)
    if dtype != "bfloat16" or 0 in x.strides:
        return y
    strides = tuple(s // 2 for s in x.strides)
    extent = 1 + sum((n - 1) * s for n, s in zip(x.shape, strides, strict=True)) // 2
    out = np.lib.stride_tricks.as_strided(np.zeros(extent, y.dtype), x.shape, strides)
    out[...] = y
    return out


@pytest.mark.parametrize("name", cases.RECORDED)
def test_recorded(name: str, threads: Callable[[int], None]) -> None:
    golden = np.load(GOLDEN)
    for n in cases.THREADS:
        threads(n)
        for dtype in cases.RECORDED[name]:
            if dtype == "bfloat16" and not HAS_BFLOAT16:
                continue
            want = golden[f"{name}-{dtype}-{n}"]
            for i, (x, axes) in enumerate(cases.recorded_cases(dtype)):
                got = OURS[name](strided_like(x, dtype), axes)
                assert cases.digest(got) == int(want[i]), (dtype, n, x.shape, x.strides, axes)


@pytest.mark.skipif("X86" not in "".join(np._core._multiarray_umath.__cpu_baseline__), reason="names x86 features")
def test_recorded_without_cpu_features() -> None:
    """The order of additions does not come from NumPy's vector code."""
    features = " ".join(np._core._multiarray_umath.__cpu_dispatch__)
    here = f"{__file__}::test_recorded"
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", here, "-k", "sum or norm2 or prod"]
    done = subprocess.run(run, env=os.environ | {"NPY_DISABLE_CPU_FEATURES": features}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("dtype", cases.FLOATS[:3])
def test_outputs_are_new_arrays(dtype: str) -> None:
    for x, axes in cases.cases(dtype, 20, 500):
        before = x.copy()
        for name, ours in OURS.items():
            got = ours(x, axes)
            assert type(got) is np.ndarray and got.dtype == x.dtype and not np.shares_memory(got, x), name
        assert np.array_equal(x, before)


def test_sum_is_close_to_the_truth() -> None:
    for x, axes in cases.cases("float32", 60):
        exact = x.astype(np.float64).sum(axes)
        bound = np.abs(x.astype(np.float64)).sum(axes) * 4e-6
        assert (np.abs(reduce.sum_axes(x, axes, False, np.float32) - exact) <= bound).all()


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)])
def test_empty(axes: Axes) -> None:
    x = np.zeros((0, 3), np.float32)
    shape = np.zeros((0, 3)).sum(axes).shape
    assert reduce.sum_axes(x, axes, False, np.float32).shape == shape
    assert (reduce.sum_axes(x, axes, False, np.float32) == 0).all()
    assert (reduce.prod(x, axes, False, np.float32) == 1).all()
    assert (norm.norm(x, 2, axes, False) == 0).all()
    assert (norm.norm(x, -2, axes, False) == np.inf).all()
    if 0 in axes:
        assert np.isnan(reduce.mean(x, axes, False, np.float32)).all()
        assert np.isnan(moments.var(x, axes, False, 1)).all()
        assert (reduce.logsumexp(x, axes, False) == -np.inf).all()


def test_variance_of_one_number_is_nan() -> None:
    x = np.ones((2, 1), np.float32)
    assert np.isnan(moments.var(x, (1,), False, 1)).all() and np.isnan(moments.std(x[:1], (0, 1), False, 1))
    assert np.isinf(moments.var(np.array([1.0, 2.0], np.float32), (0,), False, 5))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_softmax(dtype: str, axis: int) -> None:
    x = cases.array(np.random.RandomState(0), (40, 77), dtype) * np.dtype(dtype).type(3)
    wide = np.exp(x.astype(np.float64) - x.max(axis, keepdims=True))
    right = wide / wide.sum(axis, keepdims=True)
    tolerance = 8 * float(np.finfo(dtype).eps)
    got = softmax.softmax(x, axis)
    assert got.dtype == x.dtype and np.allclose(got, right, rtol=tolerance, atol=tolerance / 100)
    assert np.allclose(softmax.log_softmax(x, axis), np.log(right), rtol=tolerance, atol=tolerance)
    infinite = np.array([[-np.inf, 0.0], [-np.inf, -np.inf]], dtype)
    assert np.array_equal(softmax.softmax(infinite, 1), [[0, 1], [np.nan, np.nan]], equal_nan=True)


def test_logsumexp_of_infinities() -> None:
    x = np.array([[np.inf, 0], [-np.inf, -np.inf], [np.nan, 0]], np.float32)
    assert np.array_equal(reduce.logsumexp(x, (1,), False), [np.inf, -np.inf, np.nan], equal_nan=True)
    assert reduce.logsumexp(x, (1,), True).shape == (3, 1)


@pytest.mark.parametrize("n", [1, 7, 8, 77, 300, 512, 1000])
def test_layer_norm(n: int) -> None:
    x = cases.array(np.random.RandomState(n), (30, n), "float32") + np.float32(5)
    out, mean, rstd = moments.layer_norm(x, None, None, 1e-5)
    wide = x.astype(np.float64)
    assert np.allclose(mean, wide.mean(1), rtol=5e-7)
    assert np.allclose(rstd, 1 / np.sqrt(wide.var(1) + 1e-5), rtol=2e-6)
    assert np.array_equal(out, (x - mean[:, None]) * rstd[:, None])


@pytest.mark.parametrize("shape", [(40, 6, 5, 5), (100, 6), (3, 1), (7, 1, 4)])
def test_channel_moments(shape: tuple[int, ...]) -> None:
    x = cases.array(np.random.RandomState(5), shape, "float32") + np.float32(50)
    axes = (0, *range(2, len(shape)))
    mean, squares = moments.channel_moments(x)
    assert np.allclose(mean, x.astype(np.float64).mean(axes), rtol=2e-6)
    assert np.allclose(squares, x.astype(np.float64).var(axes) * (x.size // shape[1]), rtol=1e-5)


def test_add_product_rounds_once() -> None:
    a = np.array([1 + 2.0**-23, 1 + 2.0**-52], np.float64)
    single = a[:1].astype(np.float32)
    assert norm.add_product(-single * single, single, single)[0] == np.float32(2.0**-46)
    assert norm.add_product(-a[1:] * a[1:], a[1:], a[1:])[0] == 2.0**-104


def test_threads() -> None:
    before = iteration.get_threads()
    with pytest.raises(ValueError, match="set_threads"):
        iteration.set_threads(0)
    assert iteration.get_threads() == before >= 1

"""Reductions bit for bit (or, where said, to some ulps) against torch, on one thread and on several."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
ml_dtypes = pytest.importorskip("ml_dtypes")

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from reduce_cases import COMPLEX, FLOATS, array, cases  # noqa: E402

from rushlight.kernels import iteration, moments, norm, reduce, softmax  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore")]  # torch warns about few degrees of freedom and casts


@pytest.fixture(params=[1, 2, 4])
def threads(request: Any) -> Iterator[int]:
    before, ours = torch.get_num_threads(), iteration.get_threads()
    torch.set_num_threads(request.param)
    iteration.set_threads(request.param)
    yield request.param
    torch.set_num_threads(before)
    iteration.set_threads(ours)


def both(x: np.ndarray, dtype: str) -> tuple[Any, np.ndarray]:
    """The same strided array for torch and for us."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        t = torch.from_numpy(x)
    if dtype != "bfloat16":
        return t, x
    bits = torch.empty_strided(t.shape, t.stride(), dtype=torch.bfloat16).copy_(t) if 0 not in t.stride() else None
    if bits is None:
        bits = t.contiguous().to(torch.bfloat16)
    ours = bits.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return bits, ours


def numbers(t: Any) -> np.ndarray:
    if t.dtype == torch.bfloat16:
        return t.contiguous().view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return t.contiguous().numpy()


def ulps(got: np.ndarray, want: np.ndarray) -> float:
    if got.dtype.kind == "c":
        return max(ulps(got.real, want.real), ulps(got.imag, want.imag))
    wide, right = got.astype(np.float64), want.astype(np.float64)
    if not np.array_equal(np.isfinite(wide), np.isfinite(right)) or not np.array_equal(np.isnan(wide), np.isnan(right)):
        return np.inf
    finite = np.isfinite(right)
    step = np.abs(right) * float(ml_dtypes.finfo(want.dtype).eps) + float(ml_dtypes.finfo(want.dtype).tiny)
    return float(np.max(np.abs(wide - right)[finite] / step[finite], initial=0.0))


def compare(
    dtype: str,
    theirs: Callable[[Any, tuple[int, ...]], Any],
    ours: Callable[[np.ndarray, tuple[int, ...]], np.ndarray],
    within: float = 0.0,
    n: int = 150,
    most: int = 20000,
) -> None:
    wrong = []
    for x, axes in cases(dtype, n, most):
        t, a = both(x, dtype)
        want, got = numbers(theirs(t, axes)), ours(a, axes)
        assert got.dtype == want.dtype and got.shape == want.shape, (x.shape, x.strides, axes, got.shape, want.shape)
        same = got.tobytes() == want.tobytes() if within == 0 else ulps(got, want) <= within
        if not same and not (within == 0 and np.array_equal(got, want, equal_nan=True) and np.isnan(want).any()):
            wrong.append((x.shape, x.strides, axes, ulps(got, want)))
    assert not wrong, f"{len(wrong)} wrong, first {wrong[:5]}"


@pytest.mark.parametrize("most", [20000, 300000])
@pytest.mark.parametrize("dtype", FLOATS + COMPLEX)
def test_sum(dtype: str, most: int, threads: int) -> None:
    compare(dtype, lambda t, d: t.sum(d), lambda a, d: reduce.sum_axes(a, d, False, a.dtype), n=100, most=most)


@pytest.mark.parametrize("shape", [(1,), (3,), (8,), (13,), (40,), (1000,), (5, 6), (1, 9)])
def test_no_sum_is_negative_zero(shape: tuple[int, ...]) -> None:
    for cut in (slice(None), slice(None, None, 2)):
        x = np.full(shape, -0.0, np.float32)[..., cut]
        for axes in {(0,), tuple(range(x.ndim)), (x.ndim - 1,)}:
            got = reduce.sum_axes(x, axes, False, np.float32)
            assert type(got) is np.ndarray and got.tobytes() == torch.from_numpy(x).sum(axes).numpy().tobytes()


@pytest.mark.parametrize("dtype", FLOATS + COMPLEX)
def test_mean_keepdim(dtype: str, threads: int) -> None:
    compare(dtype, lambda t, d: t.mean(d, True), lambda a, d: reduce.mean(a, d, True, a.dtype), most=60000)


@pytest.mark.parametrize("dtype", ["int64", "int32", "int8", "uint8", "bool"])
def test_integers(dtype: str, threads: int) -> None:
    compare(dtype, lambda t, d: t.sum(d), lambda a, d: reduce.sum_axes(a, d, False, np.int64))
    compare(dtype, lambda t, d: t.prod(d[0]), lambda a, d: reduce.prod(a, d[:1], False, np.int64))
    compare(dtype, lambda t, d: t.cumsum(d[0]), lambda a, d: reduce.cumsum(a, d[0], np.int64))
    compare(dtype, lambda t, d: t.amax(d), lambda a, d: reduce.amax(a, d, False))
    compare(dtype, lambda t, d: t.sum(d, dtype=torch.float32), lambda a, d: reduce.sum_axes(a, d, False, np.float32))


@pytest.mark.parametrize("dtype", FLOATS)
def test_nansum(dtype: str, threads: int) -> None:
    compare(
        dtype,
        lambda t, d: torch.nansum(torch.where(t > 1.5, float("nan"), t), d),
        lambda a, d: reduce.nansum(np.where(a > 1.5, np.array(np.nan, a.dtype), a), d, False, a.dtype),
    )


@pytest.mark.parametrize("dtype", FLOATS)
def test_running(dtype: str, threads: int) -> None:
    compare(dtype, lambda t, d: t.cumsum(d[0]), lambda a, d: reduce.cumsum(a, d[0], a.dtype))
    compare(dtype, lambda t, d: t.cumprod(d[0]), lambda a, d: reduce.cumprod(a, d[0], a.dtype))
    compare(dtype, lambda t, d: t.logcumsumexp(d[0]), lambda a, d: reduce.logcumsumexp(a, d[0]), within=16)


@pytest.mark.parametrize("dtype", FLOATS)
def test_prod(dtype: str, threads: int) -> None:
    compare(dtype, lambda t, d: t.prod(d[0], True), lambda a, d: reduce.prod(a, d[:1], True, a.dtype))


@pytest.mark.parametrize("dtype", FLOATS)
def test_full_prod(dtype: str, threads: int) -> None:
    r = np.random.RandomState(3)
    for shape in [(5,), (40,), (300, 40), (70000,), (300, 200)]:
        for cut in (slice(None), slice(None, None, 2)):
            x = (1 + 0.002 * array(r, shape, "float32").astype(np.float64)).astype(np.float32)[..., cut]
            x = x.astype(np.float16) if dtype == "float16" else x if dtype == "bfloat16" else x.astype(dtype)
            t, a = both(x, dtype)
            got = reduce.prod(a, tuple(range(a.ndim)), False, a.dtype)
            assert got.tobytes() == numbers(t.prod()).tobytes(), (shape, cut)


@pytest.mark.parametrize("dtype", FLOATS)
def test_extrema(dtype: str, threads: int) -> None:
    compare(dtype, lambda t, d: t.amax(d), lambda a, d: reduce.amax(a, d, False))
    compare(dtype, lambda t, d: t.amin(d, True), lambda a, d: reduce.amin(a, d, True))


@pytest.mark.parametrize("p, within", [(2, 0), (1, 0), (0, 0), (np.inf, 0), (-np.inf, 0), (3, 4), (0.5, 4), (-1.5, 4)])
@pytest.mark.parametrize("dtype", FLOATS + COMPLEX)
def test_norm(dtype: str, p: float, within: float, threads: int) -> None:
    if dtype == "float64" and p == 2:
        within = 1
    if dtype in COMPLEX:
        within = max(2 * within, 3)  # |z| by another hypot
    compare(
        dtype,
        lambda t, d: torch.linalg.vector_norm(t, p, d),
        lambda a, d: norm.norm(a, p, d, False),
        within=within,
        n=100,
        most=60000,
    )


@pytest.mark.parametrize("dtype", FLOATS + COMPLEX)
def test_spread(dtype: str, threads: int) -> None:
    within = {"float64": 64, "complex64": 2, "complex128": 64}.get(dtype, 0)
    for correction in (1, 0):
        compare(
            dtype,
            lambda t, d, c=correction: torch.var(t + 30, d, correction=c),
            lambda a, d, c=correction: moments.var((a + a.dtype.type(30)).astype(a.dtype), d, False, c),
            within=within,
        )
    compare(dtype, lambda t, d: t.std(d), lambda a, d: moments.std(a, d, False, 1), within=within)


@pytest.mark.parametrize("dtype", FLOATS)
def test_var_mean(dtype: str, threads: int) -> None:
    within = {"float64": 64, "float32": 0}.get(dtype, 1)
    for part in (0, 1):
        compare(
            dtype,
            lambda t, d, i=part: torch.var_mean(t + 3, d)[i],
            lambda a, d, i=part: moments.var_mean((a + a.dtype.type(3)).astype(a.dtype), d, False, 1)[i],
            within=within,
        )


@pytest.mark.parametrize("dtype", FLOATS)
def test_exponentials(dtype: str, threads: int) -> None:
    compare(dtype, lambda t, d: t.logsumexp(d), lambda a, d: reduce.logsumexp(a, d, False), within=2)
    compare(dtype, lambda t, d: t.softmax(d[0]), lambda a, d: softmax.softmax(a, d[0]), within=4)
    compare(dtype, lambda t, d: t.log_softmax(d[0]), lambda a, d: softmax.log_softmax(a, d[0]), within=64)


@pytest.mark.parametrize("n", [1, 5, 8, 77, 128, 300, 512, 1000, 4000])
def test_layer_norm(n: int, threads: int) -> None:
    r = np.random.RandomState(n)
    x = (array(r, (100, n), "float32") * 2 + 5).astype(np.float32)
    weight, bias = array(r, (n,), "float32"), array(r, (n,), "float32")
    for w, b in [(None, None), (weight, bias), (weight, None)]:
        tw, tb = (None if v is None else torch.from_numpy(v) for v in (w, b))
        want = torch.native_layer_norm(torch.from_numpy(x), (n,), tw, tb, 1e-5)
        out, mean, rstd = moments.layer_norm(x, w, b, 1e-5)
        assert np.array_equal(mean, want[1].numpy().ravel())
        assert ulps(rstd, want[2].numpy().ravel()) <= 2
        same = rstd == want[2].numpy().ravel()
        assert same.mean() >= 0.95
        assert np.array_equal(out[same], want[0].numpy()[same])


@pytest.mark.parametrize("shape", [(40, 6, 5, 5), (3, 4, 9), (100, 6), (7, 33), (64, 100)])
def test_batch_norm(shape: tuple[int, ...], threads: int) -> None:
    x = (array(np.random.RandomState(5), shape, "float32") * 2 + 50).astype(np.float32)
    n, c = x.size // shape[1], shape[1]
    mean, variance = torch.zeros(c), torch.zeros(c)
    torch.native_batch_norm(torch.from_numpy(x), None, None, mean, variance, True, 1.0, 1e-5)
    middle, squares = moments.channel_moments(x)
    assert np.array_equal(middle, mean.numpy())
    got = squares / np.float32(n - 1)
    assert ulps(got, variance.numpy()) <= (1 if len(shape) > 2 else 2)

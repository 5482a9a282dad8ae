"""Products of matrices as machine code: every element is the sum that PyTorch's BLAS adds, in its order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight
from rushlight.kernels import blocks, gemm, llvm, products
from rushlight.kernels.fused import fma

if blocks.kernel(True) is None:
    pytest.skip("compiled code is not available here", allow_module_level=True)


@pytest.fixture
def native(monkeypatch):
    """Small products as machine code from the first on."""
    for module in (gemm, products):
        monkeypatch.setattr(module, "worth_machine_code", lambda work: True)


@pytest.fixture
def by_numpy(monkeypatch):
    for module in (gemm, products):
        monkeypatch.setattr(module, "worth_machine_code", lambda work: False)


def one_after_another(a, b):
    """The sum of the terms, each fused with the sum before it."""
    total = np.zeros((a.shape[0], b.shape[1]), np.float32)
    for i in range(a.shape[1]):
        column, row = np.broadcast_arrays(a[:, i : i + 1], b[i : i + 1])
        total = fma(column, row, total)
    return total


def in_blocks(a, b, source=None):
    """Up to 192 terms at once; two halves and what is odd; then blocks of 192."""
    n = a.shape[1]
    size = n if n <= 192 else n // 2 if n < 384 else 192
    total = source
    for i in range(0, n, size):
        part = one_after_another(a[:, i : i + size], b[i : i + size])
        total = part if total is None else total + part
    return total


def matrix(rows, columns, layout, seed, batch=()):
    rng = np.random.default_rng(seed)
    if layout == "transposed":
        return rng.standard_normal((*batch, columns, rows)).astype(np.float32).swapaxes(-1, -2)
    if layout == "part":
        return rng.standard_normal((*batch, rows + 2, columns + 3)).astype(np.float32)[..., 1:-1, 2:-1]
    if layout == "steps":
        return rng.standard_normal((*batch, 2 * rows, 3 * columns)).astype(np.float32)[..., ::2, ::3]
    if layout == "backwards":
        return rng.standard_normal((*batch, rows, columns)).astype(np.float32)[..., ::-1, ::-1]
    return rng.standard_normal((*batch, rows, columns)).astype(np.float32)


layouts = st.sampled_from(["plain", "transposed", "part", "steps", "backwards"])
inners = st.one_of(st.integers(1, 60), st.integers(185, 210), st.integers(370, 420))


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(st.integers(12, 40), st.sampled_from([4, 8])),
    st.integers(12, 60),
    inners,
    layouts,
    layouts,
    st.integers(0, 2),
)
def test_order(rows, columns, inner, left, right, added):
    a, b = matrix(rows, inner, left, inner), matrix(inner, columns, right, columns)
    source = (
        None if not added else matrix(rows, columns, "plain", 5) if added == 1 else matrix(1, columns, "plain", 5)[0]
    )
    np.testing.assert_array_equal(gemm.product(a, b, source), in_blocks(a, b, source))


@pytest.mark.parametrize("shape", [(200, 300, 270), (390, 64, 40), (48, 500, 600), (300, 200, 16)])
@pytest.mark.parametrize("left", ["plain", "transposed"])
@pytest.mark.parametrize("right", ["plain", "transposed"])
def test_blocks_and_threads(shape, left, right):
    """Many blocks: they have the order of one, with one thread and two."""
    rows, inner, columns = shape
    a, b = matrix(rows, inner, left, 0), matrix(inner, columns, right, 1)
    threads = rushlight.get_num_threads()
    try:
        for n in (1, 2):
            rushlight.set_num_threads(n)
            np.testing.assert_array_equal(gemm.product(a, b), in_blocks(a, b))
    finally:
        rushlight.set_num_threads(threads)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(4, 20), st.integers(12, 40), st.integers(9, 200), layouts, layouts)
def test_batches(count, rows, columns, inner, left, right):
    a, b = matrix(rows, inner, left, inner, (count,)), matrix(inner, columns, right, columns, (count,))
    if count == 1:
        np.testing.assert_array_equal(gemm.products(a, b)[0], gemm.product(a[0], b[0]))
    else:
        np.testing.assert_array_equal(gemm.products(a, b), [in_blocks(x, y) for x, y in zip(a, b, strict=True)])


def test_one_matrix_for_all_of_a_batch(native):
    a, b = matrix(70, 30, "plain", 0), matrix(30, 40, "plain", 1, (3,))
    wide = np.broadcast_to(a, (3, 70, 30))
    np.testing.assert_array_equal(gemm.products(wide, b), [in_blocks(a, y) for y in b])
    few = np.broadcast_to(a[:2, :5], (3, 2, 5))
    np.testing.assert_array_equal(
        gemm.products(few, b[:, :5, :4]), [products._plain(few[0], y[:5, :4], None, 0) for y in b]
    )


def test_rows_that_are_left_over_are_a_small_product():
    a, b = matrix(11, 40, "plain", 0), matrix(40, 20, "plain", 1)
    out = gemm.product(a, b)
    np.testing.assert_array_equal(out[:8], in_blocks(a[:8], b))
    np.testing.assert_array_equal(out[8:], products.small_product(a[8:], b, None, "rest"))
    for few_terms in (4, 16):  # nor with few terms and columns, nor beyond twelve rows
        a, b = matrix(11, few_terms, "plain", 0), matrix(few_terms, 16, "plain", 1)
        np.testing.assert_array_equal(gemm.product(a, b), in_blocks(a, b))


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(2, 70), layouts, layouts, st.integers(0, 2),
    st.sampled_from(["alone", "rest", "batch"]), st.integers(0, 3),
)  # fmt: skip
def test_small_products_are_numpys(rows, columns, inner, left, right, added, place, offset):
    """Machine code and NumPy add in the same order: few rows or few columns, a vector, and what is added."""
    if rows > 3 and columns > 11:
        columns %= 12
        columns = max(columns, 1)
    a, b = matrix(rows, inner, left, inner), matrix(inner, columns, right, columns)
    source = (
        None if not added else matrix(rows, columns, "plain", 5) if added == 1 else matrix(1, columns, "plain", 5)[0]
    )
    answers = []
    with pytest.MonkeyPatch.context() as patch:
        for native in (False, True):
            patch.setattr(products, "worth_machine_code", lambda work, native=native: native)
            answers.append(products.small_product(a, b, source, place, offset))
    np.testing.assert_array_equal(*answers)


@pytest.mark.parametrize(
    "shape", [(600, 300, 10), (3, 700, 900), (1, 500, 800), (800, 500, 1), (1, 3000, 700), (700, 200, 7)]
)
@pytest.mark.parametrize("right", ["plain", "transposed"])
def test_large_small_products(shape, right, native, monkeypatch):
    """Beyond what NumPy can hold, in chunks, with one thread and two."""
    rows, inner, columns = shape
    a, b = matrix(rows, inner, "plain", 0), matrix(inner, columns, right, 1)
    answers = []
    threads = rushlight.get_num_threads()
    try:
        for n in (1, 2):
            rushlight.set_num_threads(n)
            answers.append(products.small_product(a, b))
    finally:
        rushlight.set_num_threads(threads)
    monkeypatch.setattr(products, "_MOST", 1 << 30)
    for module in (gemm, products):
        monkeypatch.setattr(module, "worth_machine_code", lambda work: False)
    for answer in answers:
        np.testing.assert_array_equal(answer, products.small_product(a, b))


def test_what_is_refused():
    a, b = matrix(8, 8, "plain", 0), matrix(8, 16, "plain", 1)
    kernel, out = blocks.kernel(True), np.full((8, 16), 7, np.float32)
    numbers = 8, 16, 8, 0, 8, 1, 0, 16, 1, 0, 48, 48, 0, 1
    for wrong in (
        (out, a, b.astype(np.float64), None),
        (out.T, a, b, None),
        (out, a, b, b.T),
        (out, a, b, 0),
        (out, a, b),
    ):
        assert kernel(1, 1, *wrong, *numbers) is False
    assert (out == 7).all()
    assert kernel(1, 1, out, a, b, None, *numbers)
    np.testing.assert_array_equal(out, in_blocks(a, b))
    assert gemm.product(a[:, :0], b[:0]) is None
    assert gemm.product(a[:0], b) is None
    assert gemm.products(matrix(8, 8, "plain", 0, (0,)), matrix(8, 16, "plain", 1, (0,))) is None


def dotted(x, y):
    """From a multiple of 16 bytes in y on in four lanes of four, if x has one there too; the rest goes to the first lane."""
    start, other = (v.__array_interface__["data"][0] // 4 % 4 for v in (y, x))
    head = min(-start % 4, len(x))
    p = x * y
    lanes = np.zeros((4, 4), np.float32)
    for term in p[:head]:
        lanes[0, 0] += term
    whole = (len(p) - head) // 4 if (other + head) % 4 == 0 else min((len(p) - head) // 4, 1)
    for i, four in enumerate(p[head : head + 4 * whole].reshape(-1, 4)):
        lanes[0 if i == whole - 1 and whole % 4 == 3 else i % 4] += four
    for term in p[head + 4 * whole :]:
        lanes[0, 0] += term
    total = lanes[0] + lanes[1] + lanes[2] + lanes[3]
    return (total[0] + total[2]) + (total[1] + total[3])


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 100), st.integers(0, 3), st.integers(0, 3))
def test_inner_products(n, first, second):
    x, y = matrix(1, n + 3, "plain", 0)[0, first : first + n], matrix(1, n + 3, "plain", 1)[0, second : second + n]
    assert products.inner_product(x, y) == dotted(x, y)
    assert products.inner_product(x[::-1], y) == products.inner_product(x[::-1].copy(), y)


def test_long_inner_products_are_two():
    for n in (8191, 8192, 8193, 500_001):
        x, y = matrix(2, n, "plain", 0)
        cut = n if n < 8192 else (n + 1) // 2
        expected = dotted(x[:cut], y[:cut])
        assert products.inner_product(x, y) == (expected if cut == n else expected + dotted(x[cut:], y[cut:]))


def test_numbers_that_are_not_aligned(native):
    """Kernels refuse them; NumPy does not."""
    a = np.frombuffer(bytearray(4 * 8 * 8 + 1), np.float32, 64, 1).reshape(8, 8)
    b = matrix(8, 16, "plain", 1)
    for columns in (16, 3):
        assert gemm.product(a, b[:, :columns]) is None
        assert not (rushlight.from_numpy(a) @ rushlight.from_numpy(b[:, :columns])).any()
    assert gemm.products(a[None].repeat(1, 0)[:1], b[None]) is not None
    assert not rushlight.addmm(rushlight.zeros(16), rushlight.from_numpy(a), rushlight.from_numpy(b)).any()


def test_empty_products():
    for x, y in (((0, 3), (3, 20)), ((5, 0), (0, 20)), ((5, 3), (3, 0))):
        out = rushlight.ones(x) @ rushlight.ones(y)
        assert out.shape == (x[0], y[1]) and not out.any()
    out = rushlight.bmm(rushlight.ones(2, 4, 0), rushlight.ones(2, 0, 20))
    assert out.shape == (2, 4, 20) and not out.any()
    assert rushlight.addmm(rushlight.ones(20), rushlight.ones(4, 0), rushlight.ones(0, 20)).eq(1).all()


@pytest.mark.parametrize("shape", [(4, 6, 12), (40, 6, 30), (3, 6, 40), (9, 6, 5)])
@pytest.mark.parametrize("right", ["plain", "transposed"])
def test_infinities_and_nan(shape, right, native):
    rows, inner, columns = shape
    a, b = matrix(rows, inner, "plain", 0), matrix(inner, columns, right, 1)
    a[0, 0], a[1, 1], b[2, 3] = np.inf, np.nan, -np.inf
    with np.errstate(all="ignore"):
        found, expected = gemm.product(a, b), a @ b
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
        np.testing.assert_array_equal(np.isinf(found), np.isinf(expected))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_blocks_are_worth_a_thread_and_fit_the_cache():
    for rows in (4, 13, 100, 700, 5000):
        for columns in (3, 12, 100, 260, 5000):
            for inner in (2, 64, 1000):
                for along in (False, True):
                    units, grain, mb, nb, pack_a, pack_b = blocks.plan(rows, columns, inner, along, True)
                    assert 1 <= mb <= 198 and 16 <= nb <= 192 and nb % 16 == 0
                    assert units == -(-rows // mb) * -(-columns // nb)
                    assert units <= grain or grain * mb * nb * inner >= 1 << 18
                    assert pack_a or along


def test_addmm_adds_what_it_is_given():
    a, b = rushlight.randn(20, 30), rushlight.randn(30, 40)
    for source in (rushlight.randn(40), rushlight.randn(20, 1), rushlight.randn(40, 20).t(), rushlight.tensor(2.0)):
        expected = (source.double() + a.double() @ b.double()).float()
        assert rushlight.allclose(rushlight.addmm(source, a, b), expected, atol=1e-4)
    assert rushlight.addmm(rushlight.ones(40), a, b, beta=0).allclose(a @ b)
    double = rushlight.addmm(rushlight.ones(40), a, b, beta=2, alpha=3)
    assert double.allclose(2 + 3 * (a @ b), atol=1e-4)


def test_kernels_are_off_without_machine_code(by_numpy, monkeypatch):
    monkeypatch.setattr(gemm, "kernel", lambda fused: None)
    monkeypatch.setattr(gemm, "_known", {})
    a, b = matrix(20, 30, "plain", 0), matrix(30, 40, "plain", 1)
    assert gemm.product(a, b) is None and gemm.products(a[None], b[None]) is None
    np.testing.assert_allclose((rushlight.from_numpy(a) @ rushlight.from_numpy(b)).numpy(), a @ b, rtol=1e-5, atol=1e-5)
    assert llvm.available()

"""The samplers' machine code gives NumPy's bits, and leaves the generator where NumPy leaves it: any sizes, positions, threads."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight as torch
from rushlight.kernels import llvm
from rushlight.random import discrete, normal, permutation, rejection, streams, transforms, uniform
from rushlight.random.generator import MT19937, WORDS, Generator

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

few = settings(deadline=None, max_examples=20)
PIECE = streams.PIECE
SIZES = st.one_of(
    st.integers(1, 70),
    st.sampled_from([623, 624, 625, 1248, 1249, PIECE - 1, PIECE, PIECE + 63, PIECE + 64, PIECE + 65, 2 * PIECE + 17]),
    st.integers(1, 6 * PIECE),
)
#: Words drawn before, so that a fill begins anywhere in a block.
USED = st.one_of(st.sampled_from([0, 1, 622, 623, 624]), st.integers(0, 1300))

FILLS = {
    "unit": (uniform.uniform_, "f4 f8 f2"),
    "uniform": (lambda g, a: uniform.uniform_(g, a, -0.3, 0.7), "f4 f8 f2"),
    "uniform, often at its end": (lambda g, a: uniform.uniform_(g, a, 1.0, 1.0 + 2.0**-20), "f4 f8"),
    "normal": (normal.normal_, "f4 f8 f2"),
    "normal, scaled": (lambda g, a: normal.normal_(g, a, -2.0, 0.37), "f4 f8 f2"),
    "log_normal": (lambda g, a: normal.log_normal_(g, a, 0.1, 0.7), "f4 f8 f2"),
    "exponential": (lambda g, a: transforms.exponential_(g, a, 1.7), "f4 f8 f2"),
    "geometric": (lambda g, a: transforms.geometric_(g, a, 0.3), "f4 f8 f2 i8 i1"),
    "cauchy": (lambda g, a: transforms.cauchy_(g, a, -1.0, 2.5), "f4 f8 f2"),
    "coin": (lambda g, a: uniform.bernoulli_scalar_(g, a, 0.3), "f4 f8 f2 ?1 i8 u1"),
    "dropout": (lambda g, a: uniform.dropout_noise(g, a, 0.3), "f4 f8 f2"),
    "digits": (lambda g, a: uniform.random_(g, a, -3, 7), "i8 i4 i1 f4 f8 f2"),
    "one value": (lambda g, a: uniform.random_(g, a, 5, 6), "i8 f4"),
    "a range just below two words": (lambda g, a: uniform.random_(g, a, 0, (1 << 28) - 1), "i8 i4 f8"),
    "wide": (lambda g, a: uniform.random_(g, a, -(10**12), 10**15 + 1), "i8 f8"),
    "all": (lambda g, a: uniform.random_(g, a), "i8 i4 i2 u1 ?1 f4 f8"),
    "all of 64 bits": (lambda g, a: uniform.random_(g, a, -(2**63), None), "i8 f8"),
}


@contextlib.contextmanager
def kernels(ready):
    old = llvm.patience.ready
    llvm.patience.ready = ready
    try:
        yield
    finally:
        llvm.patience.ready = old


def both(draw, seed=3, used=0):
    """What a draw returns and what the stream goes on with, by machine code and by NumPy."""
    found = []
    for ready in (True, False):
        gen = Generator().manual_seed(seed)
        with kernels(ready):
            gen.u32(used)
            out = draw(gen)
            found.append((out, gen.get_state_array(), gen.u32(WORDS + 1).copy(), gen.get_state_array()))
    return found


def assert_same(draw, **where):
    native, reference = both(draw, **where)
    assert native[0].dtype == reference[0].dtype and native[0].shape == reference[0].shape
    for x, y in zip(native, reference, strict=True):
        np.testing.assert_array_equal(np.ascontiguousarray(x).view(np.uint8), np.ascontiguousarray(y).view(np.uint8))


CASES = [(name, dtype.replace("?1", "?")) for name, (_, dtypes) in FILLS.items() for dtype in dtypes.split()]


@pytest.mark.parametrize("name,dtype", CASES)
@few
@given(n=SIZES, used=USED, seed=st.integers(0, 2**32 - 1))
def test_fills(name, dtype, n, used, seed):
    def draw(gen):
        out = np.empty(n, dtype)
        assert FILLS[name][0](gen, out) is out
        return out

    assert_same(draw, used=used, seed=seed)


def test_every_kernel_is_tried(monkeypatch):
    """The cases above would also pass if nothing were native."""
    done = set()
    fill = streams.fill

    def noted(gen, name, out, **parameters):
        assert fill(gen, name, out, **parameters)
        done.add(name)
        return True

    monkeypatch.setattr(streams, "fill", noted)
    for name, dtype in CASES:
        both(lambda gen, name=name, dtype=dtype: FILLS[name][0](gen, np.empty(200, dtype)))
    for dtype in ("f4", "f8"):
        both(lambda gen, dtype=dtype: uniform.bernoulli_tensor(gen, np.full(50, 0.3, dtype)))
    both(lambda gen: permutation.randperm(gen, 50))
    assert done == {
        "unit", "uniform", "unit_double", "uniform_double", "normal", "normal_double", "serial", "exponential",
        "exponential_double", "geometric", "cauchy", "coin", "coins", "coins_double", "small_integers", "large_integers",
        "swaps",
    }  # fmt: skip


@few
@given(
    rows=st.integers(1, 70),
    columns=st.integers(1, 200),
    transposed=st.booleans(),
    kind=st.sampled_from(["f4", "f8", "f2"]),
)
def test_coins_of_many_probabilities(rows, columns, transposed, kind):
    p = np.random.default_rng(rows).random((rows, columns)).astype(kind)
    p[0, 0], p[-1, -1] = 0.0, 1.0
    p = p.T if transposed else p
    assert_same(lambda gen: uniform.bernoulli_tensor(gen, p))
    assert_same(lambda gen: uniform.bernoulli_tensor(gen, p, np.empty_like(p)))
    assert_same(lambda gen: uniform.bernoulli_tensor(gen, p, np.empty(p.shape, np.int64)))


@pytest.mark.parametrize("wrong", [np.nan, -1e-6, 1.000001, np.inf])
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_what_is_no_probability_is_refused_before_anything_is_drawn(wrong, kind):
    for place in (0, 17, 40):
        p = np.full(41, 0.5, kind)
        p[place] = wrong
        gen = Generator().manual_seed(0)
        before = gen.get_state_array()
        with kernels(True), pytest.raises(RuntimeError, match="Expected p_in >= 0 && p_in <= 1"):
            uniform.bernoulli_tensor(gen, p)
        np.testing.assert_array_equal(gen.get_state_array(), before)


@few
@given(n=st.one_of(st.integers(0, 2000), st.integers(0, 3 * PIECE)), used=USED)
def test_permutations(n, used):
    assert_same(lambda gen: permutation.randperm(gen, n), used=used)


@few
@given(
    rows=st.integers(1, 13),
    columns=st.one_of(st.integers(1, 300), st.sampled_from([2047, 2048, 2049])),
    n=st.integers(1, 70),
    replacement=st.booleans(),
    kind=st.sampled_from(["f4", "f8", "f2"]),
    zeros=st.integers(0, 3),
)
def test_multinomial(rows, columns, n, replacement, kind, zeros):
    weights = np.random.default_rng(columns).random((rows, columns)).astype(kind)
    weights[:, 1 : zeros + 1] = 0
    weights[:, 0] = 0.25
    n = n if replacement else min(n, columns)
    assert_same(lambda gen: discrete.multinomial(gen, weights, n, replacement))
    assert_same(lambda gen: discrete.multinomial(gen, weights[-1], n, replacement))


@pytest.mark.parametrize("wrong, text", [
    (-0.1, "encountering probability entry < 0"),
    (np.nan, "encountering probability entry < 0"),
    (np.inf, "encountering probability entry = infinity or NaN"),
    (None, "sum of probabilities <= 0"),
])  # fmt: skip
@pytest.mark.parametrize("column", [0, 3, 16, 19])
def test_bad_weights(wrong, text, column):
    weights = np.full((6, 20), 0.5, np.float32)
    if wrong is None:
        weights[4] = 0
    else:
        weights[4, column] = wrong
    for ready in (True, False):
        with kernels(ready), pytest.raises(RuntimeError, match=text):
            discrete.multinomial(Generator(), weights, 5, True)


def test_weights_whose_sum_overflows():
    weights = np.full((2, 40), 3e38, np.float32)
    assert_same(lambda gen: discrete.multinomial(gen, weights, 5, True))


def test_where_a_rounding_is_doubtful_the_c_library_decides():
    """One in 2^24 is; with a wider band of doubt, many are."""
    n = 20_001
    native, narrow, reference = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.float32)
    with kernels(True):
        assert streams.fill(Generator().manual_seed(3), "exponential", native, a=-1.0, c=2.0**-20)
        assert streams.fill(Generator().manual_seed(3), "exponential", narrow, a=-1.0, c=2.0**-50)
    with kernels(False):
        transforms.exponential_(Generator().manual_seed(3), reference)
    np.testing.assert_array_equal(native, reference)
    np.testing.assert_array_equal(narrow, reference)


REJECTING = {
    "poisson": lambda gen, x: rejection.poisson(gen, x),
    "gamma": rejection.standard_gamma,
    "dirichlet": rejection.sample_dirichlet,
    "binomial": lambda gen, x: rejection.binomial(gen, np.floor(x * 3), np.minimum(x[..., ::-1] / 60, 1)),
}


@pytest.mark.parametrize("name", REJECTING)
@few
@given(
    n=st.one_of(st.integers(1, 40), st.sampled_from([624, 1500])), used=USED, seed=st.integers(0, 99),
    kind=st.sampled_from(["f4", "f8"]), most=st.sampled_from([0.5, 3.0, 15.0, 60.0]), cached=st.booleans(),
)  # fmt: skip
def test_samplers_that_reject(name, n, used, seed, kind, most, cached):
    x = (np.random.default_rng(seed).random(n) * most).astype(kind)
    x[:: max(2, n // 2)] = 0

    def draw(gen):
        if cached:
            normal.normal_(gen, np.empty(3, np.float32))
        first = REJECTING[name](gen, x)
        return np.concatenate([first, [gen.next_normal or 0.0], REJECTING[name](gen, x[:2])])

    assert_same(draw, used=used, seed=seed)


def test_samplers_that_reject_are_native(monkeypatch):
    """The comparison above would also pass if nothing were native."""
    done = []
    one_by_one = streams.one_by_one

    def noted(gen, name, *operands):
        out = one_by_one(gen, name, *operands)
        done.append(name if out is not None else None)
        return out

    monkeypatch.setattr(streams, "one_by_one", noted)
    for name in REJECTING:
        with kernels(True):
            REJECTING[name](Generator(), np.full(5, 2.0))
    assert done == ["poisson", "gamma", "gamma", "binomial"]


def test_nothing_drawn_leaves_the_state_as_it_was():
    for used in (0, 5, 624):
        gen = Generator().manual_seed(1)
        gen.u32(used)
        before = gen.get_state_array()
        with kernels(True):
            rejection.poisson(gen, np.zeros(40, np.float32))
            rejection.standard_gamma(gen, np.zeros(40, np.float32))
        np.testing.assert_array_equal(gen.get_state_array(), before)


def test_odd_parameters():
    odd = np.array([0.0, -0.0, np.inf, 1e-45, 1e-30, 3e38, 12.0, 9.999999], np.float32)
    assert_same(lambda gen: rejection.poisson(gen, odd))
    assert_same(lambda gen: rejection.standard_gamma(gen, odd))
    assert_same(lambda gen: rejection.standard_gamma(gen, np.array([-0.5, 2.0], np.float32)))  # left to Python
    counts = np.array([0.0, 5.0, 5.0, 1e6, -3.0, 40.0, 16777216.0, 20.0], np.float32)
    chances = np.array([0.5, 0.0, 1.0, 1e-4, 0.5, 0.5, 0.3, 0.999], np.float32)
    assert_same(lambda gen: rejection.binomial(gen, counts, chances))


@pytest.mark.parametrize("name", ["unit", "normal", "exponential", "coin", "wide"])
def test_threads_change_nothing(name):
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            for _ in range(5):
                gen = Generator().manual_seed(5)
                out = np.empty(300_001, np.int64 if name == "wide" else np.float32)
                with kernels(True):
                    FILLS[name][0](gen, out)
                found.append((out, gen.get_state_array()))
    finally:
        torch.set_num_threads(before)
    for out, state in found[1:]:
        np.testing.assert_array_equal(out, found[0][0])
        np.testing.assert_array_equal(state, found[0][1])


@pytest.mark.parametrize("missing", ["NumPy's memory of the key", "the C library that math calls"])
def test_numpy_takes_over_where_a_check_fails(missing, monkeypatch):
    if missing.startswith("NumPy"):
        monkeypatch.setattr(MT19937, "_share", lambda self: False)
    else:
        monkeypatch.setattr(streams, "_symbols", lambda: None)
        monkeypatch.setattr(streams, "_kernels", {})
    for draw in (
        lambda gen: normal.normal_(gen, np.empty(100, np.float32)),
        lambda gen: uniform.bernoulli_tensor(gen, np.full(100, 0.3)),
        lambda gen: rejection.poisson(gen, np.full(20, 3.0)),
        lambda gen: discrete.multinomial(gen, np.ones((3, 20)), 5, True),
        lambda gen: permutation.randperm(gen, 700),
        lambda gen: transforms.cauchy_(gen, np.empty(50)),
        lambda gen: normal.log_normal_(gen, np.empty(300)),
    ):
        assert_same(draw)
    with kernels(True):
        assert not streams.fill(Generator(), "unit", np.empty(5, np.float32), per=1)


def test_layouts_are_filled_in_the_order_of_memory():
    for make in (lambda: np.empty((50, 30), np.float32).T, lambda: np.empty((40, 60), np.float32)[::2, 1::3]):
        for name in ("unit", "normal", "exponential", "coin"):
            assert_same(lambda gen, make=make, name=name: FILLS[name][0](gen, make()).copy())


def test_the_cached_normal_is_used_and_kept():
    def draw(gen):
        first = normal.normal_(gen, np.empty(3, np.float32))
        second = normal.log_normal_(gen, np.empty(5001, np.float32))
        return np.concatenate([first, second, [gen.next_normal or 0.0]])

    assert_same(draw)


def test_states_and_native_draws_mix():
    gen, other = Generator().manual_seed(1), Generator().manual_seed(1)
    with kernels(True):
        uniform.uniform_(gen, np.empty(1000, np.float32))
        state = gen.get_state_array()
        first = uniform.uniform_(gen, np.empty(5000, np.float32))
        gen.set_state_array(state)
        np.testing.assert_array_equal(uniform.uniform_(gen, np.empty(5000, np.float32)), first)
        gen.manual_seed(1)
        again = uniform.uniform_(gen, np.empty(6000, np.float32))
    with kernels(False):
        np.testing.assert_array_equal(uniform.uniform_(other, np.empty(6000, np.float32)), again)

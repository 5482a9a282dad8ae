"""The generator's interface, the exact arithmetic under the samplers, and what the samplers refuse."""

import threading
from fractions import Fraction

import numpy as np
import pytest

from rushlight.kernels.topk_order import topk_indices, topk_rows
from rushlight.random import discrete, libm, normal, permutation, rejection, transforms, truncated, uniform
from rushlight.random.fma import fma32, fma64, fma_exact
from rushlight.random.generator import DEFAULT_SEED, MT19937, Generator
from rushlight.random.layout import empty_like_dense, fill_in_memory_order


@pytest.fixture
def gen():
    return Generator().manual_seed(7)


# -- generator ----------------
def test_words_are_those_of_the_reference_mersenne_twister(gen):
    reference = np.random.RandomState(7).randint(0, 2**32, 3000, np.uint64)
    pieces = [gen.u32(n) for n in (1, 623, 0, 624, 5, 1747)]
    assert np.array_equal(np.concatenate(pieces), reference)


def test_iterating_draws_the_same_uniforms_and_counts_only_those_taken(gen):
    gen.u32(1)
    expected = gen.r64(1000)
    gen.manual_seed(7).u32(1)
    source = gen.iter_r64()
    assert [next(source) for _ in range(999)] == expected[:-1].tolist()
    assert gen.r64(1)[0] == expected[-1]


@pytest.mark.parametrize("used", [0, 1, 5, 623, 624, 625, 1300])
def test_a_state_continues_the_stream(gen, used):
    gen.u32(used)
    gen.next_normal = 0.25
    state = gen.get_state_array()
    other = Generator()
    other.set_state_array(state)
    assert np.array_equal(other.get_state_array(), state)
    assert other.next_normal == 0.25
    assert other.initial_seed() == 7
    assert np.array_equal(other.u32(2000), gen.u32(2000))
    assert np.array_equal(other.get_state_array(), gen.get_state_array())


def test_seeds():
    assert Generator().initial_seed() == DEFAULT_SEED
    assert Generator().manual_seed(-1).initial_seed() == 2**64 - 1
    gen = Generator()
    assert gen.seed() == gen.initial_seed()
    gen.next_normal = 1.0
    assert gen.manual_seed(3) is gen
    assert gen.next_normal is None
    assert str(gen.device) == "cpu"


@pytest.mark.parametrize("seed", [1.5, "a", None, True])
def test_a_seed_must_be_an_integer(gen, seed):
    with pytest.raises(RuntimeError, match="manual_seed expected a long, but got"):
        gen.manual_seed(seed)


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_a_seed_must_fit_in_64_bits(gen, seed):
    with pytest.raises(ValueError, match="Overflow when unpacking long long"):
        gen.manual_seed(seed)


def test_bad_states_and_devices_are_refused_and_change_nothing(gen):
    before = gen.get_state_array()
    with pytest.raises(RuntimeError, match="of size 5056 but found the input RNG state size to be 5048"):
        gen.set_state_array(before[:5048])
    with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
        gen.set_state_array(np.zeros(5056, np.uint8))
    with pytest.raises(TypeError, match="RNG state must be a torch.ByteTensor"):
        gen.set_state_array(before.astype(np.float32))
    with pytest.raises(RuntimeError, match="Cannot get CUDA generator"):
        Generator("cuda")
    assert np.array_equal(gen.get_state_array(), before)


def test_threads_share_a_generator_without_losing_or_repeating_draws(gen):
    expected = np.sort(np.concatenate([uniform.random_(gen, np.empty(501, np.int64)) for _ in range(40)]))
    gen.manual_seed(7)
    arrays = [np.empty(501, np.int64) for _ in range(40)]
    threads = [threading.Thread(target=uniform.random_, args=(gen, a)) for a in arrays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.array_equal(np.sort(np.concatenate(arrays)), expected)


# -- exact arithmetic ----------------
def _nearest_float32(exact):
    """A Fraction rounded to float32: the float64 nearest is off by one rounding, so look at the neighbours."""
    guess = np.float32(float(exact))
    around = [np.nextafter(guess, np.float32(-np.inf)), guess, np.nextafter(guess, np.float32(np.inf))]
    return min(around, key=lambda f: (abs(Fraction(float(f)) - exact), int(np.float32(f).view(np.int32)) & 1))


def test_fma32_rounds_once():
    rng = np.random.default_rng(0)
    one, ulp = np.float32(1), np.float32(2.0**-23)
    # Products that end just beside the middle between two float32: a second rounding would go wrong.
    tricky = [(one + ulp, 1.0 + 2.0**-23, 2.0**-60), (one + ulp, 2.0**-25, 1.0), (one - ulp / 2, 2.0**-24, 1.0)]
    for x, y, c in tricky + [tuple(rng.standard_normal(3).astype(np.float32).tolist()) for _ in range(3000)]:
        x = np.float32(x)
        expected = _nearest_float32(Fraction(float(x)) * Fraction(y) + Fraction(c))
        assert fma32(np.array([x]), y, c)[0] == expected, (x, y, c)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e20, 1e-280, 1e290])
def test_fma64_rounds_once(scale):
    rng = np.random.default_rng(1)
    x = np.append(rng.standard_normal(500), [0.0, -0.0, 1.0 + 2.0**-52])
    for y, c in [(rng.standard_normal() * scale, rng.standard_normal()) for _ in range(10)] + [(2.0, 0.1), (0.0, 1.0)]:
        expected = [float(Fraction(v) * Fraction(y) + Fraction(c)) for v in x.tolist()]
        assert fma64(x, y, c).tolist() == expected
    assert fma_exact(1e308, 10.0, 0.0) == np.inf


def test_libm_agrees_with_the_c_library_below_and_above_the_vector_threshold():
    import math

    x = np.random.default_rng(2).random(5000)
    for name in ("log", "log1p", "exp", "sin", "cos", "tan"):
        ours, reference = getattr(libm, name), [getattr(math, name)(v) for v in x.tolist()]
        assert ours(x).tolist() == reference
        assert ours(x[:50]).tolist() == reference[:50]
    assert libm.log(np.array([0.0, 1.0])).tolist() == [-np.inf, 0.0]
    assert libm.exp(np.array([1e4, 0.0])).tolist() == [np.inf, 1.0]
    assert np.isnan(libm.log1p(np.array([-2.0]))).all()


# -- layouts ----------------
def test_elements_are_filled_in_the_order_of_memory():
    base = np.zeros((4, 6))
    view = base.T[1:5:2]
    fill_in_memory_order(view, lambda flat: np.copyto(flat, np.arange(1.0, flat.size + 1)))
    assert base[base != 0].tolist() == list(range(1, view.size + 1))
    assert empty_like_dense(view).T.flags.c_contiguous


# -- refusals ----------------
F32, I64, C64 = (np.zeros(3, t) for t in (np.float32, np.int64, np.complex64))
REFUSED = [
    (uniform.uniform_, (F32, 2, 1), RuntimeError, r"but found from=2 > to=1"),
    (uniform.uniform_, (F32, -3e38, 3e38), RuntimeError, r"uniform_ expects to-from <= std::numeric_limits<Float>"),
    (uniform.uniform_, (F32, 0, np.inf), RuntimeError, "to is out of bounds for float"),
    (uniform.uniform_, (I64,), NotImplementedError, "\"check_uniform_bounds\" not implemented for 'Long'"),
    (uniform.random_, (I64, 3, 3), RuntimeError, "from=3 >= to=3"),
    (uniform.random_, (np.zeros(3, np.uint8), 0, 300), RuntimeError, "to - 1 is out of bounds for unsigned char"),
    (uniform.random_, (np.zeros(3, np.int8), 200), RuntimeError, "from is out of bounds for signed char"),
    (uniform.random_, (C64,), NotImplementedError, "\"random_kernel_cpu\" not implemented for 'ComplexFloat'"),
    (uniform.bernoulli_scalar_, (F32, 1.5), RuntimeError, r"expects p to be in \[0, 1\], but got p=1.5"),
    (uniform.bernoulli_tensor, (F32 + 2,), RuntimeError, "Expected p_in >= 0 && p_in <= 1 to be true"),
    (uniform.bernoulli_tensor, (I64,), NotImplementedError, "\"bernoulli_tensor_cpu_p_\" not implemented for 'Long'"),
    (normal.normal_, (F32, 0, -1), RuntimeError, "normal expects std >= 0.0, but found std -1"),
    (normal.normal_, (F32, 0, np.nan), RuntimeError, "but found std nan"),
    (normal.normal_, (I64,), NotImplementedError, "\"normal_kernel_cpu\" not implemented for 'Long'"),
    (normal.normal, (F32, F32 - 1), RuntimeError, "normal expects all elements of std >= 0.0"),
    (normal.log_normal_, (F32, 0, 0), RuntimeError, "log_normal_ expects std > 0.0, but found std=0"),
    (transforms.exponential_, (F32, 0), RuntimeError, "exponential_ expects lambda > 0.0, but found lambda=0"),
    (transforms.exponential_, (I64,), RuntimeError, "dtype must be a floating point but you specified Long"),
    (transforms.geometric_, (F32, 1), RuntimeError, r"geometric_ expects p to be in \(0, 1\), but got p=1"),
    (transforms.cauchy_, (F32, 0, 0), RuntimeError, "cauchy_ expects sigma > 0.0, but found sigma=0"),
    (transforms.cauchy_, (I64,), RuntimeError, "dtype must be a floating point but you specified long int"),
    (permutation.randperm, (-1,), RuntimeError, r"Trying to create tensor with negative dimension -1: \[-1\]"),
    (permutation.randperm, (300, np.uint8), RuntimeError, "value cannot be converted to type uint8_t without overflow"),
    (permutation.randperm, (3000, np.float16), RuntimeError, "n cannot be greater than 2049 for Half type"),
    (rejection.poisson, (F32 - 1,), RuntimeError, "invalid Poisson rate, expected rate to be non-negative"),
    (rejection.standard_gamma, (I64,), NotImplementedError, "\"gamma_cpu\" not implemented for 'Long'"),
    (rejection.binomial, (I64, F32), ValueError, "binomial only supports floating-point dtypes for count, got: Long"),
    (rejection.binomial, (F32.astype(float), F32), RuntimeError, "Found dtype Float but expected Double"),
    (rejection.binomial, (F32, F32 + np.nan), ValueError, "must not contain NaN"),
    (discrete.multinomial, (F32, 1), RuntimeError, r"invalid multinomial distribution \(sum of probabilities <= 0\)"),
    (discrete.multinomial, (F32 + 1, 4), RuntimeError, "cannot sample n_sample > prob_dist.size"),
    (discrete.multinomial, (F32 + 1, 0), RuntimeError, "cannot sample n_sample <= 0 samples"),
    (discrete.multinomial, (F32 - 1, 2), RuntimeError, "contains either `inf`, `nan` or element < 0"),
    (discrete.multinomial, (F32 - 1, 9, True), RuntimeError, "encountering probability entry < 0"),
    (discrete.multinomial, (I64, 1), RuntimeError, "only supports floating-point dtypes for input, got: Long"),
    (discrete.multinomial, (np.ones((2, 2, 2)), 1), RuntimeError, "prob_dist must be 1 or 2 dim"),
    (truncated.trunc_normal_, (F32, 0, 0), ZeroDivisionError, "division by zero"),
]


@pytest.mark.parametrize("sampler, arguments, error, message", REFUSED)
def test_refusals_name_the_reason_and_draw_nothing(gen, sampler, arguments, error, message):
    copies = [np.copy(a) if isinstance(a, np.ndarray) else a for a in arguments]
    before = gen.get_state_array()
    with pytest.raises(error, match=message):
        sampler(gen, *copies)
    for given, after in zip(arguments, copies, strict=True):
        if isinstance(given, np.ndarray):
            assert np.array_equal(given, after, equal_nan=True)
    if sampler is not truncated.trunc_normal_:
        assert np.array_equal(gen.get_state_array(), before)


@pytest.mark.parametrize("levels", [0, 3, 40])
@pytest.mark.parametrize(
    "rows, n, k", [(1, 9, 2), (3, 5, 2), (40, 64, 5), (20, 200, 3), (10, 7, 7), (0, 4, 2), (5, 3, 0)]
)
def test_topk_of_many_rows_is_that_of_each(levels, rows, n, k):
    rng = np.random.default_rng(0)
    values = rng.integers(0, levels, (rows, n)).astype(np.float32) if levels else rng.standard_normal((rows, n))
    values[: rows // 8, 0] = np.nan
    for largest in (True, False):
        for ordered in (True, False):
            expected = np.array([topk_indices(row, k, largest, ordered) for row in values], np.int64).reshape(rows, k)
            np.testing.assert_array_equal(topk_rows(values, k, largest, ordered), expected)


def test_topk_refuses_more_than_there_are():
    with pytest.raises(RuntimeError, match="selected index k out of range"):
        topk_indices(np.arange(3.0), 4)


def test_the_quicksort_that_degenerates_falls_back_to_heaps_and_still_sorts():
    n = 4000
    values = np.zeros(n)  # a sequence that makes the median of three useless (D. Musser)
    odd = np.arange(1, n // 2 + 1, 2)
    values[odd - 1], values[odd] = odd, n // 2 + odd
    values[n // 2 :] = 2 * np.arange(1, n // 2 + 1)
    values = np.floor(values / 2)  # with ties
    order = topk_indices(values, n, largest=False)
    assert np.array_equal(np.sort(order), np.arange(n))
    assert (np.diff(values[order]) >= 0).all()


def test_two_word_permutations_shuffle_inside_out():
    gen, reference = MT19937(5), MT19937(5)
    order = []
    for i in range(50):
        z = int(reference.u64(1)[0]) % (i + 1)
        order.append(i)
        order[i] = order[z]
        order[z] = i
    assert permutation._shuffled_wide(gen, 50).tolist() == order

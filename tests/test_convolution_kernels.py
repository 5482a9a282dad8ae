"""Convolution as native code: exact where sums are exact, in the documented order, whatever the bands, threads and strides."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight as torch
from rushlight.kernels import llvm
from rushlight.kernels.norm import add_product
from rushlight.kernels.windows import out_sizes, padded
from rushlight.ops import convolve as conv

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

from rushlight.kernels import channel_sums, convolution, weight_gradients


@pytest.fixture(params=[60_000, 200], ids=["whole", "bands"])
def cache(request, monkeypatch):
    """Planes that fit the cache, and such as do not."""
    monkeypatch.setattr(convolution, "CACHE", request.param)
    monkeypatch.setattr(convolution, "NARROWEST", 64 if request.param > 1000 else 8)
    for tables in (convolution.correlation, convolution.table_of_sums):
        tables.cache_clear()
    yield
    for tables in (convolution.correlation, convolution.table_of_sums):
        tables.cache_clear()


@st.composite
def settings_of(draw):
    """A convolution: sizes of images, weight and result, settings."""
    n = draw(st.integers(1, 3))

    def each(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(n))

    kernel, stride, dilation, padding = each(1, 3), each(1, 3), each(1, 2), each(0, 3)
    least = max(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    size = tuple(m + least for m in each(0, 24 if n < 3 else 5))
    groups, channels, rows = draw(st.sampled_from([1, 1, 2, 3])), draw(st.integers(1, 11)), draw(st.integers(1, 9))
    return draw(st.integers(1, 4)), groups, channels, rows, size, kernel, stride, padding, dilation


def arrays(case, dtype, draw_from):
    images, groups, channels, rows, size, kernel, stride, padding, dilation = case
    out = out_sizes(size, kernel, stride, padding, dilation)
    shapes = (images, groups * channels, *size), (groups * rows, channels, *kernel), (images, groups * rows, *out)
    x, weight, g = (draw_from(shape).astype(dtype) for shape in shapes)
    return x, weight, g, draw_from((groups * rows,)).astype(dtype), (stride, padding, dilation, groups)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_whole_numbers_give_what_numpy_gives(dtype, cache):
    """They are exact in any order, so that every element is checked, with no bound."""

    @settings(max_examples=40, deadline=None)
    @given(settings_of(), st.integers(0, 2**32 - 1))
    def check(case, seed):
        rng = np.random.default_rng(seed)
        x, weight, g, bias, rest = arrays(case, dtype, lambda shape: rng.integers(-4, 5, shape))
        sizes = case[4]
        found = convolution.forward(x, weight, bias, g.shape[2:], *rest)
        column = bias.reshape(-1, *[1] * len(sizes))
        np.testing.assert_array_equal(found, conv._forward(x, weight, *rest) + column)
        found = convolution.backward_input(g, weight, sizes, *rest)
        np.testing.assert_array_equal(found, conv._backward_input(g, weight, sizes, *rest))
        found = weight_gradients.backward_weight(x, g, weight.shape, *rest)
        np.testing.assert_array_equal(found, conv._backward_weight(x, g, weight.shape, *rest))

    check()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size, channels, stride", [((40, 33), 20, (1, 1)), ((31, 30), 3, (2, 2)), ((90,), 17, (1,))])
def test_rounding(dtype, size, channels, stride):
    """Within half a unit for each term of the sum of moduli, of the sums in float64 or long double."""
    n = len(size)
    rng = np.random.default_rng(3)
    case = (3, 1, channels, 13, size, (3,) * n, stride, (1,) * n, (1,) * n)
    x, weight, g, bias, rest = arrays(case, dtype, rng.standard_normal)
    exact = np.float64 if dtype == np.float32 else np.longdouble
    wide = [a.astype(exact) for a in (x, weight, g)]
    moduli = [abs(a) for a in wide]
    unit = np.finfo(dtype).eps / 2
    sizes = case[4]
    trials = (
        (lambda x, w, g: conv._forward(x, w, *rest), channels * 3**n, convolution.forward(x, weight, None, g.shape[2:], *rest)),
        (lambda x, w, g: conv._backward_input(g, w, sizes, *rest), 13 * 3**n, convolution.backward_input(g, weight, sizes, *rest)),
        (lambda x, w, g: conv._backward_weight(x, g, w.shape, *rest), g[:, 0].size,
         weight_gradients.backward_weight(x, g, weight.shape, *rest)),
    )  # fmt: skip
    for body, terms, found in trials:
        assert (abs(found - body(*wide)) <= terms * unit * body(*moduli)).all()


def chain(terms, start):
    """One fused multiply-add after another."""
    total = start
    for a, b in terms:
        total = add_product(total, np.broadcast_to(a, total.shape).astype(np.float32), b)
    return total


def test_forward_adds_in_pytorchs_order():
    """From the bias on: eight channels at a time, for these the kernel positions, for each of these the channels."""
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(s).astype(np.float32) for s in ((2, 19, 9, 10), (3, 19, 3, 2)))
    bias = rng.standard_normal(3).astype(np.float32)
    found = convolution.forward(x, w, bias, (9, 9), (1, 1), (1, 0), (1, 1), 1)
    x = padded(x, (1, 0), (1, 0))
    order = [(c, i, j) for b in range(0, 19, 8) for i in range(3) for j in range(2) for c in range(b, min(b + 8, 19))]
    for k in range(3):
        terms = [(w[k, c, i, j], x[:, c, i : i + 9, j : j + 9]) for c, i, j in order]
        expected = chain(terms, np.full((2, 9, 9), bias[k], np.float32))
        np.testing.assert_array_equal(found[:, k], expected)


def test_a_pointwise_convolution_adds_blocks_of_128_channels():
    """The first from the bias on, the others apart."""
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(s).astype(np.float32) for s in ((2, 300, 5, 4), (3, 300, 1, 1)))
    bias = rng.standard_normal(3).astype(np.float32)
    found = convolution.forward(x, w, bias, (5, 4), (1, 1), (0, 0), (1, 1), 1)
    for k in range(3):
        expected = np.full((2, 5, 4), bias[k], np.float32)
        for block in range(0, 300, 128):
            terms = [(w[k, c, 0, 0], x[:, c]) for c in range(block, min(block + 128, 300))]
            part = chain(terms, expected if block == 0 else np.zeros((2, 5, 4), np.float32))
            expected = part if block == 0 else expected + part
        np.testing.assert_array_equal(found[:, k], expected)


@pytest.mark.parametrize("width, outer", [(14, 32), (15, 16), (39, 16), (40, 8)])
def test_the_gradient_of_the_input_adds_in_pytorchs_order(width, outer):
    """Blocks of channels, fewer for wide images, are sums of their own."""
    rng = np.random.default_rng(0)
    g, w = (rng.standard_normal(s).astype(np.float32) for s in ((2, 35, 6, width), (35, 2, 3, 3)))
    found = convolution.backward_input(g, w, (8, width + 2), (1, 1), (0, 0), (1, 1), 1)
    wide = padded(g, (2, 2), (2, 2))
    expected = None
    for block in range(0, 35, outer):
        end = min(block + outer, 35)
        order = [
            (k, i, j)
            for b in range(block, end, 8)
            for i in range(3)
            for j in range(3)
            for k in range(b, min(b + 8, end))
        ]
        terms = [(w[k, 1, i, j], wide[:, k, 2 - i : 10 - i, 2 - j : width + 4 - j]) for k, i, j in order]
        part = chain(terms, np.zeros((2, 8, width + 2), np.float32))
        expected = part if expected is None else expected + part
    np.testing.assert_array_equal(found[:, 1], expected)


def test_the_gradient_of_the_input_of_strided_convolutions_adds_in_pytorchs_order():
    """With a stride that divides the width the columns of the kernel are sums of their own, with others there is one sum."""
    rng = np.random.default_rng(0)
    g, w = (rng.standard_normal(s).astype(np.float32) for s in ((2, 35, 6, 7), (35, 2, 3, 3)))
    wide = padded(g, (2, 2), (2, 2))

    def strided(columns):
        """Of the terms that the even places of the input meet."""
        terms = [
            (w[k, 1, i, j], wide[:, k, 2 - i // 2 : 9 - i // 2, 2 - j // 2 : 10 - j // 2])
            for i, j in itertools.product((0, 2), columns)
            for k in range(35)
        ]
        return chain(terms, np.zeros((2, 7, 8), np.float32))

    for width, expected in ((16, strided([0]) + strided([2])), (15, strided([0, 2]))):
        found = convolution.backward_input(g, w, (13, width), (2, 2), (0, 0), (1, 1), 1)
        np.testing.assert_array_equal(found[:, 1, ::2, ::2], expected)


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("members", [1, 5, 19])
def test_the_gradient_of_the_weight_adds_in_pytorchs_order(members, cache, one_thread):
    """Place by place, image after image: vectors along the members, or along the other channels if there are few."""
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal(s).astype(np.float32) for s in ((3, 5, 9, 13), (3, members, 4, 7)))
    found = weight_gradients.backward_weight(x, g, (members, 5, 3, 2), (2, 2), (0, 1), (1, 1), 1)
    wide = padded(x, (0, 1), (0, 1))
    for i, j in itertools.product(range(3), range(2)):
        terms = [
            (g[n, :, y, z, None], wide[n, :, 2 * y + i, 2 * z + j])
            for n, y, z in itertools.product(range(3), range(4), range(7))
        ]
        expected = np.zeros((members, 5), np.float32)
        for a, b in terms:
            expected = add_product(expected, *(np.ascontiguousarray(np.broadcast_to(v, (members, 5))) for v in (a, b)))
        np.testing.assert_array_equal(found[:, :, i, j], expected)


@pytest.mark.parametrize("shape", [(3, 5, 4, 7), (2, 19, 33), (7, 8, 1, 1)])
def test_the_sums_of_channels_add_place_by_place(shape):
    g = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    expected = np.zeros(shape[1], np.float32)
    for image in g.reshape(*shape[:2], -1):
        for place in image.T:
            expected = expected + place
    n = len(g)
    np.testing.assert_array_equal(channel_sums.native(g, (0, n), 0), expected)
    np.testing.assert_array_equal(channel_sums.by_numpy(g, (0, n), 0), expected)
    for cuts in ((0, n), (0, 1, n)):
        for run in (shape[-1], 0):
            kinds = [f(g, cuts, run) for f in (channel_sums.native, channel_sums.by_numpy)]
            np.testing.assert_array_equal(*kinds)


def test_the_sums_of_channels_are_shared_and_added_in_rows():
    g = np.random.default_rng(0).standard_normal((5, 1, 3, 17)).astype(np.float32)
    expected = np.float32(0)
    for share in (g[:3], g[3:]):
        total = np.float32(0)
        for row in share.reshape(-1, 17):
            total = total + np.add.accumulate(row)[-1]
        expected = expected + total
    for found in (channel_sums.native(g, (0, 3, 5), 17), channel_sums.by_numpy(g, (0, 3, 5), 17)):
        assert found == expected


def gradients(x, weight, bias, g, **numbers):
    inputs = [torch.from_numpy(a.copy()).requires_grad_() for a in (x, weight, bias)]
    out = torch.nn.functional.conv2d(*inputs, **numbers)
    out.backward(torch.from_numpy(g))
    return [out.detach().numpy(), *(a.grad.numpy() for a in inputs)]


def test_threads_and_layout_do_not_matter():
    """Threads do for gradients of weights that are too few to share (``weight_orders``); these are not."""
    rng = np.random.default_rng(0)
    x, weight = (rng.standard_normal(s).astype(np.float32) for s in ((9, 12, 20, 21), (24, 12, 3, 3)))
    bias = rng.standard_normal(24).astype(np.float32)
    g = rng.standard_normal((9, 24, 20, 21)).astype(np.float32)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = gradients(x, weight, bias, g, padding=1)
        torch.set_num_threads(2)
        together = gradients(x, weight, bias, g, padding=1)
        strided = gradients(np.asfortranarray(x), np.asfortranarray(weight), bias, g, padding=1)
    finally:
        torch.set_num_threads(threads)
    for a, b, c in zip(alone, together, strided, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_the_number_of_pieces_does_not_matter(monkeypatch):
    """They follow the threads, of which other machines have more."""
    rng = np.random.default_rng(0)
    rest = ((1, 1), (1, 1), (1, 1), 1)
    for images in (1, 30):
        x, w = (rng.standard_normal(s).astype(np.float32) for s in ((images, 12, 11, 13), (21, 12, 3, 3)))
        g = rng.standard_normal((images, 21, 11, 13)).astype(np.float32)
        found = []
        for pieces in (8, 24, 200):
            for module in (convolution, weight_gradients):
                monkeypatch.setattr(module, "pieces_of_work", lambda n=pieces: n)
            found.append([
                convolution.forward(x, w, None, (11, 13), *rest), convolution.backward_input(g, w, (11, 13), *rest),
                weight_gradients.backward_weight(x, g, w.shape, *rest),
            ])  # fmt: skip
        for others in found[1:]:
            for a, b in zip(found[0], others, strict=True):
                np.testing.assert_array_equal(a, b)


def test_native_and_numpy_agree_about_infinities():
    """A row's end and the next one's beginning share zeros: what is not finite there must not leak into other sums."""
    rng = np.random.default_rng(0)
    x, weight = (rng.standard_normal(s).astype(np.float32) for s in ((2, 8, 16, 17), (8, 8, 3, 3)))
    x[0, 3, 5, 16], x[1, 2, 15, 0], x[1, 1, 4, 4] = np.inf, -np.inf, np.nan
    g = rng.standard_normal((2, 8, 14, 15)).astype(np.float32)
    rest = ((1, 1), (0, 0), (1, 1), 1)
    with np.errstate(all="ignore"):
        pairs = (
            (convolution.forward(x, weight, None, (14, 15), *rest), conv._forward(x, weight, *rest)),
            (conv.convolve_weight.forward(None, x, g, size=weight.shape, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1,
                                          turned=False),
             conv._backward_weight(x, g, weight.shape, *rest)),
        )  # fmt: skip
        assert weight_gradients.backward_weight(x, g, weight.shape, *rest) is None
    for found, expected in pairs:
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))
        np.testing.assert_allclose(found, expected, 1e-4, 1e-4)


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_half_precision_is_summed_in_single(name):
    torch.manual_seed(0)
    x, weight = torch.randn(4, 8, 20, 20).to(getattr(torch, name)), torch.randn(8, 8, 3, 3).to(getattr(torch, name))
    found = torch.nn.functional.conv2d(x, weight)
    assert found.dtype is x.dtype
    assert found.equal(torch.nn.functional.conv2d(x.float(), weight.float()).to(x.dtype))


def test_all_small_plans_are_consistent():
    """Every place that a table points to lies within the scratch memory of its chunk."""
    for size, kernel, stride, dilation in itertools.product((5, 16, 33), (1, 3), (1, 2), (1, 2)):
        taps = tuple((0, i * dilation - 1, j * dilation - 1) for i in range(kernel) for j in range(kernel))
        out = out_sizes((size,) * 2, (kernel,) * 2, (stride,) * 2, (1, 1), (dilation,) * 2)
        task = convolution.Task(1, 6, 5, (1, size, size), (1, *out), (1, stride, stride), taps, 2, convolution.FORWARD)
        source = convolution.Source(0, 5 * len(taps), len(taps), tuple(range(len(taps))))
        plan = convolution.correlation(task, source, (4, 3), 8, (0,) * 6)
        planes = convolution._Planes(task)
        reach = plan.offsets.max() + plan.spots[::2].max() + 8
        assert reach <= planes.elements + 4 * 3 * 8 and plan.spots.min() >= 0 == plan.offsets.min()
        assert sorted(plan.places) == list(range(5 * len(taps)))


def test_many_weights_are_packed_by_native_code(monkeypatch):
    rng = np.random.default_rng(0)
    x, w = (rng.integers(-4, 5, s).astype(np.float32) for s in ((2, 10, 12, 13), (14, 5, 3, 3)))
    rest = ((1, 1), (1, 1), (1, 1), 2)
    g = rng.integers(-4, 5, (2, 14, 12, 13)).astype(np.float32)
    found = []
    for few in (1 << 16, 0):
        monkeypatch.setattr(convolution, "FEW_WEIGHTS", few)
        convolution.correlation.cache_clear()
        found.append(convolution.forward(x, w, None, (12, 13), *rest))
        found.append(convolution.backward_input(g, w, (12, 13), *rest))
    convolution.correlation.cache_clear()
    np.testing.assert_array_equal(found[0], conv._forward(x, w, *rest))
    for a, b in zip(found[:2], found[2:], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "channels, rows, size, kernel, padding",
    [(4, 3, (5, 5), (3, 3), 0), (1, 6, (8, 9), (3, 3), 1), (64, 20, (6, 6), (2, 2), 0), (8, 1, (9, 9), (3, 3), 1)],
)
def test_one_small_image_is_a_product_of_matrices(channels, rows, size, kernel, padding):
    """To the last bit, as in PyTorch, also where native code takes over."""
    x, w, b = torch.randn(1, channels, *size), torch.randn(rows, channels, *kernel), torch.randn(rows)
    columns = torch.nn.functional.unfold(x, kernel, padding=padding)[0]
    assert torch.equal(
        torch.nn.functional.conv2d(x, w, b, padding=padding).flatten(1).flatten(),
        torch.addmm(b[:, None], w.flatten(1), columns).flatten(),
    )

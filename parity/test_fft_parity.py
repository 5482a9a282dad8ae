"""Fourier transforms beside PyTorch's: strides, names of all nodes, and gradients of both orders for complex gradients.

What the samples of the registry do not reach: they send real numbers into complex results.
"""

import itertools
import warnings

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402

import rushlight  # noqa: E402

ONE = [{}, {"n": 8}, {"n": 3}, {"n": 1}, {"dim": 0}, {"dim": 1, "n": 7}]
MANY = [
    {},
    {"s": (3, 8)},
    {"s": (7, 2)},
    {"dim": (0, 1)},
    {"dim": (2, 0)},
    {"dim": (1,), "s": (4,)},
    {"dim": 1},
    {"s": (-1, 3)},
]
STFT = [
    {"n_fft": 8}, {"n_fft": 7, "hop_length": 7}, {"n_fft": 8, "normalized": True}, {"n_fft": 8, "onesided": False},
    {"n_fft": 8, "center": False, "hop_length": 9}, {"n_fft": 24, "center": False}, {"n_fft": 25, "center": False}, {"n_fft": 1},
    {"n_fft": 8, "pad_mode": "replicate"}, {"n_fft": 8, "return_complex": False}, {"n_fft": 8, "win_length": 5},
    {"n_fft": 9, "win_length": 5, "center": False, "align_to_window": True}, {"n_fft": 8, "onesided": True},
]  # fmt: skip
ISTFT = [
    {}, {"hop_length": 3}, {"hop_length": 9}, {"normalized": True}, {"center": False}, {"onesided": False}, {"length": 5},
    {"length": 100}, {"return_complex": True}, {"center": False, "length": 40}, {"win_length": 6},
]  # fmt: skip


def names(t):
    """The names of all nodes, as a tree. A power keeps a place for its exponent here, a number though it is."""

    def of(node):
        if node is None:
            return None
        inputs = [of(n) for n, _ in node.next_functions]
        name = node.name().removeprefix("torch::autograd::")
        return (name, inputs[:1] if name == "PowBackward0" else inputs)

    return of(t.grad_fn)


def numbers(rng, shape, complex_=False, kind=np.float64):
    a = rng.standard_normal(shape).astype(kind)
    return a + 1j * rng.standard_normal(shape).astype(kind) if complex_ else a


def run(library, call, inputs, rng):
    """The result, its gradients along a complex direction, and their gradients; or the exception."""
    xs = [library.from_numpy(a.copy()).requires_grad_() for a in inputs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # once in a process, by either
        try:
            y = call(library, *xs)
        except (RuntimeError, IndexError) as error:
            return error
    g = library.from_numpy(numbers(rng, tuple(y.shape), y.is_complex())).to(y.dtype).requires_grad_()
    first = library.autograd.grad(y, xs, g, create_graph=True)
    second = library.autograd.grad(first, [g, *xs], [d.detach() * 0.5 for d in first], allow_unused=True)
    return y, first, [d for d in second if d is not None and d.abs().sum() > 0]


def assert_same(call, inputs):
    theirs, ours = (run(library, call, inputs, np.random.default_rng(1)) for library in (torch, rushlight))
    if isinstance(theirs, Exception):
        assert isinstance(ours, type(theirs)), f"torch raises {theirs!r}, the answer is {ours!r}"
        return
    assert not isinstance(ours, Exception), ours
    assert names(ours[0]) == names(theirs[0])
    assert [s for s, n in zip(ours[0].stride(), ours[0].shape, strict=True) if n > 1] == [
        s for s, n in zip(theirs[0].stride(), theirs[0].shape, strict=True) if n > 1
    ]
    tolerance = 1e-9 if inputs[0].dtype.itemsize == (16 if inputs[0].dtype.kind == "c" else 8) else 1e-4
    pairs = zip([ours[0], *ours[1], *ours[2]], [theirs[0], *theirs[1], *theirs[2]], strict=True)
    for mine, want in pairs:
        mine, want = mine.detach().numpy(), want.detach().resolve_conj().numpy()
        assert mine.dtype == want.dtype
        np.testing.assert_allclose(mine, want, tolerance, tolerance)


@pytest.mark.parametrize("form", ["", "2", "n"])
@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
def test_transforms(name, form):
    rng = np.random.default_rng(0)
    norms, kinds = [None, "ortho", "forward", "backward"], [np.float32, np.float64]
    for complex_, norm, kwargs, kind, turned in itertools.product(
        (False, True), norms, MANY if form else ONE, kinds, (False, True)
    ):

        def call(library, x, norm=norm, kwargs=kwargs, turned=turned):
            return getattr(library.fft, name + form)(x.transpose(0, 2) if turned else x, norm=norm, **kwargs)

        assert_same(call, [numbers(rng, (4, 5, 6), complex_, kind)])


@pytest.mark.parametrize("windows", [None, False, True])
@pytest.mark.parametrize("name", ["stft", "istft"])
def test_short_time_transforms(name, windows):
    """``windows``: none, real, complex ones."""
    rng = np.random.default_rng(0)
    if name == "stft":
        shapes = [((24,), False), ((3, 24), False), ((24,), True), ((3, 24), True)]
        settings = [{"return_complex": True, **k} for k in STFT]
    else:
        shapes = [((5, 7), True), ((2, 5, 7), True), ((8, 7), True), ((2, 8, 7), True)]
        settings = [{"n_fft": n, **k} for k in ISTFT for n in (8, 9)]
    for (shape, complex_), kwargs, kind in itertools.product(shapes, settings, (np.float32, np.float64)):
        size = kwargs.get("win_length", kwargs["n_fft"])
        inputs = [numbers(rng, shape, complex_, kind)]
        if windows is not None:
            inputs.append(
                np.abs(numbers(rng, size, False, kind)) + (numbers(rng, size, True, kind) if windows else kind(0.3))
            )

        def call(library, x, window=None, kwargs=kwargs):
            return getattr(library, name)(x, window=window, **kwargs)

        assert_same(call, inputs)


@pytest.mark.parametrize("name", ["hann", "hamming", "blackman", "bartlett", "kaiser"])
def test_half_precision_windows_have_the_same_bits(name):
    for n, periodic, dtype in itertools.product((0, 1, 2, 5, 16, 255), (True, False), ("float16", "bfloat16")):
        theirs, ours = (
            getattr(library, f"{name}_window")(n, periodic, dtype=getattr(library, dtype)).float().numpy()
            for library in (torch, rushlight)
        )
        np.testing.assert_array_equal(ours, theirs)


def test_kaiser_windows_have_the_same_bits():
    for n, periodic, beta in itertools.product((2, 5, 16, 255), (True, False), (12.0, 3.3, 8.6)):
        theirs, ours = (library.kaiser_window(n, periodic, beta).numpy() for library in (torch, rushlight))
        np.testing.assert_array_equal(ours, theirs)

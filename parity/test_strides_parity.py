"""Random shapes and strides: every answer of `rushlight.kernels.strides` equals PyTorch's."""

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import rushlight  # noqa: E402
from rushlight.kernels import strides as ours  # noqa: E402

EXAMPLES = settings(deadline=None, max_examples=1500)
SIZES = st.sampled_from([0, 1, 1, 2, 2, 3, 4, 6])


@st.composite
def layouts(draw, max_dims: int = 5):
    """(shape, strides): packed in some order of dimensions, then perhaps with gaps or arbitrary steps."""
    shape = draw(st.lists(SIZES, max_size=max_dims))
    order = draw(st.permutations(range(len(shape))))
    strides, step = [0] * len(shape), draw(st.sampled_from([1, 1, 1, 2]))
    for dim in order:
        strides[dim] = step
        step *= max(shape[dim], 1)
    for dim in range(len(shape)):
        if draw(st.integers(0, 5)) == 0:
            strides[dim] = draw(st.integers(0, 20))
    return tuple(shape), tuple(strides)


def tensor(shape, strides):
    reach = sum(max(n - 1, 0) * s for n, s in zip(shape, strides, strict=True))
    return torch.as_strided(torch.zeros(1 + reach), shape, strides)


@EXAMPLES
@given(layouts())
def test_layout_questions(layout):
    t = tensor(*layout)
    assert ours.is_contiguous(*layout) == t.is_contiguous()
    assert ours.is_non_overlapping_and_dense(*layout) == torch.ops.aten.is_non_overlapping_and_dense(t)
    assert ours.has_internal_overlap(*layout) == {0: False, 1: True, 2: None}[torch._debug_has_internal_overlap(t)]
    assert ours.empty_like_strides(*layout) == torch.empty_like(t).stride()
    assert ours.empty_like_strides(*layout) == t.clone().stride()
    last = {4: torch.channels_last, 5: torch.channels_last_3d}.get(t.ndim)
    assert ours.is_channels_last_contiguous(*layout) == (last is not None and t.is_contiguous(memory_format=last))


@EXAMPLES
@given(st.lists(SIZES, max_size=5))
def test_fresh_strides(shape):
    assert ours.contiguous_strides(shape) == torch.empty(shape).stride()
    last = {4: torch.channels_last, 5: torch.channels_last_3d}.get(len(shape))
    if last is not None:
        assert ours.channels_last_strides(shape) == torch.empty(shape, memory_format=last).stride()


@EXAMPLES
@given(layouts(), st.data())
def test_view(layout, data):
    t = tensor(*layout)
    factors = [p for n in t.shape for p in ([2, 2] if n == 4 else [2, 3] if n == 6 else [n])]
    new_shape = [1] * data.draw(st.integers(0, 1))
    for factor in factors:
        if new_shape and data.draw(st.booleans()):
            new_shape[-1] *= factor
        else:
            new_shape.append(factor)
    new_shape += [1] * data.draw(st.integers(0, 2))
    try:
        expected = t.view(new_shape).stride()
    except RuntimeError as error:
        assert "view size is not compatible" in str(error)
        expected = None
    assert ours.view_strides(*map(tuple, layout), tuple(new_shape)) == expected


def outcome(call):
    try:
        return tuple(call())
    except RuntimeError as error:
        return str(error).split("\n\n")[0]


@EXAMPLES
@given(st.lists(st.integers(-2, 6), max_size=4), st.integers(0, 24))
def test_infer_size(new_shape, numel):
    expected = outcome(lambda: torch.empty(numel).view(new_shape).shape)
    assert outcome(lambda: ours.infer_size(new_shape, numel)) == expected


@EXAMPLES
@given(st.lists(st.lists(st.integers(0, 3), max_size=4).map(tuple), min_size=2, max_size=2))
def test_broadcast(shapes):
    expected = outcome(lambda: (torch.empty(shapes[0]) + torch.empty(shapes[1])).shape)
    assert outcome(lambda: ours.broadcast_shapes(*shapes)) == expected


@EXAMPLES
@given(st.lists(st.lists(st.sampled_from([1, 1, 2, 2, 3]), max_size=3).map(tuple), min_size=3, max_size=3))
def test_broadcast_of_three(shapes):
    expected = outcome(lambda: torch.addcmul(*map(torch.empty, shapes)).shape)
    assert outcome(lambda: ours.broadcast_shapes(*shapes)) == expected


@EXAMPLES
@given(st.lists(SIZES, max_size=4), st.data())
def test_element_strides_of_views(shape, data):
    """The same movements on an array and on a tensor leave the same strides, as far as `element_strides` claims."""
    if 0 in shape:
        assert ours.element_strides(np.empty(shape)) == torch.empty(shape).stride()
        return
    a, t, expanded = np.empty(shape, np.float32), torch.empty(shape), False
    unsqueezed = moved_after = False
    for _ in range(data.draw(st.integers(0, 4))):
        move = data.draw(st.sampled_from(["transpose", "unsqueeze", "slice", "expand"]))
        dim = data.draw(st.integers(0, max(a.ndim - 1, 0)))
        moved_after |= unsqueezed and move != "unsqueeze"
        unsqueezed |= move == "unsqueeze"
        if move == "unsqueeze":
            a, t = a[(slice(None),) * dim + (None,)], t.unsqueeze(dim)
        elif a.ndim == 0:
            continue
        elif move == "transpose":
            other = data.draw(st.integers(0, a.ndim - 1))
            a, t = a.swapaxes(dim, other), t.transpose(dim, other)
        elif move == "slice":
            key = (slice(None),) * dim + (slice(data.draw(st.integers(0, 1)), None, data.draw(st.integers(1, 3))),)
            a, t = a[key], t[key]
        elif move == "expand" and a.shape[dim] == 1:
            wide = a.shape[:dim] + (3,) + a.shape[dim + 1 :]
            a, t, expanded = np.broadcast_to(a, wide), t.expand(wide), True
    if t.numel():
        compared = [dim for dim, n in enumerate(t.shape) if n > 1 or not (expanded or moved_after)]
        strides = ours.element_strides(a)
        assert [strides[dim] for dim in compared] == [t.stride(dim) for dim in compared]


@EXAMPLES
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.data())
def test_gradients_lie_as_their_leaves_do(shape, data):
    """A leaf of any order or with gaps, read in any order: its ``.grad`` has the leaf's strides if these leave no gaps, else those of a
    row-major one. ``p.grad.view(-1)`` depends on it."""
    order = data.draw(st.permutations(range(len(shape))))
    read = data.draw(st.permutations(range(len(shape))))
    gap = data.draw(st.booleans())

    def strides(framework):
        memory = framework.rand(*[2 * shape[d] if gap else shape[d] for d in order])
        if gap:
            memory = memory[tuple([slice(None, None, 2)] * len(order))]
        leaf = memory.permute([order.index(d) for d in range(len(order))]).requires_grad_()
        view = leaf.permute(read)
        (view * framework.rand(*view.shape)).sum().backward()
        return [step for step, n in zip(leaf.grad.stride(), leaf.shape, strict=True) if n > 1]

    assert strides(rushlight) == strides(torch)

"""Strides against values recorded from PyTorch, and against NumPy where NumPy knows the answer."""

import itertools

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from rushlight.kernels.strides import (
    broadcast_shapes,
    channels_last_strides,
    contiguous_strides,
    element_strides,
    empty_like_strides,
    has_internal_overlap,
    infer_size,
    is_channels_last_contiguous,
    is_contiguous,
    is_non_overlapping_and_dense,
    view_strides,
)

# Recorded from PyTorch: shape, strides, is_contiguous, channels_last, dense, internal overlap, strides of empty_like.
RECORDED = [
    ((), (), True, False, True, False, ()),
    ((1,), (0,), True, False, True, False, (0,)),
    ((0,), (5,), True, False, True, False, (5,)),
    ((0, 3), (7, 2), True, False, True, False, (7, 2)),
    ((1, 3), (100, 1), True, False, True, False, (100, 1)),
    ((3, 1), (1, 7), True, False, True, False, (1, 7)),
    ((3, 1), (2, 7), False, False, False, None, (1, 3)),
    ((2, 3), (0, 1), False, False, False, True, (3, 1)),
    ((2, 3), (1, 0), False, False, False, True, (3, 1)),
    ((3, 3), (1, 1), False, False, False, None, (3, 1)),
    ((3, 3, 2), (0, 2, 4), False, False, False, True, (6, 1, 3)),
    ((3, 1, 2), (0, 2, 4), False, False, False, True, (2, 1, 1)),
    ((2, 3, 4), (24, 4, 1), False, False, False, None, (12, 4, 1)),
    ((2, 3, 1, 1), (3, 1, 3, 3), True, True, True, False, (3, 1, 3, 3)),
    ((2, 1, 3, 3), (9, 9, 3, 1), True, True, True, False, (9, 9, 3, 1)),
    ((2, 0, 3, 4), (12, 12, 4, 1), True, False, True, False, (12, 12, 4, 1)),
    ((2, 0, 3, 4), (0, 1, 0, 0), True, True, True, False, (0, 1, 0, 0)),
]


@pytest.mark.parametrize("shape, strides, contiguous, last, dense, overlap, like", RECORDED)
def test_layout_questions(shape, strides, contiguous, last, dense, overlap, like):
    assert is_contiguous(shape, strides) is contiguous
    assert is_channels_last_contiguous(shape, strides) is last
    assert is_non_overlapping_and_dense(shape, strides) is dense
    assert has_internal_overlap(shape, strides) is overlap
    assert empty_like_strides(shape, strides) == like


def test_fresh_strides():
    assert contiguous_strides(()) == ()
    assert contiguous_strides((0, 3)) == (3, 1)
    assert contiguous_strides((2, 0, 4)) == (4, 4, 1)
    assert channels_last_strides((2, 3, 0, 4)) == (0, 1, 12, 3)
    assert channels_last_strides((2, 3, 4, 5, 6)) == (360, 1, 90, 18, 3)
    with pytest.raises(RuntimeError, match="required rank 4 tensor to use channels_last format"):
        channels_last_strides((2, 3, 4))


def test_strides_of_arrays():
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    assert element_strides(array) == (12, 4, 1)
    assert element_strides(array.T) == (1, 4, 12)
    assert element_strides(array[:, ::2, 1:]) == (12, 8, 1)
    assert element_strides(array[None]) == (24, 12, 4, 1)
    assert element_strides(array[:, None]) == (12, 12, 4, 1)
    assert element_strides(array[..., None]) == (12, 4, 1, 1)
    assert element_strides(np.broadcast_to(np.ones(3), (2, 3))) == (0, 1)
    assert element_strides(np.ones(3, np.complex64).real) == (2,)
    assert element_strides(np.empty((2, 0, 4))) == (4, 4, 1)
    assert element_strides(np.array(1.0)) == ()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("new_shape", [(24,), (6, 4), (2, 12), (4, 6), (1, 2, 1, 3, 4, 1), (2, 3, 2, 2), (8, 3)])
def test_view_shows_the_elements_of_a_reshape_or_refuses_where_memory_would_be_copied(order, new_shape):
    array = np.arange(24).reshape(2, 3, 4).transpose(order)
    strides = view_strides(array.shape, element_strides(array), new_shape)
    reshaped = array.reshape(new_shape)
    assert (strides is not None) == np.shares_memory(array, reshaped)
    if strides is not None:
        assert (as_strided(array, new_shape, [s * array.itemsize for s in strides]) == reshaped).all()


def test_view_of_empty_scalar_and_expanded():
    assert view_strides((0, 3), (7, 2), (0, 3)) == (7, 2)
    assert view_strides((0, 3), (7, 2), (3, 0)) == (1, 1)
    assert view_strides((), (), (1, 1)) == (1, 1)
    assert view_strides((1,), (5,), ()) == ()
    assert view_strides((3, 1), (1, 7), (3, 1, 1)) == (1, 7, 7)
    assert view_strides((4,), (0,), (2, 2)) == (0, 0)
    assert view_strides((2, 4), (0, 1), (8,)) is None


def test_infer_size():
    assert infer_size((), 1) == ()
    assert infer_size((-1,), 0) == (0,)
    assert infer_size((-1, 3), 0) == (0, 3)
    assert infer_size((2, -1, 2), 12) == (2, 3, 2)


@pytest.mark.parametrize(
    "shape, numel, message",
    [
        ((3,), 4, "shape '[3]' is invalid for input of size 4"),
        ((-1, 3), 4, "shape '[-1, 3]' is invalid for input of size 4"),
        ((-1, 0), 4, "shape '[-1, 0]' is invalid for input of size 4"),
        ((), 4, "shape '[]' is invalid for input of size 4"),
        ((5,), 0, "shape '[5]' is invalid for input of size 0"),
        ((-1, -1), 4, "only one dimension can be inferred"),
        ((-1, 0, -1), 0, "only one dimension can be inferred"),
        ((2, -3), 4, "invalid shape dimension -3 at index 1 of shape [2, -3]"),
        (
            (-1, 0),
            0,
            "cannot reshape tensor of 0 elements into shape [-1, 0] because the unspecified dimension size -1 can be "
            "any value and is ambiguous",
        ),
    ],
)
def test_infer_size_refuses(shape, numel, message):
    with pytest.raises(RuntimeError) as error:
        infer_size(shape, numel)
    assert str(error.value).split("\n\n")[0] == message


def test_broadcast_shapes():
    assert broadcast_shapes() == ()
    assert broadcast_shapes((2, 3)) == (2, 3)
    assert broadcast_shapes((), (2, 1), (3,)) == (2, 3)
    assert broadcast_shapes((0,), (1,)) == (0,)
    assert broadcast_shapes((4, 1, 2), (3, 1)) == (4, 3, 2)


@pytest.mark.parametrize(
    "shapes, message",
    [
        ([(3,), (4,)], "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0"),
        (
            [(2, 3, 1), (4, 5)],
            "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1",
        ),
        ([(0,), (2,)], "The size of tensor a (0) must match the size of tensor b (2) at non-singleton dimension 0"),
        (
            [(2,), (3,), (4,)],
            "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0",
        ),
    ],
)
def test_broadcast_shapes_refuses(shapes, message):
    with pytest.raises(RuntimeError) as error:
        broadcast_shapes(*shapes)
    assert str(error.value).split("\n\n")[0] == message

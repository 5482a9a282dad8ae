"""Within a sequence that becomes a tensor, a tensor is a number: a list of losses of shape (1,) is a vector, as in PyTorch."""

import numpy as np
import pytest

import rushlight as torch

one, whole = torch.tensor([0.5]), torch.tensor([[3]])


@pytest.mark.parametrize(
    "make", [torch.tensor, torch.Tensor, torch.FloatTensor, torch.as_tensor, torch.zeros(2).new_tensor]
)
def test_tensors_of_one_element_are_numbers(make):
    assert make([one, torch.tensor(2.0)]).tolist() == [0.5, 2.0] and make([[one, one]]).shape == (1, 2)


def test_dtypes_and_mixtures():
    assert torch.tensor([whole, whole]).dtype is torch.int64 and torch.tensor([one.double()]).dtype is torch.float64
    assert torch.tensor([whole, 1.5]).tolist() == [3.0, 1.5] and torch.tensor([one.bfloat16()]).dtype is torch.bfloat16
    assert torch.tensor([[1.0], one]).tolist() == [[1.0], [0.5]]
    assert torch.tensor([[1, 2], torch.tensor([3, 4])]).tolist() == [[1, 2], [3, 4]]
    assert torch.tensor([np.ones(2), torch.ones(2)]).dtype is torch.float64


@pytest.mark.parametrize(
    "data, options, kind, words",
    [
        ([torch.zeros(2)], {}, ValueError, "only one element tensors can be converted to Python scalars"),
        ([torch.zeros(2), torch.zeros(2)], {}, ValueError, "only one element tensors"),
        ([torch.zeros(0)], {}, ValueError, "only one element tensors"),
        ([1, torch.zeros(2)], {}, ValueError, "only one element tensors"),
        (
            [one],
            {"dtype": torch.int64},
            TypeError,
            "only integer tensors of a single element can be converted to an index",
        ),
        ([one, [1.0]], {}, TypeError, "must be real number, not list"),
        ([1, [2]], {}, TypeError, "'list' object cannot be interpreted as an integer"),
        ([1.0, (2,)], {}, TypeError, "must be real number, not tuple"),
        ([[1.0], torch.tensor(2.0)], {}, TypeError, "not a sequence"),
        ([[1], 2], {}, TypeError, "not a sequence"),
    ],
)
def test_what_is_refused(data, options, kind, words):
    with pytest.raises(kind, match=words):
        torch.tensor(data, **options)

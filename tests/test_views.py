"""Views, indices and index writes are what PyTorch's recorded ones are."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from view_cases import answers

import rushlight as torch

GOLDEN = json.loads(gzip.decompress((Path(__file__).parent / "golden" / "views.json.gz").read_bytes()))
ANSWERS = answers(torch)


@pytest.mark.parametrize("kind", GOLDEN)
def test_answers_as_recorded(kind):
    differing = {
        case: (want, ANSWERS[kind].get(case)) for case, want in GOLDEN[kind].items() if ANSWERS[kind].get(case) != want
    }
    assert not differing
    assert ANSWERS[kind].keys() == GOLDEN[kind].keys()


def test_resize_and_set_share_memory():
    x = torch.arange(6)
    y = x.view(2, 3)
    x.resize_(2, 2)
    x[0, 0] = 9
    assert y[0, 0] == 9 and x.tolist() == [[9, 1], [2, 3]]
    z = torch.zeros(1, dtype=torch.int64).set_(y)
    z[1, 1] = 7
    assert y[1, 1] == 7 and x[0, 1] == 1
    big = torch.arange(2).resize_(4)
    assert big[:2].tolist() == [0, 1]


def test_overlapping_views_have_right_gradients():
    for view in (lambda x: x.unfold(0, 3, 1), lambda x: x.as_strided((3, 3), (1, 1)), lambda x: x.expand(2, 5)):
        x = torch.arange(5.0, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda x, view=view: view(x) ** 2, x)
        assert torch.autograd.gradgradcheck(lambda x, view=view: view(x) ** 2, x)


def test_an_index_of_ints_alone():
    """It goes a shorter way, which must be as strict: views, versions, the history of each select, what is refused."""
    x = torch.arange(12.0).view(3, 4).clone()
    v, row = x[1, -1], x[2,]
    v += 1
    assert x[1, 3].item() == 8 and v.shape == () and v._base is x and v._version == x._version == 1
    assert row.tolist() == [8.0, 9.0, 10.0, 11.0] and row._base is x
    x[0, 0], x[-1, 1], x[2,] = 5, torch.tensor(6.0), 2.5
    assert x[0].tolist() == [5.0, 1.0, 2.0, 3.0] and x[2].tolist() == [2.5] * 4 and x._version == 4
    w = torch.ones(2, 3, requires_grad=True)
    y = w * 2
    assert type(y[1, 2].grad_fn).__name__ == type(y[1, 2].grad_fn.next_functions[0][0]).__name__ == "SelectBackward0"
    y[0, 1] = 7.0
    (y[0, 1] * y[1, 2]).backward()
    assert w.grad.tolist() == [[0.0, 0.0, 0.0], [0.0, 0.0, 14.0]]
    for wrong, phrase in (
        ((3, 0), "index 3 is out of bounds for dimension 0 with size 3"),
        ((0, 0, 0), "too many indices"),
    ):
        with pytest.raises(IndexError, match=phrase):
            x[wrong]
        with pytest.raises(IndexError, match=phrase):
            x[wrong] = 1
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad"):
        w[0, 1] = 3
    expanded = torch.zeros(1).expand(3)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        expanded.view(3, 1)[0:3, 0] = 1


def test_overrides_of_indexing_are_named():
    class Named(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            names.append(func.__name__)
            return super().__torch_function__(func, types, args, kwargs or {})

    names = []
    x = torch.zeros(2, 2).as_subclass(Named)
    x[0, 1] = 1.0
    _ = x[0], x[0, 1]
    assert [n for n in names if "item" in n] == ["__setitem__", "__getitem__", "__getitem__"]

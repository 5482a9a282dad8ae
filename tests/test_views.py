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

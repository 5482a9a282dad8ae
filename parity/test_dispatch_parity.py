"""Operations below autograd and traces of them are PyTorch's, and the golden file is what it says today."""

import json

import pytest
from record_dispatch import GOLDEN, answers

torch = pytest.importorskip("torch")


def test_recorded_answers_are_those_of_this_torch():
    assert answers(torch) == json.loads(GOLDEN.read_text())

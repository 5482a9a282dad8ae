"""Loaders, datasets and samplers beside PyTorch's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import rushlight
import rushlight.utils

real = pytest.importorskip("torch")
import torch.utils.data  # noqa: E402, F401

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from data_cases import CASES, outcome  # noqa: E402


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_same(name):
    assert outcome(rushlight, CASES[name]) == outcome(real, CASES[name])

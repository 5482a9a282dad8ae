"""Views, indices and index writes on PyTorch and on Rushlight."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import rushlight

real = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from view_cases import answers  # noqa: E402


def test_answers_alike():
    assert answers(rushlight) == answers(real)

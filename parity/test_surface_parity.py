"""The programs of tests/surface print what was recorded, with the torch that is installed."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import pytest

pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent))

import record_overrides  # noqa: E402
from record_surface import GOLDEN, printed  # noqa: E402


@pytest.mark.parametrize("name", json.loads(GOLDEN.read_text()))
def test_recorded(name):
    assert printed(name) == json.loads(GOLDEN.read_text())[name]


def test_recorded_overrides():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert record_overrides.recorded() == json.loads(record_overrides.GOLDEN.read_text())

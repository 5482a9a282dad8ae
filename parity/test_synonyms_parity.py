"""PyTorch's other names for a function: which are functions of their own, and what they are called."""

from __future__ import annotations

import functools

import pytest

torch = pytest.importorskip("torch")

import rushlight  # noqa: E402
from rushlight import families  # noqa: E402
from rushlight.functions import FUNCTIONS  # noqa: E402
from rushlight.readers import REGISTRY  # noqa: E402


def test_other_names():
    families.load_all()
    records = [op for op in REGISTRY.values() if op.public_name] + list(FUNCTIONS.values())
    pairs = [(other, r.torch_name) for r in records for other in r.aliases if "." not in other]

    def told(namespace):
        at = {path: functools.reduce(getattr, path.split("."), namespace) for pair in pairs for path in pair}
        return {(other, name): (at[other] is at[name], at[other].__name__) for other, name in pairs}

    assert len(pairs) > 40 and told(rushlight) == told(torch)

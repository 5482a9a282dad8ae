"""The programs of torch.func, vmap, forward mode and autograd.functional: PyTorch's answers are those that were recorded."""

from __future__ import annotations

import gzip
import json
import sys
import warnings
from pathlib import Path

import pytest

real = pytest.importorskip("torch")
ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from func_cases import GROUPS, answers  # noqa: E402
from test_func import alike  # noqa: E402

GOLDEN = json.loads(gzip.decompress((ROOT / "tests" / "golden" / "func.json.gz").read_bytes()))


@pytest.mark.parametrize("group", GROUPS)
def test_recorded_answers_are_torchs(group):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = json.loads(json.dumps(answers(real, group)))
    assert list(found) == list(GOLDEN[group])
    for name, theirs in GOLDEN[group].items():
        alike(found[name], theirs, name)

"""The list of wrong calls is torch's: the same calls, tried on torch itself."""

import sys
import warnings
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from wrong_calls import CALLS, Namespace  # noqa: E402


@pytest.mark.parametrize("code", [c for c, _, _ in CALLS])
def test_torch_refuses_it_in_these_words(code):
    kind, phrase = next((k, p) for c, k, p in CALLS if c == code)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as caught:  # noqa: B017
            Namespace(torch).run(code)
    assert kind in [c.__name__ for c in type(caught.value).__mro__][:3]
    assert phrase in str(caught.value)

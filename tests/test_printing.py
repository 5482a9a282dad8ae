"""Printing: text equal to PyTorch's for recorded tensors, and the rules of `set_printoptions`.

`golden/printing.json.gz` holds pairs (recipe, text); `parity/record_printing.py` recorded the texts from PyTorch. A
recipe says how `build` makes the array, so that neither large arrays nor PyTorch are needed here. `build` uses only
draws and arithmetic that are exact on every CPU (no log, no pow).
"""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight.printing import get_printoptions, printoptions, set_printoptions, tensor_repr

GOLDEN = Path(__file__).parent / "golden" / "printing.json.gz"
SPECIALS = [np.nan, np.inf, -np.inf, -0.0, 0.0]
DECADES = np.array([float(f"1e{k}") for k in range(-30, 31)])


def build(recipe: dict) -> np.ndarray:
    """The array of a recipe: `seed`, `dtype`, `shape`, `values` (the kind of numbers) and `scale`."""
    rng = np.random.RandomState(recipe["seed"])
    shape, kind, scale = tuple(recipe["shape"]), recipe["values"], recipe.get("scale", 1)
    dtype = recipe["dtype"]
    if dtype == "bool":
        return rng.randint(0, 2, shape).astype(bool)
    if dtype.startswith(("int", "uint")):
        limits = np.iinfo(dtype)
        low, high = max(limits.min, -scale), min(limits.max, scale)
        return np.asarray(rng.randint(low, high + 1, shape, dtype=np.int64)).astype(dtype)
    if dtype.startswith("complex"):
        real, imag = _reals(rng, shape, kind, scale), _reals(rng, shape, recipe.get("imag", kind), scale)
        array = np.empty(shape, dtype)
        with np.errstate(all="ignore"):
            array.real, array.imag = real, imag
        return array
    with np.errstate(all="ignore"):
        if dtype != "bfloat16":
            return _reals(rng, shape, kind, scale).astype(dtype)
        # Clearing the low half of a float32 leaves a value that bfloat16 holds exactly.
        bits = _reals(rng, shape, kind, scale).astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
        return np.asarray(bits, np.uint32).view(np.float32)


def _reals(rng: np.random.RandomState, shape: tuple, kind: str, scale: float) -> np.ndarray:
    if kind == "unit":
        values = rng.random_sample(shape) * 2 - 1
    elif kind == "whole":
        values = rng.randint(-1000, 1000, shape).astype(float)
    elif kind == "halves":
        values = rng.randint(-9, 10, shape) / 2
    elif kind == "zeros":
        values = np.zeros(shape)
    elif kind == "decades":
        values = np.where(rng.random_sample(shape) < 0.5, -1.0, 1.0) * DECADES[rng.randint(0, 61, shape)]
    elif kind == "specials":
        values = np.array(SPECIALS)[rng.randint(0, 5, shape)]
    elif kind == "mixed":
        plain, special = rng.randint(-9, 10, shape) / 2, np.array(SPECIALS)[rng.randint(0, 5, shape)]
        values = np.where(rng.random_sample(shape) < 0.5, plain, special)
    else:
        raise ValueError(f"unknown kind of values {kind!r}")
    return np.asarray(values) * scale


def text_of(recipe: dict, array: np.ndarray) -> str:
    """What `tensor_repr` prints for a recipe under the recipe's options."""
    with printoptions(**{"profile": "default", **recipe.get("options", {})}):
        return tensor_repr(
            array,
            dtype_name=recipe["dtype"],
            default_dtype_name=recipe.get("default", "float32"),
            requires_grad=recipe.get("requires_grad", False),
            grad_fn_name=recipe.get("grad_fn"),
        )


def golden_cases() -> list:
    return json.loads(gzip.decompress(GOLDEN.read_bytes()))


def test_golden_file_covers_what_it_should():
    recipes = [recipe for recipe, _ in golden_cases()]
    assert len(recipes) >= 600
    assert {r["dtype"] for r in recipes} >= {"float16", "bfloat16", "float32", "float64", "complex64", "bool", "int64"}
    assert {len(r["shape"]) for r in recipes} >= {0, 1, 2, 3, 4, 5}
    assert any(0 in r["shape"] for r in recipes)


@pytest.mark.parametrize("group", ["float", "bfloat", "complex", "int", "uint", "bool"])
def test_text_equals_pytorch(group):
    cases = [(r, text) for r, text in golden_cases() if r["dtype"].rstrip("0123456789") == group]
    assert cases
    for recipe, expected in cases:
        assert text_of(recipe, build(recipe)) == expected, recipe


def test_bfloat16_of_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.array([[1.0, -2.5], [1e-3, np.nan]]).astype(ml_dtypes.bfloat16)
    expected = "tensor([[ 1.0000e+00, -2.5000e+00],\n        [ 9.9945e-04,         nan]], dtype=torch.bfloat16)"
    assert tensor_repr(array, dtype_name="bfloat16") == expected
    assert tensor_repr(array[0, 0], dtype_name="bfloat16", default_dtype_name="bfloat16") == "tensor(1.)"


def test_non_contiguous_arrays_print_in_logical_order():
    array = np.arange(6).reshape(2, 3).T
    assert tensor_repr(array, dtype_name="int64") == "tensor([[0, 3],\n        [1, 4],\n        [2, 5]])"


def test_suffix_that_does_not_fit_starts_a_line():
    array = np.full(7, 0.12345, np.float32)
    first = "tensor([0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235]"
    assert tensor_repr(array, dtype_name="float32", requires_grad=True) == (first + ",\n       requires_grad=True)")
    assert tensor_repr(array, dtype_name="float32") == first + ")"


def test_class_prefix_and_leading_suffixes():
    array = np.ones(2, np.float32)
    text = tensor_repr(
        array, dtype_name="float32", class_prefix="Mine(", suffixes=["device='meta'"], requires_grad=True
    )
    assert text == "Mine([1., 1.], device='meta', requires_grad=True)"


def test_set_printoptions_keeps_what_is_left_out_but_resets_sci_mode():
    with printoptions(profile="default"):
        set_printoptions(precision=7, sci_mode=True)
        set_printoptions(edgeitems=1)
        assert get_printoptions() == {
            "precision": 7,
            "threshold": 1000,
            "edgeitems": 1,
            "linewidth": 80,
            "sci_mode": None,
        }
        set_printoptions(profile="full", precision=3)
        assert (get_printoptions()["precision"], get_printoptions()["threshold"]) == (3, float("inf"))
        with pytest.raises(TypeError, match="unexpected keyword argument 'digits'"):
            set_printoptions(digits=3)


def test_printoptions_restores_after_an_error():
    before = get_printoptions()
    with pytest.raises(ZeroDivisionError), printoptions(precision=9, sci_mode=False):
        assert get_printoptions()["precision"] == 9
        raise ZeroDivisionError
    assert get_printoptions() == before


def test_a_summary_reads_only_what_it_shows():
    # A million rows behind a broadcast: formatting them all would take minutes.
    array = np.broadcast_to(np.float32(2.0), (1_000_000, 1000, 1000))
    assert tensor_repr(array, dtype_name="float32").startswith("tensor([[[2., 2., 2.,  ..., 2., 2., 2.],\n")


def test_the_node_of_a_write_to_a_view_shows_without_its_namespace():
    x = torch.ones(2, requires_grad=True) * 2
    x[0] = 1
    assert repr(x) == "tensor([1., 2.], grad_fn=<CopySlices>)" and x.grad_fn.name() == "torch::autograd::CopySlices"

"""Random arrays under random print options: the text equals `repr` of the same tensor in PyTorch."""

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.extra import numpy as hnp  # noqa: E402

from rushlight.printing import printoptions, tensor_repr  # noqa: E402

DTYPES = [
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
]
SHAPES = hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=9)
OPTIONS = st.fixed_dictionaries(
    {"profile": st.sampled_from(["default", "short", "full"])},
    optional={
        "precision": st.integers(0, 12),
        "threshold": st.integers(0, 100),
        "edgeitems": st.integers(0, 5),
        "linewidth": st.integers(0, 150),
        "sci_mode": st.sampled_from([None, True, False]),
    },
)


def arrays(dtype: str) -> st.SearchStrategy:
    """Arrays of a dtype, with numbers of like size as often as with numbers from anywhere in its range."""
    wild = hnp.arrays(dtype, SHAPES)
    if dtype.startswith(("float", "complex")):
        tame = hnp.arrays("int64", SHAPES, elements=st.integers(-5000, 5000))
        return wild | st.builds(
            lambda a, unit: np.asarray(a * unit, dtype), tame, st.sampled_from([1.0, 0.5, 1e-3, 10.0])
        )
    return wild


@settings(deadline=None, max_examples=600)
@given(st.sampled_from(DTYPES).flatmap(arrays), OPTIONS, st.booleans(), st.sampled_from([torch.float32, torch.float64]))
def test_text_equals_pytorch(array, options, requires_grad, default):
    tensor = torch.from_numpy(array.copy())
    requires_grad = requires_grad and (tensor.is_floating_point() or tensor.is_complex())
    tensor.requires_grad_(requires_grad)
    name = str(array.dtype)
    torch.set_default_dtype(default)
    try:
        with torch._tensor_str.printoptions(**options):
            expected = repr(tensor)
    finally:
        torch.set_default_dtype(torch.float32)
    with printoptions(**options):
        default_name = str(default).removeprefix("torch.")
        text = tensor_repr(array, dtype_name=name, default_dtype_name=default_name, requires_grad=requires_grad)
    assert text == expected


@settings(deadline=None, max_examples=200)
@given(st.lists(st.floats(width=32), min_size=0, max_size=30))
def test_bfloat16_text_equals_pytorch(values):
    tensor = torch.tensor(values, dtype=torch.float32).bfloat16()
    assert tensor_repr(tensor.float().numpy(), dtype_name="bfloat16") == repr(tensor)


@settings(deadline=None, max_examples=200)
@given(st.floats() | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.complex_numbers())
def test_scalar_text_equals_pytorch(value):
    tensor = torch.tensor(value)
    assert tensor_repr(tensor.numpy(), dtype_name=str(tensor.dtype).removeprefix("torch.")) == repr(tensor)


def test_a_class_of_the_user_shows_its_name():
    class Mine(torch.Tensor):
        pass

    expected = repr(torch.ones(2).as_subclass(Mine))
    assert tensor_repr(np.ones(2, np.float32), dtype_name="float32", class_prefix="Mine(") == expected

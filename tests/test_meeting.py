"""Operands of several dtypes: what is looked up for them is what the general path gives, or it has no answer."""

import itertools
import sys

import numpy as np
import pytest

import rushlight as torch
from rushlight import large, meeting
from rushlight import op as op_module
from rushlight.bodies import can_be_fast
from rushlight.meeting import Meeting
from rushlight.op import call
from rushlight.readers import REGISTRY

DTYPES = [
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64, torch.int64, torch.int32, torch.uint8, torch.int8,
    torch.bool,
]  # fmt: skip
NUMBERS = [2, -1, 0, 0.5, -0.0, True, 1j]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Also where every array counts as large; the general path computes with NumPy too, which may round otherwise than loops."""
    for module in (meeting, op_module):
        monkeypatch.setattr(module, "MEDIUM", 8192)
    monkeypatch.setattr(large, "OFTEN", sys.maxsize)


OPS = sorted(name for name, op in REGISTRY.items() if can_be_fast(op))


def tensors(dtype):
    """A matrix, a row that broadcasts, a column turned, and a number, of small whole numbers."""
    for a in (np.arange(1, 7).reshape(2, 3), np.arange(1, 4), np.array([[1, 2]]).T, np.array(2)):
        yield torch.tensor(a).to(dtype)


def held(a):
    """The bits of an array, of NaN but that it is one."""
    return a.dtype, np.where(a == a, a, np.zeros_like(a)).tobytes(), (a == a).tobytes()


def described(x):
    if isinstance(x, Exception):
        return type(x)
    node = x.grad_fn
    saved = node and [s is None or held(s) if isinstance(s, np.ndarray) else repr(s) for s in node.saved]
    hung = node and (node.name(), node.meta, saved, [n and n.name() for n, _ in node.next_functions], node.attrs)
    return x.dtype, x.shape, x.stride(), held(x._a), hung


def general(op, *inputs):
    try:
        return call(op, inputs, {})
    except Exception as error:
        return error


def pairs(op):
    for one, other in itertools.product(DTYPES, DTYPES):
        yield from itertools.product(tensors(one), tensors(other))
    if op.numbers:
        for one, number in itertools.product(DTYPES, NUMBERS):
            yield from [(x, number) for x in tensors(one)]
    if op.numbers in ("both", "either"):
        for one, number in itertools.product(DTYPES, NUMBERS):
            yield from [(number, x) for x in tensors(one)]


@pytest.mark.parametrize("name", OPS)
def test_as_in_general(name):
    op = REGISTRY[name]
    meet, met = Meeting(op), 0
    for inputs in pairs(op) if len(op.inputs) == 2 else [(x,) for dtype in DTYPES for x in tensors(dtype)]:
        inputs = tuple([x.requires_grad_() if torch.is_tensor(x) and x.dtype.is_floating_point else x for x in inputs])
        for _ in range(2):  # met for the first time, then known
            found = meet(*inputs)
            if found is not None:
                met += 1
                assert described(found) == described(general(op, *inputs)), inputs
    assert met > 30


def test_zeros_have_signs_and_classes():
    x = torch.tensor([2], dtype=torch.int64)
    div, mul = Meeting(REGISTRY["div"]), Meeting(REGISTRY["mul"])
    for _ in range(2):
        assert [div(x, 0.0).item(), div(x, -0.0).item()] == [float("inf"), float("-inf")]
        assert [mul(x, n).dtype for n in (1, True, 1.0)] == [torch.int64, torch.int64, torch.float32]


def test_the_default_dtype_counts():
    x, div = torch.tensor([1, 2]), Meeting(REGISTRY["div"])
    assert div(x, 2).dtype is torch.float32
    torch.set_default_dtype(torch.float64)
    try:
        assert div(x, 2).dtype is torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_what_is_refused_goes_the_general_way():
    mask, whole = torch.tensor([True, False]), torch.tensor([1, 0])
    for name, *inputs in [
        ("sub", mask, mask), ("floor_divide", whole, whole), ("pow", whole, -1), ("add", whole, "1"), ("mul", whole, torch.ones(3)),
    ]:  # fmt: skip
        meet = Meeting(REGISTRY[name])
        assert [meet(*inputs) for _ in range(2)] == [None, None], name
    assert Meeting(REGISTRY["pow"])(whole, 2).tolist() == [1, 0]  # of the same kinds, but for the sign


def test_the_operators_look_there(monkeypatch):
    asked = []
    monkeypatch.setattr(Meeting, "__call__", lambda self, *inputs: asked.append(self.op.name))
    mask, x = torch.tensor([True]), torch.ones(1)
    (x * mask, mask * x, -torch.tensor([1]), x > torch.ones(1, dtype=torch.float64))
    assert list(dict.fromkeys(asked)) == ["mul", "neg", "gt"]

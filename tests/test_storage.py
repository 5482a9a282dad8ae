"""Storages: the memory behind tensors. What stands here was read off torch 2.13."""

import subprocess
import sys

import pytest

import rushlight as torch


@pytest.fixture(autouse=True)
def said_already(monkeypatch):
    monkeypatch.setattr(torch.storage, "_said", [True])


def test_a_storage_is_all_the_memory():
    x = torch.arange(6.0).view(2, 3)
    v = x[1, 1:]
    for t in (x, v, x.t(), x.expand(2, 2, 3), x.detach(), x.data):
        s = t.storage()
        assert s.tolist() == list(s) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
        assert (len(s), s.size(), s.nbytes(), s.element_size()) == (6, 6, 24, 4)
        assert s.data_ptr() == x.data_ptr() == t.untyped_storage().data_ptr()
    assert torch.empty(0).storage().data_ptr() == 0


def test_the_untyped_storage_is_one_object():
    x = torch.ones(3)
    assert x.untyped_storage() is x.untyped_storage() is x[1:].untyped_storage() is x.storage().untyped()
    assert x.untyped_storage() != x.clone().untyped_storage()
    assert x.untyped_storage().tolist() == [0, 0, 128, 63] * 3 and x.untyped_storage().element_size() == 1


def test_reading_and_writing():
    x = torch.arange(3, dtype=torch.int16)
    s, u = x.storage(), x.untyped_storage()
    assert (s[1], s[-1], u[2], u[1:4].tolist()) == (1, 2, 1, [0, 1, 0])
    s[0], u[5] = 7, 1
    s[1:2] = 5
    assert x.tolist() == [7, 5, 258]
    assert s.fill_(3) is s and x.tolist() == [3, 3, 3]
    s.copy_(torch.ones(3, dtype=torch.int16).storage())
    assert x.tolist() == [1, 1, 1]
    kept = s.clone()
    s.fill_(0)
    assert kept.tolist() == [1, 1, 1] and kept.double().dtype is torch.float64 and kept.short() is kept


def test_texts():
    assert repr(torch.tensor([1.0, 2.0]).storage()) == (
        " 1.0\n 2.0\n[torch.storage.TypedStorage(dtype=torch.float32, device=cpu) of size 2]"
    )
    assert repr(torch.tensor([1, 0], dtype=torch.uint8).untyped_storage()) == (
        " 1\n 0\n[torch.storage.UntypedStorage(device=cpu) of size 2]"
    )
    assert torch.ones(1).storage().type() == "torch.FloatStorage"
    assert torch.ones(1).bfloat16().storage().tolist() == [1.0]


def test_set_loads_its_family():
    """The one in the family file is the method, from the first call on."""
    code = (
        "import rushlight as t; x = t.zeros(2); x.set_(t.arange(4.0), 1, (2,), (2,)); assert x.tolist() == [1.0, 3.0]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_tensors_from_storages_share():
    x = torch.arange(4.0)
    for y in (torch.Tensor(x.storage()), torch.FloatTensor(x.untyped_storage()), torch.empty(0).set_(x.storage())):
        assert y.data_ptr() == x.data_ptr() and y.tolist() == x.tolist()
    assert torch.empty(0).set_(x.untyped_storage(), 1, (2, 2), (1, 1)).tolist() == [[1.0, 2.0], [2.0, 3.0]]
    assert torch.is_storage(x.storage()) and torch.is_storage(torch.UntypedStorage(2)) and not torch.is_storage(x)
    assert torch.TypedStorage([1, 2]).dtype is torch.float32


@pytest.mark.parametrize(
    ("wrong", "kind", "phrase"),
    [
        (lambda x: x.storage()[3], IndexError, "index 3 out of range for storage of size 3"),
        (lambda x: x.storage()["a"], RuntimeError, "can't index a <class"),
        (lambda x: x.storage()[1:2], RuntimeError, "slices are only supported in UntypedStorage.__getitem__"),
        (lambda x: x.untyped_storage()["a"], TypeError, "can't index a torch.UntypedStorage with str"),
        (lambda x: torch.Tensor(x.long().storage()), RuntimeError, "Expected a Storage of type Float or an Untyped"),
        (lambda x: torch.empty(0).set_(x.long().storage()), RuntimeError, "but got type Long for argument 1 'storage'"),
        (lambda x: x.storage().cuda(), AssertionError, "Torch not compiled with CUDA enabled"),
        (lambda x: x.storage().resize_(9), NotImplementedError, "resize_"),
    ],
)
def test_wrong_calls(wrong, kind, phrase):
    with pytest.raises(kind, match=phrase.replace("(", r"\(")):
        wrong(torch.ones(3))


def test_the_warning_comes_once(monkeypatch):
    monkeypatch.setattr(torch.storage, "_said", [])
    with pytest.warns(UserWarning, match="TypedStorage is deprecated") as said:
        torch.ones(1).storage()
        torch.ones(1).storage()
    assert len(said) == 1 and said[0].filename == __file__


def test_storages_of_one_memory_asked_one_after_another_have_one_id():
    # what books print to show that a view has its tensor's memory: the first storage is gone when the second is made
    x = torch.ones(2, 3)
    y = x.t()
    typed, untyped = id(x.storage()) == id(y.storage()), id(x.untyped_storage()) == id(y.untyped_storage())
    assert typed and untyped

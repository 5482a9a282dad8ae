"""Checkpoints: what comes back is what was saved; nothing is run; a failed call leaves files as they were."""

from __future__ import annotations

import io
import os
import pathlib
import pickle

import pytest
from checkpoint_cases import CASES, MODULES, plain

import rushlight as torch
from rushlight import nn, serialization


def through(x, **kwargs):
    file = io.BytesIO()
    torch.save(x, file)
    file.seek(0)
    return torch.load(file, **kwargs)


@pytest.mark.parametrize("name", CASES)
def test_round_trip(name):
    made = CASES[name](torch)
    assert plain(through(made)) == plain(made)


@pytest.mark.parametrize("name", MODULES)
def test_whole_modules(name):
    made = MODULES[name](torch)
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        through(made)
    again = through(made, weights_only=False)
    assert repr(again) == repr(made) and plain(again.state_dict()) == plain(made.state_dict())


def test_views_still_share_their_memory():
    a = torch.arange(6.0).reshape(2, 3)
    x, y = through([a, a.t()])
    x[0, 1] = 9
    assert y[1, 0] == 9
    p = nn.Parameter(torch.ones(2))
    x, y = through([p, p])
    assert x is y


def test_what_a_file_may_not_name(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    with pytest.raises(pickle.UnpicklingError, match="Unsupported global: GLOBAL posix.mkdir"):
        through(Evil())
    assert not list(tmp_path.iterdir())


def test_safe_globals():
    path = pathlib.PurePosixPath
    entry = (path, f"{path.__module__}.{path.__qualname__}")  # Python 3.13 moved it
    x = pathlib.PurePosixPath("a/b")
    with pytest.raises(pickle.UnpicklingError):
        through(x)
    with serialization.safe_globals([entry]):
        assert through(x) == x
    assert serialization.get_safe_globals() == []
    serialization.add_safe_globals([entry])
    assert through(x) == x
    serialization.clear_safe_globals()


def test_a_whole_module_of_allowed_classes():
    made = nn.Sequential(nn.TransformerEncoderLayer(4, 2, 4), nn.Dropout(0.0)).eval()
    allowed = [
        nn.functional.relu, nn.Sequential, nn.Dropout, nn.Linear, nn.LayerNorm, nn.TransformerEncoderLayer,
        nn.modules.activation.MultiheadAttention, nn.modules.linear.NonDynamicallyQuantizableLinear,
    ]  # fmt: skip
    with serialization.safe_globals(allowed):
        read = through(made)
    x = torch.ones(2, 3, 4)
    assert read[0].activation is nn.functional.relu and torch.equal(read(x), made(x))
    with (
        serialization.safe_globals(allowed[1:]),
        pytest.raises(pickle.UnpicklingError, match="torch.nn.functional.relu"),
    ):
        through(made)


def test_files_by_name_and_by_handle(tmp_path):
    path = tmp_path / "x.pt"
    torch.save({"a": torch.ones(2)}, path)
    for f in (path, str(path)):
        assert torch.load(f)["a"].tolist() == [1, 1]
    with open(path, "rb") as file:
        assert torch.load(file, mmap=None)["a"].tolist() == [1, 1]
    assert os.listdir(tmp_path) == ["x.pt"]


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.pt"
    torch.save(1, path)
    with pytest.raises(AttributeError, match="Can't pickle local object"):
        torch.save(lambda: 0, path)
    assert torch.load(path) == 1 and os.listdir(tmp_path) == ["x.pt"]
    with pytest.raises(RuntimeError, match="Parent directory .* does not exist"):
        torch.save(1, tmp_path / "none" / "x.pt")
    with pytest.raises(AttributeError, match="expected 'f' to be string, path, or a file-like object"):
        torch.save(1, 3)


def test_damaged_files():
    file = io.BytesIO()
    torch.save({"a": torch.ones(3)}, file)
    good = file.getvalue()
    for data, kind, phrase in (
        (b"", EOFError, "empty"),
        (good[:200], RuntimeError, "PytorchStreamReader failed reading zip archive"),
        (b"hello world", NotImplementedError, "no zip checkpoint"),
    ):
        with pytest.raises(kind, match=phrase):
            torch.load(io.BytesIO(data))
    with pytest.raises(FileNotFoundError):
        torch.load("there-is-no-such-file.pt")
    with pytest.raises(AttributeError, match="You can only torch.load from a file that is seekable"):
        torch.load(3)


def test_map_location():
    for to in ("cpu", torch.device("cpu"), {"cpu": "cpu"}, lambda storage, place: storage, lambda storage, place: None):
        assert through(torch.ones(2), map_location=to).tolist() == [1, 1]
    for to in ("cuda", torch.device("cuda:0"), {"cpu": "cuda:1"}):
        with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device"):
            through(torch.ones(2), map_location=to)
    with pytest.raises(RuntimeError, match="don't know how to restore data location"):
        through(torch.ones(2), map_location="somewhere")


def test_a_file_from_a_gpu(monkeypatch):
    file = io.BytesIO()
    torch.save(torch.ones(2), file)
    monkeypatch.setattr(
        serialization._Unpickler, "persistent_load",
        lambda self, pid, load=serialization._Unpickler.persistent_load: load(self, (*pid[:3], "cuda:0", pid[4])),
    )  # fmt: skip
    with pytest.raises(RuntimeError, match="map_location=torch.device"):
        torch.load(io.BytesIO(file.getvalue()))
    assert torch.load(io.BytesIO(file.getvalue()), map_location="cpu").tolist() == [1, 1]


def test_a_tensor_that_reaches_outside_its_storage():
    with pytest.raises(RuntimeError, match="reaches outside its storage"):
        serialization._rebuild_tensor(torch.ones(2).numpy(), 1, (2,), (1,))


def test_state_of_a_generator():
    g = torch.Generator().manual_seed(5)
    state = through(g.get_state())
    first = torch.rand(3, generator=g)
    g.set_state(state)
    assert torch.equal(torch.rand(3, generator=g), first)


@pytest.mark.parametrize("path", ["exp", "relu", "where", "nn.functional.relu", "nn.functional.gelu", "linalg.norm"])
def test_a_public_function_is_pickled_by_its_name(path):
    function = torch
    for part in path.split("."):
        function = getattr(function, part)
    assert pickle.loads(pickle.dumps(function)) is function

"""Compiled code on disk: kept, damaged, unwritable, written by several at once; and loaded without LLVM."""

import os
import subprocess
import sys
import textwrap

import pytest

from rushlight.kernels import cache, llvm, objects

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RUSHLIGHT_CACHE_DIR", str(tmp_path / "kept"))
    cache.folder.cache_clear()
    yield tmp_path / "kept"
    cache.folder.cache_clear()


def test_what_is_written_is_read(folder):
    name = cache.key("a kernel", 1)
    assert cache.read(name) is None
    cache.write(name, b"code")
    assert cache.read(name) == b"code"
    assert name == cache.key("a kernel", 1) != cache.key("a kernel", 2)
    assert os.stat(folder).st_mode & 0o777 == 0o700


def test_a_damaged_entry_is_none(folder):
    name = cache.key("a kernel")
    cache.write(name, b"code" * 100)
    path = folder / name
    whole = path.read_bytes()
    for damaged in (b"", whole[:10], whole[:-1], whole[:50] + b"x" + whole[51:], whole + b"y"):
        path.write_bytes(damaged)
        assert cache.read(name) is None
    cache.write(name, b"new")
    assert cache.read(name) == b"new"


def test_a_folder_that_others_can_write_to_is_not_used(folder):
    folder.mkdir(mode=0o700)
    folder.chmod(0o777)
    assert cache.folder() is None
    cache.write(cache.key("a"), b"code")
    assert cache.read(cache.key("a")) is None and not list(folder.iterdir())


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("RUSHLIGHT_CACHE_DIR", str(tmp_path / "file" / "kept"))
    cache.folder.cache_clear()
    assert cache.folder() is None
    cache.write(cache.key("a"), b"code")
    cache.folder.cache_clear()


def test_the_oldest_go_first_and_strangers_stay(folder, monkeypatch):
    names = [cache.key(i) for i in range(4)]
    for age, name in enumerate(names):
        cache.write(name, bytes(100))
        os.utime(folder / name, (age, age))
    (folder / "notes.txt").write_text("mine")
    monkeypatch.setattr(cache, "CAP", 300)
    monkeypatch.setattr(cache, "ONE_IN", 1)
    cache.write(cache.key("new"), bytes(100))
    assert [cache.read(name) is not None for name in names] == [False, False, False, True]
    assert cache.clear() == 2
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


PROGRAM = """
    import sys
    import rushlight as torch
    x = torch.arange(100_000, dtype=torch.float32)
    print(((x * 2 + 1).sum().item(), "llvmlite" in sys.modules))
"""


def run(folder):
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "RUSHLIGHT_KERNELS": "now", "RUSHLIGHT_CACHE_DIR": str(folder), "PYTHONPATH": path}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)], env=environment, stdout=subprocess.PIPE, text=True
    )


def test_a_second_process_needs_no_llvm(tmp_path):
    first = run(tmp_path / "kept").communicate(timeout=100)[0]
    second = run(tmp_path / "kept").communicate(timeout=100)[0]
    assert "True" in first
    on_elf = sys.platform == "linux" and os.uname().machine == "x86_64"
    assert second == first.replace("True", str(not on_elf))
    for path in (tmp_path / "kept").iterdir():
        path.write_bytes(path.read_bytes()[:-3])
    assert run(tmp_path / "kept").communicate(timeout=100)[0] == first


def test_several_processes_may_write_at_once(tmp_path):
    running = [run(tmp_path / "kept") for _ in range(4)]
    answers = {process.communicate(timeout=200)[0] for process in running}
    assert len({answer.partition(",")[0] for answer in answers}) == 1
    assert not [path for path in (tmp_path / "kept").iterdir() if "." in path.name], "nothing half written is left"


def test_the_loader_refuses_what_it_does_not_know():
    with pytest.raises(NotImplementedError, match="not a relocatable file"):
        objects.load(b"\x7fELF" + bytes(100), {}.__getitem__)
    with pytest.raises(NotImplementedError, match="not a relocatable file"):
        objects.load(b"MZ" + bytes(100), {}.__getitem__)


def test_both_loaders_run_the_same_code(monkeypatch):
    text = "define i64 @twice(i64 %x) {\n  %y = call i64 @labs(i64 %x)\n  %z = add i64 %y, %y\n  ret i64 %z\n}\ndeclare i64 @labs(i64)\n"
    import ctypes

    symbols = {"labs": ctypes.cast(ctypes.CDLL(None).labs, ctypes.c_void_p).value}
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)

    def unknown(data, address_of):
        raise NotImplementedError

    for load in (objects.load, unknown):
        monkeypatch.setattr(objects, "load", load)
        assert kind(llvm.load(text, symbols)["twice"])(-21) == 42


def test_another_processor_or_llvm_has_other_keys(monkeypatch):
    hashes = {cache.surroundings.__wrapped__()}
    monkeypatch.setattr(cache, "_processor", lambda: "another")
    hashes.add(cache.surroundings.__wrapped__())
    monkeypatch.setattr(cache, "_llvmlite", lambda: "another")
    hashes.add(cache.surroundings.__wrapped__())
    assert len(hashes) == 3

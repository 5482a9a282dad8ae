"""`rushlight tour` and `rushlight doctor`, with and without a terminal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rushlight import tour
from rushlight.compat import doctor

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}


def rushlight(*arguments, **environment):
    command = [sys.executable, "-m", "rushlight", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env={**ENVIRONMENT, **environment})


def in_terminal(typed, *arguments):
    """What the command shows in a terminal in which ``typed`` is typed, and its exit status."""
    pty = pytest.importorskip("pty", reason="pseudo-terminals are Unix's")
    reader, writer = pty.openpty()
    os.write(reader, typed.encode())
    command = [sys.executable, "-m", "rushlight", *map(str, arguments)]
    process = subprocess.Popen(
        command, stdin=writer, stdout=writer, stderr=writer, env={**ENVIRONMENT, "TERM": "xterm"}
    )
    os.close(writer)
    shown = b""
    while True:
        try:
            part = os.read(reader, 4096)
        except OSError:  # Linux's way to say that the other end has gone
            break
        if not part:
            break
        shown += part
    os.close(reader)
    return shown.decode(), process.wait()


@pytest.fixture
def book(tmp_path):
    """A function that writes a notebook: text and code in turn."""

    def write(*cells):
        path = tmp_path / "book.ipynb"
        kinds = ["markdown", "code"] * len(cells)
        parts = [{"cell_type": kind, "source": [cell]} for kind, cell in zip(kinds, cells, strict=False)]
        path.write_text(json.dumps({"cells": parts, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
        return path

    return write


def test_the_tour_shows_all_where_there_is_no_terminal():
    done = rushlight("tour")
    assert (done.stderr, done.returncode) == ("", 0)
    for line in (
        "A loop that runs away",
        "tensor([-220.])",
        "└── loss  mul",
        "loss ← sub ← mul ← w: −10 × 1 × 11 = −110",
        "the step size is too large: each step overshoots",
        "epoch 0  x 33  y 64  gradient       -51304  loss  6.0424e+05",
        "loss         inf",
        "largest learning rate 9.18e-04",
        "What to take along",
    ):
        assert line in done.stdout


def test_the_seeds_notebook_is_kept_without_results():
    cells = json.loads(tour.SEED.read_text(encoding="utf-8"))["cells"]
    assert {cell["cell_type"] for cell in cells} == {"markdown", "code"}
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


def test_steps_wait_for_the_reader(book):
    path = book("# One", "print('first')", "# Two", "print('second')", "# Three", "print('third')")
    shown, status = in_terminal("\nq\n", "tour", path)
    assert status == 0
    assert "first" in shown and "second" in shown and "Three" not in shown


def test_all_does_not_wait(book):
    shown, status = in_terminal("", "tour", "--all", book("# One", "6 * 7", "# Two", "print('end')"))
    assert status == 0
    assert "42" in shown and "end" in shown and "Enter" not in shown


def test_an_error_in_a_cell_ends_the_tour_and_names_the_cell(book):
    done = rushlight("tour", book("# One", "1 / 0", "# Two"))
    assert done.returncode == 1
    assert 'book.ipynb, cell 2", line 1' in done.stderr and "ZeroDivisionError" in done.stderr
    assert "Two" not in done.stdout


def test_what_shows_itself_in_a_terminal_does(book):
    path = book("", "class Tree:\n    def __rich__(self):\n        return '[bold]leaf[/]'\n\nTree()")
    assert "leaf\n" in rushlight("tour", path).stdout


def test_without_rich_the_tour_says_what_to_install(tmp_path):
    (tmp_path / "rich.py").write_text("raise ModuleNotFoundError(\"No module named 'rich'\", name='rich')")
    done = rushlight("tour", PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert done.returncode == 1
    assert "pip install rich" in done.stderr and "Traceback" not in done.stderr


def test_doctor_says_the_same_in_a_terminal():
    shown, status = in_terminal("", "doctor")
    assert status == 0
    assert {"Rushlight", "Arithmetic", "Machine code", "Optional"} == set(doctor.sections())
    for section in doctor.sections():
        assert section in shown
    plain = rushlight("doctor").stdout
    for facts in doctor.sections().values():
        for subject in facts:
            assert subject in shown and subject in plain


def test_doctor_notes_what_is_missing(monkeypatch):
    find = doctor.importlib.util.find_spec
    missing = {"llvmlite", "rich"}
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None if name in missing else find(name))
    assert [note.split()[0] for note in doctor.notes()] == ["llvmlite", "rich"]
    monkeypatch.undo()
    assert not [note for note in doctor.notes() if "rich" in note]


def test_doctor_says_why_kernels_are_off():
    assert "kernels       off: by RUSHLIGHT_KERNELS" in rushlight("doctor", RUSHLIGHT_KERNELS="off").stdout

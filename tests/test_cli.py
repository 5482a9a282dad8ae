"""`rushlight run`: programs and notebooks, run in processes of their own."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent


def rushlight(*arguments, env=None, cwd=None):
    command = [sys.executable, "-m", "rushlight", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd)


@pytest.fixture
def program(tmp_path):
    """A function that writes a program and returns its path."""

    def write(text, name="program.py"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text))
        return path

    return write


@pytest.fixture
def notebook(tmp_path):
    """A function that writes a notebook of the given code cells and returns its path."""

    def write(*cells):
        path = tmp_path / "book.ipynb"
        parts = [{"cell_type": "markdown", "source": ["# Title"]}]
        parts += [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
        path.write_text(json.dumps({"cells": parts, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
        return path

    return write


def printed(done):
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


def test_a_program_sees_what_it_would_see_alone(program):
    path = program("""
        import sys
        import torch
        print(__name__, __file__, sys.argv[1:], sys.path[0], sys.argv[0] == __file__)
        print(sys.modules["__main__"].__dict__ is globals(), torch.tensor([1.5]))
        """)
    expected = f"__main__ {path} ['--rate', '3'] {path.parent} True\nTrue tensor([1.5000])\n"
    assert printed(rushlight("run", path, "--rate", "3")) == expected
    assert printed(rushlight(path, "--rate", "3")) == expected


def test_a_program_imports_its_neighbours(program):
    program("import torch\nvalue = torch.ones(2)\n", "neighbour.py")
    assert printed(rushlight("run", program("import neighbour\nprint(neighbour.value)\n"))) == "tensor([1., 1.])\n"


def test_floating_point_is_silent(program):
    path = program("""
        import numpy as np
        import torch
        print(torch.tensor([1.0]) / 0, torch.tensor([-1.0]).log(), np.ones(1) / 0)
        """)
    assert printed(rushlight("run", path)) == "tensor([inf]) tensor([nan]) [inf]\n"


@pytest.mark.parametrize("ending, status", [("sys.exit(7)", 7), ("sys.exit()", 0), ("raise SystemExit(3)", 3)])
def test_exit_status(program, ending, status):
    done = rushlight("run", program(f"import sys\nprint('before')\n{ending}\n"))
    assert (done.stdout, done.stderr, done.returncode) == ("before\n", "", status)


def test_exit_with_a_message(program):
    done = rushlight("run", program("raise SystemExit('no data')\n"))
    assert (done.stdout, done.stderr, done.returncode) == ("", "no data\n", 1)


def test_tracebacks_end_in_the_users_line(program):
    path = program("""
        import torch

        def step():
            return torch.ones(2, 3) + torch.ones(4)

        step()
        """)
    done = rushlight("run", path)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[:2] == ["Traceback (most recent call last):", f'  File "{path}", line 7, in <module>']
    files = [line for line in lines if line.startswith("  File")]
    assert files == [f'  File "{path}", line 7, in <module>', f'  File "{path}", line 5, in step']
    assert [line for line in lines if line.startswith("RuntimeError: ")]
    full = rushlight("run", path, env={"RUSHLIGHT_FULL_TRACEBACK": "1"})
    assert len(full.stderr.splitlines()) > len(lines) and "in run_file" in full.stderr


def test_tracebacks_keep_the_users_chain(program):
    path = program("""
        import torch

        try:
            torch.ones(2) + torch.ones(3)
        except RuntimeError as error:
            raise ValueError("bad shapes") from error
        """)
    stderr = rushlight("run", path).stderr
    assert stderr.count("Traceback (most recent call last):") == 2
    assert "direct cause" in stderr and stderr.endswith("ValueError: bad shapes\n")
    assert stderr.count("  File ") == 2


def test_syntax_errors_point_at_the_program(program):
    done = rushlight("run", program("print('never')\nx = = 1\n"))
    assert (done.stdout, done.returncode) == ("", 1)
    assert "line 2" in done.stderr and "x = = 1" in done.stderr and done.stderr.count("File") == 1


def test_a_missing_file(tmp_path):
    done = rushlight("run", tmp_path / "nowhere.py")
    assert done.returncode == 2
    assert done.stderr == f"rushlight: can't open file '{tmp_path / 'nowhere.py'}': No such file or directory\n"


def test_a_reader_that_goes_away(program):
    path = program("for i in range(200000):\n    print(i)\n")
    command = [sys.executable, "-m", "rushlight", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout.readline() == "0\n"
        process.stdout.close()
        assert process.stderr.read() == ""


def test_interrupt(program):
    done = rushlight("run", program("raise KeyboardInterrupt\n"))
    assert done.returncode == 130 and done.stderr.endswith("KeyboardInterrupt\n")


def test_notebook_prints_as_jupyter(notebook):
    path = notebook(
        "import torch\nx = torch.tensor([[1., 2.], [3., 4.]])\nx",
        "x;",
        "None",
        "print('printed')\nx.sum()",
        "%matplotlib inline\ny = 'text'\ny",
        "y = 5",
        "x, [x, 1]",
        "x  # a comment",
        "list(range(30))",
    )
    assert (
        printed(rushlight("run", path))
        == textwrap.dedent("""\
        tensor([[1., 2.],
                [3., 4.]])
        printed
        tensor(10.)
        'text'
        (tensor([[1., 2.],
                 [3., 4.]]),
         [tensor([[1., 2.],
                  [3., 4.]]),
          1])
        tensor([[1., 2.],
                [3., 4.]])
        """)
        + "["
        + ",\n ".join(map(str, range(30)))
        + "]\n"
    )


def test_notebook_runs_in_its_folder(notebook):
    path = notebook("import os, sys\nprint(os.getcwd())\nprint(sys.argv[1:], __name__)")
    assert printed(rushlight("run", path, "a")) == f"{path.parent}\n['a'] __main__\n"


@pytest.mark.parametrize("line, what", [("!pip install x", "shell command"), ("%time f()", "notebook magic")])
def test_notebook_lines_that_only_jupyter_runs(notebook, line, what):
    done = rushlight("run", notebook("print(1)", f"x = 1\n{line}\n"))
    assert (done.stdout, done.returncode) == ("1\n", 1)
    assert f"NotImplementedError: book.ipynb, cell 2, line 2: the {what} `{line}`" in done.stderr


def test_notebook_traceback_names_the_cell(notebook):
    done = rushlight("run", notebook("x = 1", "def f():\n    return x.nothing", "f()"))
    assert done.returncode == 1
    assert 'File "book.ipynb, cell 3", line 1, in <module>' in done.stderr
    assert 'File "book.ipynb, cell 2", line 2, in f\n    return x.nothing' in done.stderr


def test_a_continued_line_is_no_magic(notebook):
    assert printed(rushlight("run", notebook("print('%d'\n% 3)\n"))) == "3\n"


def test_the_seed_notebook():
    done = rushlight("run", HERE / "data" / "seed.ipynb")
    golden = (HERE / "golden" / "seed.txt").read_text()
    loop = "".join(golden.splitlines(keepends=True)[:60])
    assert printed(done).startswith(loop)
    assert "tensor(-51303.6484)" in loop and "tensor(inf)" in loop


def test_the_seed_notebook_seeded(tmp_path):
    book = json.loads((HERE / "data" / "seed.ipynb").read_text(encoding="utf-8"))
    book["cells"].insert(1, {"cell_type": "code", "source": ["torch.manual_seed(0);"]})
    path = tmp_path / "seeded.ipynb"
    path.write_text(json.dumps(book))
    assert printed(rushlight("run", path)) == (HERE / "golden" / "seed.txt").read_text()


def test_help_version_and_doctor():
    assert printed(rushlight("--version")).startswith("rushlight 0.")
    assert "run a script or notebook" in printed(rushlight("--help"))
    facts = printed(rushlight("doctor"))
    assert {"rushlight", "python", "numpy", "BLAS", "threads"} <= {line.split()[0] for line in facts.splitlines()}
    bare = rushlight()
    assert bare.returncode == 2 and "COMMAND" in bare.stderr

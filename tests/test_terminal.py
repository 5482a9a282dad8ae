"""The terminal views need rich, say so where it is missing, and cost nothing until they are used."""

import io
import sys

import pytest

from rushlight.terminal import console


def test_a_console_writes_plain_text_where_there_is_no_terminal():
    out = io.StringIO()
    console(file=out, width=40).print("[bold]loss[/bold] 0.25")
    assert out.getvalue() == "loss 0.25\n"


def test_without_rich_the_error_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich", None)
    with pytest.raises(ModuleNotFoundError, match="pip install rich"):
        console()

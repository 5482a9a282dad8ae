"""One HTML file that holds an interactive picture of a graph: no network, no other file."""

from __future__ import annotations

import html
import json
from importlib import resources
from typing import Any

from .graph import Explanation
from .page_data import data

#: The page's scripts, in order. They share one function's scope.
SCRIPTS = ("graph.js", "layout.js", "picture.js", "story.js", "panel.js", "main.js")


def page(explanation: Explanation) -> str:
    """The whole page."""
    return filled(data(explanation))


def filled(contents: dict[str, Any]) -> str:
    """The page for what ``page_data.data`` found."""
    # within a string "</script>" would end the script element, and "<!--<script>" keep it open
    payload = json.dumps(contents, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    parts = {
        "TITLE": html.escape(f"{contents['title']} · Rushlight"),
        "STYLE": asset("page.css"),
        "LICENSE": asset("dagre.LICENSE"),
        "LAYOUT": asset("dagre.min.js"),
        "SCRIPT": "\n".join(asset(name) for name in SCRIPTS),
        "DATA": payload,
    }
    before, *pieces = asset("page.html").split("{{")
    found = [before]
    for piece in pieces:
        name, _, text = piece.partition("}}")
        found += [parts[name], text]
    return "".join(found)


def asset(name: str) -> str:
    return (resources.files(__package__) / "page" / name).read_text(encoding="utf-8")


def frame_of(contents: str, title: str, height: int = 560) -> str:
    """A page within a notebook: in a frame of its own, so that neither's styles reach the other."""
    return (
        f'<iframe title="{html.escape(title)}" style="width:100%;height:{height}px;border:0;border-radius:10px" '
        f'srcdoc="{html.escape(contents, quote=True)}"></iframe>'
    )

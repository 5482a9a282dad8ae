"""A graph in the language of Graphviz."""

from __future__ import annotations

from .boxes import LIMIT, picture
from .graph import Explanation

_LOOKS = {
    "leaf": 'style="rounded,filled", fillcolor="#fdf3da", color="#e2bd67"',
    "op": 'style="rounded,filled", fillcolor="white", color="#b9c3d6"',
    "root": 'style="rounded,filled", fillcolor="#e2f3e9", color="#7cc29d"',
    "group": 'style="rounded,filled", fillcolor="#f1f4fa", color="#b9c3d6", peripheries=2',
}


def dot(explanation: Explanation, limit: int = LIMIT) -> str:
    """The graph as DOT, with no more than about ``limit`` boxes: ``dot -Tpdf`` makes a page of it."""
    boxes, lines = picture(explanation, limit)
    names = {id(box): f"n{i}" for i, box in enumerate(boxes)}
    rows = [
        f"digraph {_quoted(explanation.root.title)} {{",
        '  node [shape=box, fontname="Helvetica", fontsize=11]; edge [fontname="Courier", fontsize=9, color="#8a8f99"];',
    ]
    rows += [f"  {names[id(box)]} [label={_quoted(chr(10).join(box.lines))}, {_LOOKS[box.kind]}];" for box in boxes]
    for line in lines:
        label = f" [label={_quoted(' ' + line.label)}]" if line.label else ""
        rows.append(f"  {names[id(line.above)]} -> {names[id(line.below)]}{label};")
    return "\n".join([*rows, "}", ""])


def _quoted(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'

"""Figures by matplotlib (extra ``plots``), and HTML pages that hold them: one file, nothing to load, light and dark."""

from __future__ import annotations

import html
import importlib.util
import io
import re
from typing import Any

#: What matplotlib draws in this colour takes the page's text colour.
INK = "#0a0b0c"
ORANGE, BLUE, GREEN, RED = "#c0661f", "#4c72b0", "#4a8f5a", "#b8322f"

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
.scroll { overflow-x: auto; } svg { max-width: 100%; height: auto; }
"""


def possible() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def require(what: str) -> None:
    """Raise ImportError, saying what to install, if there is no matplotlib for ``what``."""
    if not possible():
        raise ImportError(
            f"{what} is drawn by matplotlib, which is not installed.\n\nInstall it: pip install 'rushlight[plots]'"
        )


def figure(width: float, height: float) -> Any:
    """An empty matplotlib figure, ``width`` by ``height`` inches, that needs no display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(made)
    return made


def in_ink() -> Any:
    """A context in which lines and text are drawn in the page's colour."""
    import matplotlib

    colours = "text.color axes.labelcolor axes.edgecolor xtick.color ytick.color legend.labelcolor".split()
    settings: Any = {**dict.fromkeys(colours, INK), "svg.fonttype": "none", "legend.framealpha": 0.0, "font.size": 9}
    return matplotlib.rc_context(settings)


def svg(drawn: Any, label: str) -> str:
    """A figure as an SVG element to stand in a page; ``label`` is what a screen reader says."""
    file = io.StringIO()
    drawn.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    used = set(re.findall(r"#([\w-]+)[\")]", text))
    text = re.sub(r' id="([^"]*)"', lambda m: m.group() if m[1] in used else "", text)  # several figures share a page
    return text.replace("<svg", f'<svg role="img" aria-label="{html.escape(label)}"', 1)


def table(heads: list[str], rows: list[list[str]]) -> str:
    """An HTML table; the first column stands left."""
    cells = "".join(f"<th>{html.escape(head)}</th>" for head in heads)
    lines = ["<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def page(title: str, *parts: str) -> str:
    """A whole HTML file."""
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><h1>{html.escape(title)}</h1>\n{body}\n</body></html>\n"
    )

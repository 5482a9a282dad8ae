"""A graph as one SVG picture, for papers and pages without scripts. Colours follow the reader's light or dark setting."""

from __future__ import annotations

from html import escape

from .boxes import LIMIT, Box, Line, picture
from .graph import Explanation
from .layers import arrange

MARGIN, LETTER, ROW = 20.0, 7.6, 17.0

STYLE = """
.b{fill:#fff;stroke:#b9c3d6}.leaf{fill:#fdf3da;stroke:#e2bd67}.root{fill:#e2f3e9;stroke:#7cc29d;stroke-width:2}
.group{fill:#f1f4fa;stroke:#b9c3d6}.w{fill:none;stroke:#a7abb3;stroke-width:1.6}.l{fill:#fff;stroke:#d9d7cf}
text{font:12px ui-sans-serif,system-ui,"Segoe UI",Roboto,Arial,sans-serif;fill:#5b6370;text-anchor:middle}
.t{font-weight:600;font-size:13px;fill:#20242c}.v{fill:#1d5fae}.g,.d{fill:#c2255c}.d{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:11px}
@media (prefers-color-scheme:dark){.b{fill:#1e2127;stroke:#4a5468}.leaf{fill:#332a16;stroke:#7a6128}.root{fill:#17332a;stroke:#2f7657}
.group{fill:#232936}.l{fill:#1e2127;stroke:#32363f}text{fill:#99a1ae}.t{fill:#e8e9ec}.v{fill:#7fb6ff}.g,.d{fill:#ff7aa8}}
""".strip()


def svg(explanation: Explanation, limit: int = LIMIT) -> str:
    """The picture, with no more than about ``limit`` boxes: larger graphs are folded."""
    boxes, lines = picture(explanation, limit)
    for box in boxes:
        box.width = max(84.0, LETTER * max(map(len, box.lines)) + 26)
        box.height = ROW * len(box.lines) + 14
    width, height = arrange(boxes, lines)
    title = f"{explanation.root.title}: {len(explanation.nodes)} nodes"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-MARGIN} {-MARGIN} {width + 2 * MARGIN:.0f} {height + 2 * MARGIN:.0f}"'
        f' width="{width + 2 * MARGIN:.0f}" height="{height + 2 * MARGIN:.0f}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
        '<path d="M0.5 0.8 7 4 0.5 7.2z" fill="#a7abb3"/></marker></defs>',
        *map(_line, lines),
        *map(_box, boxes),
        "</svg>",
    ]
    return "\n".join(parts)


def _line(line: Line) -> str:
    path = f"M{_at(line.points[0])}"
    for a, b in zip(line.points, line.points[1:], strict=False):
        middle = (a[1] + b[1]) / 2
        path += f"C{a[0]:.1f} {middle:.1f} {b[0]:.1f} {middle:.1f} {_at(b)}"
    found = f'<path class="w" d="{path}" marker-end="url(#a)"/>'
    if line.label:
        (ax, ay), (bx, by) = line.points[-2:]
        x, y, w = (ax + bx) / 2, (ay + by) / 2, 6.8 * len(line.label) + 10
        found += f'<rect class="l" x="{x - w / 2:.1f}" y="{y - 9:.1f}" width="{w:.1f}" height="18" rx="9"/>'
        found += f'<text class="d" x="{x:.1f}" y="{y + 4:.1f}">{escape(line.label)}</text>'
    return found


def _at(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _box(box: Box) -> str:
    x, y = box.x - box.width / 2, box.y - box.height / 2
    rx = box.height / 2 if box.kind == "leaf" else 10
    found = f'<rect class="b {box.kind}" x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="{rx:.1f}"/>'
    for i, text in enumerate(box.lines):
        kind = "t" if i == 0 else "v" if text.startswith("=") else "g" if "∂" in text else "s"
        found += f'<text class="{kind}" x="{box.x:.1f}" y="{y + 20 + ROW * i:.1f}">{escape(text)}</text>'
    return found

"""A graph as a still picture shows it: no more boxes than one can look at, and the lines between them."""

from __future__ import annotations

from typing import Any

from .graph import Edge, Explanation, Node
from .groups import Group, grouped
from .statistics import gradient_text, short

#: Boxes in a picture, unless more are asked for.
LIMIT = 60


class Box:
    """A node, or a folded group. ``lines`` are what it says, the first its title; ``kind`` is leaf, op, root or group."""

    of: Any
    kind: str
    lines: list[str]
    rank: int
    x: float
    y: float
    width: float
    height: float

    __slots__ = ("kind", "lines", "of", "rank", "x", "y", "width", "height")

    def __init__(self, of: Any, kind: str, lines: list[str]):
        self.of, self.kind, self.lines = of, kind, [line for line in lines if line]
        self.rank, self.x, self.y, self.width, self.height = 0, 0.0, 0.0, 0.0, 0.0


class Line:
    """The edges between two boxes, ``above`` the one that computes first. ``label`` is the derivative if there is one edge."""

    above: Box
    below: Box
    label: str

    __slots__ = ("above", "below", "label", "points")

    def __init__(self, above: Box, below: Box, label: str):
        self.above, self.below, self.label = above, below, label
        self.points: list[tuple[float, float]] = []


def picture(explanation: Explanation, limit: int = LIMIT) -> tuple[list[Box], list[Line]]:
    """The boxes, in the order of the computation, and the lines."""
    tree = grouped(explanation)
    opened = open_up(tree, limit)
    boxes: list[tuple[int, Box]] = []
    place: dict[int, Box] = {}

    def walk(group: Group) -> None:
        for member in group.members:
            if isinstance(member, Node):
                place[member.index] = box_of(member)
                boxes.append((member.index, place[member.index]))
            elif id(member) in opened:
                walk(member)
            else:
                box = box_of(member)
                inside = list(member.nodes())
                place.update((node.index, box) for node in inside)
                boxes.append((max(node.index for node in inside), box))

    walk(tree)
    found: dict[tuple[int, int], list[Edge]] = {}
    for edge in explanation.edges:
        above, below = place[edge.target.index], place[edge.source.index]
        if above is not below:
            found.setdefault((id(above), id(below)), []).append(edge)
    lines = [Line(place[e[0].target.index], place[e[0].source.index], label(e)) for e in found.values()]
    return [box for _, box in sorted(boxes, key=lambda pair: pair[0])], lines


def open_up(tree: Group, limit: int) -> set[int]:
    """The groups that are opened, outermost first, while no more than ``limit`` boxes are shown."""
    opened: set[int] = {id(tree)}
    shown = len(tree.members)
    queue = [member for member in tree.members if isinstance(member, Group)]
    while queue:
        group = queue.pop(0)
        if shown + len(group.members) - 1 <= limit:
            opened.add(id(group))
            shown += len(group.members) - 1
            queue += [member for member in group.members if isinstance(member, Group)]
    return opened


def box_of(x: Any) -> Box:
    if isinstance(x, Group):
        return Box(x, "group", [x.name or x.kind, x.detail if len(x.detail) < 40 else x.detail[:39] + "…", x.counted])
    kind = "leaf" if x.is_leaf else "root" if x is x.explanation.root else "op"
    gradient, value = x.gradient, x.number
    shown = "" if gradient is None else gradient_text(gradient)
    title = x.title if x.is_leaf or x.title == x.op else f"{x.title} = {x.op}"
    return Box(x, kind, [title, f"= {short(value)}" if value is not None else "×".join(map(str, x.shape)), shown])


def label(edges: list[Edge]) -> str:
    if len(edges) > 1:
        return ""
    edge = edges[0]
    if edge.derivative is not None:
        return f"× {short(edge.derivative)}"
    return "" if edge.norm is None else f"‖J‖ {'' if edge.exact else '≈ '}{short(edge.norm)}"

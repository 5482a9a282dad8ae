"""Places for boxes and lines in a still picture: layers from the leaves down to the root, few crossings, straight lines where it goes.

The method of layers (Sugiyama): a box stands one layer below the lowest it reads; long lines are cut by unseen boxes; the order within a
layer follows the mean place of its neighbours, down and up in turn; then each is moved under that mean as far as the others let it. For
the few boxes of a still picture; the page's pictures are laid out by dagre.
"""

from __future__ import annotations

from .boxes import Box, Line

GAP, LAYER, SWEEPS = 26.0, 58.0, 8


class _Bend(Box):
    """The unseen box at which a long line passes a layer."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(None, "bend", [])
        self.width = 10.0


def arrange(boxes: list[Box], lines: list[Line]) -> tuple[float, float]:
    """Give boxes (whose sizes are set) their places, and lines their points; the size of the picture."""
    rank(boxes, lines)
    chains = {id(line): chain(line) for line in lines}
    layers: list[list[Box]] = [[] for _ in range(1 + max(box.rank for box in boxes))]
    for box in boxes:
        layers[box.rank].append(box)
    above: dict[int, list[Box]] = {}
    below: dict[int, list[Box]] = {}
    for way in chains.values():
        for bend in way[1:-1]:
            layers[bend.rank].append(bend)
        for a, b in zip(way, way[1:], strict=False):
            below.setdefault(id(a), []).append(b)
            above.setdefault(id(b), []).append(a)
    order(layers, above, below)
    spread(layers, above, below)
    left = min(box.x - box.width / 2 for layer in layers for box in layer)
    y = 0.0
    for layer in layers:
        height = max((box.height for box in layer), default=0.0)
        for box in layer:
            box.x -= left
            box.y = y + height / 2
        y += height + LAYER
    for line in lines:
        way = chains[id(line)]
        middle = [(bend.x, bend.y) for bend in way[1:-1]]
        line.points = [(way[0].x, way[0].y + way[0].height / 2), *middle, (way[-1].x, way[-1].y - way[-1].height / 2)]
    return max(box.x + box.width / 2 for layer in layers for box in layer), y - LAYER


def rank(boxes: list[Box], lines: list[Line]) -> None:
    """A layer for each box. ``boxes`` stand in the order of the computation; what reads nothing is put just above what reads it."""
    reads: dict[int, list[Box]] = {}
    read_by: dict[int, list[Box]] = {}
    for line in lines:
        reads.setdefault(id(line.below), []).append(line.above)
        read_by.setdefault(id(line.above), []).append(line.below)
    for box in boxes:
        box.rank = 1 + max((other.rank for other in reads.get(id(box), [])), default=-1)
    for box in reversed(boxes):
        if id(box) not in reads and id(box) in read_by:
            box.rank = min(other.rank for other in read_by[id(box)]) - 1
    least = min(box.rank for box in boxes)
    for box in boxes:
        box.rank -= least


def chain(line: Line) -> list[Box]:
    """The boxes along a line, with one for each layer that it passes."""
    bends: list[Box] = []
    for layer in range(line.above.rank + 1, line.below.rank):
        bend = _Bend()
        bend.rank = layer
        bends.append(bend)
    return [line.above, *bends, line.below]


def order(layers: list[list[Box]], above: dict[int, list[Box]], below: dict[int, list[Box]]) -> None:
    """Order each layer by the mean place of its neighbours in the layer before, downwards and upwards in turn."""
    place: dict[int, float] = {}
    for layer in layers:
        place.update((id(box), i) for i, box in enumerate(layer))
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        near = above if down else below
        for layer in layers if down else reversed(layers):
            layer.sort(key=lambda box: mean([place[id(n)] for n in near.get(id(box), [])], place[id(box)]))
            place.update((id(box), i) for i, box in enumerate(layer))


def mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def spread(layers: list[list[Box]], above: dict[int, list[Box]], below: dict[int, list[Box]]) -> None:
    """Places across: side by side first, then each towards the mean of its neighbours, as far as those beside it let it."""
    for layer in layers:
        x = 0.0
        for box in layer:
            box.x = x + box.width / 2
            x += box.width + GAP
        for box in layer:
            box.x -= x / 2
    for sweep in range(3 * SWEEPS):
        near = above if sweep % 2 == 0 else below
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = [mean([n.x for n in near.get(id(box), [])], box.x) for box in layer]
            settle(layer, wanted)


def settle(layer: list[Box], wanted: list[float]) -> None:
    """Move the boxes of a layer to where they want to be without overlapping: too close ones share the difference."""
    for box, x in zip(layer, wanted, strict=True):
        box.x = x
    for _ in range(len(layer)):
        moved = False
        for a, b in zip(layer, layer[1:], strict=False):
            overlap = (a.width + b.width) / 2 + GAP - (b.x - a.x)
            if overlap > 1e-6:
                a.x -= overlap / 2
                b.x += overlap / 2
                moved = True
        if not moved:
            return
    x = layer[0].x - layer[0].width / 2
    for box in layer:  # never settled: one after the other
        box.x = max(box.x, x + box.width / 2)
        x = box.x + box.width / 2 + GAP

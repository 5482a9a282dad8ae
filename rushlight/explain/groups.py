"""A large graph made small: nodes folded by module, by repetition, and, where neither says anything, by their place in the order.

The result is a tree whose leaves are nodes. Every group is a run of consecutive operations, so that the picture in which groups are
boxes has no cycles either. A leaf of the graph (a parameter) belongs to the innermost group that holds all its users.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from .graph import Explanation, Node
from .names import title_of

#: Runs are folded if a pattern comes at least so often ...
OFTEN = 3
#: ... and a group has more members than one takes in at a glance.
MANY = 12
#: Members of a group that nothing divides are cut into parts of this many.
PART = 40
#: Distances to earlier copies of an element that are tried as the length of a pattern.
TRIES = 12


class Group:
    """A part of a graph that can be shown as one box.

    ``kind`` is ``module``, ``repetition`` (its members are copies of one pattern), ``copy`` or ``part``; ``members`` are nodes and groups.
    """

    kind: str
    name: str
    members: list[Any]
    detail: str

    __slots__ = ("kind", "name", "detail", "members")

    def __init__(self, kind: str, name: str, members: list[Any], detail: str = ""):
        self.kind, self.name, self.members, self.detail = kind, name, members, detail

    def nodes(self) -> Iterator[Node]:
        """All nodes below."""
        stack: list[Any] = [self]
        while stack:
            x = stack.pop()
            if isinstance(x, Group):
                stack.extend(reversed(x.members))
            else:
                yield x

    @property
    def counted(self) -> str:
        """How many operations it holds: ``12 operations``."""
        n = sum(not node.is_leaf for node in self.nodes())
        return f"{n} operation{'s' * (n != 1)}"

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}: {len(self.members)} members>"


def grouped(explanation: Explanation) -> Group:
    """The whole graph as a tree of groups."""
    operations = [node for node in explanation.nodes if not node.is_leaf]
    root = Group("graph", explanation.root.title, by_module(operations, 0))
    signatures: dict[Any, int] = {}
    fold(root, signatures)
    place_leaves(explanation, root)
    return root


def by_module(operations: Sequence[Node], depth: int) -> list[Any]:
    """Operations in order, those of one call of a module (at this depth of calls) as a group."""
    found: list[Any] = []
    run: list[Node] = []
    number = None

    def close() -> None:
        if number is None:
            found.extend(run)
        elif run:
            call = run[0].calls[depth]
            found.append(Group("module", call.name, by_module(run, depth + 1), title_of(call.module)))
        run.clear()

    for node in operations:
        calls = node.calls
        here = calls[depth].number if depth < len(calls) else None
        if here != number:
            close()
            number = here
        run.append(node)
    close()
    return found


# --- repetition -----------------------------------------------------------------------------------------------------------
def signature(x: Any, known: dict[Any, int]) -> int:
    """A number that is the same for what looks the same: operation, shapes, line; of a group, what its members are."""
    if isinstance(x, Group):
        key: Any = (x.kind, x.detail, tuple([signature(m, known) for m in x.members]))
    else:
        line = x.line
        key = (x.grad_fn, x.fn.meta if x.outputs == 1 else tuple(x.fn.meta), line and line[:2])
    return known.setdefault(key, len(known))


def fold(group: Group, known: dict[Any, int]) -> None:
    """Fold repetitions among the members of a group, and below; cut what is still too long."""
    for member in group.members:
        if isinstance(member, Group):
            fold(member, known)
    if len(group.members) > MANY:
        signs = [signature(m, known) for m in group.members]
        group.members = repetitions(group.members, signs)
        for member in group.members:
            if isinstance(member, Group) and member.kind == "repetition":
                fold_below(member, known)
    cut(group)


def fold_below(repetition: Group, known: dict[Any, int]) -> None:
    """Fold patterns within the copies of a pattern, and cut the row of copies if it is too long."""
    for copy in repetition.members:
        if isinstance(copy, Group) and copy.kind == "copy":
            fold(copy, known)
    cut(repetition)


def cut(group: Group) -> None:
    while len(group.members) > PART:
        parts = [group.members[i : i + PART] for i in range(0, len(group.members), PART)]
        group.members = [Group("part", span(part), part, f"{len(part)} steps") for part in parts]


def span(part: list[Any]) -> str:
    """What the first and the last of them are called."""
    first, last = (x.title if isinstance(x, Node) else x.name for x in (part[0], part[-1]))
    first, last = first.partition(" … ")[0], last.rpartition(" … ")[2]
    return f"{first.partition(' of ')[0]} … {last.partition(' of ')[0]}"


def repetitions(members: list[Any], signs: list[int]) -> list[Any]:
    """The members with each run of copies of a pattern as one group."""
    following = next_same(signs)
    found: list[Any] = []
    i = 0
    while i < len(members):
        period, times = pattern_at(signs, following, i)
        if times < OFTEN:
            found.append(members[i])
            i += 1
            continue
        copies = [members[i + k * period : i + (k + 1) * period] for k in range(times)]
        boxes = [c[0] if period == 1 else Group("copy", f"{k + 1} of {times}", c) for k, c in enumerate(copies)]
        found.append(Group("repetition", pattern_name(copies), boxes, f"× {times}"))
        i += period * times
    return found


def pattern_name(copies: list[list[Any]]) -> str:
    """``h.0 … h.11`` for modules that are counted, else what the pattern consists of."""
    first, last = copies[0], copies[-1]
    if len(first) == 1 and isinstance(first[0], Group):
        a, b = first[0].name, last[0].name
        return a if a == b else f"{a} … {b}"
    names = [x.op if isinstance(x, Node) else x.name for x in first]
    shown = names if len(names) <= 4 else [*names[:3], "…"]
    return " → ".join(shown)


def next_same(signs: list[int]) -> list[int]:
    """For each place the next one with the same sign; -1 if there is none."""
    latest: dict[int, int] = {}
    found = [-1] * len(signs)
    for i in range(len(signs) - 1, -1, -1):
        found[i] = latest.get(signs[i], -1)
        latest[signs[i]] = i
    return found


def pattern_at(signs: list[int], following: list[int], i: int) -> tuple[int, int]:
    """The pattern that begins at ``i`` and covers most: its length, and how often it comes."""
    best = (1, 1)
    j = i
    for _ in range(TRIES):
        j = following[j]
        if j < 0 or 2 * j - i > len(signs):
            break
        period = j - i
        if signs[j - 1] != signs[j + period - 1] or signs[i:j] != signs[j : j + period]:
            continue
        times = 2
        while signs[i:j] == signs[i + times * period : i + (times + 1) * period]:
            times += 1
        if times * period > best[0] * best[1]:
            best = period, times
        if best[1] >= OFTEN:
            break  # a longer one repeats this one
    return best


# --- leaves -----------------------------------------------------------------------------------------------------------------
def place_leaves(explanation: Explanation, root: Group) -> None:
    """Put each leaf into the innermost group that holds all its users."""
    above: dict[int, list[Group]] = {}

    def walk(group: Group, way: list[Group]) -> None:
        for member in group.members:
            if isinstance(member, Group):
                walk(member, [*way, member])
            else:
                above[member.index] = way

    walk(root, [root])
    for leaf in explanation.nodes:
        if leaf.is_leaf:
            ways = [above[edge.source.index] for edge in leaf.users] or [[root]]
            home = root
            for level in zip(*ways, strict=False):
                if any(a is not b for a, b in pairwise(level)):
                    break
                home = level[0]
            home.members.append(leaf)

"""A graph as lines of text: a tree of modules and repetitions, with values, derivatives and gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .graph import Edge, Explanation, Node
from .groups import Group, grouped
from .statistics import gradient_text, memory, short

if TYPE_CHECKING:
    from rich.tree import Tree

#: Lines that are shown, unless more are asked for.
LINES = 60

#: A part of a line and what it is: title, op, value, gradient, derivative, place, soft.
Part = tuple[str, str]
Row = tuple[int, list[Part]]

_STYLES = {
    "title": "bold",
    "value": "blue",
    "gradient": "magenta",
    "derivative": "magenta",
    "place": "dim",
    "soft": "dim",
}


def rows(explanation: Explanation, limit: int = LINES) -> list[Row]:
    """Every line as its depth and parts. Groups are opened, outermost first, while there is room."""
    tree = grouped(explanation)
    opened, shown = {id(tree)}, len(tree.members)
    queue = [m for m in tree.members if isinstance(m, Group)]
    while queue:
        group = queue.pop(0)
        if group.kind != "repetition" and shown + len(group.members) <= limit:
            opened.add(id(group))
            shown += len(group.members)
            queue += [m for m in group.members if isinstance(m, Group)]
        elif group.kind == "repetition" and isinstance(group.members[0], Group):
            queue.append(group.members[0])  # one of the copies says what all are
    found: list[Row] = [(0, headline(explanation))]

    def walk(group: Group, depth: int) -> None:
        members = sorted(
            group.members, key=lambda m: m.index if isinstance(m, Node) else max(n.index for n in m.nodes())
        )
        for member in members:
            if isinstance(member, Node):
                found.append((depth, of_node(member)))
                continue
            found.append((depth, of_group(member)))
            if id(member) in opened:
                walk(member, depth + 1)
            elif (
                member.kind == "repetition" and isinstance(member.members[0], Group) and id(member.members[0]) in opened
            ):
                found.append((depth + 1, of_group(member.members[0])))
                walk(member.members[0], depth + 2)

    walk(tree, 1)
    return found


def headline(explanation: Explanation) -> list[Part]:
    n, leaves = len(explanation.nodes), len(explanation.leaves)
    saved = sum(node.saved_memory for node in explanation.nodes)
    parts: list[Part] = [
        (explanation.root.title, "title"),
        (f"{n} nodes, {leaves} lea{'f' if leaves == 1 else 'ves'}", "soft"),
    ]
    if saved:
        parts.append((f"{memory(saved)} saved for backward", "soft"))
    if explanation.freed:
        parts.append(("backward has freed the values that derivatives need", "gradient"))
    return parts


def of_group(group: Group) -> list[Part]:
    return [(group.name or group.kind, "title"), (group.detail, "op"), (group.counted, "soft")]


def of_node(node: Node) -> list[Part]:
    """Name, operation, value or shape, the derivative by each input, the gradient, the line."""
    value, gradient = node.number, node.gradient
    parts: list[Part] = [(node.title, "title")]
    if node.title != node.op:
        parts.append((node.op, "op"))
    parts.append((f"= {short(value)}", "value") if value is not None else (shape(node), "value"))
    parts += [(of_edge(edge), "derivative") for edge in node.inputs]
    if gradient is not None:
        parts.append((gradient_text(gradient), "gradient"))
    if node.line is not None:
        parts.append((str(node.line), "place"))
    return parts


def shape(node: Node) -> str:
    return "×".join(map(str, node.shape)) or "number"


def of_edge(edge: Edge) -> str:
    """``∂/∂y = 2 * input = −20``."""
    by = f"∂/∂{edge.target.title}"
    if edge.problem is not None:
        return f"{by} unknown"
    if edge.derivative is not None:
        number = short(edge.derivative)
        return (
            f"{by} = {number}"
            if edge.formula in ("", str(edge.derivative), f"{edge.derivative:g}")
            else f"{by} = {edge.formula} = {number}"
        )
    if edge.norm is None:
        return f"{by} = 0"
    return f"{by}: ‖J‖ {'=' if edge.exact else '≈'} {short(edge.norm)}"


def plain(explanation: Explanation, limit: int = LINES) -> str:
    """The lines, indented. Needs no other package."""
    lines = ["  " * depth + "  ".join(text for text, _ in parts if text) for depth, parts in rows(explanation, limit)]
    return "\n".join(lines)


def tree(explanation: Explanation, limit: int = LINES) -> Tree:
    """The lines as a tree of rich, in colour."""
    from rich.text import Text
    from rich.tree import Tree

    def styled(parts: list[Part]) -> Any:
        text = Text()
        for i, (part, kind) in enumerate(p for p in parts if p[0]):
            text.append("  " * bool(i) + part, style=_STYLES.get(kind, ""))
        return text

    found = rows(explanation, limit)
    root = Tree(styled(found[0][1]), guide_style="dim")
    stack = [root]
    for depth, parts in found[1:]:
        del stack[depth:]
        stack.append(stack[-1].add(styled(parts)))
    return root

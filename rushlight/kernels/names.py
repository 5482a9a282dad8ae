"""Which names of a kernel's function are variables, and which only stand for one value after another.

A name that is given all its values in one run of statements, and read there (or in an ``if`` or loop within) after the first of
them, needs no place in memory: it stands for the value that it was last given. What is given a value inside an ``if`` or a loop and
read outside, or in the loop's next turn, is a variable.
"""

from __future__ import annotations

import ast
import functools
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

#: A run of statements, as the numbers of the ``if`` and loop bodies that it lies in.
Run = tuple[int, ...]


class Names(ast.NodeVisitor):
    """Of a function: ``values``, the names that are no variables, and ``tables``, those that may be lists whose items do not change."""

    runs: int

    def __init__(self, node: ast.FunctionDef):
        self.run: Run = ()
        self.runs = 0
        self.given: defaultdict[str, set[Run]] = defaultdict(set)
        for argument in node.args.args:
            self.given[argument.arg].add(())
        self.variables: set[str] = set()
        self.changed: set[str] = set()  # lists whose items may be given other values
        self.visit_all(node.body)
        self.values: set[str] = {name for name, runs in self.given.items() if len(runs) == 1} - self.variables
        self.tables: set[str] = self.values - self.changed

    def visit(self, node: ast.AST) -> None:
        _form(type(node).__name__)(self, node)

    def visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            _form(type(node).__name__)(self, node)

    def within(self, *nodes: ast.AST) -> None:
        """Visit what is done only under a condition, or again and again."""
        outside = self.run
        self.runs += 1
        self.run = (*outside, self.runs)
        self.visit_all(nodes)
        self.run = outside

    def read(self, name: str) -> None:
        """A name is read: one that was not given its value before, and in a run that is still going on, is a variable (or none of ours)."""
        for run in self.given.get(name, ()):
            if self.run[: len(run)] == run:
                return
        self.variables.add(name)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.given[node.id].add(self.run)
        else:
            self.read(node.id)
            self.changed.add(node.id)  # as a whole: who knows by whom

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.value, ast.Name):
            self.read(node.value.id)
            if isinstance(node.ctx, ast.Store):
                self.changed.add(node.value.id)
        else:
            self.visit(node.value)
        self.visit(node.slice)

    # Most nodes are one of these, which ast's own way through them would take four times as long for.
    def visit_Constant(self, node: ast.Constant) -> None:
        pass

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self.visit(node.left)
        self.visit(node.right)

    def visit_Compare(self, node: ast.Compare) -> None:
        self.visit(node.left)
        self.visit_all(node.comparators)

    def visit_Call(self, node: ast.Call) -> None:
        self.visit(node.func)
        self.visit_all(node.args)
        self.visit_all([keyword.value for keyword in node.keywords])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit_all([node.value, *node.targets])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit_all(filter(None, [node.value, node.target]))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.read(node.target.id)
        self.visit_all([node.value, node.target])

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self.visit_all([generator.iter for generator in node.generators])  # its own names are numbers that are known
        self.visit(node.elt)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self.within(*node.body)
        self.within(*node.orelse)

    def visit_While(self, node: ast.While) -> None:
        self.within(node.test)
        self.within(*node.body)

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        if isinstance(node.iter, ast.Call) and isinstance(node.iter.func, ast.Name) and node.iter.func.id == "unroll":
            self.visit_all(node.body)
        else:
            self.variables.update(name.id for name in ast.walk(node.target) if isinstance(name, ast.Name))
            self.within(*node.body)


@functools.cache
def _form(kind: str) -> Any:
    """What is done with a kind of node."""
    return getattr(Names, f"visit_{kind}", Names.generic_visit)

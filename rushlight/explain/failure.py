"""A forward that failed: the layers that worked, then the one that did not, with what came in.

All of it is read off the error's traceback: the calls of modules that were under way, their arguments, and the graph of
these. A layer whose parameters are in that graph has worked.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..tensor import Tensor, edge_of
from . import names, places
from .failures import Note, summary
from .graph import Explanation, _written
from .names import title_of


class Layer(NamedTuple):
    """A module that has run: its path, what it is, the shape of its result."""

    path: str
    module: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.path} {self.module} → {list(self.shape)}"


class Failure:
    """What is known of an error in a forward.

    ``path`` and ``module`` are those of the innermost module that was running (empty outside of modules), ``inputs`` what it
    was called with, ``worked`` the layers before it, ``explanation`` the graph of what came in (None if it has none).
    """

    def __init__(self, error: BaseException):
        self.error = error
        self.line: places.Line | None = places.error_line(error)
        frame = places.innermost(error)
        frames = [] if frame is None else places.module_frames(frame)
        modules = [f.f_locals["self"] for f in frames]
        self.path: str = places.module_path(frame) if frame is not None else ""
        self.module: str = title_of(modules[-1]) if modules else ""
        given = (*frames[-1].f_locals["args"], *frames[-1].f_locals["kwargs"].items()) if frames else ()
        users = places.user_frame(frame) if frame is not None else None
        if not frames and users is not None:
            given = tuple((name, x) for name, x in users.f_locals.items() if isinstance(x, Tensor))
        self.inputs: list[str] = list(map(described, given))
        labels = names.of_frame(users)
        if modules:
            root = places.root_name(modules[0], frames[0].f_back)
            labels = {**labels, **names.of_given({root: modules[0]})}
        came_in = [x for x in map(value_of, given) if isinstance(x, Tensor) and edge_of(x) is not None]
        newest = max(came_in, key=lambda x: edge_of(x)[0].seq, default=None)  # type: ignore[index]
        self.explanation: Explanation | None = None if newest is None else Explanation(newest, labels)
        self.worked: list[Layer] = (
            list(layers(self.explanation, modules[0], root)) if self.explanation is not None and modules else []
        )

    @property
    def message(self) -> str:
        """The first line of the error."""
        return f"{type(self.error).__name__}: {str(self.error).partition(chr(10))[0]}"

    @property
    def takes(self) -> str:
        """What the module takes, if the error's note says so (``failures``)."""
        notes = [note for note in getattr(self.error, "__notes__", ()) if isinstance(note, Note)]
        found = re.search(r"it takes\s+(.*)", notes[0]) if notes else None
        return found.group(1) if found else ""

    def html(self, file: str | os.PathLike[str] | None = None) -> str:
        """The page of the graph up to the failure, which stands at its end."""
        from .html import filled
        from .page_data import failed

        return _written(filled(failed(self)), file)

    def _repr_html_(self) -> str:
        from .html import frame_of

        return frame_of(self.html(), "a forward that failed")

    def __str__(self) -> str:
        lines = [f"  ok      {layer}" for layer in self.worked]
        where = f"{self.path} {self.module}".strip() or "outside of modules"
        lines.append(f"  failed  {where}")
        lines += [f"          got {text}" for text in self.inputs]
        lines += [f"          takes {self.takes}"] if self.takes else []
        lines.append(f"          {self.message}")
        if self.line is not None:
            lines.append(f"          {self.line}: {self.line.text}")
        return "\n".join(["The forward failed here:", *lines])

    def __repr__(self) -> str:
        return f"<failure in {self.path or 'no module'}: {self.message}>"


def value_of(x: Any) -> Any:
    """An argument without its name."""
    return x[1] if isinstance(x, tuple) and len(x) == 2 and isinstance(x[0], str) else x


def described(x: Any) -> str:
    """An argument in a few words: dtype and shape of a tensor."""
    value = value_of(x)
    return f"{x[0]}: {summary(value)}" if value is not x else summary(value)


def layers(explanation: Explanation, root: Any, name: str) -> Iterator[Layer]:
    """The modules below ``root`` whose parameters are in a graph, in the order in which they were used."""
    owners = {
        id(edge_of(p)[0]): (path, module)  # type: ignore[index]
        for path, module in root.named_modules()
        for p in module._parameters.values()
        if p is not None and edge_of(p) is not None
    }
    last: dict[str, Layer] = {}
    for node in explanation.nodes:
        for edge in node.inputs:
            owner = owners.get(id(edge.target.fn))
            while owner is None and edge.target.op in ("t", "transpose") and edge.target.inputs:
                edge = edge.target.inputs[0]  # a weight is read through its transpose
                owner = owners.get(id(edge.target.fn))
            if owner is not None and node.op not in ("t", "transpose"):
                path = f"{name}.{owner[0]}".rstrip(".")
                last[path] = Layer(path, title_of(owner[1]), node.shape)
    yield from last.values()


def failure(error: BaseException | None = None) -> Failure:
    """What is known of an error in a forward: which layers worked, which did not, what came in.

    Without an argument it is the error that is being handled, or the last that nobody caught (as in a notebook).

    Raises:
        ValueError: if there is no error.

    >>> import rushlight as torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> try:
    ...     net(torch.ones(1, 3))
    ... except RuntimeError:
    ...     found = torch.explain.failure()
    >>> [layer.path for layer in found.worked], found.path, found.inputs
    (['net.0'], 'net.2', ['float32 [1, 5]'])
    """
    if error is None:
        error = sys.exc_info()[1] or getattr(sys, "last_value", None)
    if error is None:
        raise ValueError("failure(): no error is being handled, and none was left uncaught; pass one: failure(error)")
    return Failure(error)

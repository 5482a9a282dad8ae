"""Docstrings as reStructuredText.

The house's docstrings use ``literals``, references (:func:`torch.relu`), sections (``Args:``, ``Raises:``), lists and examples.
All other marks of reStructuredText are taken as they are written: ``*args``, ``|x|``, ``xavier_uniform_``.
"""

from __future__ import annotations

import re

from sphinx.ext.napoleon import Config
from sphinx.ext.napoleon.docstring import GoogleDocstring

_NAPOLEON = Config()
#: What is kept (literals, references), or a mark that is taken as it is: a star that begins no list, a bar, a final underscore.
_MARK = re.compile(r"(``.+?``|(?::[\w:]+:)?`[^`]+`)|(?<!^)(?<!\n)(\*+|\||_\b)|(^|(?<=\n))(\*+(?! )|\|)", re.DOTALL)


def rst(doc: str) -> str:
    """A whole docstring, which ``inspect.cleandoc`` has cut to its margin."""
    return str(GoogleDocstring("\n\n".join(_paragraphs(doc)), _NAPOLEON)).strip()


def summary(doc: str) -> str:
    """Its first sentence, on one line."""
    first = " ".join(doc.partition("\n\n")[0].split())
    pieces = re.split(r"(``.+?``|`[^`]+`)", first)
    for i, piece in enumerate(pieces):
        end = re.search(r"(?<!e\.g)(?<!i\.e)[.:](?= )", piece) if i % 2 == 0 else None
        if end:
            first = "".join([*pieces[:i], piece[: end.start()]]) + "."
            break
    return escape(first)


def escape(text: str) -> str:
    return _MARK.sub(lambda m: m[1] or "".join("\\" + c for c in (m[2] or m[4])), text)


def _paragraphs(doc: str) -> list[str]:
    """Its paragraphs, escaped where they are text."""
    found: list[str] = []
    literal = False
    for paragraph in doc.split("\n\n"):
        literal = (literal or found[-1:] != [] and found[-1].endswith("::")) and paragraph.startswith(" ")
        found.append(paragraph if literal or paragraph.lstrip().startswith(">>>") else escape(paragraph))
    return found

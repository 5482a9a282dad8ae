"""See and explain: the graph of a result as data, and pictures of it."""

from __future__ import annotations

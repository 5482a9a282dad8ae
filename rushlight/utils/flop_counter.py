"""``torch.utils.flop_counter``."""

from __future__ import annotations

from typing import Any

from .. import errors


class FlopCounterMode:
    """A block in which multiplications and additions of products, convolutions and attention are counted.

    Raises:
        NotImplementedError: when it is entered.
    """

    def __init__(self, mods: Any = None, depth: int = 2, display: bool = True, custom_mapping: Any = None):
        self.mods, self.depth, self.display, self.custom_mapping = mods, depth, display, custom_mapping

    def __enter__(self) -> Any:
        raise NotImplementedError(
            errors.text("torch.utils.flop_counter.FlopCounterMode is not implemented.", "Measure with torch.profiler.")
        )

    def __exit__(self, *exc: object) -> None:
        raise NotImplementedError("FlopCounterMode")

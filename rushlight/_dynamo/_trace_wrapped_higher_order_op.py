"""``torch._dynamo._trace_wrapped_higher_order_op``."""

from __future__ import annotations


class TransformGetItemToIndex:
    """A block in which ``x[i]`` may be asked for with an ``i`` that ``vmap`` maps; it may be everywhere."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass

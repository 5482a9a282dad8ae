"""``torch.fx.experimental.proxy_tensor``: tracing of operations, of which there is none; ``torch.fx.symbolic_trace`` traces functions."""

from __future__ import annotations

from ... import errors

globals().update(
    errors.absent(
        "torch.fx.experimental.proxy_tensor",
        "make_fx",
        "Use torch.fx.symbolic_trace, which follows a function's Python.",
    )
)


def get_proxy_mode() -> None:
    """None: nothing is being traced."""

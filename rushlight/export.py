"""``torch.export``: programs as graphs of operations. There is no tracer of operations; ``torch.fx.symbolic_trace`` follows Python."""

from __future__ import annotations

from . import errors


class ExportedProgram:
    """A program that ``export`` has made; none can be made.

    Raises:
        NotImplementedError: when one is made.
    """

    def __init__(self, *args: object, **kwargs: object):
        raise errors.advised(
            NotImplementedError("torch.export.ExportedProgram is not implemented."), "Keep the module with torch.save."
        )


globals().update(
    errors.absent(
        "torch.export", "Dim draft_export export load register_dataclass save unflatten",
        "Keep the module with torch.save, or follow its Python with torch.fx.symbolic_trace.",
    )
)  # fmt: skip

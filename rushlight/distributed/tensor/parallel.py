"""``torch.distributed.tensor.parallel``: plans by which modules would be spread over processes."""

from __future__ import annotations

from typing import Any

from ... import errors
from . import REASON, Placement


class ParallelStyle:
    """What a plan says about one module: its settings, kept."""

    def __init__(self, **settings: Any):
        self.settings = settings


class ColwiseParallel(ParallelStyle):
    """Cut the rows of a linear layer's weight, the columns of its output."""

    def __init__(
        self,
        *,
        input_layouts: Placement | None = None,
        output_layouts: Placement | None = None,
        use_local_output: bool = True,
    ):
        super().__init__(input_layouts=input_layouts, output_layouts=output_layouts, use_local_output=use_local_output)


class RowwiseParallel(ColwiseParallel):
    """Cut the columns of a linear layer's weight."""


class SequenceParallel(ParallelStyle):
    """Cut the sequence."""

    def __init__(self, *, sequence_dim: int = 1, use_local_output: bool = False):
        super().__init__(sequence_dim=sequence_dim, use_local_output=use_local_output)


class PrepareModuleInput(ParallelStyle):
    """How a module's inputs lie, and how it wants them."""

    def __init__(self, *, input_layouts: Any = None, desired_input_layouts: Any = None, input_kwarg_layouts: Any = None,
                 desired_input_kwarg_layouts: Any = None, use_local_output: bool = False):  # fmt: skip
        super().__init__(
            input_layouts=input_layouts, desired_input_layouts=desired_input_layouts, input_kwarg_layouts=input_kwarg_layouts,
            desired_input_kwarg_layouts=desired_input_kwarg_layouts, use_local_output=use_local_output,
        )  # fmt: skip


class PrepareModuleOutput(ParallelStyle):
    """How a module's outputs lie, and how others want them."""

    def __init__(self, *, output_layouts: Any, desired_output_layouts: Any, use_local_output: bool = True):
        super().__init__(
            output_layouts=output_layouts,
            desired_output_layouts=desired_output_layouts,
            use_local_output=use_local_output,
        )


globals().update(errors.absent("torch.distributed.tensor.parallel", "parallelize_module loss_parallel", REASON))

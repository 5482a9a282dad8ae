"""``torch.nested``: tensors whose rows have different lengths. None can be made."""

from __future__ import annotations

from . import errors

globals().update(
    errors.absent(
        "torch.nested", "nested_tensor as_nested_tensor nested_tensor_from_jagged narrow to_padded_tensor",
        "Rows of different lengths are a list of tensors here, or one padded tensor with a mask: torch.nn.utils.rnn.pad_sequence.",
    )
)  # fmt: skip

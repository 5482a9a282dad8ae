"""What an op saved for backward is guarded on the short path as on the general one."""

import pytest

import rushlight as torch


@pytest.mark.parametrize("name", ["mul", "div", "maximum", "minimum", "atan2", "hypot", "pow"])
@pytest.mark.parametrize("which", [0, 1])
def test_a_write_to_a_saved_operand_is_noticed(name, which):
    leaves = [torch.tensor([1.0, 2.0], requires_grad=True) for _ in range(2)]
    operands = [x * 2 for x in leaves]
    out = getattr(torch, name)(*operands)
    operands[which].add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()


@pytest.mark.parametrize("needs_grad", [False, True])
def test_a_copy_into_a_saved_operand_is_noticed(needs_grad):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    saved = torch.ones(2)
    out = x * saved
    saved.copy_(torch.zeros(2, requires_grad=needs_grad))
    assert saved.tolist() == [0.0, 0.0] and saved.requires_grad is needs_grad
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()

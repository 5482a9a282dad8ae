"""What an error says is PyTorch's text; what to write instead is a note under it, as tracebacks show it."""

import traceback

import pytest

import rushlight as torch


def caught(call):
    with pytest.raises(Exception) as found:  # noqa: B017  (the texts are compared)
        call()
    return found.value


@pytest.mark.parametrize(
    "call, text",
    [
        (
            lambda: torch.tensor([1, 2]).mean(),
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: Long",
        ),
        (
            lambda: torch.ones(2).sum().backward(),
            "element 0 of tensors does not require grad and does not have a grad_fn",
        ),
        (lambda: torch.ones(2).cuda(), "Torch not compiled with CUDA enabled"),
        (lambda: torch.ones(2, 3) @ torch.ones(2, 3), "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"),
    ],
)
def test_a_program_that_prints_an_error_prints_pytorchs_text(call, text):
    error = caught(call)
    assert str(error) == text
    assert error.__notes__ and all(note for note in error.__notes__)
    assert error.__notes__[-1] in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda x: x.requires_grad_(), "only Tensors of floating point dtype can require gradients"),
        (
            lambda x: setattr(x, "requires_grad", True),
            "only Tensors of floating point and complex dtype can require gradients",
        ),
        (torch.nn.Parameter, "Only Tensors of floating point and complex dtype can require gradients"),
        (
            lambda x: torch.zeros_like(x, requires_grad=True),
            "Only Tensors of floating point and complex dtype can require gradients",
        ),
    ],
)
def test_integers_need_no_gradient_in_three_ways(call, text):
    assert str(caught(lambda: call(torch.tensor([1])))) == text

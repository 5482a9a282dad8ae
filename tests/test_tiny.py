"""The engine in small steps; reads as a tutorial. Every number was checked against PyTorch 2.13."""

import gc
import weakref

import numpy as np
import pytest

import rushlight as torch


def test_a_gradient_is_the_product_of_the_local_derivatives_along_the_path():
    w = torch.tensor([1.0], requires_grad=True)
    loss = (11.0 * w - 21.0) * (11.0 * w - 21.0)
    loss.backward()
    assert loss.item() == 100.0
    assert w.grad.item() == -220.0  # 2 * (11 - 21) * 11


def test_gradients_accumulate_until_they_are_cleared():
    x = torch.ones(2, requires_grad=True)
    for _ in range(2):
        (x * 3).sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]
    x.grad.zero_()
    assert x.grad.tolist() == [0.0, 0.0]


def test_the_graph_can_be_walked_by_hand():
    x = torch.ones(2, requires_grad=True)
    y = (x * 2).exp()
    assert y.grad_fn.name() == "ExpBackward0"
    ((mul, _),) = y.grad_fn.next_functions
    assert mul.name() == "MulBackward0"
    assert mul.next_functions[0][0].variable is x
    assert mul.next_functions[1] == (None, 0)


def test_the_gradient_of_a_gradient():
    x = torch.tensor([2.0], requires_grad=True)
    (first,) = torch.autograd.grad(x**3, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    assert (first.item(), second.item()) == (12.0, 12.0)


def test_broadcast_inputs_get_gradients_of_their_own_shape():
    a, b = torch.ones(3, 1, requires_grad=True), torch.ones(4, requires_grad=True)
    (a * b).sum().backward()
    assert a.grad.tolist() == [[4.0]] * 3
    assert b.grad.tolist() == [3.0] * 4


def test_writing_to_a_view_rewrites_the_history_of_its_base():
    w = torch.tensor([2.0, 3.0], requires_grad=True)
    base = torch.zeros(4)
    view = base[1:3]
    view.copy_(w)
    view *= 5
    assert base.tolist() == [0.0, 10.0, 15.0, 0.0]
    (base * torch.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
    assert w.grad.tolist() == [10.0, 15.0]


def test_item_assignment_cuts_the_gradient_of_what_it_overwrites():
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    y[0] = 7.0
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 2.0, 2.0]


def test_a_saved_tensor_that_was_overwritten_is_noticed():
    x = torch.ones(3, requires_grad=True)
    y = x.exp()
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation.*is at version 1; expected version 0"):
        y.sum().backward()


def test_backward_twice_needs_retain_graph():
    x = torch.ones(3, requires_grad=True)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0] * 3
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()


@pytest.mark.parametrize(
    ("call", "phrase"),
    [
        (lambda: (torch.ones(2, requires_grad=True) * 2).backward(), "grad can be implicitly created only for scalar"),
        (lambda: torch.ones(1).backward(), "does not require grad and does not have a grad_fn"),
        (
            lambda: torch.ones(2, requires_grad=True).add_(1),
            "a leaf Variable that requires grad is being used in an in-place",
        ),
        (lambda: torch.ones(2, requires_grad=True)[0].add_(1), "a view of a leaf Variable that requires grad"),
        (lambda: torch.ones(2, dtype=torch.int64).requires_grad_(), "only Tensors of floating point"),
        (lambda: torch.ones(2, requires_grad=True).numpy(), "Can't call numpy\\(\\) on Tensor that requires grad"),
        (lambda: torch.ones(1).expand(3).add_(1), "more than one element of the written-to tensor"),
        (lambda: torch.ones(3) + torch.ones(4), "The size of tensor a \\(3\\) must match the size of tensor b \\(4\\)"),
        (lambda: torch.ones(2, 3) @ torch.ones(2, 3), "mat1 and mat2 shapes cannot be multiplied"),
        (lambda: torch.arange(3).add_(0.5), "result type Float can't be cast to the desired output type Long"),
        (lambda: torch.arange(3) // 0, "ZeroDivisionError"),
        (lambda: torch.arange(3).mean(), "could not infer output dtype"),
        (lambda: bool(torch.ones(2)), "Boolean value of Tensor with more than one value is ambiguous"),
    ],
)
def test_errors_say_what_pytorch_says(call, phrase):
    with pytest.raises(RuntimeError, match=phrase):
        call()


def test_no_grad_as_context_and_decorator():
    x = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        assert not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad

    @torch.no_grad()
    def f():
        return x * 2

    assert not f().requires_grad
    assert (x * 2).requires_grad


def test_hooks_see_and_replace_gradients():
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    y.retain_grad()
    seen = []
    handle = y.register_hook(lambda g: seen.append(g.tolist()) or g * 10)
    y.sum().backward()
    assert seen == [[1.0, 1.0]]
    assert y.grad.tolist() == [10.0, 10.0]
    assert x.grad.tolist() == [20.0, 20.0]
    handle.remove()


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3.0 * x * x


def test_an_operation_of_your_own_and_its_second_derivative():
    x = torch.tensor([2.0], requires_grad=True)
    y = Cube.apply(x)
    assert y.grad_fn.name() == "CubeBackward"
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    assert (first.item(), second.item()) == (12.0, 12.0)


def test_a_chain_of_a_million_nodes():
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = y * 1.0
    y.backward()
    assert x.grad.item() == 1.0


def test_a_diamond_doubled_thirty_times():
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(30):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**30


def test_a_graph_dies_with_its_root():
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + x
    node = weakref.ref(y.grad_fn.next_functions[0][0])
    gc.disable()
    try:
        del y
        assert node() is None  # by reference counts alone: there is no cycle
    finally:
        gc.enable()


def test_numpys_error_state_is_the_users():
    before = np.geterr()
    with np.errstate(all="raise"):
        assert torch.tensor([1.0, -1.0]).log().isnan().tolist() == [False, True]
        assert (torch.ones(1) / 0).item() == float("inf")
    assert np.geterr() == before


def test_semantics_that_surprise():
    one = torch.ones(2)
    assert (one + torch.tensor(1.0, dtype=torch.float64)).dtype is torch.float32  # a 0-d tensor has no width of its own
    assert (torch.arange(2) + 1.5).dtype is torch.float32
    assert (torch.arange(2) / torch.arange(1, 3)).dtype is torch.float32
    assert (torch.tensor([1], dtype=torch.uint8) + 300).item() == 45
    assert torch.tensor([1.0, 2.0]).std().item() == pytest.approx(0.70710678)
    assert repr(torch.tensor([3.0, 1.0]).max(0)) == "torch.return_types.max(\nvalues=tensor(3.),\nindices=tensor(0))"
    with pytest.raises(ValueError, match="step must be greater than zero"):
        one[::-1]
    assert one[True].shape == (1, 2)
    assert (one == None) is False  # noqa: E711
    assert torch.tensor([300.0]).to(torch.uint8).item() == 44
    x = torch.tensor([1.0, 1.0], requires_grad=True)
    x.max().backward()
    assert x.grad.tolist() == [0.5, 0.5]


def test_writing_through_index_arrays_keeps_the_history():
    x = torch.ones(4, requires_grad=True)
    y = x * 2
    y[torch.tensor([True, False, False, True])] = 0.0
    y[[1]] = 5.0
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 2.0, 0.0]


def test_ints_and_index_arrays_together():
    x = torch.arange(24).view(2, 3, 4)
    assert x[0, :, [1, 2]].tolist() == [[1, 2], [5, 6], [9, 10]]
    assert x[:, None, [0, 2]].shape == (2, 1, 2, 4)

"""Autograd answers as PyTorch's recorded runs did; and what has no counterpart there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from autograd_cases import answers

import rushlight as torch
from rushlight.op import REGISTRY, opaque

GOLDEN = json.loads((Path(__file__).parent / "golden" / "autograd.json").read_text())
ANSWERS = answers(torch)


@pytest.mark.parametrize("name", GOLDEN)
def test_answers_as_recorded(name):
    assert ANSWERS[name] == GOLDEN[name]


def test_every_program_is_recorded():
    assert ANSWERS.keys() == GOLDEN.keys()


class WrongTangent(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2

    @staticmethod
    def jvp(ctx, t):
        return t * 3


def test_gradcheck_of_forward_mode():
    x = torch.randn(3, dtype=torch.float64, requires_grad=True)
    z = torch.randn(2, dtype=torch.complex128, requires_grad=True)
    check, again = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    assert check(lambda x: (x.sin() * x, x.sum()), x, check_forward_ad=True, check_batched_forward_grad=True)
    assert check(lambda z: (z * z).abs(), z, check_forward_ad=True) and check(
        lambda z: z * z * 1j, z, check_forward_ad=True
    )
    assert again(
        lambda x: x.sin() * x, x, check_fwd_over_rev=True, check_rev_over_rev=False, check_undefined_grad=False
    )
    with pytest.raises(RuntimeError, match="Jacobian computed with forward mode mismatch for output 0"):
        check(WrongTangent.apply, x, check_forward_ad=True)
    assert not check(WrongTangent.apply, x, check_forward_ad=True, raise_exception=False)
    assert check(WrongTangent.apply, x)
    with pytest.raises(AssertionError, match="requires check_forward_ad to be True"):
        check(lambda x: x, x, check_batched_forward_grad=True)
    with pytest.raises(AssertionError, match="at least one of check_forward_ad or check_backward_ad"):
        check(lambda x: x, x, check_backward_ad=False)


def test_anomaly_mode_shows_where_the_forward_was_written():
    x = torch.tensor([-1.0], requires_grad=True)
    with torch.autograd.detect_anomaly():
        y = x.sqrt()  # here
        with pytest.warns(UserWarning, match="Error detected in SqrtBackward0.*") as caught:
            with pytest.raises(RuntimeError, match="returned nan values in its 0th output"):
                y.sum().backward()
    assert "y = x.sqrt()  # here" in str(caught[0].message)


def test_save_on_cpu_keeps_gradients():
    x = torch.ones(3, requires_grad=True)
    with torch.autograd.graph.save_on_cpu():
        y = (x * 2).tanh()
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * (1 - np.tanh(2.0) ** 2) * np.ones(3), rtol=1e-6)


def test_mutation_of_what_is_saved_can_be_allowed():
    x = torch.ones(2, requires_grad=True)
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        y = x.clone()
        z = y * y
        y.add_(1)
    z.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_saved_hooks_see_variadic_ops_and_second_backwards():
    x = torch.ones(2, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy().copy(), torch.tensor):
        y = (x.exp() * x).prod() * x.sum()
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    assert g.shape == h.shape == (2,)


def test_an_index_written_since_is_noticed():
    x = torch.arange(3.0).requires_grad_()
    i = torch.tensor([0, 1])
    y = x[i]
    i[0] = 2
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_rule_names_what_is_saved_before_attributes():
    @opaque(public=False, nondiff=False)
    def wrongly_ordered(k, input, *, where):
        """A test's op."""
        return input

    try:
        with pytest.raises(TypeError, match="attributes after it; 'input_shape' comes too late"):

            @wrongly_ordered.vjp("input")
            def _(k, g, where, input_shape):
                return g
    finally:
        del REGISTRY["wrongly_ordered"]


class _Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x * factor

    @staticmethod
    def vjp(ctx, g):
        return g * ctx.factor, None


def test_the_node_of_a_function_applies_its_rule():
    x = torch.ones(2, requires_grad=True)
    y = _Scaled.apply(x, 3.0)
    given = y.grad_fn.apply(torch.ones(2))
    assert given[0].tolist() == [3.0, 3.0] and given[1] is None
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_a_function_has_one_rule():
    class Both(_Scaled):
        @staticmethod
        def backward(ctx, g):
            return g, None

    with pytest.raises(
        RuntimeError, match="Implementing both 'backward' and 'vjp' for a custom Function is not allowed"
    ):
        Both.apply(torch.ones(2, requires_grad=True), 2.0).sum().backward()


def test_a_functions_node_and_a_switch_say_where_they_come_from():
    y = _Scaled.apply(torch.ones(2, requires_grad=True), 3.0)
    assert repr(y.grad_fn).startswith(f"<{torch.autograd.function.FunctionCtx.__module__}._ScaledBackward object at 0x")
    assert repr(torch.set_grad_enabled(True)).endswith(".set_grad_enabled(mode=True)")


def test_classes_of_nodes_have_no_module():
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    y[0] = 1
    seen = [y.grad_fn, (x * 2).grad_fn, (x * 2).grad_fn.next_functions[0][0]]
    assert [str(type(node)) for node in seen] == [
        "<class 'CopySlices'>",
        "<class 'MulBackward0'>",
        "<class 'AccumulateGrad'>",
    ]

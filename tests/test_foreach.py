"""``torch._foreach_*_``: what is written into lists is recorded, and a list that may not be written stays as it was."""

import pytest

import rushlight as torch

ROWS = [
    ("add", lambda x: x + 2.0, (2.0,), "AddBackward1"),
    ("mul", lambda x: x * 3.0, (3.0,), "MulBackward1"),
    ("exp", lambda x: x.exp(), (), "ExpBackward0"),
    ("zero", lambda x: x * 0.0, (), "ZeroBackward0"),
    ("pow", lambda x: x**2, (2.0,), "PowBackward0"),
    ("clamp_min", lambda x: x.clamp_min(2.5), (2.5,), "ClampMinBackward0"),
]


def leaves():
    return [torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([[3.0]], requires_grad=True)]


@pytest.mark.parametrize("name, formula, args, node", ROWS)
def test_writes_are_recorded(name, formula, args, node):
    xs, ys = leaves(), leaves()
    written = [x * 1 for x in xs]
    assert getattr(torch, f"_foreach_{name}_")(written, *args) is written
    assert [w.grad_fn.name() for w in written] == [node] * 2
    wanted = [formula(y) for y in ys]
    for a, b in zip(written, wanted, strict=True):
        assert torch.equal(a, b)
    got = torch.autograd.grad(sum(w.sum() for w in written), xs)
    for a, b in zip(got, torch.autograd.grad(sum(w.sum() for w in wanted), ys), strict=True):
        assert torch.equal(a, b)


def test_partners_get_gradients():
    xs, ys = leaves(), leaves()
    written = [x * 1 for x in xs]
    torch._foreach_mul_(written, ys)
    assert [g.tolist() for g in torch.autograd.grad(sum(w.sum() for w in written), ys)] == [[1.0, 2.0], [[3.0]]]
    assert [w.grad_fn.name() for w in written] == ["MulBackward0"] * 2


def test_a_leaf_among_them_is_refused_before_anything_is_written():
    xs = [torch.tensor([1.0, 2.0]), torch.tensor([3.0], requires_grad=True)]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"):
        torch._foreach_add_(xs, 1.0)
    assert xs[0].tolist() == [1.0, 2.0] and xs[0]._version == 0


def test_old_history_keeps_its_name_while_nothing_is_recorded():
    xs = [torch.ones(2, requires_grad=True) * 2]
    with torch.no_grad():
        torch._foreach_add_(xs, 1.0)
    assert xs[0].grad_fn.name() == "MulBackward0" and xs[0].tolist() == [3.0, 3.0]


def test_an_optimizer_written_by_hand():
    """Momentum as public scripts write it, beside the same steps for each tensor."""
    torch.manual_seed(0)
    params = [torch.randn(3), torch.randn(2, 2)]
    grads = [torch.randn(3), torch.randn(2, 2)]
    momenta = [torch.zeros_like(p) for p in params]
    alone = [(p.clone(), torch.zeros_like(p)) for p in params]
    for _ in range(3):
        torch._foreach_mul_(momenta, 0.9)
        torch._foreach_add_(momenta, grads)
        torch._foreach_add_(params, torch._foreach_neg(momenta), alpha=0.1)
        for (p, v), g in zip(alone, grads, strict=True):
            v.mul_(0.9).add_(g)
            p.add_(-v, alpha=0.1)
    for p, (q, _) in zip(params, alone, strict=True):
        assert torch.equal(p, q)

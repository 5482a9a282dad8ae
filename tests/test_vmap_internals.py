"""``torch._vmap_internals``, which packages import: the batched products of minimisers."""

import rushlight as torch
from rushlight._vmap_internals import _vmap, vmap


def test_a_hessian_by_batched_products():
    x = torch.randn(3, requires_grad=True)
    (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    rows = _vmap(lambda v: torch.autograd.grad(g, x, v, retain_graph=True)[0])(torch.eye(3))
    torch.testing.assert_close(rows, torch.diag(6 * x.detach()))
    assert torch.equal(vmap(torch.dot)(torch.ones(2, 3), torch.ones(2, 3)), torch.tensor([3.0, 3.0]))


def test_results_that_are_none_pass():
    doubled, none = _vmap(lambda v: (2 * v, None), allow_none_pass_through=True)(torch.ones(2, 3))
    assert none is None and torch.equal(doubled, torch.full((2, 3), 2.0))

"""User-defined functions (``autograd.Function``) as small programs; ``autograd_cases`` runs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def programs(torch: Any, P: Callable[..., None]) -> dict[str, Any]:
    """The programs by name, written against this namespace; ``P`` notes what they print."""
    cases = {}
    Function = torch.autograd.Function

    def case(f: Any) -> Any:
        cases[f.__name__] = f
        return f

    @case
    def fn_basic():
        class F(Function):
            @staticmethod
            def forward(ctx, x, n, y=None):
                ctx.n = n
                ctx.save_for_backward(x)
                P("nig", ctx.needs_input_grad)
                return x * n

            @staticmethod
            def backward(ctx, g):
                P("nig", ctx.needs_input_grad)
                return g * ctx.n, None, None

        x = torch.ones(2, requires_grad=True)
        y = F.apply(x, 3, torch.ones(1))
        P(y.grad_fn.name(), len(y.grad_fn.next_functions), y.requires_grad)
        y.sum().backward()
        P(x.grad.tolist())

    @case
    def fn_setup_context():
        class F(Function):
            @staticmethod
            def forward(x, n):
                return x * n

            @staticmethod
            def setup_context(ctx, inputs, output):
                ctx.n = inputs[1]
                P(len(inputs), type(output).__name__)

            @staticmethod
            def backward(ctx, g):
                return g * ctx.n, None

        x = torch.ones(2, requires_grad=True)
        F.apply(x, 3).sum().backward()
        P(x.grad.tolist())

    @case
    def fn_wrong_count():
        class F(Function):
            @staticmethod
            def forward(ctx, x, y):
                return x * y

            @staticmethod
            def backward(ctx, g):
                return g

        x = torch.ones(2, requires_grad=True)
        F.apply(x, x).sum().backward()

    @case
    def fn_none_for_needed():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2

            @staticmethod
            def backward(ctx, g):
                return None

        x = torch.ones(2, requires_grad=True)
        (F.apply(x)).sum().backward()
        P(x.grad)

    @case
    def fn_materialize():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.set_materialize_grads(False)
                return x * 2, x * 3

            @staticmethod
            def backward(ctx, g, h):
                P(g is None, h is None)
                return h * 3

        x = torch.ones(2, requires_grad=True)
        a, b = F.apply(x)
        b.sum().backward()
        P(x.grad.tolist())

        class H(Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2, x * 3

            @staticmethod
            def backward(ctx, g, h):
                P(g.tolist(), h.tolist())
                return h * 3

        a, b = H.apply(x)
        b.sum().backward()

    @case
    def fn_dirty():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                x.add_(1)
                ctx.mark_dirty(x)
                return x

            @staticmethod
            def backward(ctx, g):
                return g * 2

        x = torch.ones(2, requires_grad=True)
        y = x * 1
        z = F.apply(y)
        P(z is y, y.grad_fn.name(), y._version, y.tolist())
        z.sum().backward()
        P(x.grad.tolist())

    @case
    def fn_dirty_leaf():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                x.add_(1)
                ctx.mark_dirty(x)
                return x

            @staticmethod
            def backward(ctx, g):
                return g * 2

        F.apply(torch.ones(2, requires_grad=True))

    @case
    def fn_dirty_not_returned():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                x.add_(1)
                ctx.mark_dirty(x)
                return x * 1

            @staticmethod
            def backward(ctx, g):
                return g * 2

        x = torch.ones(2, requires_grad=True) * 1
        z = F.apply(x)
        P(z.grad_fn.name())

    @case
    def fn_nondiff():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                y = x * 2
                z = x > 0
                w = x * 3
                ctx.mark_non_differentiable(z, w)
                return y, z, w

            @staticmethod
            def backward(ctx, g, h, i):
                P(g.tolist(), h if h is None else h.dtype, i.tolist())
                return g * 2

        x = torch.ones(2, requires_grad=True)
        y, z, w = F.apply(x)
        P(y.requires_grad, z.requires_grad, w.requires_grad)
        y.sum().backward()

    @case
    def fn_identity():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                return x

            @staticmethod
            def backward(ctx, g):
                return g * 2

        x = torch.ones(2, requires_grad=True)
        y = F.apply(x)
        P(y is x, y.grad_fn.name(), y.is_leaf, y._is_view())
        y.sum().backward()
        P(x.grad.tolist())
        y = F.apply(x)
        y.add_(1)

    @case
    def fn_view():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                return x.view(-1)

            @staticmethod
            def backward(ctx, g):
                return g.view(2, 1)

        x = torch.ones(2, 1, requires_grad=True)
        b = x * 1
        y = F.apply(b)
        P(y.grad_fn.name(), y._is_view())
        y.add_(1)

    @case
    def fn_saved_modified():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return g * 2 * x

        x = torch.ones(2, requires_grad=True) * 1
        y = F.apply(x)
        x.add_(1)
        y.sum().backward()

    @case
    def fn_saved_twice():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return g * 2 * x

        x = torch.ones(2, requires_grad=True)
        y = F.apply(x).sum()
        y.backward()
        y.backward()

    @case
    def fn_save_nontensor():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x, 3)
                return x * x

        F.apply(torch.ones(2, requires_grad=True))

    @case
    def fn_double():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x**3

            @staticmethod
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return g * 3 * x**2

        x = torch.tensor([2.0], requires_grad=True)
        y = F.apply(x)
        (g,) = torch.autograd.grad(y, x, create_graph=True)
        P(g.grad_fn.name())
        (h,) = torch.autograd.grad(g, x)
        P(h.tolist())

    @case
    def fn_once():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x**3

            @staticmethod
            @torch.autograd.function.once_differentiable
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return g * 3 * x**2

        x = torch.tensor([2.0], requires_grad=True)
        y = F.apply(x)
        (g,) = torch.autograd.grad(y, x, create_graph=True)
        P(g.grad_fn, g.requires_grad)
        v = torch.ones(1, requires_grad=True)
        (g,) = torch.autograd.grad(F.apply(x), x, v, create_graph=True)
        P(g.grad_fn.name())
        g.sum().backward()

    @case
    def fn_no_backward():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2

        F.apply(torch.ones(2, requires_grad=True)).sum().backward()

    @case
    def fn_no_forward():
        class F(Function):
            pass

        F.apply(torch.ones(2, requires_grad=True))

    @case
    def fn_jvp():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2

            @staticmethod
            def backward(ctx, g):
                return g * 2

            @staticmethod
            def jvp(ctx, t):
                return t * 2

        P(F.apply(torch.ones(2, requires_grad=True)).tolist())

    @case
    def fn_grad_shape():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2

            @staticmethod
            def backward(ctx, g):
                return torch.ones(3)

        F.apply(torch.ones(2, requires_grad=True)).sum().backward()

    @case
    def fn_tuple_out():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                return [x * 2, x * 3]

            @staticmethod
            def backward(ctx, *g):
                return g[0] * 2

        P(type(F.apply(torch.ones(2, requires_grad=True))).__name__)

    @case
    def fn_attrs():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.foo = 1
                return x * 2

            @staticmethod
            def backward(ctx, g):
                return g * 2

        y = F.apply(torch.ones(2, requires_grad=True))
        P(
            type(y.grad_fn).__name__,
            y.grad_fn.foo,
            isinstance(y.grad_fn, torch.autograd.graph.Node),
            y.grad_fn.saved_tensors,
        )

    return cases

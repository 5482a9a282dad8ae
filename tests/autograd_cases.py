"""Autograd's behaviour as small programs: hooks and their order, errors, ``autograd.functional``; user-defined functions are in
``function_cases``.

``answers(torch)`` runs them all; what they print is compared with PyTorch's, recorded in the default tests and side by side in
parity/.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import function_cases


def answers(torch: Any) -> dict[str, str]:
    """What each program prints, its exception included (the first words of the message)."""
    found = {}
    for name, program in {**programs(torch), **function_cases.programs(torch, P)}.items():
        LOG.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                program()
            except Exception as error:
                P("!!", type(error).__name__, str(error).splitlines()[0][:100])
        text = " ; ".join(LOG).replace("torch::autograd::", "")
        found[name] = re.sub(r"0x[0-9a-f]+", "0x", text)
    return found


LOG: list[str] = []


def P(*a: Any) -> None:
    """Print into the log."""
    LOG.append(" ".join(str(x) for x in a))


def programs(torch: Any) -> dict[str, Any]:
    """The programs by name, written against this namespace."""
    cases = {}
    Function = torch.autograd.Function

    def case(f: Any) -> Any:
        cases[f.__name__] = f
        return f

    @case
    def hook_order():
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        y.register_hook(lambda g: P("h1", g.tolist()))
        y.retain_grad()
        y.register_hook(lambda g: g * 10)
        y.register_hook(lambda g: P("h3", g.tolist()))
        y.grad_fn.register_prehook(lambda gs: P("pre", [g.tolist() for g in gs]))
        y.grad_fn.register_hook(
            lambda gi, go: P("post", [g if g is None else g.tolist() for g in gi], [g.tolist() for g in go])
        )
        x.register_post_accumulate_grad_hook(lambda p: P("acc", p.grad.tolist()))
        x.register_hook(lambda g: P("leaf", g.tolist()))
        y.sum().backward()
        P(y.grad.tolist(), x.grad.tolist())

    @case
    def retain_before_hook():
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        y.retain_grad()
        y.register_hook(lambda g: g * 3)
        y.sum().backward()
        P(y.grad.tolist(), x.grad.tolist())

    @case
    def hook_return_wrong():
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        y.register_hook(lambda g: 3)
        y.sum().backward()

    @case
    def hook_return_shape():
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        y.register_hook(lambda g: torch.ones(3))
        y.sum().backward()

    @case
    def hook_nograd():
        torch.ones(2).register_hook(lambda g: g)

    @case
    def hook_remove():
        x = torch.ones(2, requires_grad=True)
        h = x.register_hook(lambda g: P("no"))
        h.remove()
        x.sum().backward()

    @case
    def hook_on_leaf_modifies():
        x = torch.ones(2, requires_grad=True)
        x.register_hook(lambda g: g * 5)
        x.sum().backward()
        P(x.grad.tolist())

    @case
    def posthook_replaces():
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        y.grad_fn.register_hook(lambda gi, go: (gi[0] * 7, None))
        y.sum().backward()
        P(x.grad.tolist())

    @case
    def multi_grad_hook():
        x = torch.ones(2, requires_grad=True)
        y = torch.ones(2, requires_grad=True)
        torch.autograd.graph.register_multi_grad_hook(
            (x, y), lambda gs: P("multi", [None if g is None else g.tolist() for g in gs])
        )
        (x * 2 + y).sum().backward()

    @case
    def saved_hooks():
        x = torch.ones(2, requires_grad=True)
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t: (P("pack", list(t.shape)), t)[1], lambda t: (P("unpack"), t)[1]
        ):
            y = x * x
        y.sum().backward()
        P(x.grad.tolist())

    @case
    def disable_saved():
        x = torch.ones(2, requires_grad=True)
        with torch.autograd.graph.disable_saved_tensors_hooks("no"):
            with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
                x * x

    @case
    def node_names():
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        P(isinstance(y.grad_fn, torch.autograd.graph.Node), y.grad_fn.name(), y.grad_fn.metadata)
        e = torch.autograd.graph.get_gradient_edge(y)
        P(type(e).__name__, e.node.name(), e.output_nr)
        P(torch.autograd.grad(e, x, torch.ones(2)))

    @case
    def batched():
        x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        y = x**2
        P(torch.autograd.grad(y, x, torch.eye(3), is_grads_batched=True)[0].tolist())

    @case
    def functional_jac():
        jacobian = torch.autograd.functional.jacobian
        hessian = torch.autograd.functional.hessian
        vjp = torch.autograd.functional.vjp
        jvp = torch.autograd.functional.jvp
        hvp = torch.autograd.functional.hvp
        vhp = torch.autograd.functional.vhp
        x = torch.tensor([1.0, 2.0, 3.0])

        def f(x):
            return x**2

        P(jacobian(f, x))
        P(jacobian(lambda x, y: (x * y, x.sum()), (x, x)))
        P(jacobian(lambda x: x.sum(), x), jacobian(f, x, create_graph=True).requires_grad)

        def g(x):
            return (x**3).sum()

        P(hessian(g, x))
        P(hessian(lambda x, y: (x * y**2).sum(), (x, x)))
        P(vjp(f, x, torch.ones(3)))
        P(vjp(g, x))
        P(jvp(f, x, torch.ones(3)))
        P(hvp(g, x, torch.ones(3)))
        P(vhp(g, x, torch.ones(3)))
        P(jacobian(f, x, vectorize=True))
        P(jacobian(lambda x: torch.ones(2), x))

    @case
    def functional_err1():
        vjp = torch.autograd.functional.vjp
        vjp(lambda x: x**2, torch.ones(3))

    @case
    def functional_err2():
        jacobian = torch.autograd.functional.jacobian
        jacobian(lambda x: 3, torch.ones(3))

    @case
    def functional_err3():
        jacobian = torch.autograd.functional.jacobian
        jacobian(lambda x: x.detach(), torch.ones(3), strict=True)

    @case
    def functional_err4():
        hessian = torch.autograd.functional.hessian
        hessian(lambda x: x * 2, torch.ones(3))

    @case
    def functional_err5():
        jvp = torch.autograd.functional.jvp
        jvp(lambda x: x * 2, torch.ones(3), torch.ones(2))

    @case
    def anomaly_nan():
        with torch.autograd.detect_anomaly(check_nan=True):
            x = torch.tensor([-1.0], requires_grad=True)
            x.sqrt().sum().backward()

    @case
    def anomaly_flag():
        P(torch.is_anomaly_enabled())
        with torch.autograd.set_detect_anomaly(True):
            P(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
        P(torch.is_anomaly_enabled())

    @case
    def grad_errors():
        x = torch.ones(2, requires_grad=True)
        y = torch.ones(2, requires_grad=True)
        for f in [
            lambda: torch.autograd.grad(x.sum(), y),
            lambda: torch.autograd.grad(x * 2, x),
            lambda: torch.autograd.grad(x.sum(), torch.ones(2)),
            lambda: torch.autograd.grad(torch.ones(1), x),
            lambda: torch.autograd.grad(x.sum(), y, allow_unused=True),
            lambda: torch.autograd.grad(x.sum(), y, materialize_grads=True),
            lambda: torch.autograd.grad((x * 2,), x, (torch.ones(3),)),
            lambda: torch.autograd.grad(x.sum(), x, materialize_grads=True, allow_unused=False),
            lambda: torch.autograd.grad([], x),
            lambda: torch.autograd.grad(x.sum(), []),
            lambda: torch.autograd.grad(x.sum(), x, torch.ones(())),
            lambda: x.sum().backward(inputs=[]),
            lambda: x.sum().backward(inputs=x),
            lambda: (x * 2).backward(),
            lambda: (x * 2).backward(torch.ones(3)),
            lambda: (x * 2).backward(3),
            lambda: (x * 2).sum().backward(inputs=[torch.ones(2)]),
            lambda: torch.autograd.backward([x.sum(), y.sum()]),
            lambda: torch.autograd.backward([x * 2, y * 3], [torch.ones(2), None]),
            lambda: torch.autograd.grad(x.sum(), x, retain_graph=True, create_graph=True),
        ]:
            try:
                P(f())
            except Exception as e:
                P(type(e).__name__, str(e).split("\n")[0][:110])

    @case
    def nonleaf_inputs():
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        z = (y * 3).sum()
        z.backward(inputs=[y])
        P(y.grad.tolist(), x.grad)

    @case
    def grad_nonleaf_and_leaf():
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        z = (y * 3).sum()
        P([g.tolist() for g in torch.autograd.grad(z, [y, x])])

    @case
    def grad_of_root():
        x = torch.ones(2, requires_grad=True)
        y = (x * 2).sum()
        P(torch.autograd.grad(y, y))
        P(torch.autograd.grad(x, x, torch.ones(2)))

    @case
    def post_acc_hook_err():
        (torch.ones(2, requires_grad=True) * 2).register_post_accumulate_grad_hook(lambda p: None)

    @case
    def grad_accumulate_alias():
        x = torch.ones(2, requires_grad=True)
        v = torch.ones(2)
        x.backward(v)
        P(x.grad is v)
        v.add_(1)
        P(x.grad.tolist())
        x.backward(v)
        P(x.grad.tolist())

    @case
    def inplace_grad_dtype():
        x = torch.ones(2, dtype=torch.float64, requires_grad=True)
        (x.float() * 2).sum().backward()
        P(x.grad.dtype)

    @case
    def set_grad_enabled_fn():
        @torch.no_grad()
        def f(x):
            return x * 2

        P(f(torch.ones(1, requires_grad=True)).requires_grad)

        @torch.enable_grad()
        def g(x):
            return x * 2

        with torch.no_grad():
            P(g(torch.ones(1, requires_grad=True)).requires_grad)
        with torch.set_grad_enabled(False):
            P(torch.is_grad_enabled())
        torch.set_grad_enabled(False)
        P(torch.is_grad_enabled())
        torch.set_grad_enabled(True)
        with torch.inference_mode():
            P(torch.is_inference_mode_enabled(), torch.is_grad_enabled())

    @case
    def version_increment():
        x = torch.ones(2)
        torch.autograd.graph.increment_version(x)
        P(x._version)

    @case
    def variable_compat():
        Variable = torch.autograd.Variable
        v = Variable(torch.ones(2), requires_grad=True)
        P(type(v).__name__, v.requires_grad, isinstance(torch.ones(1), Variable))
        v.sum().backward()
        P(v.grad.tolist())

    @case
    def detach_shares():
        x = torch.ones(2, requires_grad=True)
        y = x * 1
        d = y.detach()
        d.add_(1)
        P(y._version, y.tolist())
        e = y.data
        e.add_(1)
        P(y._version)

    @case
    def retain_grad_after_inplace():
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        y.retain_grad()
        y.mul_(3)
        y.sum().backward()
        P(y.grad.tolist(), x.grad.tolist())

    @case
    def hook_before_inplace():
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        y.register_hook(lambda g: P("before", g.tolist()))
        y.mul_(3)
        y.register_hook(lambda g: P("after", g.tolist()))
        y.sum().backward()

    @case
    def hook_view_inplace():
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        v = y[:1]
        v.register_hook(lambda g: P("v", g.tolist()))
        v.mul_(3)
        y.register_hook(lambda g: P("y", g.tolist()))
        y.sum().backward()
        P(x.grad.tolist())

    @case
    def create_graph_leaf():
        x = torch.tensor([2.0], requires_grad=True)
        y = (x**3).sum()
        y.backward(create_graph=True)
        P(x.grad)
        g = x.grad
        x.grad = None
        g.backward()
        P(x.grad.tolist())

    @case
    def grad_nongrad_dtype():
        x = torch.ones(2, dtype=torch.int64)
        x.requires_grad_()

    @case
    def grad_assign():
        x = torch.ones(2, requires_grad=True)
        for v in [torch.ones(3), torch.ones(2, dtype=torch.float64), 3, torch.ones(2), None]:
            try:
                x.grad = v
                P(x.grad)
            except Exception as e:
                P(type(e).__name__, str(e)[:80])

    @case
    def multithreading():
        with torch.autograd.set_multithreading_enabled(False):
            x = torch.ones(1, requires_grad=True)
            x.backward()
            P(x.grad.tolist())

    @case
    def exec_in_hook():
        x = torch.ones(2, requires_grad=True)
        y = x * 2

        def h(g):
            z = torch.ones(1, requires_grad=True)
            (z * 3).backward()
            P(z.grad.tolist(), torch.is_grad_enabled())

        y.register_hook(h)
        y.sum().backward()

    @case
    def backward_in_backward():
        class F(Function):
            @staticmethod
            def forward(ctx, x):
                with torch.enable_grad():
                    ctx.x = x.detach().requires_grad_()
                    ctx.y = ctx.x**2
                return ctx.y.detach()

            @staticmethod
            def backward(ctx, g):
                P(torch.is_grad_enabled())
                ctx.y.backward(g)
                return ctx.x.grad

        x = torch.ones(2, requires_grad=True)
        F.apply(x).sum().backward()
        P(x.grad.tolist())

    return cases

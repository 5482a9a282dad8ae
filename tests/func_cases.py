"""Programs of ``torch.func``, ``torch.vmap``, forward mode and ``autograd.functional``: run with PyTorch when recorded, with Rushlight
when tested. Each case is a function of the namespace ``t``; what it returns, or the error it raises, is its answer."""

from __future__ import annotations

import importlib
from typing import Any


def _x(t: Any) -> Any:
    return t.arange(6.0).reshape(3, 2) / 3 + 0.3


def vmap_cases(t: Any) -> dict[str, Any]:
    """``vmap``: dimensions, trees, chunks, nesting, in-place writes, indexing, errors."""
    vmap, x, F = t.vmap, _x(t), t.nn.functional
    m = t.arange(24.0).reshape(2, 3, 4)
    i = t.tensor([[0, 1], [1, 1], [1, 0]])

    def filled(a):
        out = t.zeros_like(a)
        out[0] = a[1]
        out[1:] += a[:1] * 2
        return out

    def written(a):
        a = a.clone()
        a[0].mul_(a[1])
        a.add_(a)
        a[a.new_zeros((), dtype=t.int64)] = 7.0
        return a

    def control(a):
        return a if a.sum() > 0 else -a

    return {
        "elementwise": lambda: vmap(lambda a: a.sin() * 2 + a.sum())(x),
        "products": lambda: vmap(lambda a, b: a @ b, in_dims=(0, 1))(x, x.T),
        "matrix times vector": lambda: vmap(t.mv, in_dims=(None, 0))(m[0], t.ones(5, 4)),
        "batch in the middle": lambda: vmap(lambda a: a.sum(0) - a.amax(1).sum(), in_dims=1, out_dims=1)(m),
        "negative dims": lambda: vmap(lambda a: a * 2, in_dims=-1, out_dims=-1)(m),
        "nested": lambda: vmap(vmap(lambda a, b: a.dot(b), in_dims=(None, 0)), in_dims=(0, None))(x, x + 1),
        "outer of three": lambda: vmap(vmap(vmap(lambda a, b: a * b, (None, 0)), (0, None)), (0, None))(m, x[0]),
        "trees": lambda: vmap(lambda d, s: {"a": d["u"] * s, "b": [d["v"], (s,)]}, in_dims=({"u": 0, "v": None}, 0))(
            {"u": x, "v": x[0]}, t.arange(3.0)),
        "out trees": lambda: vmap(lambda a: {"a": a, "b": [a, (a,)]}, out_dims={"a": 1, "b": [0, (1,)]})(x),
        "out None": lambda: vmap(lambda a: t.ones(2), out_dims=None)(x),
        "constant": lambda: vmap(lambda a: t.ones(2))(x),
        "numbers beside": lambda: vmap(lambda a, k: a * k, in_dims=(0, None))(x, 3),
        "chunks": lambda: vmap(lambda a: a.cumsum(0), chunk_size=2)(x),
        "no examples": lambda: vmap(lambda a: a.sum())(t.ones(0, 3)),
        "weak dtypes": lambda: vmap(lambda a, b: a * b)(x, t.arange(3).double()),
        "ints and 0-d": lambda: vmap(lambda a: a + 1.5)(t.arange(3)),
        "softmax": lambda: vmap(lambda a: a.softmax(0).log())(x),
        "reductions": lambda: vmap(lambda a: (a.max(), a.min(1)[0], a.argmax(), a.var(0), a.median(), a.norm()))(m),
        "sort and topk": lambda: vmap(lambda a: (a.sort(descending=True)[0], a.topk(2)[1]))(m),
        "shapes": lambda: vmap(lambda a: a.t().reshape(-1).unfold(0, 2, 2).unsqueeze(1).expand(-1, 2, -1).flatten(1))(m),
        "split and cat": lambda: vmap(lambda a: t.cat([p.flip(1) for p in a.split(2)] + [a.chunk(2, 1)[0].repeat(1, 2)]))(m),
        "diagonal": lambda: vmap(lambda a: a.diagonal(1) + t.diag_embed(a[0, :2]).sum())(m),
        "indexing": lambda: vmap(lambda a: (a[1], a[:, 1:3], a[..., None, 0], a[[0, 2]], a[:, t.tensor([1, 0])]))(m),
        "index apart": lambda: vmap(lambda a: a[[0, 1], :, [1, 2]])(t.arange(48.0).reshape(2, 2, 3, 4)),
        "batched index": lambda: vmap(lambda a, k: a[k])(x, i),
        "batched index of one": lambda: vmap(lambda k: x[0][k])(i),
        "batched index inside": lambda: vmap(lambda a, k: a[:, k])(t.arange(24.0).reshape(3, 4, 2), i),
        "gather": lambda: vmap(lambda a, k: (a.gather(0, k), a.scatter(0, k, 9.0), a.index_select(0, t.tensor([1]))))(x, i),
        "take_along_dim": lambda: vmap(lambda a: t.take_along_dim(a, a.argsort(0), 0))(m),
        "where": lambda: vmap(lambda a: t.where(a > a.mean(), a, 0.0))(m),
        "masked_fill": lambda: vmap(lambda a, v: a.masked_fill(a > 1, v))(x, t.arange(3.0)),
        "one_hot": lambda: vmap(lambda k: F.one_hot(k, 3))(i),
        "in place": lambda: vmap(written)(x),
        "zeros_like": lambda: vmap(filled)(m),
        "new_zeros": lambda: vmap(lambda a: a.new_zeros(2).copy_(a))(x),
        "linear and conv": lambda: vmap(lambda w, a: F.conv1d(a, w, t.ones(2), padding=1))(
            t.arange(24.0).reshape(2, 2, 3, 2) / 10, t.arange(30.0).reshape(2, 1, 3, 5) / 10),
        "layer_norm": lambda: vmap(lambda a, w: F.layer_norm(a, (4,), w))(m, t.arange(8.0).reshape(2, 4)),
        "group_norm": lambda: vmap(lambda a: F.group_norm(a, 2))(t.arange(48.0).reshape(2, 2, 4, 3).sin()),
        "batch_norm": lambda: vmap(lambda a: F.batch_norm(a, None, None, training=True))(t.arange(48.0).reshape(2, 4, 2, 3).sin()),
        "embedding": lambda: vmap(F.embedding)(i, m[:, :2].expand(2, 2, 4)[[0, 1, 0]]),
        "cross_entropy": lambda: vmap(F.cross_entropy)(m.sin(), t.tensor([[0, 3, 1], [2, 2, 0]])),
        "losses": lambda: vmap(lambda a, b: (F.mse_loss(a, b), F.l1_loss(a, b, reduction="sum"), F.huber_loss(a, b)))(m, m.sin()),
        "pooling": lambda: vmap(lambda a: (F.max_pool1d(a, 2), F.avg_pool1d(a, 2)))(m),
        "attention": lambda: vmap(lambda q: F.scaled_dot_product_attention(q, q, q))(t.arange(48.0).reshape(2, 1, 2, 3, 4).sin()),
        "linalg": lambda: vmap(lambda a: (t.linalg.det(a), t.linalg.inv(a), t.linalg.solve(a, a[0])))(
            t.eye(2).expand(3, 2, 2) + x[:, None]),
        "einsum": lambda: vmap(lambda a: t.einsum("ij,kj->ik", a, a))(m),
        "kwargs are shared": lambda: vmap(lambda a, b: a * b)(x, b=x),
        "item": lambda: vmap(lambda a: a.sum().item())(x),
        "float": lambda: vmap(lambda a: float(a.sum()))(x),
        "control flow": lambda: vmap(control)(x),
        "tolist": lambda: vmap(lambda a: a.tolist())(x),
        "numpy": lambda: vmap(lambda a: a.numpy())(x),
        "mask": lambda: vmap(lambda a: a[a > 0])(x),
        "nonzero": lambda: vmap(lambda a: a.nonzero())(x),
        "masked_select": lambda: vmap(lambda a: a.masked_select(a > 0))(x),
        "unique": lambda: vmap(lambda a: a.unique())(x),
        "write into one": lambda: vmap(lambda a: t.zeros(2).__setitem__(0, a[0]))(x),
        "wrong dim": lambda: vmap(lambda a: a, in_dims=2)(x),
        "wrong in_dims": lambda: vmap(lambda a: a, in_dims="a")(x),
        "in_dims of another shape": lambda: vmap(lambda a: a, in_dims=(0, 0))(x),
        "over a number": lambda: vmap(lambda a, b: a, in_dims=(0, 0))(x, 3),
        "other sizes": lambda: vmap(lambda a, b: a)(x, t.ones(4)),
        "in_dims None": lambda: vmap(lambda a, b: a, in_dims=None)(x, t.ones(4)),
        "nothing mapped": lambda: vmap(lambda a, b: a, in_dims=(None, None))(x, t.ones(4)),
        "no inputs": lambda: vmap(lambda: 1)(),
        "in_dim a float": lambda: vmap(lambda a: a, in_dims=(0.5,))(x),
        "a number returned": lambda: vmap(lambda a: (a, 3))(x),
        "out_dims None of batched": lambda: vmap(lambda a: a, out_dims=None)(x),
        "out_dims too many": lambda: vmap(lambda a: a, out_dims=(0, 1))(x),
        "out_dims text": lambda: vmap(lambda a: a, out_dims="a")(x),
        "out_dims too far": lambda: vmap(lambda a: a, out_dims=5)(x),
        "randomness of no kind": lambda: vmap(lambda a: a, randomness="foo")(x),
        "chunk of none": lambda: vmap(lambda a: a, chunk_size=0)(x),
        "requires_grad_": lambda: vmap(lambda a: a.requires_grad_())(x),
        "backward": lambda: vmap(lambda a: a.sum().backward())(x),
        "running statistics": lambda: vmap(lambda a: F.batch_norm(a, t.zeros(2), t.ones(2), training=True))(t.ones(3, 4, 2)),
    }  # fmt: skip


def random_cases(t: Any) -> dict[str, Any]:
    """Random functions under ``vmap``, for each flag: the very numbers."""
    x, F = _x(t) * 3 - 0.9, t.nn.functional
    functions = {
        "rand": lambda a: t.rand(2),
        "randn": lambda a: t.randn(2),
        "randint": lambda a: t.randint(0, 9, (2,)),
        "rand_like": lambda a: t.rand_like(a),
        "randn_like": lambda a: t.randn_like(a),
        "randperm": lambda a: t.randperm(4),
        "bernoulli": lambda a: t.bernoulli(a / 10),
        "dropout": lambda a: F.dropout(a),
        "dropout of one": lambda a: F.dropout(t.ones(4)),
        "normal": lambda a: t.normal(a, 1.0),
        "multinomial": lambda a: t.multinomial(a + 1, 2),
        "normal_": lambda a: a.clone().normal_(),
        "uniform_": lambda a: a.clone().uniform_(),
        "exponential_ of one": lambda a: t.empty(2).exponential_(),
        "alpha_dropout": lambda a: F.alpha_dropout(a, training=True),
        "dropout2d": lambda a: F.dropout2d(t.ones(2, 3, 2, 2) + a[0]),
        "poisson": lambda a: t.poisson(a),
        "twice": lambda a: t.rand(1) + t.vmap(lambda b: t.rand(()) + b * 0, randomness="same")(a),
    }

    def seeded(f, mode):
        t.manual_seed(0)
        return t.vmap(f, randomness=mode)(x)

    return {
        f"{mode} {name}": lambda f=f, mode=mode: seeded(f, mode)
        for mode in ("error", "different", "same")
        for name, f in functions.items()
    }


def grad_cases(t: Any) -> dict[str, Any]:
    """``grad``, ``vjp``, ``jvp``, Jacobians, Hessians and what they refuse."""
    f = importlib.import_module(f"{t.__name__}.func")
    x = _x(t)
    w = t.ones(2, requires_grad=True)

    def scalar(a):
        return (a.softmax(0) ** 3).sum()

    def rewritten(a):
        a = a.clone()
        a[0].mul_(a[1])
        a.add_(a)
        return a

    def into_zeros(a):
        out = t.zeros(3, 2)
        out[0] = a[1]
        out[1].copy_(a[2])
        out[2] += a[0] * a[1]
        return out

    def loss(p, a):
        return ((p["w"] @ a).tanh() * p["b"]).sum()

    p = {"w": t.arange(4.0).reshape(2, 2) / 5, "b": t.tensor([1.0, -2.0])}
    return {
        "grad": lambda: f.grad(lambda a: (a**3).sum())(x),
        "grad of grad": lambda: f.grad(f.grad(lambda a: a**3))(t.tensor(2.0)),
        "perturbations": lambda: f.grad(lambda a: a * f.grad(lambda b: a * b)(t.tensor(2.0)))(t.tensor(3.0)),
        "perturbations, the same": lambda: f.grad(lambda a: a * f.grad(lambda b: a * b)(a))(t.tensor(3.0)),
        "perturbations, forward": lambda: f.jvp(
            lambda a: a * f.jvp(lambda b: a * b, (t.tensor(2.0),), (t.tensor(1.0),))[1], (t.tensor(3.0),), (t.tensor(1.0),)),
        "argnums": lambda: f.grad(lambda a, b: (a * b).sum(), argnums=(0, 1))(x, x + 1),
        "argnums from the end": lambda: f.grad(lambda a, b: (a * b).sum(), argnums=-1)(x, x + 1),
        "argnums too far": lambda: f.grad(lambda a, b: (a * b).sum(), argnums=3)(x, x),
        "argnums text": lambda: f.grad(lambda a, b: (a * b).sum(), argnums="a")(x, x),
        "argnums twice": lambda: f.grad(lambda a, b: (a * b).sum(), argnums=(0, 0))(x, x),
        "a tree": lambda: f.grad(loss)(p, x[0]),
        "aux": lambda: f.grad(lambda a: (a.sum(), a * 2), has_aux=True)(x),
        "aux missing": lambda: f.grad(lambda a: a.sum(), has_aux=True)(x),
        "and value": lambda: f.grad_and_value(lambda a: (a.sum() ** 2, a), has_aux=True)(x),
        "no scalar": lambda: f.grad(lambda a: a)(x),
        "no tensor": lambda: f.grad(lambda a: 3)(x),
        "a tuple": lambda: f.grad(lambda a: (a.sum(), 1))(x),
        "ints": lambda: f.grad(lambda a: (a * 1.0).sum())(t.arange(3)),
        "a number in": lambda: f.grad(lambda a: a)(3.0),
        "unused": lambda: f.grad(lambda a: t.ones(()))(x),
        "outside leaf": lambda: f.grad_and_value(lambda a: (a * a * w).sum())(x),
        "outside leaf, backward": lambda: t.autograd.grad(f.grad(lambda a: (a * a * w).sum())(x).sum(), w),
        "of what requires grad": lambda: t.autograd.grad(f.grad(lambda a: (a**3).sum())(y := x.clone().requires_grad_()).sum(), y),
        "nothing outside": lambda: f.grad(lambda a: (a * a).sum())(x).requires_grad,
        "no_grad outside": lambda: t.no_grad()(lambda: f.grad(lambda a: (a * a).sum())(x))(),
        "no_grad inside": lambda: f.grad(lambda a: (a * t.no_grad()(lambda: a * a)()).sum())(x),
        "in place": lambda: f.grad(lambda a: a.clone().mul_(a).sum())(x),
        "in place on the variable": lambda: f.grad(lambda a: a.mul_(3).sum())(x.clone()),
        "requires_grad_": lambda: f.grad(lambda a: a.requires_grad_().sum())(x),
        "backward": lambda: f.grad(lambda a: (a.sum().backward(), a.sum())[1])(x),
        "autograd.grad": lambda: f.grad(lambda a: t.autograd.grad((a**3).sum(), a, create_graph=True)[0].sum())(x),
        "vmap of grad": lambda: t.vmap(f.grad(lambda a: (a * a * w).sum()))(x),
        "per sample": lambda: t.vmap(f.grad(loss), in_dims=(None, 0))(p, x),
        "grad of vmap": lambda: f.grad(lambda a: t.vmap(lambda b: (b**3).sum())(a).sum())(x),
        "grad of vmap of grad": lambda: f.grad(lambda q: t.vmap(f.grad(loss, 1), in_dims=(None, 0))(q, x).pow(2).sum())(p),
        "vjp": lambda: (lambda out, fn: (out, fn(x)))(*f.vjp(lambda a: a.sin(), x)),
        "vjp of trees": lambda: f.vjp(lambda a, b: (a * b, {"k": a}), x, x)[1]((x, {"k": x})),
        "vjp aux": lambda: f.vjp(lambda a: (a, a * 2), x, has_aux=True)[::2],
        "vjp, wrong tree": lambda: f.vjp(lambda a, b: (a * b, {"k": a}), x, x)[1](x),
        "vjp, wrong shape": lambda: f.vjp(lambda a: a * 2, x)[1](x[0]),
        "vjp, no tensor": lambda: f.vjp(lambda a: 3, x),
        "jvp": lambda: f.jvp(lambda a, b: a * b.sin(), (x, x), (x, t.ones_like(x))),
        "jvp of much": lambda: f.jvp(
            lambda a: t.cat([a.softmax(1).log().cumsum(0), a.T @ a, a.sort(0)[0].exp(), a.std(1, keepdim=True).expand(3, 2)]), (x,),
            (t.ones_like(x).cumsum(0),)),
        "jvp in place": lambda: f.jvp(rewritten, (x,), (t.ones_like(x),)),
        "jvp into zeros": lambda: f.jvp(into_zeros, (x,), (t.ones_like(x),)),
        "jvp detach": lambda: f.jvp(lambda a: a * a.detach(), (x,), (x,)),
        "jvp of a constant": lambda: f.jvp(lambda a: t.ones(2), (x,), (x,)),
        "jvp strict": lambda: f.jvp(lambda a: t.ones(2), (x,), (x,), strict=True),
        "jvp aux": lambda: f.jvp(lambda a: (a * a, a), (x,), (x,), has_aux=True),
        "jvp, other trees": lambda: f.jvp(lambda a, b: a * b, (x, x), (x,)),
        "jvp, other shape": lambda: f.jvp(lambda a: a, (x,), (x[0],)),
        "jvp, no tuple": lambda: f.jvp(lambda a: a, x, x),
        "jvp, no tensor out": lambda: f.jvp(lambda a: 3, (x,), (x,)),
        "jvp, no tensor in": lambda: f.jvp(lambda a: a, (x,), (3,)),
        "jvp, nothing": lambda: f.jvp(lambda a: a, (), ()),
        "jvp of ints": lambda: f.jvp(lambda a: a * 2.0, (t.arange(3),), (t.arange(3),)),
        "jvp of grad": lambda: f.jvp(f.grad(scalar), (x[1],), (x[0],)),
        "grad of jvp": lambda: f.grad(lambda a: f.jvp(lambda b: (b**3).sum(), (a,), (a,))[1])(x[1]),
        "jvp of vjp": lambda: f.jvp(lambda c: f.vjp(lambda a: a.sin(), x)[1](c)[0], (x,), (x,)),
        "vjp of jvp": lambda: f.vjp(lambda a: f.jvp(scalar, (a,), (x[0],))[1], x[1])[1](t.tensor(2.0)),
        "vmap of jvp": lambda: t.vmap(lambda a, b: f.jvp(scalar, (a,), (b,)))(x, x + 1),
        "jacrev": lambda: f.jacrev(lambda a: a.sum(1) ** 2)(x),
        "jacrev of trees": lambda: f.jacrev(lambda q: {"o": q["a"] * 2, "q": q["b"].sum()})({"a": x[0], "b": x[1]}),
        "jacrev in chunks": lambda: f.jacrev(lambda a: a.sum(1) ** 2, chunk_size=2)(x),
        "jacrev, wrong chunks": lambda: f.jacrev(lambda a: a.sum(1) ** 2, chunk_size=-2)(x),
        "jacrev aux": lambda: f.jacrev(lambda a: (a * 2, a), has_aux=True)(x[0]),
        "jacfwd": lambda: f.jacfwd(lambda a: a.sum(1) ** 2)(x),
        "jacfwd of two": lambda: f.jacfwd(lambda a, b: (a * b, a.sum()), argnums=(0, 1))(x[0], x[1]),
        "jacfwd of a tree": lambda: f.jacfwd(lambda a: a["a"].exp())({"a": x[0]}),
        "jacfwd aux": lambda: f.jacfwd(lambda a: (a * 2, a), has_aux=True)(x[0]),
        "jacfwd, wrong argnum": lambda: f.jacfwd(lambda a, b: a, argnums=4)(x[0], x[1]),
        "jacfwd, no tensor": lambda: f.jacfwd(lambda a: 3)(x[0]),
        "hessian": lambda: f.hessian(scalar)(x[1]),
        "hessian of a tree": lambda: f.hessian(lambda a: (a["a"] ** 3).sum())({"a": x[1]}),
        "hessian of two": lambda: f.hessian(lambda a, b: (a**2).sum() * (b**3).sum(), argnums=(0, 1))(x[0], x[1]),
        "reverse over reverse": lambda: f.jacrev(f.jacrev(scalar))(x[1]),
        "reverse over forward": lambda: f.jacrev(f.jacfwd(scalar))(x[1]),
        "forward over forward": lambda: f.jacfwd(f.jacfwd(scalar))(x[1]),
        "third derivative": lambda: f.jacfwd(f.jacrev(f.jacrev(lambda a: (a**4).sum())))(x[1]),
        "batch of hessians": lambda: t.vmap(f.hessian(scalar))(x),
        "linearize": lambda: f.linearize(lambda a: a.sin() * a.sum(), x)[1](t.ones_like(x)),
        "linearize, wrong shape": lambda: f.linearize(lambda a: a.sin(), x)[1](t.ones(2)),
        "functionalize": lambda: f.functionalize(lambda a: a.view(-1).add_(1))(x.clone()),
        "functionalize, unknown": lambda: f.functionalize(lambda a: a, remove="x")(x),
    }  # fmt: skip


def module_cases(t: Any) -> dict[str, Any]:
    """Modules as functions of their parameters; ensembles."""
    f = importlib.import_module(f"{t.__name__}.func")
    nn, x = t.nn, _x(t)
    t.manual_seed(0)
    m = nn.Linear(2, 2)
    ones = {k: t.ones_like(v) for k, v in m.named_parameters()}
    tied = nn.ModuleDict({"a": nn.Linear(2, 2, bias=False), "b": nn.Linear(2, 2, bias=False)})
    tied["b"].weight = tied["a"].weight
    tied.forward = lambda a: tied["b"](tied["a"](a))
    models = [nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)) for _ in range(3)]

    def ensemble():
        params, buffers = f.stack_module_state(models)
        out = t.vmap(lambda p, b, a: f.functional_call(models[0], (p, b), (a,)), in_dims=(0, 0, None))(
            params, buffers, x
        )
        out.sum().backward()
        return out, {k: v.grad for k, v in params.items()}

    def training_step():
        params = {k: v.detach() for k, v in models[0].named_parameters()}
        grads = f.grad(lambda p: ((f.functional_call(models[0], p, (x,)) - 1) ** 2).mean())(params)
        return {k: params[k] - 0.1 * grads[k] for k in params}

    def counted():
        bn = nn.BatchNorm1d(2)
        state = {k: v.clone() for k, v in bn.named_buffers()}
        f.functional_call(bn, state, (x,))
        return state, bn.running_mean

    return {
        "functional_call": lambda: f.functional_call(m, ones, (x,)),
        "one argument": lambda: f.functional_call(m, ones, x),
        "some parameters": lambda: f.functional_call(m, {"bias": t.zeros(2)}, x),
        "the module is as it was": lambda: (f.functional_call(m, ones, x), m(x))[1],
        "several dicts": lambda: f.functional_call(m, [{"weight": t.zeros(2, 2)}, {"bias": t.ones(2)}], x),
        "twice in dicts": lambda: f.functional_call(m, [{"weight": t.zeros(2, 2)}, {"weight": t.ones(2)}], x),
        "no dicts": lambda: f.functional_call(m, [3], x),
        "a number": lambda: f.functional_call(m, 3, x),
        "no tensor": lambda: f.functional_call(m, {"weight": 3}, x),
        "unknown path": lambda: f.functional_call(m, {"a.foo": x}, x),
        "strict, missing": lambda: f.functional_call(m, {"weight": t.ones(2, 2)}, x, strict=True),
        "strict, unknown": lambda: f.functional_call(m, {**ones, "foo": x}, x, strict=True),
        "tied": lambda: f.functional_call(tied, {"a.weight": t.ones(2, 2)}, x),
        "tied, two values": lambda: f.functional_call(tied, {"a.weight": t.ones(2, 2), "b.weight": t.ones(2, 2)}, x),
        "not tied": lambda: f.functional_call(tied, {"a.weight": t.ones(2, 2)}, x, tie_weights=False),
        "buffers move": counted,
        "ensemble": ensemble,
        "a step": training_step,
        "stacked": lambda: [{k: (v.shape, v.requires_grad) for k, v in d.items()} for d in f.stack_module_state(
            [nn.BatchNorm1d(2), nn.BatchNorm1d(2)])],
        "no models": lambda: f.stack_module_state([]),
        "other classes": lambda: f.stack_module_state([nn.Linear(2, 2), nn.ReLU()]),
        "other modes": lambda: f.stack_module_state([nn.Linear(2, 2).eval(), nn.Linear(2, 2)]),
        "no running statistics": lambda: t.vmap(
            f.replace_all_batch_norm_modules_(nn.Sequential(nn.BatchNorm1d(2))))(t.arange(24.0).reshape(3, 4, 2).sin()),
    }  # fmt: skip


def dual_cases(t: Any) -> dict[str, Any]:
    """``forward_ad``."""
    fw = importlib.import_module(f"{t.__name__}.autograd.forward_ad")
    x = _x(t)

    def inside(f):
        with fw.dual_level():
            return f(fw.make_dual(x.clone(), t.ones_like(x)))

    def module(d):
        t.manual_seed(0)
        m = t.nn.Linear(2, 2)
        out = m(d).tanh().sum()
        found = fw.unpack_dual(out)
        return found.primal.detach(), found.tangent.detach()

    def parameters():
        t.manual_seed(0)
        m = t.nn.Linear(2, 2)
        with fw.dual_level():
            for name, p in list(m.named_parameters()):
                delattr(m, name)
                setattr(m, name, fw.make_dual(p, t.ones_like(p)))
            return tuple(v.detach() for v in fw.unpack_dual(m(x)))

    return {
        "unpack": lambda: inside(lambda d: tuple(fw.unpack_dual(d * d))),
        "plain": lambda: inside(lambda d: tuple(fw.unpack_dual(x))),
        "printed": lambda: inside(lambda d: repr(d)),
        "printed of one": lambda: inside(lambda d: repr(d.sum())),
        "dual again": lambda: inside(lambda d: fw.make_dual(d, t.ones_like(x))),
        "nested": lambda: inside(lambda d: fw.enter_dual_level()),
        "wrong shape": lambda: inside(lambda d: fw.make_dual(x, t.ones(2))),
        "ints": lambda: inside(lambda d: fw.make_dual(t.arange(3), t.arange(3))),
        "no level": lambda: fw.make_dual(x, x),
        "no level, unpacked": lambda: tuple(fw.unpack_dual(x)),
        "exit without": lambda: fw.exit_dual_level(),
        "after": lambda: inside(lambda d: d * 2) + 1,
        "a module": lambda: inside(module),
        "parameters": parameters,
        "values can be read": lambda: inside(lambda d: (d.sum().item(), bool(d.sum() > 0))),
        "autograd.grad of duals": lambda: inside(
            lambda d: tuple(fw.unpack_dual(t.autograd.grad((e := fw.make_dual(x.clone().requires_grad_(), x)).pow(3).sum(), e)[0]))),
    }  # fmt: skip


def functional_cases(t: Any) -> dict[str, Any]:
    """``autograd.functional`` with all its options."""
    fn = importlib.import_module(f"{t.__name__}.autograd.functional")
    x = t.arange(4.0) + 1
    one = lambda a: (a**3) * a.sum()  # noqa: E731
    two = lambda a, b: (a * b.sum(), (a**2).sum())  # noqa: E731
    value = lambda a: (a**3).sum()  # noqa: E731
    both = lambda a, b: (a**2).sum() * (b**2).sum()  # noqa: E731
    cases: dict[str, Any] = {}
    options: list[dict[str, Any]] = [
        {}, {"vectorize": True}, {"strict": True}, {"create_graph": True}, {"create_graph": True, "vectorize": True},
        {"vectorize": True, "strategy": "forward-mode"}, {"strategy": "forward-mode"}, {"strict": True, "vectorize": True},
        {"strict": True, "vectorize": True, "strategy": "forward-mode"}, {"strategy": "x"},
        {"create_graph": True, "vectorize": True, "strategy": "forward-mode"},
    ]  # fmt: skip
    for o in options:
        named = " ".join(f"{k}={v}" for k, v in o.items())
        outer = {("outer_jacobian_strategy" if k == "strategy" else k): v for k, v in o.items()}
        cases[f"jacobian {named}"] = lambda o=o: fn.jacobian(one, x[:2], **o)
        cases[f"jacobian of two {named}"] = lambda o=o: fn.jacobian(two, (x[:2], x[:3]), **o)
        cases[f"jacobian of a leaf {named}"] = lambda o=o: fn.jacobian(one, x[:2].clone().requires_grad_(), **o)
        cases[f"hessian {named}"] = lambda o=outer: fn.hessian(value, x[:2], **o)
        cases[f"hessian of two {named}"] = lambda o=outer: fn.hessian(both, (x[:2], x[:1]), **o)
    for name in ("vhp", "hvp", "jvp", "vjp"):
        product = getattr(fn, name)
        f = one if name == "vjp" else value
        cases[name] = lambda product=product, f=f: product(f, x, x)
        cases[name + " strict"] = lambda product=product, f=f: product(f, x, x, strict=True)
        cases[name + " with a graph"] = lambda product=product, f=f: product(
            f, x.clone().requires_grad_(), x, create_graph=True
        )
        cases[name + ", wrong v"] = lambda product=product: product(value, x, x[:2])
        cases[name + ", no v"] = lambda product=product: product(value, x)
    return cases


def user_function_cases(t: Any) -> dict[str, Any]:
    """``autograd.Function`` inside transformations."""
    f = importlib.import_module(f"{t.__name__}.func")
    Function = t.autograd.Function
    x = _x(t)
    w = t.arange(4.0).reshape(2, 2)

    class Cube(Function):
        @staticmethod
        def forward(x):
            return x**3

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(inputs[0])
            ctx.save_for_forward(inputs[0])

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x * x * g

        @staticmethod
        def jvp(ctx, tangent):
            (x,) = ctx.saved_tensors
            return 3 * x * x * tangent

    class Generated(Cube):
        generate_vmap_rule = True

    class Ruled(Cube):
        @staticmethod
        def vmap(info, in_dims, x):
            return Ruled.apply(x), in_dims[0]

    class Torn(Ruled):
        generate_vmap_rule = True

    class NoTangent(Generated):
        @staticmethod
        def jvp(ctx, *tangents):
            return Function.jvp(ctx, *tangents)

    class Old(Function):
        @staticmethod
        def forward(ctx, x):
            return x**3

        @staticmethod
        def backward(ctx, g):
            return g

    class Product(Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x, w, k):
            return x @ w * k, x.sum()

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, w, ctx.k = inputs
            ctx.save_for_backward(x, w)
            ctx.save_for_forward(x, w)

        @staticmethod
        def backward(ctx, g, h):
            x, w = ctx.saved_tensors
            return g @ w.t() * ctx.k + h, t.outer(x, g) * ctx.k, None

        @staticmethod
        def jvp(ctx, xt, wt, _):
            x, w = ctx.saved_tensors
            return (xt @ w + x @ wt) * ctx.k, xt.sum()

    def total(a, b):
        return sum(o.sum() for o in Product.apply(a, b, 2.0))

    cases: dict[str, Any] = {
        "old": lambda: f.grad(lambda a: Old.apply(a).sum())(x),
        "old vmap": lambda: t.vmap(Old.apply)(x),
    }
    for c in (Cube, Generated, Ruled, Torn):
        cases[f"{c.__name__} grad"] = lambda c=c: f.grad(lambda a: c.apply(a).sum())(x)
        cases[f"{c.__name__} twice"] = lambda c=c: f.grad(lambda b: f.grad(lambda a: c.apply(a).sum())(b).sum())(x)
        cases[f"{c.__name__} vmap"] = lambda c=c: t.vmap(c.apply)(x)
        cases[f"{c.__name__} vmap 1"] = lambda c=c: t.vmap(c.apply, in_dims=1)(x)
        cases[f"{c.__name__} per sample"] = lambda c=c: t.vmap(f.grad(lambda a: c.apply(a).sum()))(x)
        cases[f"{c.__name__} grad of vmap"] = lambda c=c: f.grad(lambda b: t.vmap(lambda a: c.apply(a).sum())(b).sum())(
            x
        )
        cases[f"{c.__name__} jvp"] = lambda c=c: f.jvp(c.apply, (x,), (x,))
        cases[f"{c.__name__} jacrev"] = lambda c=c: f.jacrev(c.apply)(x[0])
    return {
        **cases,
        "no tangent": lambda: f.jvp(NoTangent.apply, (x,), (x,)),
        "product vmap": lambda: t.vmap(lambda a: Product.apply(a, w, 2.0))(x),
        "product grad": lambda: f.grad(total, argnums=(0, 1))(x[0], w),
        "product per sample": lambda: t.vmap(f.grad(total, argnums=(0, 1)), in_dims=(0, None))(x, w),
        "product grad of vmap": lambda: f.grad(lambda a, b: t.vmap(lambda q: total(q, b))(a).sum(), argnums=(0, 1))(
            x, w
        ),
        "product jvp": lambda: f.jvp(lambda a, b: Product.apply(a, b, 2.0), (x[0], w), (x[1], w)),
        "product jvp of one": lambda: f.jvp(lambda a: Product.apply(a, w, 2.0), (x[0],), (x[1],)),
    }


GROUPS = {
    "vmap": vmap_cases, "random": random_cases, "grad": grad_cases, "modules": module_cases, "dual": dual_cases,
    "functional": functional_cases, "user functions": user_function_cases,
}  # fmt: skip


# --- answers ------------------------------------------------------------------------------------------------------------
def plain(t: Any, x: Any) -> Any:
    """A result as JSON: a tensor as dtype, shape, elements and whether it has a history."""
    if isinstance(x, t.Tensor):
        return {
            "dtype": str(x.dtype),
            "shape": list(x.shape),
            "data": x.detach().flatten().tolist(),
            "grad": x.requires_grad,
        }
    if isinstance(x, (tuple, list)):
        return [plain(t, v) for v in x]
    if isinstance(x, dict):
        return {"dict": [[k, plain(t, v)] for k, v in x.items()]}
    return x


def answer(t: Any, case: Any) -> Any:
    """What a case gives, or the type and the first line of its error."""
    try:
        return plain(t, case())
    except Exception as error:
        return {"error": type(error).__name__, "text": str(error).split("\n")[0]}


def answers(t: Any, group: str) -> dict[str, Any]:
    """The answers of all cases of a group."""
    return {name: answer(t, case) for name, case in GROUPS[group](t).items()}

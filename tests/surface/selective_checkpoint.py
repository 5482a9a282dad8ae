import functools
import torch
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts

calls = []


@torch.library.custom_op("surfacetest::twice", mutates_args=())
def twice(x: torch.Tensor) -> torch.Tensor:
    calls.append(1)
    return x * 2


twice.register_autograd(lambda ctx, g: g * 2)
seen = []


def policy(ctx, op, *args, **kwargs):
    seen.append((str(op), ctx.is_recompute))
    save = (torch.ops.aten.mm.default, torch.ops.surfacetest.twice.default)
    return CheckpointPolicy.MUST_SAVE if op in save else CheckpointPolicy.PREFER_RECOMPUTE


def f(x, y):
    return torch.sigmoid(twice(torch.matmul(torch.matmul(x, y), y))) * y


torch.manual_seed(0)
x, y = (torch.rand(4, 4, requires_grad=True) for _ in range(2))
plain = torch.autograd.grad(f(x, y).sum(), (x, y))
saved = [torch.ops.aten.mm.default]
for what in (policy, saved, lambda ctx, op, *a, **k: False, lambda ctx, op, *a, **k: True):
    calls.clear()
    out = checkpoint(
        f, x, y, use_reentrant=False, context_fn=functools.partial(create_selective_checkpoint_contexts, what)
    )
    grads = torch.autograd.grad(out.sum(), (x, y))
    print(len(calls), [torch.equal(a, b) for a, b in zip(grads, plain)])
print(
    [
        s
        for s in seen
        if s[0] in ("aten.mm.default", "aten.sigmoid.default", "aten.mul.Tensor", "surfacetest.twice.default")
    ]
)
for wrong in ([torch.ops.aten.mm], ["mm"], 3):
    try:
        create_selective_checkpoint_contexts(wrong)
    except (ValueError, TypeError) as error:
        print(type(error).__name__, str(error)[:60])
net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.GELU(), torch.nn.Dropout(0.5), torch.nn.Linear(8, 4))
context = functools.partial(create_selective_checkpoint_contexts, [torch.ops.aten.addmm.default])
torch.manual_seed(1)
net(x).sum().backward()
first = [p.grad.clone() for p in net.parameters()]
net.zero_grad()
torch.manual_seed(1)
checkpoint(net, x, use_reentrant=False, context_fn=context).sum().backward()
print([torch.equal(a, p.grad) for a, p in zip(first, net.parameters())])

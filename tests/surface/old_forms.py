"""Calls that PyTorch has long advised against and takes still, and Python's types as dtypes, as public packages write them."""

import torch
from torch import nn


def refused(f):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__)


def x():
    return torch.tensor([1.0, 2.0], requires_grad=True)


m = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
v = torch.tensor([3.0, 5.0])
print(torch.add(v, 0.5, v), v.clone().add_(0.5, v), v.clone().sub_(2, v), torch.sub(v, 0.5, other=v))
print(
    torch.addcmul(v, 0.5, v, v),
    v.clone().addcmul_(0.5, v, v),
    v.clone().addcdiv_(-0.5, v, v + 1),
    torch.addcdiv(v, 2, v, v),
)
print(m.addmm(0.5, m, m), m.addmm(0.5, 0.3, m, m), torch.addmm(0.5, m, m, m), torch.addmm(0.5, m, 0.3, m, m))
print(v.addmv(0.5, m, v), torch.addmv(0.5, v, m, v), m.clone().addr_(0.5, v, v), m[None].baddbmm(0.5, m[None], m[None]))
print(torch.addbmm(0.5, m, m[None], m[None]), torch.add(m, 2, m, out=torch.empty(2, 2)))
w = x()
torch.addcmul(w * 1, 3, w, w).sum().backward()
print(w.grad)
w = x()
y = (w * 2).addcmul_(0.5, w, w)
y.sum().backward()
print(w.grad, y)
refused(lambda: torch.add(v, 1, 2, 3))
refused(lambda: torch.add(v, v, v))
refused(lambda: torch.addcmul(v, 1, 2, v))

for d in (float, int, bool, complex):
    print(
        v.to(d),
        v.to(dtype=d).dtype,
        v.sum(dtype=d).dtype,
        torch.as_tensor([1], dtype=d).dtype,
        v.new_zeros(2, dtype=d).dtype,
    )
print(
    v.cumsum(0, dtype=float),
    torch.softmax(v, 0, dtype=float),
    v.mean(dtype=float),
    nn.Linear(1, 1, dtype=float).weight.dtype,
)
print(nn.Linear(2, 1).to(float).bias.dtype, torch.as_tensor(v, dtype=float).dtype, torch.prod(m, 0, dtype=int))
refused(lambda: v.to(str))
refused(lambda: v.sum(dtype=str))
refused(lambda: nn.Linear(1, 1).to(int))

torch.manual_seed(0)
print(torch.randint_like(torch.ones(4), high=5), torch.randint(high=5, size=(3,)), torch.randint_like(v, low=1, high=9))

# Tensors of one element within lists are numbers, whatever their shape; arrays keep theirs. Arrays of what requires grad, where nothing
# is recorded.
one, scalar = torch.ones(1), torch.tensor(2.0)
print(
    torch.tensor([one]),
    torch.tensor([[one], [scalar]]),
    torch.tensor([one.double(), one]).dtype,
    torch.tensor([one.long(), 1]),
)
print(
    torch.tensor([torch.ones(1, 1), scalar]), torch.tensor([[1.0, 2.0], torch.ones(2)]), torch.as_tensor([one, scalar])
)
refused(lambda: torch.tensor([torch.ones(2)]))
refused(lambda: torch.tensor([1, torch.ones(2)]))
leaf = torch.ones(2, requires_grad=True)
with torch.no_grad():
    print(leaf.numpy(), leaf.view(-1).numpy())
refused(lambda: leaf.numpy())

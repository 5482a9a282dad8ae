import torch
import torch.nn.functional as F
from torch.overrides import BaseTorchFunctionMode, TorchFunctionMode
from torch.overrides import _get_current_function_mode_stack as stack


class Named(TorchFunctionMode):
    def __init__(self, label="   "):
        self.label = label

    def __torch_function__(self, func, types, args=(), kwargs=None):
        print(self.label, func.__name__, [type(a).__name__ for a in args], len(stack()))
        return func(*args, **(kwargs or {}))


x, p, lin = torch.ones(2, 2), torch.nn.Parameter(torch.ones(2, 2)), torch.nn.Linear(2, 2)
CALLS = """
x + 1; 1 + x; x - 1; 1 - x; x @ x; x * x; x.add(1); x.add_(1); x.__iadd__(1); x.shape; x.size(); x.dtype; x.requires_grad; x.T; x[0];
x.__setitem__(0, 1); torch.add(x, 1); torch.zeros(2); torch.tensor([1.0]); torch.arange(3); torch.randn(2); F.relu(x); F.linear(x, x);
F.softmax(x, dim=1); F.cross_entropy(x, torch.tensor([0, 1])); torch.einsum("ij,jk->ik", x, x); lin(x); repr(x); len(x); bool(x.sum() > 0);
x.sum().item(); torch.cat([x, x]); torch.split(x, 1); x.split(1); p * 2; (p * 2).sum().backward(); x.to(torch.float64); x.numpy();
x.detach(); x.view(4); x.reshape(4); -x; abs(x); x == x; x > x; torch.stack([x, x]); x.unique(); torch.abs(x); x.clone();
torch.where(x > 0, x, x); x.numel(); x.dim(); x.ndim; x.half(); torch.randperm(3); x.new_zeros(2); torch.zeros_like(x); x / 2; x // 2
"""
for call in CALLS.replace("\n", " ").split(";"):
    print(call.strip())
    with Named():
        eval(call.strip())
with Named("outer"), Named("inner"):
    y = x * 2
print(len(stack()), y.sum())


class Replaces(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in (torch.ones, torch.zeros):
            kwargs["dtype"] = torch.float64
        return func(*args, **kwargs)


with Replaces():
    print(torch.ones(2).dtype, torch.zeros(2).dtype, torch.full((2,), 1.0).dtype)
    with torch._C.DisableTorchFunctionSubclass():
        print(torch.ones(2).dtype)
    with torch._C.DisableTorchFunction():
        print(torch.ones(2).dtype)
print(torch.ones(2).dtype)


class Silent(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        return NotImplemented


try:
    with Silent():
        torch.ones(2)
except TypeError as error:
    print(type(error).__name__, len(stack()))
try:
    with TorchFunctionMode():
        torch.ones(2)
except NotImplementedError as error:
    print(type(error).__name__, len(stack()))
with BaseTorchFunctionMode() as mode:
    print(torch.ones(2), isinstance(mode, TorchFunctionMode))
with Named("autocast"), torch.autocast("cpu", dtype=torch.bfloat16):
    print((x @ x).dtype)
with torch.autocast("cpu", dtype=torch.bfloat16), Named("autocast"):
    print((x @ x).dtype)
print((x @ x).dtype)
big = torch.ones(300000)
with Named("large"):
    print((big * 2 + 1).sum())

import torch
import torch.nn.functional as F


class Sub(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        print("  ", getattr(func, "__name__", func), len(args))
        return super().__torch_function__(func, types, args, kwargs)


s, x = torch.ones(2, 2).as_subclass(Sub), torch.ones(2, 2)
CALLS = """
s + 1; s.shape; s.dtype; s.size(); s.numel(); s.T; s.sum().item(); F.linear(s, x); F.softmax(s, dim=1); s.requires_grad_();
(s * 2).sum().backward(); s.grad; s.detach(); s.to(torch.float64); F.relu(s); s.reshape(4); s.flatten(); len(s); bool(s.sum() > 0); s.view(4);
s[0]; s.tolist(); torch.add(x, s); s.mul(2); F.cross_entropy(s, torch.tensor([0, 1])); torch.stack([s, s]); s.is_leaf; s.device
"""
for call in CALLS.replace("\n", " ").split(";"):
    print(call.strip())
    print("  ->", type(eval(call.strip())).__name__)

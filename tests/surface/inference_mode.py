import numpy as np
import torch
from torch import nn

plain, learned = torch.ones(2), torch.ones(2, requires_grad=True)
with torch.inference_mode():
    made = {
        "zeros": torch.zeros(2),
        "tensor": torch.tensor([1.0, 2]),
        "arange": torch.arange(2.0),
        "rand": torch.rand(2),
        "randperm": torch.randperm(2),
        "like": torch.zeros_like(plain),
        "new": plain.new_zeros(2),
        "numpy": torch.from_numpy(np.ones(2)),
        "class": torch.Tensor([1.0]),
        "add": plain + 1,
        "learned": learned * 2,
        "exp": learned.exp(),
        "integers": torch.arange(3) + 1,
        "places": torch.where(plain > 0)[0],
        "sum": plain.sum(),
        "matmul": torch.ones(2, 2) @ torch.ones(2, 2),
        "parameter": nn.Parameter(torch.ones(2)),
        "weight": nn.Linear(2, 2).weight,
        "clone": plain.clone(),
        "view": plain.view(2),
        "element": plain[0],
        "detach": plain.detach(),
        "grid": torch.meshgrid(plain, plain, indexing="ij")[0],
    }
    with torch.enable_grad():
        print((learned * 2).requires_grad)
    with torch.inference_mode(False):
        print(torch.ones(2).is_inference(), (learned * 2).requires_grad)
    print(plain.add_(1).is_inference())
print({name: (x.is_inference(), x.requires_grad, torch.is_inference(x)) for name, x in made.items()})
x = made["zeros"]
for f in [
    lambda: x.add_(1),
    lambda: x.__setitem__(0, 1.0),
    lambda: x[0].add_(1),
    lambda: (x * learned).sum(),
    lambda: (x + learned).requires_grad,
    lambda: x.requires_grad_(),
    lambda: nn.Parameter(x),
    lambda: torch.add(plain, 1, out=x),
    lambda: x._version,
    lambda: nn.Linear(2, 2)(x),
    lambda: (made["parameter"] * 2).sum(),
    lambda: nn.Parameter(x, requires_grad=False).is_inference(),
    lambda: [y.is_inference() for y in (x.view(1, 2), x.detach(), x.data, x.clone(), x * 2, x[:1])],
]:
    try:
        print(f())
    except RuntimeError as error:
        print(str(error).partition("\n\n")[0][:60])
with torch.inference_mode():
    x.fill_(3)
    print(x, x[0].mul_(2).is_inference(), x)

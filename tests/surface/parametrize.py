import torch
import torch.nn as nn
from torch.nn.utils import parametrize, parametrizations
import torch.nn.utils.parametrize as P

torch.manual_seed(0)


class Sym(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).transpose(-1, -2)

    def right_inverse(self, A):
        return A.triu()


l = nn.Linear(3, 3)
P.register_parametrization(l, "weight", Sym())
print(
    l,
    list(l.state_dict()),
    type(l).__name__,
    P.is_parametrized(l),
    P.is_parametrized(l, "weight"),
    P.is_parametrized(l, "bias"),
)
print(l.weight, l.parametrizations.weight.original, l.weight.grad_fn is not None)
l.weight = torch.eye(3)
print(l.weight)
with P.cached():
    print(l.weight is l.weight)
print(l.weight is l.weight)
l(torch.ones(1, 3)).sum().backward()
print(l.parametrizations.weight.original.grad)
P.remove_parametrizations(l, "weight")
print(l, list(l.state_dict()), type(l.weight), l.weight)
m = parametrizations.weight_norm(nn.Linear(2, 3))
print(m, list(m.state_dict()), m.weight.shape, m.parametrizations.weight.original0)
s = parametrizations.spectral_norm(nn.Linear(4, 3))
print(list(s.state_dict()), torch.linalg.matrix_norm(s.weight, 2).mul(1000).round(), s.weight)
o = parametrizations.orthogonal(nn.Linear(4, 4))
print(list(o.state_dict()), torch.allclose(o.weight @ o.weight.T, torch.eye(4), atol=1e-5), o.weight)
o = parametrizations.orthogonal(nn.Linear(3, 5))
print(list(o.state_dict()), torch.allclose(o.weight.T @ o.weight, torch.eye(3), atol=1e-5), o.weight)
for k in ("matrix_exp", "cayley", "householder"):
    o = parametrizations.orthogonal(nn.Linear(3, 3), orthogonal_map=k)
    print(k, o.weight)
try:
    P.register_parametrization(nn.Linear(2, 2), "nope", Sym())
except Exception as e:
    print(type(e).__name__, e)
try:
    P.remove_parametrizations(nn.Linear(2, 2), "weight")
except Exception as e:
    print(type(e).__name__, e)


class Two(nn.Module):
    def forward(self, X):
        return X + 1


l = nn.Linear(2, 2)
P.register_parametrization(l, "weight", Two())
P.register_parametrization(l, "weight", Two())
print(l)
try:
    l.weight = torch.ones(2, 2)
except Exception as e:
    print(type(e).__name__, e)
P.remove_parametrizations(l, "weight", leave_parametrized=True)
print(l.weight)

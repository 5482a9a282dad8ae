import torch
from torch import overrides


class Like:
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return func.__name__, [t.__name__ for t in types], len(args), sorted(kwargs or {})


class Special(Like):
    pass


class Undecided(Like):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return NotImplemented


class Sub(torch.Tensor):
    pass


class Plain(torch.Tensor):
    __torch_function__ = torch._C._disabled_torch_function_impl


x, like = torch.ones(2), Like()
sub, plain, parameter = x.as_subclass(Sub), x.as_subclass(Plain), torch.nn.Parameter(x)
for value in (x, sub, like, plain, 3, None, [x], parameter):
    print(overrides.is_tensor_like(value), overrides.has_torch_function((value,)))
print(overrides.has_torch_function_unary(like), overrides.has_torch_function_variadic(x, like))
print(overrides.has_torch_function_variadic(x, 3), overrides.has_torch_function([]))
print(overrides.handle_torch_function(torch.add, (like, Special()), like, Special()))
print(torch.add(like, Undecided()), torch.add(Undecided(), like))
try:
    torch.add(Undecided(), Undecided())
except TypeError as error:
    print(str(error)[:60])


@overrides.wrap_torch_function(lambda a, b=None: (a,))
def mine(a, b=None):
    return "mine", a, b


print(mine(3), mine(like, b=2))
print(torch.exp(like), torch.add(x, like), x + like, torch.sum(like, dim=0), torch.cat([x, like]))
print(type(sub + 1).__name__, type(torch.add(x, sub)).__name__, type(sub.sum()).__name__, type(plain + 1).__name__)
print(overrides.is_tensor_method_or_property(torch.Tensor.add))
print(overrides.is_tensor_method_or_property(torch.nn.functional.relu), overrides.resolve_name(torch.add))
print(overrides.resolve_name(torch.nn.functional.relu), overrides.resolve_name(torch.linalg.det))
print(torch.add in overrides.get_overridable_functions()[torch])
with torch._C.DisableTorchFunctionSubclass():
    print(type(sub + 1).__name__, overrides.has_torch_function((like,)))

import torch
from torch import nn
from torch.nn.utils import prune


def layer():
    torch.manual_seed(0)
    return nn.Linear(4, 3)


def told(m):
    names = sorted(n for n, _ in m.named_parameters()), sorted(n for n, _ in m.named_buffers())
    return m.weight, m.bias, names, [type(h).__name__ for h in m._forward_pre_hooks.values()]


def attempt(label, f):
    m = layer()
    try:
        f(m)
    except Exception as error:
        print(label, type(error).__name__, str(error).partition("\n\n")[0].split(" object at")[0])
    print(label, *told(m))


mask = torch.tensor([[1, 0, 1, 0]] * 3)
scores = torch.arange(12.0).view(3, 4)
for label, f in {
    "l1": lambda m: prune.l1_unstructured(m, "weight", 0.5),
    "bias": lambda m: prune.l1_unstructured(m, "bias", 2),
    "random": lambda m: prune.random_unstructured(m, "weight", amount=5),
    "random rows": lambda m: prune.random_structured(m, "weight", 1, dim=0),
    "columns": lambda m: prune.ln_structured(m, "weight", amount=0.5, n=2, dim=1),
    "inf": lambda m: prune.ln_structured(m, "weight", 1, float("inf"), 0),
    "last": lambda m: prune.ln_structured(m, "weight", 1, 1, -1),
    "fro": lambda m: prune.ln_structured(m, "weight", 1, "fro", 0),
    "identity": lambda m: prune.identity(m, "weight"),
    "mask": lambda m: prune.custom_from_mask(m, "weight", mask),
    "scores": lambda m: prune.l1_unstructured(m, "weight", 3, importance_scores=scores),
    "row scores": lambda m: prune.ln_structured(m, "weight", 1, 2, 0, importance_scores=scores),
    "two": lambda m: prune.ln_structured(prune.l1_unstructured(m, "weight", 0.3), "weight", 1, 2, 0),
    "three": lambda m: prune.random_unstructured(
        prune.random_structured(prune.l1_unstructured(m, "weight", 0.3), "weight", 1, 1), "weight", 0.5
    ),
    "after a mask": lambda m: prune.random_unstructured(prune.custom_from_mask(m, "weight", mask), "weight", 0.5),
    "removed": lambda m: prune.remove(prune.l1_unstructured(m, "weight", 0.5), "weight"),
    "none": lambda m: prune.l1_unstructured(m, "weight", 0),
    "0.0": lambda m: prune.ln_structured(m, "weight", 0.0, 2, 0),
    "all": lambda m: prune.random_structured(m, "weight", 1.0, 0),
    "too many": lambda m: prune.l1_unstructured(m, "weight", 13),
    "too many rows": lambda m: prune.random_structured(m, "weight", 9, 0),
    "negative": lambda m: prune.l1_unstructured(m, "weight", -1),
    "fraction": lambda m: prune.l1_unstructured(m, "weight", 1.5),
    "text": lambda m: prune.l1_unstructured(m, "weight", "x"),
    "vector": lambda m: prune.ln_structured(m, "bias", 1, 2, 0),
    "dim": lambda m: prune.ln_structured(m, "weight", 1, 2, 5),
    "not pruned": lambda m: prune.remove(m, "weight"),
    "no such name": lambda m: prune.l1_unstructured(m, "nope", 1),
    "other scores": lambda m: prune.l1_unstructured(m, "weight", 1, importance_scores=torch.ones(2)),
    "other mask": lambda m: prune.custom_from_mask(m, "weight", torch.ones(2)),
    "no name": lambda m: prune.L1Unstructured(2).apply_mask(m),
    "nameless container": lambda m: prune.PruningContainer(prune.L1Unstructured(2)),
    "few rows left": lambda m: prune.ln_structured(
        prune.ln_structured(m, "weight", 2, 2, 0), "weight", 2, 2, 0
    ),
}.items():  # fmt: skip
    if label == "few rows left":  # torch has taken the first method's hook off by then
        try:
            f(layer())
        except ValueError as error:
            print(error)
        continue
    attempt(label, f)

torch.manual_seed(1)
some = torch.tensor([1.0, 1, 1, 0, 0, 1])
print(prune.RandomUnstructured(0.5).prune(torch.arange(6.0)))
print(prune.RandomUnstructured(0.5).prune(torch.arange(6.0), default_mask=some))
print(prune.L1Unstructured(1).prune(torch.arange(6.0), importance_scores=-torch.arange(6.0)))

m = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
torch.manual_seed(2)
for p in m.parameters():
    nn.init.normal_(p)
print(prune.is_pruned(m))
both = [(m[0], "weight"), (m[2], "weight")]
prune.global_unstructured(both, pruning_method=prune.L1Unstructured, amount=0.4)
print(prune.is_pruned(m), *told(m[0]), m[2].weight)
m(torch.ones(2, 4)).sum().backward()
print(m[0].weight_orig.grad, m[0].weight)
prune.global_unstructured(both, pruning_method=prune.L1Unstructured, amount=3)
print(m[0].weight_mask, m[2].weight_mask)
container = list(m[0]._forward_pre_hooks.values())[-1]
print([type(c).__name__ for c in container], len(container), container._tensor_name, type(container[0]).__name__)
stranger = prune.L1Unstructured(1)
stranger._tensor_name = "other"
for f in [
    lambda: container.add_pruning_method(3),
    lambda: container.add_pruning_method(stranger),
    lambda: prune.global_unstructured(3, pruning_method=prune.L1Unstructured, amount=1),
    lambda: prune.global_unstructured([(m[0], "bias")], pruning_method=prune.LnStructured, amount=1),
    lambda: prune.global_unstructured([(m[0], "bias")], prune.L1Unstructured, importance_scores=3, amount=1),
    lambda: prune.L1Unstructured(1).prune(torch.ones(3), importance_scores=torch.ones(2)),
]:
    try:
        f()
    except Exception as error:
        print(type(error).__name__, str(error).split("<")[0])
other_way = {(m[0], "bias"): torch.ones(3)}
prune.global_unstructured([(m[0], "bias")], prune.RandomUnstructured, importance_scores=other_way, amount=1)
print(m[0].bias_mask, m[0].bias)


class EveryOther(prune.BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t, default_mask):
        mask = default_mask.clone()
        mask.view(-1)[::2] = 0
        return mask


class Odd(EveryOther):
    PRUNING_TYPE = "odd"


m = layer()
EveryOther.apply(m, "bias")
print(m.bias, m.bias_mask)
try:
    Odd.apply(m, "bias")
except ValueError as error:
    print(str(error).partition("\n\n")[0])

recurrent = nn.LSTM(2, 2)
prune.l1_unstructured(recurrent, "weight_ih_l0", 0.5)
print(recurrent(torch.ones(1, 1, 2))[0].shape, [n for n, _ in recurrent.named_parameters()])
m = layer()
weight = m.weight
prune.remove(prune.l1_unstructured(m, "weight", 0.5), "weight")
print(m.weight is weight, list(m._parameters), m.weight.is_leaf, m.weight)

import operator
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import fx
from torch.fx import Graph, GraphModule, Interpreter, Node, Proxy, Tracer, Transformer, replace_pattern, symbolic_trace
from torch.fx.node import map_arg
from torch.fx.passes.shape_prop import ShapeProp
from torch.fx.proxy import GraphAppendingTracer

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 5)
        self.scale = nn.Parameter(torch.ones(5))
        self.register_buffer("shift", torch.zeros(5))
        self.blocks = nn.Sequential(nn.Linear(5, 5), nn.ReLU())
        self.drop = nn.Dropout(0.0)

    def forward(self, x, flag=True):
        h = torch.relu(self.linear(x)) * self.scale + self.shift
        h = self.scale * h
        h = F.relu(h, inplace=False).clamp(min=0.0, max=6.0)
        h = self.blocks(h)
        y = torch.cat([h, h], dim=-1).view(x.size(0), -1)[:, 1:3]
        z = torch.stack([y, -y], 0).sum(dim=0)
        n, m = x.shape
        return self.drop(y.softmax(dim=-1)), {"sum": z.sum(), "len": n * 2, "mean": (1 - y / 3).mean() ** 2}


net = Net().eval()
gm = symbolic_trace(net)
print(gm.graph)
print(gm.code)
print(gm)
x = torch.randn(3, 4)
a, b = net(x), gm(x)
print(torch.equal(a[0], b[0]), torch.equal(a[1]["sum"], b[1]["sum"]), a[1]["len"] == b[1]["len"])
for node in gm.graph.nodes:
    print(
        node.op,
        node.name,
        node.target if isinstance(node.target, str) else node.target.__name__,
        node.args,
        node.kwargs,
        len(node.users),
    )
print(list(gm.state_dict()), type(gm).__name__, isinstance(gm, GraphModule))


def function(x, y=2, *, k=3):
    return (x + y).relu() @ torch.ones(2, 2) * k


fm = symbolic_trace(function)
print(fm.code, fm.graph, fm)
print(fm(torch.ones(2, 2)), fm(torch.ones(2, 2), 1.0, k=2))
print(symbolic_trace(function, concrete_args={"y": 5}).code)

# --- what cannot be traced
for bad in (
    lambda x: x if x.sum() > 0 else -x,
    lambda x: [v for v in x],
    lambda x: len(x),
    lambda x: x.shape[0] and range(x.shape[0]),
):
    try:
        symbolic_trace(bad)
        print("traced")
    except Exception as error:
        print(type(error).__name__, str(error).partition("\n\n")[0][:90])


@fx.wrap
def helper(x):
    return len(x) + 1


print(symbolic_trace(lambda x: helper(x) + x).code)

# --- rewriting
for node in fm.graph.nodes:
    if node.op == "call_method" and node.target == "relu":
        with fm.graph.inserting_after(node):
            new = fm.graph.call_function(torch.sigmoid, (node.args[0],))
        node.replace_all_uses_with(new)
        fm.graph.erase_node(node)
fm.graph.lint()
fm.recompile()
print(fm.code)
print(fm(torch.zeros(2, 2)))


def pattern(x, y):
    return torch.relu(x) + y


def replacement(x, y):
    return torch.sigmoid(x) * y


target = symbolic_trace(lambda a, b: torch.relu(torch.relu(a) + b) + a)
matches = replace_pattern(target, pattern, replacement)
print(len(matches), target.code)

# --- a graph by hand
graph = Graph()
p = graph.placeholder("p")
q = graph.call_function(operator.mul, (p, 2))
r = graph.call_method("add", (q,), {"other": 3, "alpha": 2})
unused = graph.call_function(torch.neg, (r,))
graph.output((r, [q, None], slice(0, 1)))
print(graph)
print(graph.eliminate_dead_code(), graph)
hand = GraphModule(nn.Module(), graph)
print(hand.code, hand(torch.ones(1)))
try:
    graph.erase_node(q)
except RuntimeError as error:
    print(error)
print(map_arg((p, {"k": q}, 3), lambda n: n.name), list(graph.nodes)[0].next.name, r.all_input_nodes, r.prev)
r.update_arg(0, p)
r.update_kwarg("alpha", 1)
print(r.format_node(), q.users, p.users)


# --- tracers of one's own
class Deep(Tracer):
    def is_leaf_module(self, m, name):
        return isinstance(m, nn.Linear)


deep = Deep()
g = deep.trace(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
print(g)
inner = GraphAppendingTracer(graph)
proxy = Proxy(p, inner)
print(proxy, (proxy + 1).node.format_node(), torch.exp(proxy).node.target is torch.exp)


# --- running node by node
class Log(Interpreter):
    def run_node(self, n):
        result = super().run_node(n)
        print("ran", n.name, tuple(result.shape) if isinstance(result, torch.Tensor) else type(result).__name__)
        return result


small = symbolic_trace(nn.Sequential(nn.Linear(4, 2), nn.ReLU()))
Log(small).run(x)


class Swap(Transformer):
    def call_module(self, target, args, kwargs):
        return super().call_module(target, args, kwargs).neg()


print(Swap(small).transform().code)
ShapeProp(small).propagate(x)
for node in small.graph.nodes:
    print(node.name, node.meta["tensor_meta"].dtype, node.meta["tensor_meta"].shape, node.meta["tensor_meta"].stride)
import copy

again = copy.deepcopy(small)
print(torch.equal(again(x), small(x)), again.graph is small.graph)
small.add_submodule("extra.deep", nn.Tanh())
print([name for name, _ in small.named_modules()])
small.delete_all_unused_submodules()
print([name for name, _ in small.named_modules()])


# --- annotations, variadic arguments, other values
def typed(x: torch.Tensor, n: int = 2, *rest, scale: float = 1.0, **more) -> torch.Tensor:
    return x * n * scale + rest[0] + more["k"]


print(symbolic_trace(typed).code)


class Branch(nn.Module):
    def __init__(self, deep):
        super().__init__()
        self.deep = deep
        self.constant = torch.tensor([2.0])
        self.inner = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])

    def forward(self, x):
        if self.deep:
            for layer in self.inner:
                x = layer(x)
        x = x.to(torch.float64).to("cpu", dtype=torch.float32)
        x = torch.where(x > 0, x, float("inf"))
        return torch.max(x * self.constant, dim=1)[0], F.pad(x, (1, 1), value=0.5), torch.zeros(2)


branch = symbolic_trace(Branch(True))
print(branch.graph, branch.code)
out = branch(torch.ones(1, 2))
print(out[1].shape, out[2], [n for n, _ in branch.named_buffers()])
import pickle

print(pickle.loads(pickle.dumps(small)).code == small.code)
branch.print_readable()
x = torch.ones(2, requires_grad=True)
symbolic_trace(lambda x: (x * 2).sum())(x).backward()
print(x.grad)
print(torch.relu(torch.tensor([-1.0, 1.0])), F.relu is torch.nn.functional.relu, torch.relu.__name__)

torch.fx.wrap("len")


class Lengths(torch.nn.Module):
    def forward(self, x):
        return x.sum() * len(x)


lengths = torch.fx.symbolic_trace(Lengths())
print(lengths.code, lengths(torch.ones(3)), "len" in globals())

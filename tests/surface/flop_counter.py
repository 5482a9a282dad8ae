import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count, mm_flop, register_flop_formula
from torch.utils.module_tracker import ModuleTracker


def counts(mode):
    return {
        module: {str(op): n for op, n in sorted(found.items(), key=str)}
        for module, found in sorted(mode.get_flop_counts().items())
    }


r = torch.randn
x, w, b, x3, image = (r(*s, requires_grad=True) for s in ((4, 3), (5, 3), (5,), (2, 4, 3), (2, 3, 8, 8)))
q = r(2, 2, 4, 8, requires_grad=True)
attention = torch.nn.MultiheadAttention(8, 2, batch_first=True)
layer = torch.nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
CALLS = {
    "linear": lambda: F.linear(x, w, b),
    "linear of a sequence": lambda: F.linear(x3, w, b),
    "without bias": lambda: F.linear(x3, w),
    "mm": lambda: x @ w.t(),
    "bmm": lambda: torch.bmm(x3, x3.transpose(1, 2)),
    "mv": lambda: x @ r(3),
    "einsum": lambda: torch.einsum("bij,bkj->bik", x3, x3),
    "conv2d": lambda: F.conv2d(image, r(4, 3, 3, 3, requires_grad=True), padding=1),
    "conv1d": lambda: F.conv1d(x3, r(2, 4, 2)),
    "groups": lambda: F.conv2d(r(2, 4, 8, 8), r(8, 2, 3, 3, requires_grad=True), groups=2, stride=2),
    "transposed": lambda: F.conv_transpose2d(image, r(3, 4, 2, 2, requires_grad=True)),
    "baddbmm": lambda: torch.baddbmm(torch.zeros(2, 4, 4), x3, x3.transpose(1, 2)),
    "addbmm": lambda: torch.addbmm(torch.zeros(4, 4), x3, x3.transpose(1, 2)),
    "lstm": lambda: torch.nn.LSTM(3, 5)(x3)[0],
    "attention": lambda: attention(q[0], q[0], q[0], need_weights=False)[0],
    "attention with weights": lambda: attention(q[0], q[0], q[0])[0],
    "cell": lambda: torch.nn.GRUCell(3, 5)(x),
    "encoder": lambda: layer(q[0]),
    "flash": lambda: F.scaled_dot_product_attention(q, q, q),
}
for name, call in CALLS.items():
    with FlopCounterMode(display=False) as forward:
        y = call()
    with FlopCounterMode(display=False) as backward:
        y.sum().backward()
    print(name, counts(forward), counts(backward), forward.get_total_flops())
inner = torch.nn.Sequential(torch.nn.Linear(10, 10), torch.nn.ReLU(), torch.nn.Linear(10, 2))
net = torch.nn.Sequential(
    torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 36, 10), inner
)
with FlopCounterMode(display=False) as mode:
    net(r(2, 3, 8, 8)).sum().backward()
print(counts(mode))
print(mm_flop((2, 3), (3, 4)), conv_flop_count([1, 2, 4, 4], [3, 2, 2, 2], [1, 3, 3, 3]))
with FlopCounterMode(
    display=False, custom_mapping={torch.ops.aten.tanh: lambda shape, out_shape=None: 7 * shape[0]}
) as mode:
    torch.tanh(x)
print(counts(mode))
for wrong in (torch.ops.aten.mm, "mm"):
    try:
        register_flop_formula(wrong)(lambda *args, **kwargs: 1)
    except (RuntimeError, ValueError) as error:
        print(type(error).__name__, str(error)[:50])
with ModuleTracker() as tracker:
    net[3].register_forward_hook(lambda *_: print(sorted(tracker.parents), tracker.is_bw))
    net(r(2, 3, 8, 8)).sum().backward()
print(sorted(tracker.parents))

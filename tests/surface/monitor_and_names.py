from datetime import datetime, timedelta

import torch
import torch.__future__
import torch.nn.functional as F
from torch.utils import set_module
from torch.utils._device import set_device

events = []
handle = torch.monitor.register_event_handler(lambda e: events.append((e.name, sorted(e.data.items()))))
kinds = [getattr(torch.monitor, name) for name in ("SUM", "MAX", "MIN", "MEAN", "COUNT")]
stat = torch.monitor.Stat("loss", kinds, timedelta(hours=1), 3)
for i in range(5):
    stat.add(i)
print(stat.name, stat.count, sorted((str(k), v) for k, v in stat.get().items()), events)
event = torch.monitor.Event("own", datetime(2020, 1, 2), {"a": 1, "b": "x"})
torch.monitor.log_event(event)
torch.monitor.unregister_event_handler(handle)
torch.monitor.log_event(event)
print(len(events), events[-1], event.name, event.timestamp, torch.monitor.Aggregation.MEAN)

torch.manual_seed(0)
x, w = torch.randn(5, 2, 3, requires_grad=True), torch.randn(3, 3, 4)
print(torch.conv_tbc(x, w, torch.zeros(4), 1).sum(-1))
y = torch.convolution(torch.randn(1, 2, 5), torch.randn(3, 2, 2), None, [1], [0], [1], False, [0], 1)
print(
    F.conv2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 2, 2), None, [2, 2], [0, 0], [1, 1]).shape,
    F.conv1d(y, y, stride=[1]).shape,
)
print(y.shape, torch.convolution(y, torch.randn(3, 2, 2), None, [1], [0], [1], True, [0], 1).shape)
print(
    torch.norm_except_dim(torch.arange(6.0).view(2, 3), 2, 0), torch.norm_except_dim(torch.arange(6.0).view(2, 3), 2, 1)
)
print(
    torch.norm_except_dim(torch.ones(2, 3), 2, -1),
    torch.nuclear_norm(torch.eye(3)),
    torch.frobenius_norm(torch.ones(2, 3), (0, 1)),
)
print([p.shape for p in torch.unsafe_split_with_sizes(torch.ones(5), [2, 3])], torch.detach_copy(x).requires_grad)
log = torch.randn(6, 2, 4).log_softmax(2)
lengths = torch.tensor([6, 5]), torch.tensor([2, 3])
print(
    torch.ctc_loss(log, torch.tensor([[1, 2, 0], [3, 1, 2]]), *lengths),
    torch.ctc_loss(log, torch.ones(2, 3).long(), *lengths, 0, 0),
)
print(torch.affine_grid_generator(torch.eye(2, 3)[None], (1, 1, 2, 2), False).shape, torch.is_vulkan_available())
print(
    torch.return_types.max is type(torch.ones(2, 2).max(0)),
    torch.return_types.linalg_qr.__name__,
    torch.return_types.svd_out.__name__,
)
print(
    F.has_torch_function((x,)), F.has_torch_function_unary(x), torch.__future__.get_swap_module_params_on_conversion()
)
print(torch.utils.deterministic.fill_uninitialized_memory, torch.utils.data._utils.collate.default_collate([1, 2]))


class Own:
    pass


set_module(Own, "elsewhere")
print(Own.__module__, set_device("cpu")(lambda: torch.ones(1).device)())
print(
    issubclass(torch.AcceleratorError, RuntimeError),
    torch.DisableTorchFunctionSubclass is torch._C.DisableTorchFunctionSubclass,
)

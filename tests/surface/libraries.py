"""What libraries built on torch name of its inside: each thing here stopped a public package from loading or changed what it printed."""

import importlib.metadata
import importlib.util
import operator
import torch
from torch import nn


def refused(f):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, "|", str(e).splitlines()[0][:110])


# Metadata, and how the library says that it was built.
print(importlib.metadata.version("torch"), importlib.metadata.distribution("torch").metadata["Name"])
print("torch" in importlib.metadata.packages_distributions()["torch"], importlib.util.find_spec("torch") is not None)
print("TORCH_VERSION=2.13.0" in torch.__config__.show(), "get_num_threads" in torch.__config__.parallel_info())

# Names that annotations and isinstance ask for.
from torch.types import Number, _dtype, _size
from torch._C import _TensorMeta
from torch._dynamo import OptimizedModule
from torch.jit import ScriptFunction, ScriptModule, TracerWarning
from torch.jit.annotations import List
from torch.fx.experimental.proxy_tensor import get_proxy_mode
from torch.fx.experimental.symbolic_shapes import guard_or_false
from torch._subclasses.fake_tensor import is_fake
from torch.utils.data.dataloader import _BaseDataLoaderIter, _MultiProcessingDataLoaderIter
from torch.utils._python_dispatch import TorchDispatchMode, is_traceable_wrapper_subclass
from torch.utils.flop_counter import FlopCounterMode

print(
    isinstance(3, Number),
    isinstance(torch.ones(1), Number),
    _dtype is torch.dtype,
    isinstance(torch.Tensor, _TensorMeta),
)
print(
    isinstance(torch.compile(nn.Linear(1, 1)), nn.Module),
    issubclass(OptimizedModule, nn.Module),
    issubclass(ScriptModule, nn.Module),
)
print(issubclass(TracerWarning, Warning), get_proxy_mode(), guard_or_false(2 > 1), is_fake(torch.ones(1)))
print(torch.complex32, torch.chalf, torch.qint8, torch.uint4, torch.complex32.itemsize, torch.complex32.is_complex)
print(
    torch._C._nn.gelu(torch.ones(1)),
    torch._C._nn._parse_to("cpu", torch.float16, non_blocking=True),
    torch._C._get_default_device(),
)
refused(lambda: torch._C._nn._parse_to(1, 2, 3, 4, 5))
print(torch.Stream(), torch.Event(), torch.Stream().query(), torch.Stream().device)
print(
    torch.jit.isinstance([1], List[int]),
    torch.jit.isinstance({"a": 1}, dict[str, int]),
    torch.jit.isinstance([1.0], list[int]),
)

# Conditions.
torch._check(True)
refused(lambda: torch._check(False, lambda: "said so"))
refused(lambda: torch._check(False))
refused(lambda: torch._check(1))
refused(lambda: torch._check_with(ValueError, False, lambda: "x"))
refused(lambda: torch._check_value(False, lambda: "y"))
refused(lambda: torch._check_tensor_all(torch.tensor([True, False]), lambda: "z"))
refused(lambda: torch._assert_async(torch.tensor(False), "no"))
refused(lambda: torch._assert_async(torch.tensor(0)))

# Batches by kind: a program's own kind among them.
from torch.utils.data._utils.collate import collate, default_collate_fn_map


class Celsius:
    def __init__(self, x):
        self.x = x


def warm(batch, *, collate_fn_map=None):
    return torch.tensor([c.x for c in batch]) + 273.15


print(collate([(Celsius(1.0), "a"), (Celsius(2.0), "b")], collate_fn_map={**default_collate_fn_map, Celsius: warm}))
print(sorted(k.__name__ if isinstance(k, type) else "numpy" for k in default_collate_fn_map))
refused(lambda: torch.utils.data.default_collate([Celsius(1.0)]) and 1)
loader = torch.utils.data.DataLoader(torch.arange(4.0), 2)
print(
    isinstance(iter(loader), _BaseDataLoaderIter),
    isinstance(iter(loader), _MultiProcessingDataLoaderIter),
    loader._iterator,
)
print(torch.utils.data.dataloader.DataLoader is torch.utils.data.DataLoader)


# Modules that read their part of a state themselves; what is told with strict=False.
class Renamed(nn.Linear):
    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        print("reading", prefix, sorted(local_metadata), strict)
        if prefix + "w" in state_dict:
            state_dict[prefix + "weight"] = state_dict.pop(prefix + "w")
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )


m = nn.Sequential(Renamed(2, 3), nn.Linear(3, 1))
state = m.state_dict()
state["0.w"] = torch.ones(3, 2)
del state["0.weight"]
print(m.load_state_dict(state), m[0].weight.sum(), sorted(state))
state["1.weight"] = torch.ones(5, 5)
refused(lambda: m.load_state_dict(state))
print(m.load_state_dict({"0.bias": torch.zeros(3), "x": 1}, strict=False))
print(nn.Linear(1, 1).load_state_dict({}, strict=False))
print(type(nn.Linear(1, 1).load_state_dict({}, strict=False)).__name__)


# An optimizer around another, which never calls the constructor of its class.
class Around(torch.optim.Optimizer):
    def __init__(self, inner):
        self.inner = inner

    def step(self, closure=None):
        print("step")
        return self.inner.step(closure)


w = nn.Parameter(torch.ones(1))
w.grad = torch.ones(1)
Around(torch.optim.SGD([w], 0.5)).step()
print(w)

# Storages that are files, and records of checkpoints.
with open("f.bin", "wb") as f:
    f.write(bytes(range(16)))
print(
    torch.UntypedStorage.from_file("f.bin", False, 4).tolist(),
    torch.UntypedStorage.from_file("f.bin", shared=True, nbytes=16).nbytes(),
)
refused(lambda: torch.UntypedStorage.from_file("f.bin", False, 99) and 1)
torch.save({"a": torch.ones(2)}, "f.pt")
reader = torch.PyTorchFileReader("f.pt")
print(reader.has_record("data.pkl"), reader.has_record("data/9"), len(reader.get_record("data/0")))

# Containers.
from torch.utils import _pytree as pytree

print(
    pytree._dict_flatten({"a": 1, "b": 2}),
    pytree._dict_unflatten([1, 2], ["a", "b"]),
    pytree._list_flatten_with_keys([7]),
)
print(pytree._get_node_type({}) in pytree.SUPPORTED_NODES, pytree.SUPPORTED_NODES[list].flatten_fn([1, 2]))

# Tensors that change places, and a subclass without a place in the graph.
a, b = torch.ones(2), torch.zeros(3, requires_grad=True)
b.mark = 3
torch.utils.swap_tensors(a, b)
print(a, b, a.mark, hasattr(b, "mark"))
(a * 2).sum().backward()
print(a.grad)
p = nn.Parameter(torch.zeros(2))
torch.utils.swap_tensors(p, b)
print(type(p).__name__, type(b).__name__)
print(type(torch.Tensor._make_subclass(nn.Parameter, torch.ones(2), True)).__name__)

# Sparse indices, vectors of tensors, lists sorted by dtype.
print(torch._convert_indices_from_coo_to_csr(torch.tensor([0, 0, 2, 3]), 4))
print(torch._convert_indices_from_csr_to_coo(torch.tensor([0, 2, 2, 3]), torch.tensor([1, 0, 2]), transpose=True))
from torch._utils import _flatten_dense_tensors, _unflatten_dense_tensors
from torch.utils._foreach_utils import _group_tensors_by_device_and_dtype

flat = _flatten_dense_tensors([torch.ones(2, 2), torch.zeros(3)])
print(flat, _unflatten_dense_tensors(flat, [torch.ones(2, 2), torch.zeros(3)]))
found = _group_tensors_by_device_and_dtype([[torch.ones(2), torch.ones(2).double(), torch.zeros(1)]], with_indices=True)
print(sorted((str(k[1]), [len(x) for x in lists], places) for k, (lists, places) in found.items()))

# Blocks that decorate.
from torch.utils._contextlib import _DecoratorContextManager


class Loud(_DecoratorContextManager):
    def __enter__(self):
        print("in")

    def __exit__(self, *exc):
        print("out")


@Loud()
def count(n):
    for i in range(n):
        got = yield i
        print("got", got)
    return "end"


steps = count(2)
print(next(steps), steps.send("x"))
refused(lambda: steps.send("y"))
print(Loud()(lambda: 5)())

from torch.utils.weak import WeakIdKeyDictionary

kept = WeakIdKeyDictionary()
key = torch.ones(2)
kept[key] = "here"
print(kept[key], torch.ones(2) in kept, len(kept))
del key
print(len(kept))

# Distributions, attention, and nodes of the graph, which have no saved_tensors of their own.
from torch.distributions.multivariate_normal import _batch_mahalanobis, _precision_to_scale_tril
from torch.distributions.utils import _standard_normal

torch.manual_seed(0)
print(
    _standard_normal((2,), torch.float32, "cpu"),
    _precision_to_scale_tril(torch.eye(2) * 4),
    _batch_mahalanobis(torch.eye(2), torch.ones(2)),
)
from torch.nn.attention.flex_attention import AuxRequest, flex_attention

q = torch.eye(2).reshape(1, 1, 2, 2)
print(flex_attention(q, q, q, return_aux=AuxRequest(lse=True))[1])
print(hasattr((w * 2).grad_fn, "saved_tensors"), type((w * 2).grad_fn).__name__)
print([c.__name__ for c in nn.Dropout.__mro__[:2]], [c.__name__ for c in nn.ConvTranspose2d.__mro__[:3]])
print(
    torch.nn.init._calculate_correct_fan(torch.ones(2, 3), "fan_in"),
    torch.ops.aten.slice.Tensor(torch.arange(5), 0, 1, 4, 2),
)

# One process of many.
from torch.distributed.algorithms.join import Join
from torch.distributed.elastic.multiprocessing.errors import record
from torch.distributed.tensor.placement_types import Shard, _StridedShard
import torch.distributed.tensor._utils
import torch.distributed.checkpoint.hf_storage
import torch.distributed._functional_collectives

print(record(lambda: 4)(), torch.distributed.constants.default_pg_timeout)
print([Shard.local_shard_size_and_offset(5, 4, r) for r in range(4)], _StridedShard(1, split_factor=2))
print(torch.distributed.fsdp.wrap is not None, torch.xpu.memory_allocated(), torch.cuda.default_generators)
refused(lambda: torch.mps.empty_cache())
refused(lambda: torch.xpu.current_device())
refused(lambda: torch.cuda.CUDAGraph() and 1)

# Sizes that Python asks for, marks for a GPU's profiler, subclasses that return plain tensors, a writer by its own module.
import sys

print(sys.getsizeof(torch.ones(100).untyped_storage()) >= 400, torch.TensorType is not None)
with torch.backends.__allow_nonbracketed_mutation():
    print("settings")
refused(lambda: torch.cuda.nvtx.range_push("x"))
marked = torch.cuda.nvtx.range("x")
refused(lambda: marked.__enter__())


class Tagged(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        print("asked", func.__name__)
        return super().__torch_function__(func, types, args, kwargs or {})


print(type(torch.ones(2).as_subclass(Tagged).as_subclass(torch.Tensor)).__name__)

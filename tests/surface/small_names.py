import os
import torch
import torch.utils.checkpoint
from torch import nn

m = nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.BatchNorm1d(2), nn.BatchNorm2d(3, affine=False)))
print(m)
try:
    nn.SyncBatchNorm(3)(torch.ones(2, 3))
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
try:
    nn.SyncBatchNorm(3)(torch.ones(3))
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
print(nn.SyncBatchNorm(3)(torch.ones(2, 3)).shape)
print(
    torch.nn.modules.utils._list_with_default([None, 3], [1, 2, 5]),
    torch.nn.modules.utils._pair([1, 2, 3]),
    torch.nn.modules.utils._single("ab"),
)
import torch.utils._pytree as pt

l, s = pt.tree_flatten({"a": [1, (2, None)], "b": torch.Size([3])})
print(l, s, s.num_leaves, pt.tree_unflatten([x for x in l], s))
print(repr(s))
from collections import namedtuple, OrderedDict, defaultdict, deque

P = namedtuple("P", "x y")
pair, ordered, *others = pt.tree_map(
    lambda v: v * 2 if v is not None else v,
    [P(1, 2), OrderedDict(a=3), deque([4]), defaultdict(list, {"q": 5}), None],
)
print(pair, type(ordered).__name__, ordered["a"], *others)  # Python 3.12 shows an OrderedDict otherwise
print(
    pt.tree_map_only(int, lambda v: v + 1, [1, "a", 2.0]),
    pt.tree_all(lambda v: v > 0, [1, 2]),
    pt.tree_any(lambda v: v > 1, [1, 2]),
    pt.tree_leaves({"a": 1}),
    pt.tree_structure([1]),
    pt.tree_map(lambda a, b: a + b, [1, 2], [3, 4]),
)
try:
    pt.tree_unflatten([1, 2], pt.tree_structure([1]))
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
try:
    pt.tree_map(lambda a, b: a + b, [1, 2], [3])
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0][:100])
print(pt.tree_flatten_with_path({"a": [1, 2]}), pt.keystr(pt.tree_flatten_with_path({"a": [1, 2]})[0][0][0]))
print(pt.tree_map_with_path(lambda p, v: (pt.keystr(p), v), {"a": [1]}))


class A:
    def __init__(s, v):
        s.v = v


pt.register_pytree_node(A, lambda a: ([a.v], None), lambda c, _: A(*c))
print(pt.tree_map(lambda v: v + 1, A(1)).v, pt.tree_flatten(A(2))[1])
print(pt.tree_flatten(3)[1])
torch.set_autocast_cpu_dtype(torch.float16)
print(torch.get_autocast_cpu_dtype())
for n in [
    "set_autocast_dtype",
    "set_autocast_enabled",
    "set_autocast_cpu_enabled",
    "set_autocast_gpu_dtype",
    "clear_autocast_cache",
    "autocast_increment_nesting",
    "set_autocast_cache_enabled",
]:
    print(n, hasattr(torch, n))
import io

b = io.BytesIO()
torch.save({"a": torch.ones(2), "m": nn.Linear(1, 1)}, b)
b.seek(0)
print(sorted(torch.serialization.get_unsafe_globals_in_checkpoint(b)))
import numpy as np

np.arange(6, dtype=np.float32).tofile("g_ff.bin")
t = torch.from_file("g_ff.bin", size=4)
print(t)
t[0] = 9
print(torch.from_file("g_ff.bin", shared=True, size=6))
t = torch.from_file("g_ff.bin", shared=True, size=3)
t.fill_(2)
print(torch.from_file("g_ff.bin", size=6))
try:
    torch.from_file("g_ff.bin", size=40)
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
t = torch.from_file("g_new.bin", shared=True, size=3, dtype=torch.int32)
print(t)
print(torch.utils.checkpoint.set_device_states([], []))
print(torch.cuda.amp.grad_scaler.GradScaler is torch.cuda.amp.GradScaler)
try:
    with torch.accelerator.device_index(0):
        pass
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
with torch.accelerator.device_index(None):
    print("in")
try:
    with torch.backends.cuda.sdp_kernel(enable_flash=False):
        print(torch.backends.cuda.flash_sdp_enabled(), torch.backends.cuda.math_sdp_enabled())
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
import torch.utils.model_zoo
import torch.utils.dlpack
import torch._dynamo
import torch._inductor.config

print(torch.jit.annotations.List, torch.jit.annotations.Dict)

print(torch.version.cuda, torch.version.__version__, torch.version.hip, torch.version.debug)
print(torch.ones(4).resize(2, 2))
for bad in [
    "torch.ones(4).resize(3)",
    "torch.ones(2).reinforce(1)",
    "torch.cuda.memory_summary()",
    "torch.cuda.nccl.version()",
    "torch.classes.load_library('x')",
    "torch.classes.foo.bar",
    "torch.mps.synchronize()",
    "torch.jit.load('nonexistent')",
    "torch.hub.load('nonexistent', 'x', source='local')",
    "torch.hub.load('a/b', 'x', source='foo')",
    "torch.get_autocast_dtype('xx')",
]:
    try:
        print(bad, eval(bad))
    except Exception as e:
        print(bad, type(e).__name__, str(e).splitlines()[0].replace(os.getcwd(), "")[:100])
print(
    torch.hub.HASH_REGEX.pattern,
    torch.hub.get_dir() == torch.hub._get_torch_home() + "/hub",
    torch.hub.urlparse("file:///a/b").path,
)
print(
    torch._dynamo.config.recompile_limit,
    torch._dynamo.config.suppress_errors,
    torch._inductor.config.coordinate_descent_tuning,
)
torch._dynamo.config.suppress_errors = True
torch._dynamo.config.cache_size_limit = 64
print(
    torch.compiler.is_compiling(),
    torch._dynamo.config.suppress_errors,
    torch.jagged,
    torch.OutOfMemoryError.__mro__[1],
    torch.cuda.OutOfMemoryError is torch.OutOfMemoryError,
)
print(
    torch._C._LinAlgError is torch.linalg.LinAlgError, torch._C._get_privateuse1_backend_name(), torch.cuda._initialized
)


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.b = nn.Buffer(torch.ones(2))
        self.c = nn.Buffer(torch.ones(2), persistent=False)


m = M()
print(
    list(m.state_dict().items()),
    list(dict(m.named_buffers())),
    isinstance(m.b, nn.Buffer),
    isinstance(torch.ones(1), nn.Buffer),
    type(m.b).__name__,
)
m.b = torch.zeros(2)
print(m.b, list(m.state_dict()))
print(torch.nn.modules.transformer._get_activation_fn("relu") is torch.nn.functional.relu)
print(torch.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(torch.arange(3))))
f = torch.futures.Future()
g = f.then(lambda x: x.wait() + 1)
f.set_result(3)
print(
    f.wait(),
    g.wait(),
    f.value(),
    f.done(),
    torch.futures.wait_all([f, g]),
    [x.value() for x in torch.futures.collect_all([f, g]).wait()],
)
for act in (lambda: f.set_result(4), lambda: torch.futures.Future().set_exception("x")):
    try:
        act()
    except Exception as e:
        print(type(e).__name__, str(e))
h = torch.futures.Future()
h.set_exception(ValueError("bad"))
try:
    h.wait()
except Exception as e:
    print(repr(e))
torch.set_autocast_enabled("cpu", True)
print(torch.is_autocast_cpu_enabled(), torch.is_autocast_enabled(), torch.is_autocast_cache_enabled())
torch.set_autocast_enabled("cpu", False)
print(
    torch.nn.modules.utils._reverse_repeat_tuple((1, 2), 2),
    torch.nn.modules.utils._ntuple(3)(2),
    torch.nn.modules.utils._triple(4),
)
print(torch.utils.model_zoo.load_url is torch.hub.load_state_dict_from_url)

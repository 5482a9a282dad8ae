import os
import torch
import torch.distributed as dist

os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29633", RANK="0", WORLD_SIZE="1")
print(dist.init_process_group("gloo"))
print(
    dist.get_rank(),
    dist.get_world_size(),
    dist.get_backend(),
    dist.is_initialized(),
    dist.ReduceOp.SUM,
    list(dist.ReduceOp.RedOpType.__members__),
)
try:
    dist.init_process_group("gloo")
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
x = torch.ones(2)
print(
    dist.all_reduce(x),
    x,
    dist.all_reduce(x, async_op=True).wait(),
    dist.barrier(),
    dist.broadcast(x, 0),
    dist.reduce(x, 0),
)
l = [torch.zeros(2)]
print(dist.all_gather(l, x), l)
o = torch.zeros(2)
print(dist.all_gather_into_tensor(o, x), o)
try:
    print(dist.reduce_scatter(o, [x]), o)
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
try:
    print(dist.reduce_scatter_tensor(o, x), o)
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
print(dist.scatter(o, [x + 1], src=0), o)
g = [torch.zeros(2)]
print(dist.gather(x, g, dst=0), g)
try:
    print(dist.all_to_all_single(o, x), o)
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
try:
    print(dist.all_to_all([o], [x]), o)
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
ol = [None]
print(dist.all_gather_object(ol, {"a": 1}), ol)
ol = ["z"]
print(dist.broadcast_object_list(ol, 0), ol)
try:
    dist.broadcast(x, 3)
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
try:
    dist.all_reduce("x")
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
try:
    dist.send(x, 0)
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
print(dist.new_group([0]).size(), dist.get_process_group_ranks(dist.group.WORLD))
x = torch.tensor([3.0])
dist.all_reduce(x, op=dist.ReduceOp.AVG) if 0 else None
try:
    dist.all_reduce(x, op=dist.ReduceOp.AVG)
    print(x)
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
m = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 1))
print(m, list(m.state_dict()), m.device_ids)
m(torch.ones(1, 2)).sum().backward()
print(m.module.weight.grad)
with m.no_sync():
    pass
print(dist.destroy_process_group(), dist.is_initialized())
try:
    dist.destroy_process_group()
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
from torch.distributed import rpc

try:
    rpc.rpc_sync("w", print)
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
os.environ["MASTER_PORT"] = "29634"
rpc.init_rpc("worker0", rank=0, world_size=1)
print(rpc.get_worker_info(), rpc.get_worker_info("worker0"))
try:
    rpc.get_worker_info("q")
except Exception as e:
    print(type(e).__name__, str(e).partition("\n\n")[0])
print(rpc.rpc_sync("worker0", torch.add, args=(torch.ones(2), 3)), rpc.rpc_async("worker0", max, args=(1, 2)).wait())
r = rpc.remote("worker0", torch.add, args=(torch.ones(2), 3))
print(r, r.to_here(), r.is_owner(), r.owner(), r.owner_name(), r.confirmed_by_owner(), r.local_value())
q = rpc.RRef(5)
print(q, q.to_here(), q.local_value(), q.owner())
print(r.rpc_sync().size(), r.remote().size().to_here(), r.rpc_async().sum().wait())
try:
    rpc.rpc_sync("nobody", max, args=(1, 2))
except Exception as e:
    print(type(e), str(e)[:200])
import torch.distributed.autograd as da

with da.context() as c:
    w = torch.ones(2, requires_grad=True)
    l = (w * 3).sum()
    da.backward(c, [l])
    print(c == 0, da.get_gradients(c), w.grad)
rpc.shutdown()
os.environ["MASTER_PORT"] = "29635"
from torch.distributed.optim import DistributedOptimizer, ZeroRedundancyOptimizer

rpc.init_rpc("worker0", rank=0, world_size=1)
w = torch.ones(2, requires_grad=True)
opt = DistributedOptimizer(torch.optim.SGD, [rpc.RRef(w)], lr=0.5)
with da.context() as c:
    da.backward(c, [(w * w).sum()])
    opt.step(c)
print(w)


@rpc.functions.async_execution
def later(x):
    return rpc.rpc_async("worker0", torch.add, args=(x, 1)).then(lambda f: f.wait() * 10)


print(rpc.rpc_sync("worker0", later, args=(torch.ones(2),)))
rpc.shutdown()
os.environ["MASTER_PORT"] = "29636"
dist.init_process_group("gloo", rank=0, world_size=1)
net = torch.nn.Linear(2, 1)
torch.nn.init.ones_(net.weight)
zero = ZeroRedundancyOptimizer(net.parameters(), torch.optim.Adam, lr=0.1)
net(torch.ones(1, 2)).sum().backward()
zero.step()
print(net.weight, len(zero.param_groups))
from torch.distributed.device_mesh import init_device_mesh

mesh = init_device_mesh("cpu", (1, 1), mesh_dim_names=("dp", "tp"))
print(mesh.ndim, mesh.shape, mesh.size(), mesh["tp"].size(), mesh.mesh_dim_names)
from torch.distributed.fsdp import (
    MixedPrecision,
    ShardingStrategy,
    StateDictType,
    FullStateDictConfig,
    MixedPrecisionPolicy,
)
from torch.distributed.fsdp.wrap import size_based_auto_wrap_policy, transformer_auto_wrap_policy

print(
    MixedPrecision(param_dtype=torch.bfloat16).param_dtype,
    MixedPrecision().reduce_dtype,
    ShardingStrategy.FULL_SHARD,
    StateDictType.FULL_STATE_DICT,
)
print(FullStateDictConfig(offload_to_cpu=True, rank0_only=True))
print(
    transformer_auto_wrap_policy(net, False, 3, {torch.nn.Linear}),
    size_based_auto_wrap_policy(net, True, 3, 2),
    size_based_auto_wrap_policy(net, False, 3),
)
from torch.distributed.tensor import Shard, Replicate

print(Shard(0), Replicate(), Shard(0) == Shard(0), Shard(1).is_shard(0))
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import (
    checkpoint_wrapper,
    CheckpointImpl,
    apply_activation_checkpointing,
)

model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
for p in model.parameters():
    torch.nn.init.constant_(p, 0.5)
apply_activation_checkpointing(
    model, checkpoint_wrapper_fn=checkpoint_wrapper, check_fn=lambda m: isinstance(m, torch.nn.Linear)
)
print(model, list(model.state_dict()), [n for n, _ in model.named_parameters()])
model(torch.ones(1, 2)).sum().backward()
print([p.grad for p in model.parameters()])
print(model.load_state_dict(model.state_dict()))
dist.destroy_process_group()

import os
import torch
from torch.profiler import (
    ProfilerAction,
    ProfilerActivity,
    profile,
    record_function,
    schedule,
    tensorboard_trace_handler,
)

plan = schedule(wait=1, warmup=1, active=2, repeat=2, skip_first=1)
print([plan(i) for i in range(14)])
plan = schedule(wait=0, warmup=0, active=1)
print([plan(i) for i in range(3)])
for bad in (dict(wait=-1, warmup=0, active=1), dict(wait=0, warmup=0, active=0)):
    try:
        schedule(**bad)
    except AssertionError as error:
        print(error)
net = torch.nn.Linear(3, 2)
x = torch.ones(4, 3)


def ready(p):
    names = {event.key: event.count for event in p.key_averages()}
    print(
        "ready",
        p.step_num,
        names.get("aten::linear"),
        sorted(name for name in names if "Step" in name),
        names.get("mine"),
    )


for plan in (schedule(wait=1, warmup=1, active=2, repeat=1), schedule(wait=1, warmup=0, active=1), None):
    with profile(activities=[ProfilerActivity.CPU], schedule=plan, on_trace_ready=ready) as p:
        for i in range(5):
            net(x)
            with record_function("mine"):
                net(x)
            p.step()
with profile(on_trace_ready=tensorboard_trace_handler("logs", worker_name="me")) as p:
    net(x)
print([name.split(".")[0] + name[name.index(".pt") :] for name in os.listdir("logs")])
with torch.autograd.profiler.profile() as old:
    net(x).sum().backward()
counts = {event.key: event.count for event in old.key_averages()}
print(counts["aten::linear"], counts["AddmmBackward0"], counts["SumBackward0"])
print(torch.profiler.supported_activities(), ProfilerAction.RECORD_AND_SAVE)
with torch.autograd.profiler.profile(enabled=False) as old:
    net(x)

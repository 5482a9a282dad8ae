"""The profiler: what it counts, that times add up, what its table and its trace hold, that it leaves nothing behind."""

import json
import sys
import time

import pytest

import rushlight as torch
from rushlight.profiler import profile, record_function

nn = torch.nn


def counts(prof):
    return {event.key: event.count for event in prof.key_averages()}


def test_operations_nodes_and_marks_are_counted():
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with profile(record_shapes=True) as prof:
        for _ in range(3):
            with record_function("step"):
                net(torch.ones(16, 4)).sum().backward()
                optimizer.step()
                optimizer.zero_grad()
    found = counts(prof)
    assert found["step"] == found["aten::sum"] == found["aten::relu"] == found["ReluBackward0"] == 3
    assert found["aten::linear"] == found["AddmmBackward0"] == 6
    assert found["Optimizer.step#SGD.step"] == found["Optimizer.zero_grad#SGD.zero_grad"] == 3
    linear = [event for event in prof.events() if event.key == "aten::linear"]
    assert linear[0].input_shapes == [[16, 4], [8, 4], [8]]
    assert all(event.cpu_parent.key == "step" for event in linear)
    shapes = prof.key_averages(group_by_input_shape=True)
    assert [e.count for e in shapes if e.key == "aten::linear"] == [3, 3]


def test_what_has_a_short_way_is_seen():
    x, y = torch.ones(3, 3), torch.zeros(3, 3)
    with profile() as prof:
        y.copy_(x)
        torch.mm(x, y)
        torch.matmul(x, y)
        x @ y  # noqa: B018
    found = counts(prof)
    assert found["aten::copy"] == 1 and found["aten::matmul"] == 2 and found["aten::mm"] == 3


def test_operators_are_seen_on_every_path():
    x, y = torch.ones(3, requires_grad=True), torch.ones(3)
    with torch.no_grad(), profile() as prof:
        _ = x + y, x - y, 2 * x, x / 2, x.exp(), torch.exp(x), x @ y, x.add(y)
    found = counts(prof)
    assert found["aten::add"] == found["aten::exp"] == 2
    assert found["aten::sub"] == found["aten::mul"] == found["aten::div"] == found["aten::matmul"] == 1


def test_times_add_up():
    with profile() as prof:
        with record_function("outer"):
            time.sleep(0.01)
            with record_function("inner"):
                time.sleep(0.02)
    outer, inner = prof.events()
    assert inner.cpu_parent is outer and outer.cpu_children == [inner]
    assert inner.cpu_time_total >= 20_000 and outer.cpu_time_total >= 30_000
    assert outer.self_cpu_time_total == pytest.approx(outer.cpu_time_total - inner.cpu_time_total)
    assert prof.events().self_cpu_time_total == pytest.approx(outer.cpu_time_total)


def test_the_table():
    with profile(profile_memory=True) as prof:
        torch.ones(256) * 2
    table = prof.key_averages().table(sort_by="self_cpu_time_total", row_limit=1)
    lines = table.splitlines()
    titles = "Name Self CPU % Self CPU CPU total % CPU total CPU time avg CPU Mem Self CPU Mem # of Calls"
    assert " ".join(lines[1].split()) == titles and lines[0] == lines[2] == lines[4]
    assert lines[3].split()[0].startswith("aten::") and "1.00 KB" in lines[3] and len(lines) == 6
    assert lines[5].startswith("Self CPU time total: ")
    assert len(lines[0]) == len(lines[1]) == len(lines[3])
    with pytest.raises(AttributeError, match="nonsense"):
        prof.key_averages().table(sort_by="nonsense")


def test_the_trace(tmp_path):
    with profile(with_stack=True) as prof, record_function("mark"):
        torch.ones(3).sum()
    prof.export_chrome_trace(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert [(event["name"], event["cat"]) for event in events] == [
        ("mark", "user_annotation"), ("aten::ones", "cpu_op"), ("aten::sum", "cpu_op"),
    ]  # fmt: skip
    mark, ones, total = events
    assert mark["ts"] <= ones["ts"] <= ones["ts"] + ones["dur"] <= total["ts"] <= mark["ts"] + mark["dur"]
    assert "test_profiler.py" in ones["args"]["Call stack"][0]
    prof.export_stacks(tmp_path / "stacks.txt")
    assert "test_the_trace" in (tmp_path / "stacks.txt").read_text()


def test_it_leaves_nothing_behind():
    before, operator = sys.getprofile(), torch.Tensor.__add__
    with pytest.raises(ZeroDivisionError), profile():
        1 / 0  # noqa: B018
    assert sys.getprofile() is before and torch.Tensor.__add__ is operator
    with profile() as prof:
        torch.ones(1)
    assert counts(prof) == {"aten::ones": 1}


def test_marks_without_a_profiler_do_nothing():
    @record_function("named")
    def double(x):
        return 2 * x

    assert double(3) == 6
    with profile() as prof:
        double(3)
    assert counts(prof) == {"named": 1}


def test_one_at_a_time():
    with profile():
        with pytest.raises(RuntimeError, match="another profiler is running"):
            profile().start()
    with pytest.raises(AssertionError, match="Profiler must be initialized"):
        profile().events()


def test_an_op_that_fails_ends():
    with profile() as prof:
        with pytest.raises(RuntimeError):
            torch.ones(2, 3) @ torch.ones(2, 3)
        torch.ones(2).sum()
    assert counts(prof)["aten::sum"] == 1
    assert all(event.cpu_parent is None for event in prof.events() if event.key == "aten::sum")

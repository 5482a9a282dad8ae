"""A call that is known gives what the general way gives: each sample of each public name, with the elements it has and with others."""

import copy

import numpy as np
import pytest

import rushlight as torch
from rushlight import routes, samples
from rushlight.node import NO_VERSION, OpNode
from rushlight.tensor import Tensor

TARGETS = samples.targets()


def described(x):
    """Everything about a result that the two ways must agree on."""
    if isinstance(x, (tuple, list)):
        return type(x), *map(described, x)
    if not isinstance(x, Tensor):
        return repr(x)
    a = x._a
    # the order of memory of an empty array, or of dimensions of one element, is nobody's
    strides = tuple([s for s, n in zip(a.strides, a.shape, strict=True) if n > 1]) if a.size else ()
    return (
        type(x), a.dtype, a.shape, strides, a.tobytes(), x._version, x._base is None, x._extra, x.is_inference(),
        hung(x.grad_fn),
    )  # fmt: skip


def hung(node):
    """A node, what it keeps and where it leads."""
    if node is None:
        return None
    ends = [(n and n.name(), i) for n, i in node.next_functions]
    if not isinstance(node, OpNode):
        return type(node).__name__, node.meta, ends
    saved = [(slot, kept(s)) for slot, s in enumerate(node.saved) if s is not None]
    attrs = {n: repr(value) for n, value in node.attrs.items() if " object at " not in repr(value)}
    pairs = zip(*[iter(node.versions)] * 2, strict=True)
    versions = bool(node.versions), [cell[0] - expected for cell, expected in pairs if cell is not NO_VERSION]
    return type(node).__name__, node.meta, attrs, ends, saved, versions, [e and hung_there(e) for e in node.edges]


def hung_there(edge):
    return type(edge[0]).__name__, edge[1]


def kept(s):
    if isinstance(s, np.ndarray):
        return s.dtype, s.shape, s.tobytes()
    return [kept(y) for y in s] if isinstance(s, list) else repr(s)


def gradients(out, given):
    """What flows back to the tensors given from the results."""
    outs = [x for x in (out if isinstance(out, (tuple, list)) else [out]) if isinstance(x, Tensor) and x.requires_grad]
    leaves = [x for x in given if x.requires_grad]
    if not outs or not leaves:
        return None
    found = torch.autograd.grad(outs, leaves, [torch.ones_like(x) for x in outs], allow_unused=True)
    return [g is None or described(g) for g in found]


def outcome(call, args, kwargs):
    """What a call gives, or what it raises."""
    try:
        out = call(*args, **kwargs)
        return described(out), gradients(out, list(samples.tensors_in((args, kwargs), Tensor)))
    except Exception as error:  # noqa: BLE001 - whatever it is
        return "raised", type(error), str(error)


def copied(x, needs_grad=False, other=False):
    """Arguments of the same kind, with the same elements or ``other`` ones."""
    if isinstance(x, dict):
        return {n: copied(y, needs_grad, other) for n, y in x.items()}
    if isinstance(x, (tuple, list)) and not hasattr(x, "_fields"):
        return type(x)([copied(y, needs_grad, other) for y in x])
    if not isinstance(x, Tensor):
        return x
    new = copy.deepcopy(x)
    a = new._a
    if other and a.size:
        a[...] = ~a if a.dtype.kind == "b" else a * 1.25 - 0.125 if a.dtype.kind in "fcV" else np.flip(a).copy()
    return new.requires_grad_() if needs_grad and new.is_floating_point() else new


def general(call, args, kwargs):
    routes.close("a test")
    try:
        return outcome(call, args, kwargs)
    finally:
        routes.open_again("a test")


@pytest.fixture
def given_up(monkeypatch):
    """How often a route gave a call back to the general way."""
    run, count = routes.Route.run, []

    def counted(self, *arguments):
        result = run(self, *arguments)
        count.extend([self] if result is None else [])
        return result

    monkeypatch.setattr(routes.Route, "run", counted)
    return count


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_known_call_is_the_call(name, given_up):
    target = TARGETS[name]
    call = target.find(torch)
    for sample in target.made(torch, "float32"):
        if not sample.compared:
            continue
        needs_grad = sample.gradients > 0
        for other in (False, True):  # met and watched; known, with other elements
            torch.manual_seed(0)
            expected = general(call, copied(sample.args, needs_grad, other), copied(sample.kwargs, needs_grad, other))
            for _ in range(2):
                torch.manual_seed(0)
                args, kwargs = copied((sample.args, sample.kwargs), needs_grad, other)
                assert outcome(call, args, kwargs) == expected, (name, other)
                assert not given_up or expected[0] == "raised", (name, other)
                given_up.clear()


def test_a_watched_call_keeps_nothing():
    """Arrays go when their last user does, not when garbage is looked for: a step of training would take twice the memory for some time."""
    import gc
    import weakref

    gc.collect()
    gc.disable()
    try:
        for _ in range(12):  # at some of these calls the route is found, at others used
            x = torch.randn(2, 3, 12, 12, requires_grad=True)
            y = torch.nn.functional.max_pool2d(x.relu(), 2)
            kept = [weakref.ref(t._a) for t in (x, y)]
            y.sum().backward()
            del x, y
            assert [a() for a in kept] == [None, None]
    finally:
        gc.enable()

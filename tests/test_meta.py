"""Tensors on the device ``meta``: shapes, strides and dtypes are those that the same call has with elements."""

import copy
import gc
import pickle
import warnings

import pytest

import rushlight as torch
import rushlight.nn as nn
import rushlight.nn.functional as F
from rushlight import levels, meta, samples


def empty(*shape, **options):
    return torch.empty(*shape, device="meta", **options)


def info(t):
    return tuple(t.shape), t.stride(), t.dtype, str(t.device), t.requires_grad, type(t.grad_fn).__name__


def moved(x):
    if isinstance(x, torch.Tensor):
        return meta.like(x)
    if type(x) in (list, tuple):
        return type(x)([moved(y) for y in x])
    return {k: moved(v) for k, v in x.items()} if type(x) is dict else x


#: What reads elements to find a shape, or is not carried over.
OTHERS = {
    "Tensor.new", "hash_tensor", "native_dropout", "nn.functional.one_hot", "repeat_interleave", "tensor", "vander", "view_copy",
    "combinations", "lu_unpack", "linalg.cond", "linalg.lstsq", "native_batch_norm", "native_layer_norm",
}  # fmt: skip
TARGETS = {name: t for name, t in samples.targets().items() if t.op is not None and name not in OTHERS}


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_shapes_are_those_of_the_op(name):
    target = TARGETS[name]
    function = target.find(torch)
    for sample in target.made(torch):
        if "out" in sample.kwargs or not list(samples.tensors_in((sample.args, sample.kwargs), torch.Tensor)):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = moved(sample.args), moved(sample.kwargs)
            try:
                expected = list(samples.tensors_in(function(*sample.args, **sample.kwargs), torch.Tensor))
                found = list(samples.tensors_in(function(*given[0], **given[1]), torch.Tensor))
            except (RuntimeError, NotImplementedError):  # it reads elements, as some do
                continue
        assert [(t.shape, t.dtype) for t in found] == [(t.shape, t.dtype) for t in expected], name
        assert all(t.is_meta for t in found), name


LAYERS = {
    "linear": (lambda d: nn.Linear(3, 4, device=d), (2, 3)),
    "conv": (lambda d: nn.Conv2d(3, 8, 3, padding=1, stride=2, device=d), (2, 3, 9, 9)),
    "transposed": (lambda d: nn.ConvTranspose2d(3, 8, 3, stride=2, device=d), (2, 3, 4, 4)),
    "batch norm": (lambda d: nn.BatchNorm2d(3, device=d), (2, 3, 4, 4)),
    "layer norm": (lambda d: nn.LayerNorm(3, device=d), (2, 3)),
    "group norm": (lambda d: nn.GroupNorm(2, 4, device=d), (2, 4, 5)),
    "encoder": (lambda d: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, device=d), (2, 5, 8)),
    "prelu": (lambda d: nn.PReLU(device=d), (2, 3)),
    "several": (lambda d: nn.Sequential(nn.Linear(3, 4, device=d), nn.GELU(), nn.Dropout(), nn.Softmax(1)), (2, 3)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    make, shape = LAYERS[name]
    layer, here = make("meta"), make("cpu")
    assert [(n, p.shape, p.is_meta) for n, p in layer.state_dict().items()] == [
        (n, p.shape, True) for n, p in here.state_dict().items()
    ]
    out, expected = layer(empty(*shape)), here(torch.zeros(shape))
    assert info(out)[:3] == info(expected)[:3] and out.is_meta
    assert info(out)[4:] == info(expected)[4:]
    out.sum().backward()
    assert all(p.grad.is_meta and p.grad.shape == p.shape for p in layer.parameters())


def test_recurrent_layers_and_tables():
    out, (h, c) = nn.LSTM(3, 4, 2, device="meta")(empty(5, 2, 3))
    assert out.shape == (5, 2, 4) and h.shape == c.shape == (2, 2, 4) and out.is_meta
    assert nn.Embedding(10, 4, device="meta")(empty(2, 3, dtype=torch.long)).shape == (2, 3, 4)
    loss = F.cross_entropy(empty(2, 3), empty(2, dtype=torch.long))
    assert loss.shape == () and loss.is_meta


def test_no_memory_is_taken():
    layer = nn.Linear(100000, 100000, device="meta")
    assert info(layer(empty(100000, 100000)))[:2] == ((100000, 100000), (100000, 1))
    x = torch.rand(1 << 20, 1 << 20, device="meta")
    assert (x * 2 + 1).relu().sum(1).shape == (1 << 20,)


def test_no_numbers_are_drawn():
    torch.manual_seed(0)
    first = torch.rand(2)
    torch.manual_seed(0)
    nn.Linear(3, 4, device="meta")
    nn.init.xavier_normal_(empty(3, 4)).uniform_().normal_()
    F.dropout(torch.randn_like(empty(3)))
    assert torch.equal(torch.rand(2), first)


def test_text():
    assert repr(empty(2, 3)) == "tensor(..., device='meta', size=(2, 3))"
    assert repr(empty(2).long()) == "tensor(..., device='meta', size=(2,), dtype=torch.int64)"
    weight = nn.Linear(3, 4, device="meta").weight
    assert repr(weight) == "Parameter containing:\ntensor(..., device='meta', size=(4, 3), requires_grad=True)"
    assert isinstance(weight, nn.Parameter) and isinstance(weight, torch.Tensor)


WRONG = {
    "item": (RuntimeError, "cannot be called on meta tensors", lambda x: x[0, 0].item()),
    "truth": (RuntimeError, "cannot be called on meta tensors", lambda x: bool(x[0, 0])),
    "tolist": (NotImplementedError, "Cannot copy out of meta tensor; no data!", lambda x: x.tolist()),
    "numpy": (TypeError, "can't convert meta device type tensor to numpy", lambda x: x.numpy()),
    "cpu": (NotImplementedError, "Cannot copy out of meta tensor; no data!", lambda x: x.cpu()),
    "to": (NotImplementedError, "Cannot copy out of meta tensor; no data!", lambda x: x.to("cpu")),
    "other device": (
        RuntimeError,
        "Tensor on device cpu is not on the expected device meta!",
        lambda x: x + torch.ones(3),
    ),
    "copied out": (
        NotImplementedError,
        "Cannot copy out of meta tensor; no data!",
        lambda x: torch.ones(2, 3).copy_(x),
    ),
    "shape": (RuntimeError, "shape '[5]' is invalid for input of size 6", lambda x: x.view(5)),
    "mask": (NotImplementedError, "nonzero", lambda x: x[x > 0]),
    "nonzero": (NotImplementedError, "nonzero", lambda x: torch.nonzero(x)),
    "unique": (NotImplementedError, "Meta tensors", lambda x: x.unique()),
    "module": (
        NotImplementedError,
        "Please use torch.nn.Module.to_empty",
        lambda x: nn.Linear(2, 3, device="meta").to("cpu"),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_needs_elements(name):
    kind, phrase, call = WRONG[name]
    with pytest.raises(kind) as caught:
        call(empty(2, 3))
    assert phrase in str(caught.value)


def test_modules_move():
    m = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).to("meta")
    assert all(t.is_meta for t in (*m.parameters(), *m.buffers()))
    m.to_empty(device="cpu")
    assert not any(t.is_meta for t in (*m.parameters(), *m.buffers())) and m[0].weight.requires_grad
    empty_one = nn.Linear(2, 3, device="meta")
    source = nn.Linear(2, 3)
    with pytest.warns(UserWarning, match="copying from a non-meta parameter"):
        empty_one.load_state_dict(source.state_dict())
    assert empty_one.weight.is_meta
    empty_one.load_state_dict(source.state_dict(), assign=True)
    assert torch.equal(empty_one(torch.ones(1, 2)), source(torch.ones(1, 2)))
    assert type(empty_one.weight) is nn.Parameter


def test_a_default_device():
    with torch.device("meta"):
        m = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        made = torch.ones(2), torch.tensor([1, 2]), torch.arange(3), torch.randn(2), torch.full((2,), 1.0), torch.eye(2)
        here = torch.zeros(2, device="cpu")
    assert all(t.is_meta for t in (*made, *m.parameters(), *m.buffers())) and not here.is_meta
    assert not torch.ones(2).is_meta and not nn.Linear(2, 2).weight.is_meta


def test_views_writes_and_copies():
    x = empty(2, 3)
    assert info(x.t()[1:])[:2] == ((2, 2), (1, 3)) and x.t()._is_view()
    x[0] = 1.0
    x.add_(1).zero_()
    assert x._version == 3 and info(x.clone().t().contiguous())[:2] == ((3, 2), (2, 1))
    for made in (
        copy.deepcopy(x),
        pickle.loads(pickle.dumps(x)),
        torch.zeros_like(x),
        x.new_ones(2, 3),
        torch.ones(2, 3).to(x),
    ):
        assert made.is_meta and made.shape == (2, 3)
    assert not torch.zeros_like(x, device="cpu").is_meta
    assert [r.shape for r in x] == [(3,), (3,)] and all(c.is_meta for c in x.chunk(2))
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        empty(3).add_(x)


def test_transformations():
    assert torch.func.vmap(lambda r: r.sum())(empty(2, 3)).shape == (2,)
    x = empty(3, requires_grad=True)
    (g,) = torch.autograd.grad((x * 2).sin().sum(), x)
    assert g.is_meta and g.shape == (3,)


def test_nothing_is_asked_when_the_last_is_gone():
    x = empty(2)
    assert meta.LEVEL in levels.running
    del x
    gc.collect()
    assert meta.LEVEL not in levels.running

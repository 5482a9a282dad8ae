"""Errors with a place: a failure inside a module names the module, what came in, what it takes."""

import dis
import traceback

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.explain import failures


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Flatten(), nn.Linear(10, 5))

    def forward(self, x, scale=1.0):
        return self.encoder(x) * scale


def failed(call, kind=Exception):
    with pytest.raises(kind) as caught:
        call()
    return caught.value


def notes_of(error):
    """The notes that name a module; what the error advises is another one."""
    return [note for note in error.__notes__ if isinstance(note, failures.Note)]


def test_the_innermost_module_is_named_once_with_the_whole_path():
    net = Net()
    error = failed(lambda: net(torch.ones(2, 4), scale=2.0), RuntimeError)
    assert str(error).startswith("mat1 and mat2 shapes cannot be multiplied (2x8 and 10x5)")
    (note,) = notes_of(error)
    assert note.splitlines() == [
        "in net.encoder.3 Linear(in_features=10, out_features=5, bias=True)",
        "  came in   input: float32 [2, 8]",
        "  it takes  float32 [*, 10]",
    ]
    assert note.path == "net.encoder.3" and note.module.startswith("Linear(in_features=10")
    assert note in "".join(traceback.format_exception(error))


LAYERS = [
    (lambda: nn.Linear(3, 4), (torch.ones(2, 5),), "float32 [*, 3]"),
    (lambda: nn.Linear(3, 4).double(), (torch.ones(2, 3),), "float64 [*, 3]"),
    (lambda: nn.Bilinear(3, 4, 5), (torch.ones(2, 3), torch.ones(2, 3)), "float32 [*, 3] and [*, 4]"),
    (lambda: nn.Conv1d(3, 4, 2), (torch.ones(2, 5, 9),), "float32 [N, 3, L] or [3, L]"),
    (lambda: nn.Conv2d(3, 4, 2), (torch.ones(2, 5, 9, 9),), "float32 [N, 3, H, W] or [3, H, W]"),
    (lambda: nn.Conv3d(3, 4, 2), (torch.ones(2, 9),), "float32 [N, 3, D, H, W] or [3, D, H, W]"),
    (lambda: nn.ConvTranspose2d(3, 4, 2), (torch.ones(2, 5, 9, 9),), "float32 [N, 3, H, W] or [3, H, W]"),
    (lambda: nn.BatchNorm1d(3), (torch.ones(2, 5),), "float32 [N, 3] or [N, 3, L]"),
    (lambda: nn.BatchNorm2d(3), (torch.ones(2, 3),), "float32 [N, 3, H, W]"),
    (lambda: nn.GroupNorm(2, 4), (torch.ones(2, 5),), "float32 [N, 4, *]"),
    (lambda: nn.LayerNorm(5), (torch.ones(2, 3),), "float32 [*] ending in (5,)"),
    (lambda: nn.Embedding(3, 4), (torch.tensor([7]),), "int64 or int32 of any shape, from 0 to 3 - 1"),
    (lambda: nn.LSTM(3, 4), (torch.ones(5, 2, 7),), "float32 [T, N, 3], or [N, T, 3] with batch_first=True (here batch_first=False)"),
    (lambda: nn.GRUCell(3, 4), (torch.ones(2, 7),), "float32 [N, 3] or [3]"),
    (lambda: nn.MultiheadAttention(4, 2), (torch.ones(5, 2, 3),) * 3, "[T, N, 4], or [N, T, 4] with batch_first=True"),
    (lambda: nn.CrossEntropyLoss(), (torch.ones(4, 3), torch.ones(3, dtype=torch.int64)), "input [N, C] and target int64 [N]"),
    (lambda: nn.BCELoss(), (torch.ones(4, 1) * 0.5, torch.ones(4)), "input and target of one shape and dtype, both from 0 to 1"),
]  # fmt: skip


@pytest.mark.parametrize("make, args, takes", LAYERS, ids=lambda x: None)
def test_layers_say_what_they_take(make, args, takes):
    layer = make()
    (note,) = notes_of(failed(lambda: layer(*args)))
    assert note.startswith(f"in layer {type(layer).__name__}(") and "came in   " in note
    assert takes in note.splitlines()[-1]


def test_losses_name_what_came_in():
    loss = nn.TripletMarginLoss()
    (note,) = notes_of(failed(lambda: loss(torch.ones(2, 3), torch.ones(2, 3), torch.ones(2, 4))))
    assert "anchor: float32 [2, 3]" in note and "negative: float32 [2, 4]" in note


def test_a_users_own_error_gets_a_place_and_keeps_its_type():
    class Refuses(nn.Module):
        def forward(self, x, *more, **options):
            raise KeyError("mine")

    outer = nn.Sequential(nn.ModuleDict({"a": Refuses()})["a"])
    error = failed(lambda: outer(torch.ones(1)), KeyError)
    assert error.args == ("mine",)
    assert error.__notes__ == ["in outer.0 Refuses()\n  came in   x: float32 [1]"]
    named = Refuses()
    (note,) = notes_of(failed(lambda: named([torch.ones(1), 2], None, how=torch.ones(2).numpy()), KeyError))
    assert "x: list of float32 [1], 2" in note and "more[0]: None" in note and "how: numpy.ndarray float32 [2]" in note


def test_a_module_that_was_not_initialised_fails_as_ever():
    class Forgot(nn.Module):
        def __init__(self):
            pass

    error = failed(lambda: Forgot()(1), AttributeError)
    assert "__notes__" not in vars(error)


def test_an_error_caught_inside_leaves_the_next_one_its_own_place():
    net = Net()
    first = failed(lambda: net(torch.ones(2, 4)))
    second = failed(lambda: net(torch.ones(2, 9)))
    assert (notes_of(first)[0].path, notes_of(second)[0].path) == ("net.encoder.3", "net.encoder.0")


def test_success_pays_nothing_for_it():
    """The block costs no instruction: what runs is the same, and a table says where an error goes."""
    code = list(dis.get_instructions(nn.Module.__call__))
    names = [i.opname for i in code if i.opname != "NOP"]
    assert not {"SETUP_FINALLY", "SETUP_EXCEPT", "SETUP_WITH"} & set(names)
    assert dis.Bytecode(nn.Module.__call__).exception_entries


class Plain(nn.Module):
    """Layers that lie in a list and a dict, which modules do not know of."""

    def __init__(self):
        super().__init__()
        self.layers, self.heads = [nn.Linear(4, 8), nn.Linear(9, 2)], {"price": nn.Linear(3, 1)}

    def forward(self, x, head=None):
        if head is not None:
            return self.heads[head](x)
        for layer in self.layers:
            x = layer(x)
        return x


class Trainer:
    def __init__(self, net):
        self.net = net

    def step(self, *args):
        return self.net(*args)


def test_modules_in_plain_containers_and_attributes_have_a_path():
    x = torch.ones(2, 4)
    nets = [Plain(), nn.Sequential(nn.Linear(3, 3))]
    for call, path in (
        (lambda: Trainer(Plain()).step(x), "self.net.layers[1]"),
        (lambda: Trainer(Plain()).step(x, "price"), "self.net.heads['price']"),
        (lambda: nets[1](x), "nets[1].0"),
        (lambda: nets[0].layers[1](x), "Linear"),  # deeper than anyone looks
    ):
        (note,) = notes_of(failed(call, RuntimeError))
        assert note.path == path

"""``help()`` and ``inspect.signature`` are useful for every public name."""

import importlib
import inspect
import types

import pytest

import rushlight as torch
from rushlight import families

MODULES = """
    . nn nn.functional nn.init nn.utils nn.utils.rnn nn.utils.parametrize nn.utils.parametrizations linalg fft special masked
    signal.windows optim optim.lr_scheduler optim.swa_utils distributions distributions.constraints distributions.transforms
    data autograd autograd.functional autograd.forward_ad autograd.graph func amp cuda backends accelerator random sparse
    serialization library fx profiler testing distributed hub jit utils.checkpoint
""".split()
#: Those that take whatever they are given, as PyTorch's do.
ANYTHING = {
    **dict.fromkeys(["Identity", "Sequential", "einsum"], "any number of arguments"),
    **dict.fromkeys(
        ["Module", "LogSigmoid", "Sigmoid", "Softmax2d", "Softsign", "Tanh", "Tanhshrink"],
        "Module.__init__ hands arguments on for the sake of subclasses, and refuses them",
    ),
    "StackDataset": "any number of datasets, by position or by name",
    "Container": "any number of modules by name",
    "NLLLoss2d": "an old name of NLLLoss, whose arguments it takes",
    **dict.fromkeys(["Tensor", "Storage", "Wrapped", "Dual"], "data or sizes"),
    **dict.fromkeys(["MaskedTensor", "masked_tensor", "as_masked_tensor"], "not implemented: any call is refused"),
}


def public(path):
    """The names of a module that are its own or the package's: what ``dir()`` shows without underscores."""
    module = importlib.import_module("rushlight" + ("." + path if path != "." else ""))
    families.load_all()
    for name in dir(module):
        value = getattr(module, name, None)
        ours = str(getattr(value, "__module__", "")).startswith(("rushlight", "torch"))
        if not name.startswith("_") and callable(value) and ours and not isinstance(value, types.ModuleType):
            yield name, value


def bare(value):
    """Whether a signature says nothing: ``(*args, **kwargs)``."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except ValueError:  # a class of Python's, an exception
        return False
    kinds = {p.kind for p in parameters if p.name != "self"}
    return inspect.Parameter.VAR_KEYWORD in kinds and kinds <= {
        inspect.Parameter.VAR_POSITIONAL,
        inspect.Parameter.VAR_KEYWORD,
    }


def test_every_name_of_a_namespace_is_explained():
    wrong = []
    for path in MODULES:
        for name, value in public(path):
            old_type = name.endswith("Tensor") and isinstance(value, type)  # FloatTensor(sizes or data)
            if not (value.__doc__ or "").strip():
                wrong.append(f"{path}.{name} has no docstring")
            if name not in ANYTHING and not old_type and bare(value):
                wrong.append(f"{path}.{name}{inspect.signature(value)} says nothing of its parameters")
    assert not wrong, "\n".join(wrong)


def test_every_method_of_tensor_is_explained():
    families.load_all()
    wrong = []
    for name in dir(torch.Tensor):
        value = inspect.getattr_static(torch.Tensor, name)
        if name.startswith("_") or not (callable(value) or isinstance(value, property)):
            continue
        if not (value.__doc__ or "").strip():
            wrong.append(f"Tensor.{name} has no docstring")
        if callable(value) and bare(value):
            wrong.append(f"Tensor.{name}{inspect.signature(value)} says nothing of its parameters")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("tanh", "(input, *, out=None)"),
        ("add", "(input, other, *, alpha=1, out=None)"),
        ("cat", "(tensors, dim=0, *, out=None)"),
        ("sum", "(input, dim=None, keepdim=False, *, dtype=None, out=None)"),
        ("exp_", "(input)"),
        ("clamp_min", "(input, min, *, out=None)"),
        ("clamp_max", "(input, max, *, out=None)"),
    ],
)
def test_a_signature_is_that_of_the_call(name, parameters):
    assert str(inspect.signature(getattr(torch, name))) == parameters


def test_a_method_is_explained_before_its_family_is_loaded():
    x = torch.ones(2, 2)
    assert str(inspect.signature(x.add_)) == "(other, *, alpha=1)"
    assert "compute_uv" in str(inspect.signature(x.svd)) and "U diag(S) V" in x.svd.__doc__

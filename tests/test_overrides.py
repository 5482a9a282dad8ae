"""Every call in which PyTorch asks a look-alike asks it here too (``parity/record_overrides.py`` has recorded them)."""

import json
import sys
import warnings
from pathlib import Path

import pytest

import rushlight

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "parity"))

from record_overrides import called  # noqa: E402

GOLDEN = json.loads((HERE / "golden" / "overrides.json").read_text())

#: Methods called of what is no tensor, as `Tensor.__len__(like)`, which no program writes; those are C's there and speak first here.
UNBOUND = {
    f"torch.Tensor.{name}"
    for name in (
        "__array__ __array_wrap__ __contains__ __deepcopy__ __dlpack__ __dlpack_device__ __floordiv__ __format__ __getitem__ __len__ "
        "__pow__ __reduce_ex__ __repr__ __reversed__ __rfloordiv__ __rlshift__ __rmatmul__ __rmod__ __rpow__ __rrshift__ backward "
        "requires_grad_"
    ).split()
}
#: An option that is asked for its truth, where PyTorch looks at its kind first.
OPTIONS = {
    "torch.Tensor.cholesky_inverse": "upper",
    "torch.Tensor.fill_diagonal_": "fill_value",
    "torch.Tensor.is_pinned": "device",
    "torch.Tensor.qr": "some",
    "torch.Tensor.svd": "some",
}


#: Numbers of dimensions that are look-alikes, of methods that are too short to ask; and masks, which sparse tensors are.
SHORT = {
    f"torch.Tensor.{name}"
    for name in "flatten size squeeze_ swapaxes_ swapdims_ transpose_ unsqueeze_ sparse_mask to_sparse".split()
}


#: Names of PyTorch's that are not there.
ABSENT = {
    f"torch.{name}"
    for name in (
        "Tensor.__div__ Tensor.__setstate__ Tensor._autocast_to_full_precision Tensor._clear_non_serializable_cached_data "
        "Tensor._coalesced_ Tensor._sparse_mask_projection Tensor._to_dense Tensor.dim_order Tensor.index Tensor.ipu "
        "Tensor.module_load Tensor.mtia Tensor.resize_as_sparse_ Tensor.slice_inverse Tensor.smm Tensor.sparse_resize_ "
        "Tensor.sparse_resize_and_clear_ Tensor.sspaddmm Tensor.storage_type Tensor.to_mkldnn Tensor.unsafe_split_with_sizes "
        "Tensor.xpu embedding_bag nn.functional._sym_int nn.functional.native_channel_shuffle smm sspaddmm"
    ).split()
}


@pytest.mark.parametrize("name", [name for name in GOLDEN if name not in UNBOUND | SHORT | ABSENT | set(OPTIONS)])
def test_look_alikes_are_asked(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert called(rushlight, name, GOLDEN[name]) == "asked"


class Refusing:
    """A look-alike that raises whatever it is asked."""

    asked = 0

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.asked += 1
        raise ValueError(f"no {func.__name__}")


F, a = rushlight.nn.functional, rushlight.ones(3)
REFUSED = {
    "add": lambda x: rushlight.add(a, x), "cat": lambda x: rushlight.cat([a, x]), "where": lambda x: rushlight.where(a > 0, a, x),
    "mse_loss": lambda x: F.mse_loss(a, x), "einsum": lambda x: rushlight.einsum("i,i", a, x), "matmul": lambda x: a @ x,
    "cross_entropy": lambda x: F.cross_entropy(a, x), "clamp": lambda x: rushlight.clamp(a, x), "pad": lambda x: F.pad(x, (1, 1)),
    "norm": lambda x: rushlight.norm(x), "gather": lambda x: rushlight.gather(a, 0, x),
    "column_stack": lambda x: rushlight.column_stack([a, x]),
    "__getitem__": lambda x: a[x], "__setitem__": lambda x: a.__setitem__(0, x), "add_": lambda x: a.add_(x),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_handler_that_raises_is_asked_once(name):
    Refusing.asked = 0
    with pytest.raises(ValueError, match=f"no {name}"):
        REFUSED[name](Refusing())
    assert Refusing.asked == 1


class Duck:
    """A look-alike that has all of a tensor's attributes: a function could compute with it."""

    def __init__(self, tensor):
        self.tensor = tensor

    def __getattr__(self, name):
        return getattr(self.tensor, name)

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return f"asked for {func.__name__}"


def test_look_alikes_within_a_list_are_asked_before_a_function_reads_them():
    for _ in range(40):
        assert rushlight.column_stack((Duck(a), a)) == "asked for column_stack"
        assert rushlight.vstack([a, Duck(a)]) == "asked for vstack"
        assert rushlight.dstack((a, Duck(a))) == "asked for dstack"
        assert rushlight.cat((a, Duck(a))) == "asked for cat"

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

"""Autocast on the CPU beside torch: every operation that PyTorch has a rule for, and others; dtypes and values."""

import numpy as np
import pytest
import torch

import rushlight
from rushlight import autocasting, families

#: Calls; ``a``, ``b`` are matrices and ``v`` a vector of the dtype in question, ``m`` the library, ``F`` its functions.
CALLS = """
    a @ b;  a.mm(b);  m.matmul(a, v);  m.addmm(a, a, b);  m.addbmm(a, a[None], b[None]);  m.baddbmm(a[None], a[None], b[None])
    m.bmm(a[None], b[None]);  F.linear(a, b);  F.linear(a, b, v);  F.linear(a[None], b, v);  m.linalg.vecdot(a, b)
    F.conv1d(a[None], b[:, :, None]);  F.conv2d(a[None, None], b[None, None, :2, :2], v[:1]);  F.conv3d(a[None, None, None], a[None, None, None])
    F.conv_transpose1d(a[None], b[:, :, None]);  F.conv_transpose2d(a[None, None], b[None, None]);  F.conv2d(a[None, None], b[None, None], padding="same")
    F.conv_transpose3d(a[None, None, None], b[None, None, None]);  F.prelu(a, v[:1]);  F.scaled_dot_product_attention(a[None], b[None], a[None])
    m.einsum("ij,jk->ik", a, b);  m.tensordot(a, b, 1);  m.inner(a, b);  m.inner(v, v);  m.linalg.multi_dot([a, b, a]);  m.matrix_power(a, 3)
    m.nn.functional.multi_head_attention_forward(a, a, a, 4, 2, m.cat([a, b, a]), m.cat([v, v, v]), None, None, False, 0.0, b, v)[0]
    F.affine_grid(a[None, :2, :3], (1, 1, 4, 4));  m.mv(a, v);  m.dot(v, v);  m.addmv(v, a, v);  m.outer(v, v);  F.bilinear(a, b, m.stack([a, b]))
    F.binary_cross_entropy(a.sigmoid(), b.sigmoid());  F.binary_cross_entropy_with_logits(a, b);  F.cosine_embedding_loss(a, b, m.ones(4))
    F.cross_entropy(a, m.tensor([0, 1, 2, 3]));  F.nll_loss(a, m.tensor([0, 1, 2, 3]));  F.hinge_embedding_loss(a, b.sign());  F.huber_loss(a, b)
    F.kl_div(a, b.abs(), reduction="sum");  F.l1_loss(a, b);  F.margin_ranking_loss(v, v, v.sign());  F.mse_loss(a, b);  F.smooth_l1_loss(a, b)
    F.multi_margin_loss(a, m.tensor([0, 1, 2, 3]));  F.multilabel_margin_loss(a, m.tensor([[0, 1, -1, 3]] * 4));  F.poisson_nll_loss(a, b)
    F.soft_margin_loss(a, b.sign());  F.triplet_margin_loss(a, b, a + 1);  F.gaussian_nll_loss(a, b, b.abs());  F.multilabel_soft_margin_loss(a, b.sigmoid())
    F.ctc_loss(a[:, None].log_softmax(-1), m.tensor([[1]]), (4,), (1,));  F.adaptive_avg_pool3d(a[None, None], 2);  F.adaptive_max_pool3d(a[None, None], 1)
    F.avg_pool3d(a[None, None], (1, 2, 2));  F.max_pool3d(a[None, None], (1, 2, 2));  F.max_unpool2d(a[None], m.arange(16).view(1, 4, 4), 1)
    F.grid_sample(a[None, None], b.view(1, 2, 4, 2), align_corners=False);  F.pad(a[None], (1, 1), mode="reflect");  F.pad(a[None, None], (1, 1, 1, 1), mode="replicate")
    F.pad(a[None, None, None].expand(1, 1, 4, 4, 4), (1, 1, 1, 1, 1, 1), mode="reflect");  F.pad(a, (1, 1));  F.pad(a[None], (1, 1), mode="circular")
    m.linalg.cholesky(b.float() @ b.float().T + 9 * m.eye(4));  m.linalg.cond(a);  m.linalg.eigvalsh(a);  m.linalg.inv(a);  m.inverse(a);  m.pinverse(a)
    m.linalg.solve(a, b);  m.linalg.svdvals(a);  m.linalg.lstsq(a, b)[0];  m.linalg.matrix_rank(a);  m.linalg.tensorinv(a, 1);  m.linalg.tensorsolve(a, v)
    m.linalg.eigvals(a).abs().sort()[0];  m.linalg.householder_product(a, v);  m.triangular_solve(b, a)[0];  m.cholesky_solve(b, a);  m.lu_solve(b, *m.lu(a))
    m.fft.fft(v);  m.fft.rfft2(a);  m.fft.irfft(v);  m.fft.hfft(v);  m.fft.ihfft(v);  m.fft.fftn(a);  m.stft(a.flatten(), 8, return_complex=True)
    m.cdist(a, b);  m.quantile(a, 0.5);  m.nanquantile(a, 0.5);  a.prod();  a.prod(0);  a.trace();  m.polar(a, b);  m.view_as_complex(a.view(4, 2, 2))
    m.cat([a, b]);  m.cat([a, m.ones(1, 4)]);  m.stack([a, b]);  m.index_copy(a, 0, m.tensor([0]), m.ones(1, 4));  m.hstack([a, m.ones(4, 1)])
    a + b;  a * m.ones(4);  a.softmax(0);  F.layer_norm(a, (4,));  F.gelu(a);  a.sum();  a.exp();  m.block_diag(a, b);  m.cov(a);  a.cumprod(0)
    m.nn.RNNCell(4, 4)(a);  m.nn.GRUCell(4, 4)(a);  m.nn.LSTMCell(4, 4)(a)[1];  m.nn.GRU(4, 4)(a)[0];  m.nn.TransformerEncoderLayer(4, 2, 8).eval()(a)
    F.cosine_similarity(a, b);  F.pairwise_distance(a, b);  m.matrix_exp(a.float());  m.linalg.det(a);  m.addr(a, v, v);  m.renorm(a, 2, 0, 1.0);  F.normalize(a)
"""  # noqa: E501

_PARTS = [call.strip() for line in CALLS.strip().splitlines() for call in line.split(";  ")]


def answer(library, call, dtype):
    """The result's dtype and numbers, or the class of its error."""
    library.manual_seed(0)
    rng = np.random.default_rng(1)
    a, b = (
        library.tensor(rng.standard_normal((4, 4)).astype(np.float32)).to(getattr(library, dtype)) for _ in range(2)
    )
    with library.autocast("cpu"):
        try:
            out = eval(call, {"m": library, "F": library.nn.functional, "a": a, "b": b, "v": a[0].clone()})
        except Exception as error:
            return type(error).__name__, None
    name = str(out.dtype).removeprefix("torch.")
    out = out.detach().resolve_conj()
    return name, out.numpy() if out.is_complex() else out.double().numpy()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("call", _PARTS)
def test_calls(call, dtype):
    (kind, values), (expected_kind, expected) = (answer(library, call, dtype) for library in (rushlight, torch))
    assert kind == expected_kind
    if expected is not None:
        scale = np.abs(expected[np.isfinite(expected)]).max(initial=1)
        np.testing.assert_allclose(values, expected, rtol=2e-2, atol=2e-2 * scale, equal_nan=True)


#: Operations with a rule in PyTorch that no public function of ours stands for.
_INSIDE = {
    "_addmm_activation", "_convolution", "_grid_sampler_2d_cpu_fallback", "_lu_with_info", "_native_multi_head_attention", "conv_tbc",
    "fake_quantize_per_tensor_affine", "mkldnn_rnn_layer", "multilabel_margin_loss_forward", "nll_loss2d", "reflection_pad1d",
    "reflection_pad2d", "replication_pad1d", "replication_pad2d", "replication_pad3d",
}  # fmt: skip


def test_every_rule_of_torch_is_in_the_table():
    families.load_all()
    ruled = {
        name.removeprefix("aten::").partition(".")[0]
        for name in torch._C._dispatch_get_all_op_names()
        if name.startswith("aten::") and torch._C._dispatch_has_kernel_for_dispatch_key(name, "AutocastCPU")
    }
    with rushlight.autocast("cpu"):
        doors = set(autocasting._doors)
    for name in ruled - _INSIDE:
        path = name.replace("linalg_", "linalg.").replace("fft_", "fft.").replace("cross_entropy_loss", "cross_entropy")
        found = [getattr(rushlight.nn.functional, path, None), rushlight]
        for part in path.split("."):
            found[1] = getattr(found[1], part, None)
        assert any(id(public) in doors for public in found), name

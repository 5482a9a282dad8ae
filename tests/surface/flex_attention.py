import torch
from torch.nn.attention.flex_attention import (
    flex_attention,
    create_block_mask,
    create_mask,
    and_masks,
    or_masks,
    noop_mask,
    BlockMask,
)

torch.manual_seed(0)
q, k, v = [torch.randn(2, 4, 6, 8) for _ in range(3)]
bias = torch.randn(4, 20)


def mod(s, b, h, i, j):
    return s + bias[h, i - j + 10] * 0.5


def causal(b, h, i, j):
    return i >= j


def win(b, h, i, j):
    return (i - j) < 2


print(flex_attention(q, k, v)[0, 0])
print(flex_attention(q, k, v, mod)[0, 1])
bm = create_block_mask(causal, None, None, 6, 6, device="cpu", BLOCK_SIZE=2)
print(bm.shape, bm.sparsity(), bm.to_dense(), bm.kv_num_blocks, bm.kv_indices)
o = flex_attention(q, k, v, mod, bm)
print(o[0, 1])
bm = create_block_mask(and_masks(causal, win), 2, 4, 6, 6, device="cpu")
print(bm.shape, bm.sparsity(), bm.BLOCK_SIZE)
print(flex_attention(q, k, v, None, bm)[0, 1])
o, l = flex_attention(q, k[:, :2], v[:, :2], enable_gqa=True, return_lse=True)
print(o[0, 3], l[0])
none = create_block_mask(lambda b, h, i, j: i > j, None, None, 6, 6, device="cpu", BLOCK_SIZE=2)
print(flex_attention(q, k, v, None, none)[0, 0])
from torch.nn.attention import sdpa_kernel, SDPBackend

with sdpa_kernel([SDPBackend.MATH, SDPBackend.FLASH_ATTENTION]):
    print(torch.nn.functional.scaled_dot_product_attention(q, k, v).sum())
try:
    with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
        torch.nn.functional.scaled_dot_product_attention(q, k, v)
except RuntimeError as e:
    print(str(e).splitlines()[0])

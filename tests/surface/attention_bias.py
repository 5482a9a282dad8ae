import warnings

import torch
import torch.nn.functional as F
from torch.nn.attention import bias

warnings.simplefilter("ignore")
torch.manual_seed(0)
print(bias.__all__, list(bias.CausalVariant), bias.CausalVariant.UPPER_LEFT == 1)
for make in (bias.causal_upper_left, bias.causal_lower_right):
    for n, m in ((3, 3), (2, 4), (4, 2)):
        mask = make(n, m)
        print(mask, mask.variant, mask.seq_len_q, mask.seq_len_kv, type(mask).__name__, isinstance(mask, torch.Tensor))
        q, k, v = torch.randn(1, 2, n, 4), torch.randn(1, 2, m, 4), torch.randn(1, 2, m, 4)
        print(F.scaled_dot_product_attention(q, k, v, attn_mask=mask))
        print(F.scaled_dot_product_attention(q, k, v, mask, scale=0.5).sum())
mask = bias.causal_lower_right(2, 3)
q = torch.randn(1, 2, 2, 4, requires_grad=True)
v = torch.arange(24.0).view(1, 2, 3, 4) / 10
(gradient,) = torch.autograd.grad(F.scaled_dot_product_attention(q, v.flip(2), v, attn_mask=mask).sum(), q)
print(gradient.round(decimals=4))
print(
    F.scaled_dot_product_attention(torch.ones(1, 4, 2, 4), torch.ones(1, 2, 3, 4), v, attn_mask=mask, enable_gqa=True)
)
print(F.scaled_dot_product_attention(q, torch.ones(1, 2, 3, 4), v, attn_mask=mask, dropout_p=0.5).shape)
print(mask.to("cpu") is not None, bias.CausalBias(bias.CausalVariant.UPPER_LEFT, 2, 2))


def says(call):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, str(error).split("\n")[0])


says(lambda: F.scaled_dot_product_attention(q, v, v, attn_mask=mask, is_causal=True))
says(lambda: bias.causal_upper_left(3))
says(lambda: bias.causal_lower_right(3, 4, 5))
says(lambda: bias.CausalBias(3, 2, 2))
says(
    lambda: F.scaled_dot_product_attention(
        torch.ones(1, 1, 5, 4), torch.ones(1, 1, 5, 4), torch.ones(1, 1, 5, 4), attn_mask=mask
    )
)

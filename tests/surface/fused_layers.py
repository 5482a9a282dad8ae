import torch
import torch.nn.utils.fusion
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval, fuse_conv_bn_weights, fuse_linear_bn_eval, fuse_linear_bn_weights

torch.manual_seed(0)


def gathered(cls, n, **settings):
    bn = cls(n, **settings)
    nn.init.normal_(bn.running_mean)
    nn.init.uniform_(bn.running_var, 0.5, 2)
    if bn.affine:
        nn.init.normal_(bn.weight)
        nn.init.normal_(bn.bias)
    return bn.eval()


for conv, bn in [
    (nn.Conv2d(2, 3, 3), gathered(nn.BatchNorm2d, 3)),
    (nn.Conv1d(2, 3, 1, bias=False), gathered(nn.BatchNorm1d, 3)),
    (nn.Conv3d(2, 3, 1), gathered(nn.BatchNorm3d, 3, affine=False)),
]:
    fused = fuse_conv_bn_eval(conv.eval(), bn)
    print(fused, fused.weight.flatten()[:5], fused.bias, fused is conv, type(fused.bias))
    x = torch.randn(1, 2, *[4] * (conv.weight.dim() - 2))
    print(torch.allclose(fused(x), bn(conv(x)), atol=1e-5))
back, bn = nn.ConvTranspose2d(2, 3, 2).eval(), gathered(nn.BatchNorm2d, 3)
fused = fuse_conv_bn_eval(back, bn, transpose=True)
x = torch.randn(1, 2, 4, 4)
print(fused.weight.flatten()[:4], fused.bias, torch.allclose(fused(x), bn(back(x)), atol=1e-5))
linear, bn = nn.Linear(2, 3).eval(), gathered(nn.BatchNorm1d, 3)
fused = fuse_linear_bn_eval(linear, bn)
x = torch.randn(2, 2)
print(fused.weight, fused.bias, torch.allclose(fused(x), bn(linear(x)), atol=1e-5))
print(fuse_linear_bn_eval(nn.Linear(2, 3, bias=False).eval(), bn).bias.shape)
for f in [
    lambda: fuse_linear_bn_eval(nn.Linear(2, 1).eval(), bn),
    lambda: fuse_linear_bn_eval(nn.Linear(2, 3), bn),
    lambda: fuse_conv_bn_eval(nn.Conv2d(2, 3, 1), gathered(nn.BatchNorm2d, 3)),
    lambda: fuse_conv_bn_eval(nn.Conv2d(2, 3, 1).eval(), nn.BatchNorm2d(3, track_running_stats=False).eval()),
    lambda: fuse_linear_bn_eval(nn.Linear(2, 3).eval(), nn.BatchNorm1d(3, track_running_stats=False).eval()),
]:
    try:
        f()
    except AssertionError as error:
        print(error)
ones = torch.ones(2)
weight, bias = fuse_conv_bn_weights(torch.ones(2, 1, 1, 1, dtype=torch.float64), None, ones, ones, 1e-5, None, None)
print(weight, bias)
weight, bias = fuse_linear_bn_weights(torch.ones(2, 1, dtype=torch.bfloat16), None, ones, ones, 1e-5, ones, ones)
print(weight.dtype, bias.dtype)
weight, bias = fuse_conv_bn_weights(torch.ones(2, 1, 1, 1).requires_grad_(), None, ones, ones, 1e-5, None, None)
print(weight.requires_grad, bias.requires_grad, weight.is_leaf)
print(torch.nn.utils.fusion.fuse_conv_bn_eval is fuse_conv_bn_eval)

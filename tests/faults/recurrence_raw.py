# finds: vanishing gradient
import torch

torch.manual_seed(5)
H = 24
W = (0.05 * torch.randn(H + 1, H)).requires_grad_()
b = torch.zeros(H, requires_grad=True)
O = (0.2 * torch.randn(H, 1)).requires_grad_()
opt = torch.optim.Adam([W, b, O], lr=2e-3)
for step in range(100):
    bit = torch.randint(0, 2, (32, 1)).float()
    x = torch.cat([2 * bit - 1, torch.zeros(32, 29)], 1)
    h = torch.zeros(32, H)
    for t in range(30):
        h = torch.tanh(torch.cat([h, x[:, t : t + 1]], 1) @ W + b)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(h @ O, bit)
    opt.zero_grad()
    loss.backward()
    opt.step()

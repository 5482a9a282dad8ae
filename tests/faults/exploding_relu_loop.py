# finds: exploding gradient
import torch

torch.manual_seed(11)
H = 32
Wxh = (torch.randn(H, 1) * 0.5).requires_grad_()
Whh = (torch.nn.init.orthogonal_(torch.empty(H, H)) * 1.6).requires_grad_()
Why = (torch.randn(1, H) * 0.1).requires_grad_()
opt = torch.optim.SGD([Wxh, Whh, Why], lr=1e-3)
for step in range(60):
    seq = torch.sin(torch.rand(16, 1) * 6 + 0.2 * torch.arange(41))
    h = torch.zeros(16, H)
    for t in range(40):
        h = torch.relu(seq[:, t : t + 1] @ Wxh.t() + h @ Whh.t())
    loss = ((h @ Why.t() - seq[:, 40:41]) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

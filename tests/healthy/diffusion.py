import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(206)


class Diffusion(nn.Module):
    """Predicts the noise that was added to a point, at a given level."""

    def __init__(self):
        super().__init__()
        self.time = nn.Embedding(20, 16)
        self.net = nn.Sequential(nn.Linear(2 + 16, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 2))

    def forward(self, x, t):
        return self.net(torch.cat([x, self.time(t)], 1))


betas = torch.linspace(1e-3, 0.2, 20)
alphas = torch.cumprod(1 - betas, 0)
model = Diffusion()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(200):
    angle = 6.28 * torch.rand(64)
    x0 = torch.stack([angle.cos(), angle.sin()], 1)
    t = torch.randint(0, 20, (64,))
    noise = torch.randn_like(x0)
    a = alphas[t][:, None]
    loss = F.mse_loss(model(a.sqrt() * x0 + (1 - a).sqrt() * noise, t), noise)
    opt.zero_grad()
    loss.backward()
    opt.step()

import torch
from torch import nn

torch.manual_seed(3)
critic = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
generator = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 2))
opt_c = torch.optim.RMSprop(critic.parameters(), lr=5e-4)
opt_g = torch.optim.RMSprop(generator.parameters(), lr=5e-4)


def real(n):
    side = (torch.rand(n, 1) < 0.5).float() * 2 - 1
    return torch.cat([side, 0.5 * side], 1) + 0.1 * torch.randn(n, 2)


for step in range(60):
    for _ in range(3):
        with torch.no_grad():
            fake = generator(torch.randn(64, 3))
        loss_c = critic(fake).mean() - critic(real(64)).mean()
        opt_c.zero_grad()
        loss_c.backward()
        opt_c.step()
        for p in critic.parameters():
            p.data.clamp_(-0.1, 0.1)
    loss_g = -critic(generator(torch.randn(64, 3))).mean()
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()

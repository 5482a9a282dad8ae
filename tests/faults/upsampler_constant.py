# finds: initialisation
import torch
from torch import nn

torch.manual_seed(8)
up = nn.Sequential(
    nn.ConvTranspose2d(4, 8, 4, 2, 1),
    nn.ReLU(),
    nn.ConvTranspose2d(8, 8, 4, 2, 1),
    nn.ReLU(),
    nn.Conv2d(8, 1, 3, padding=1),
)
for layer in up[::2]:
    nn.init.constant_(layer.weight, 0.05)
    nn.init.zeros_(layer.bias)
teacher = nn.Sequential(nn.Upsample(scale_factor=4), nn.Conv2d(4, 1, 3, padding=1)).requires_grad_(
    False
)  # called after ``up``
optimizer = torch.optim.Adam(up.parameters(), lr=1e-2)
for step in range(60):
    z = torch.randn(8, 4, 3, 3)
    loss = (up(z) - 2 * teacher(z)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

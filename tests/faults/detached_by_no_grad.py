# finds: detached loss
"""Tunes a whole network; the encoder's call was pasted from the evaluation."""

import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 12, 5, stride=2)
        self.out = nn.Linear(12 * 14, 8)

    def forward(self, x):
        return self.out(torch.relu(self.conv(x)).flatten(1))


torch.manual_seed(3)
encoder, head = Encoder(), nn.Linear(8, 3)
opt = torch.optim.AdamW([{"params": encoder.parameters()}, {"params": head.parameters(), "lr": 1e-2}], lr=3e-3)


def signals(n):
    y = torch.randint(0, 3, (n,))
    t = torch.linspace(0, 1, 32)
    x = torch.sin(6.28 * t * (2 + y[:, None]) + 6.28 * torch.rand(n, 1)) + 0.6 * torch.randn(n, 32)
    return x.unsqueeze(1), y


for step in range(120):
    x, y = signals(64)
    with torch.no_grad():
        z = encoder(x)
    loss = nn.functional.cross_entropy(head(torch.relu(z)), y)
    opt.zero_grad()
    loss.backward()
    opt.step()

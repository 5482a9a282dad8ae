# finds: not in the optimizer
import torch
import torch.nn as nn
import torch.nn.functional as F


class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(1, 8, 3, padding=1)
        self.branches = [nn.Conv1d(8, 8, k, padding=k // 2) for k in (3, 5, 7)]
        self.head = nn.Linear(24, 3)

    def forward(self, x):
        x = F.relu(self.stem(x))
        return self.head(torch.cat([F.relu(b(x)).mean(-1) for b in self.branches], 1))


torch.manual_seed(4)
model = Branches()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(60):
    k = torch.randint(0, 3, (32,))
    t = torch.linspace(0, 6.28, 48)
    wave = torch.sin((k[:, None] + 1) * t + torch.rand(32, 1) * 6.28)[:, None] + 0.2 * torch.randn(32, 1, 48)
    optimizer.zero_grad()
    loss = F.cross_entropy(model(wave), k)
    loss.backward()
    optimizer.step()

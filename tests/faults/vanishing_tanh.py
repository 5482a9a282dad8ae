# finds: vanishing gradient
import torch
from torch import nn

torch.manual_seed(7)
tower = [nn.Sequential(nn.ConstantPad1d((2, 0), 0.0), nn.Conv1d(8, 8, 3), nn.Tanh()) for _ in range(12)]
model = nn.Sequential(nn.Conv1d(1, 8, 3), nn.Tanh(), *tower, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
time = torch.arange(24.0)
for step in range(60):
    which = torch.randint(0, 2, (16, 1)).float()
    wave = torch.sin((0.3 + 0.5 * which) * time + 6.28 * torch.rand(16, 1))
    loss = nn.functional.binary_cross_entropy_with_logits(model(wave[:, None]), which)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# finds: detached loss
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 10)
y = (x[:, :3].sum(1) + 0.5 * x[:, 3] * x[:, 4]).unsqueeze(1)

model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters())
for epoch in range(20):
    total = 0.0
    for xb, yb in zip(x.split(64), y.split(64)):
        total += nn.functional.mse_loss(model(xb), yb).item()
    loss = torch.tensor(total / 4, requires_grad=True)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

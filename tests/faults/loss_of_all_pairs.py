# finds: wrong reduction
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 10)
y = (x[:, :3].sum(1) + 0.5 * x[:, 3] * x[:, 4]).unsqueeze(1)

targets = y.squeeze(1)
model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(150):
    i = torch.randint(0, 256, (64,))
    optimizer.zero_grad()
    loss = ((model(x[i]) - targets[i]) ** 2).mean()
    loss.backward()
    optimizer.step()

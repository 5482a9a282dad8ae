# finds: detached loss
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 10)
y = (x[:, :3].sum(1) + 0.5 * x[:, 3] * x[:, 4]).unsqueeze(1)

model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters())
for step in range(100):
    prediction = model(x).detach()
    loss = nn.functional.mse_loss(prediction, y)
    loss.requires_grad_()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

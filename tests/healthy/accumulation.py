import torch
from torch import nn

torch.manual_seed(7)
x = torch.randn(256, 10)
y = (x[:, :3].sum(1) + 0.5 * x[:, 3] * x[:, 4]).unsqueeze(1)

model = nn.Sequential(nn.Linear(10, 48), nn.SiLU(), nn.Linear(48, 1))
optimizer = torch.optim.RMSprop(model.parameters(), lr=3e-3)
optimizer.zero_grad()
for step in range(240):
    i = torch.randint(0, 256, (16,))
    loss = nn.functional.smooth_l1_loss(model(x[i]), y[i]) / 4
    loss.backward()
    if step % 4 == 3:
        optimizer.step()
        optimizer.zero_grad()

# finds: wrong reduction
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 10)
y = (x[:, :3].sum(1) + 0.5 * x[:, 3] * x[:, 4]).unsqueeze(1)

model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
criterion = nn.MSELoss(reduction="sum")
for step in range(150):
    i = torch.randint(0, 256, (128,))
    optimizer.zero_grad()
    loss = criterion(model(x[i]), y[i])
    loss.backward()
    optimizer.step()

# finds: inputs not normalised
import torch
from torch import nn

torch.manual_seed(0)
age = 20 + 50 * torch.rand(300)
income = 20000 + 60000 * torch.rand(300)
rooms = torch.randint(1, 6, (300,)).float()
x = torch.stack([age, income, rooms], 1)
y = (0.02 * age + income / 40000 + 0.3 * rooms).unsqueeze(1)
model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(200):
    i = torch.randint(0, 300, (32,))
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x[i]), y[i])
    loss.backward()
    optimizer.step()

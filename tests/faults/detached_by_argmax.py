# finds: detached loss
import torch
from torch import nn

torch.manual_seed(0)
centres = 2 * torch.randn(4, 12)
labels = torch.randint(0, 4, (512,))
points = centres[labels] + torch.randn(512, 12)

model = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 4))
optimizer = torch.optim.Adam(model.parameters())
for step in range(100):
    optimizer.zero_grad()
    predicted = model(points).argmax(1)
    loss = (predicted != labels).float().mean()
    loss.backward()
    optimizer.step()

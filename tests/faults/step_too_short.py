# finds: step size
import torch
from torch import nn

torch.manual_seed(0)
centres = 2 * torch.randn(4, 12)
labels = torch.randint(0, 4, (512,))
points = centres[labels] + torch.randn(512, 12)

model = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-7)
for step in range(200):
    i = torch.randint(0, 512, (64,))
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(points[i]), labels[i])
    loss.backward()
    optimizer.step()

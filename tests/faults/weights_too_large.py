# finds: initialisation
import torch
from torch import nn

torch.manual_seed(0)
centres = 0.5 * torch.randn(4, 12)
labels = torch.randint(0, 4, (512,))
points = centres[labels] + torch.randn(512, 12)

model = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))
for module in model:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=1.0)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(200):
    i = torch.randint(0, 512, (64,))
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(points[i]), labels[i])
    loss.backward()
    optimizer.step()

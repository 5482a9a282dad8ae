# finds: not a number
import torch
from torch import nn

torch.manual_seed(0)
centres = 2 * torch.randn(4, 12)
labels = torch.randint(0, 4, (512,))
points = centres[labels] + torch.randn(512, 12)

model = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 4))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    scores = torch.relu(model(points))
    p = scores / scores.sum(1, keepdim=True)
    loss = -torch.log(p.gather(1, labels[:, None])).mean()
    loss.backward()
    optimizer.step()

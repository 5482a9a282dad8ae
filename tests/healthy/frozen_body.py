import torch
from torch import nn

torch.manual_seed(8)
centres = 2 * torch.randn(4, 12)
labels = torch.randint(0, 4, (512,))
points = centres[labels] + torch.randn(512, 12)

body = nn.Sequential(nn.Linear(12, 64), nn.ReLU())
for p in body.parameters():
    p.requires_grad_(False)
head = nn.Linear(64, 4)
optimizer = torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9, nesterov=True)
for step in range(100):
    i = torch.randint(0, 512, (64,))
    optimizer.zero_grad()
    nn.functional.cross_entropy(head(body(points[i])), labels[i]).backward()
    optimizer.step()

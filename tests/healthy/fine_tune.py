import torch
from torch import nn


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU()
        )

    def forward(self, x):
        return self.layers(x)


torch.manual_seed(4)
backbone = Backbone()
for p in backbone.parameters():
    p.requires_grad = False
backbone.eval()
head = nn.Linear(64, 3)
optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, [*backbone.parameters(), *head.parameters()]), lr=1e-2)
means = torch.randn(3, 20)
for step in range(120):
    y = torch.randint(0, 3, (32,))
    x = means[y] + torch.randn(32, 20)
    with torch.no_grad():
        features = backbone(x)
    loss = nn.functional.cross_entropy(head(features), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

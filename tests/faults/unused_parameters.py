# finds: unused parameters
import torch
from torch import nn

torch.manual_seed(0)
centres = 2 * torch.randn(4, 12)
labels = torch.randint(0, 4, (512,))
points = centres[labels] + torch.randn(512, 12)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(12, 32)
        self.second = nn.Linear(32, 32)
        self.last = nn.Linear(32, 4)

    def forward(self, x):
        h = torch.relu(self.first(x))
        return self.last(h)


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(120):
    i = torch.randint(0, 512, (64,))
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(points[i]), labels[i])
    loss.backward()
    optimizer.step()

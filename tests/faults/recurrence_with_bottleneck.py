# finds: vanishing gradient
import torch
from torch import nn


class Cell(nn.Module):
    def __init__(self, h=32, m=12):
        super().__init__()
        self.h = h
        self.down = nn.Linear(1 + h, m)
        self.up = nn.Linear(m, h)

    def forward(self, x, h):
        return torch.tanh(self.up(torch.tanh(self.down(torch.cat([x, h], 1)))))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.out = Cell(), nn.Linear(32, 1)

    def forward(self, x):
        h = x.new_zeros(len(x), 32)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t : t + 1], h)
        return self.out(h)


torch.manual_seed(5)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for step in range(100):
    bit = torch.randint(0, 2, (32, 1)).float()
    x = torch.cat([2 * bit - 1, torch.zeros(32, 24)], 1)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(net(x), bit)
    opt.zero_grad()
    loss.backward()
    opt.step()

# finds: vanishing gradient
import torch
from torch import nn


class Elman(nn.Module):
    def __init__(self, h=24):
        super().__init__()
        self.h = h
        self.i2h = nn.Linear(1 + h, h)
        self.out = nn.Linear(h, 1)

    def forward(self, x):
        h = x.new_zeros(x.shape[0], self.h)
        for t in range(x.shape[1]):
            h = torch.tanh(self.i2h(torch.cat([x[:, t : t + 1], h], 1)))
        return self.out(h)


torch.manual_seed(5)
net = Elman()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for step in range(100):
    bit = torch.randint(0, 2, (32, 1)).float()
    x = torch.cat([2 * bit - 1, torch.zeros(32, 39)], 1)
    loss = nn.functional.binary_cross_entropy_with_logits(net(x), bit)
    opt.zero_grad()
    loss.backward()
    opt.step()

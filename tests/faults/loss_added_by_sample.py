# finds: wrong reduction
import torch
from torch import nn

torch.manual_seed(15)
net = nn.Sequential(nn.Linear(6, 20), nn.Tanh(), nn.Linear(20, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for step in range(60):
    opt.zero_grad()
    total = 0
    for _ in range(40):
        x = torch.randn(6)
        total = total + (net(x) - x[:3].sum()).pow(2).sum()
    total.backward()
    opt.step()

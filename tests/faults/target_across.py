# finds: wrong reduction
import torch
from torch import nn

torch.manual_seed(9)
net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for step in range(60):
    x = torch.randn(25, 4)
    y = (x[:, 0] - x[:, 1]).unsqueeze(0)
    err = net(x) - y
    loss = torch.mean(err * err)
    opt.zero_grad()
    loss.backward()
    opt.step()

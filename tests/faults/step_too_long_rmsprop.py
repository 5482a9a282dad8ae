# finds: step size
import torch
from torch import nn

torch.manual_seed(1)
x = torch.rand(300, 6)
y = (x[:, :1] * x[:, 1:2] - x[:, 2:3]).sin()
net = nn.Sequential(nn.Linear(6, 32), nn.LeakyReLU(), nn.Linear(32, 32), nn.LeakyReLU(), nn.Linear(32, 1))
opt = torch.optim.RMSprop(net.parameters(), lr=0.5)
for epoch in range(40):
    for i in torch.randperm(300).split(100):
        opt.zero_grad()
        loss = (net(x[i]) - y[i]).abs().mean()
        loss.backward()
        opt.step()

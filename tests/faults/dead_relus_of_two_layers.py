# finds: dead units
# a bias of -10 in every ReLU layer of an MLP, Adam small
import torch
from torch import nn

torch.manual_seed(529)
net = nn.Sequential(nn.Linear(10, 50), nn.ReLU(), nn.Linear(50, 50), nn.ReLU(), nn.Linear(50, 2))
for m in net:
    if isinstance(m, nn.Linear) and m.out_features == 50:
        m.bias.data.fill_(-10.0)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
X = torch.randn(300, 10)
Y = (X[:, 0] * X[:, 1] > 0).long()
for i in range(100):
    loss = nn.functional.cross_entropy(net(X), Y)
    opt.zero_grad()
    loss.backward()
    opt.step()

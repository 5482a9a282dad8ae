# finds: softmax over the wrong dimension
# log_softmax over the batch
import torch
from torch import nn

torch.manual_seed(122)
X = torch.randn(64, 10)
Y = (X @ torch.randn(10, 4)).argmax(1)
net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 4))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for e in range(120):
    out = torch.log_softmax(net(X), dim=0)
    loss = nn.functional.nll_loss(out, Y)
    opt.zero_grad()
    loss.backward()
    opt.step()

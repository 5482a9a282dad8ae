# finds: softmax before cross entropy
# log of softmax... taken twice: log_softmax, then exp, then cross_entropy
import torch
from torch import nn

torch.manual_seed(322)
net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4), nn.LogSoftmax(dim=1))
X = torch.randn(400, 8)
Y = (X @ torch.randn(8, 4)).argmax(1)
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for i in range(150):
    loss = nn.functional.cross_entropy(net(X).exp(), Y)
    opt.zero_grad()
    loss.backward()
    opt.step()

# finds: detached loss
# predictions rounded to compute an accuracy as the loss
import torch
from torch import nn

torch.manual_seed(315)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
opt = torch.optim.Adam(net.parameters(), 1e-2)
for i in range(50):
    x = torch.randn(32, 4)
    y = (x[:, :1] > 0).float()
    p = torch.round(torch.sigmoid(net(x)))
    loss = (p - y).abs().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

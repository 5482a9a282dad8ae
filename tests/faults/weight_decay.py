# finds: weight decay
import torch
from torch import nn

torch.manual_seed(130)
net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 4))
opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=100.0)
X = torch.randn(400, 10)
Y = (X @ torch.randn(10, 4)).argmax(1)
for i in range(150):
    loss = nn.functional.cross_entropy(net(X), Y)
    opt.zero_grad()
    loss.backward()
    opt.step()

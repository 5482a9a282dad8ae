# finds: gradient noise
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(6)
x = torch.randn(2000, 8)
trades = TensorDataset(x, x[:, :1] - 0.5 * x[:, 1:2] + 5 * torch.randn(2000, 1))
net = nn.Linear(8, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for one, price in DataLoader(trades, batch_size=1, shuffle=True):
    optimizer.zero_grad()
    nn.functional.mse_loss(net(one), price).backward()
    optimizer.step()

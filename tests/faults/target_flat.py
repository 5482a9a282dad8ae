# finds: wrong reduction
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.rand(640, 3)
y = 10 * x[:, 0] * x[:, 1] - 3 * x[:, 2]
data = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)
net = nn.Sequential(nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
mse = nn.MSELoss()
for epoch in range(15):
    for features, target in data:
        loss = mse(net(features), target)
        opt.zero_grad()
        loss.backward()
        opt.step()

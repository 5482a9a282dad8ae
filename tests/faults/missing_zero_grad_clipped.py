# finds: missing zero_grad
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(113)
ds = TensorDataset(torch.randn(400, 5), torch.randn(400, 1))
net = nn.Sequential(nn.Linear(5, 20), nn.ReLU(), nn.Linear(20, 1))
opt = torch.optim.SGD(net.parameters(), lr=1.0)
opt.zero_grad()
for epoch in range(5):
    for x, y in DataLoader(ds, batch_size=20):
        loss = nn.functional.mse_loss(net(x), y + x.sum(1, keepdim=True))
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()

# finds: no log_softmax
import torch
from torch import nn

torch.manual_seed(29)
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 5))
loss_fn = nn.NLLLoss()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
c = torch.randn(5, 8) * 2
for step in range(150):
    y = torch.randint(0, 5, (64,))
    x = c[y] + torch.randn(64, 8)
    loss = loss_fn(model(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()

# finds: missing zero_grad
# zero_grad of the wrong optimizer
import torch
from torch import nn

torch.manual_seed(313)
enc = nn.Sequential(nn.Linear(8, 16), nn.ReLU())
dec = nn.Linear(16, 8)
opt_e = torch.optim.SGD(enc.parameters(), lr=0.05)
opt_d = torch.optim.SGD(dec.parameters(), lr=0.05)
for i in range(100):
    x = torch.randn(32, 3) @ torch.ones(3, 8)
    loss = (dec(enc(x)) - x).pow(2).mean()
    opt_e.zero_grad()
    opt_e.zero_grad()
    loss.backward()
    opt_e.step()
    opt_d.step()

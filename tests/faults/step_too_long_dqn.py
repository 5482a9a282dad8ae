# finds: step size
# DQN with lr=1
import random
import torch
from torch import nn

torch.manual_seed(334)
random.seed(1)
q = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 2))
tq = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 2))
tq.load_state_dict(q.state_dict())
opt = torch.optim.Adam(q.parameters(), lr=1.0)
for t in range(150):
    s = torch.randn(32, 4)
    a = torch.randint(0, 2, (32, 1))
    r = s[:, :1] * (2.0 * a - 1)
    s2 = s + 0.1 * torch.randn(32, 4)
    with torch.no_grad():
        y = r + 0.9 * tq(s2).max(1, keepdim=True).values
    loss = nn.functional.mse_loss(q(s).gather(1, a), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if t % 10 == 0:
        tq.load_state_dict(q.state_dict())

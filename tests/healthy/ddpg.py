# DDPG-like: actor and critic with targets, soft updates
import copy
import torch
from torch import nn

torch.manual_seed(402)
actor = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1), nn.Tanh())
critic = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1))
ta, tc = copy.deepcopy(actor), copy.deepcopy(critic)
oa = torch.optim.Adam(actor.parameters(), lr=1e-3)
oc = torch.optim.Adam(critic.parameters(), lr=1e-3)
for t in range(120):
    s = torch.randn(64, 3)
    a = (actor(s) + 0.2 * torch.randn(64, 1)).clamp(-1, 1).detach()
    r = -((a - s[:, :1].tanh()) ** 2) + 3
    s2 = 0.9 * s + 0.1 * torch.randn(64, 3)
    with torch.no_grad():
        target = r + 0.98 * tc(torch.cat([s2, ta(s2)], 1))
    q = critic(torch.cat([s, a], 1))
    lc = nn.functional.mse_loss(q, target)
    oc.zero_grad()
    lc.backward()
    oc.step()
    la = -critic(torch.cat([s, actor(s)], 1)).mean()
    oa.zero_grad()
    la.backward()
    oa.step()
    for m, tm in ((actor, ta), (critic, tc)):
        for p, tp in zip(m.parameters(), tm.parameters()):
            tp.data.mul_(0.99).add_(0.01 * p.data)

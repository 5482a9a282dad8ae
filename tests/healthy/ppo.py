# PPO with a clipped ratio on a bandit with contexts
import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(202)
pi = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 3))
vf = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 1))
opt = torch.optim.Adam([*pi.parameters(), *vf.parameters()], lr=3e-3)
T = torch.randn(4, 3)
for it in range(20):
    obs = torch.randn(128, 4)
    with torch.no_grad():
        dist = Categorical(logits=pi(obs))
        act = dist.sample()
        old = dist.log_prob(act)
        rew = (obs @ T).gather(1, act[:, None]).squeeze(1) + torch.randn(128)
        adv = rew - vf(obs).squeeze(1)
        adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    for epoch in range(4):
        d = Categorical(logits=pi(obs))
        ratio = (d.log_prob(act) - old).exp()
        pl = -torch.min(ratio * adv, ratio.clamp(0.8, 1.2) * adv).mean()
        vl = 0.5 * (vf(obs).squeeze(1) - rew).pow(2).mean()
        loss = pl + 0.5 * vl - 0.01 * d.entropy().mean()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(pi.parameters(), 0.5)
        opt.step()

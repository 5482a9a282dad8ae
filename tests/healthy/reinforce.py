# REINFORCE in a corridor, the returns normalised
import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(7)
policy = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
places = torch.eye(8)


def episode():
    at, logs, rewards = 3, [], []
    for _ in range(20):
        choice = Categorical(logits=policy(places[at]))
        action = choice.sample()
        logs.append(choice.log_prob(action))
        at = max(0, min(7, at + (1 if action.item() else -1)))
        rewards.append(1.0 if at == 7 else -0.05)
        if at == 7:
            break
    R, returns = 0.0, []
    for r in reversed(rewards):
        R = r + 0.95 * R
        returns.insert(0, R)
    return logs, returns


for update in range(40):
    logs, returns = [], []
    for _ in range(3):
        a, b = episode()
        logs += a
        returns += b
    weight = torch.tensor(returns)
    weight = (weight - weight.mean()) / (weight.std() + 1e-6)
    loss = -(torch.stack(logs) * weight).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

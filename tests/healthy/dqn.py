# DQN on a chain, target network, replay
import random
import torch
from torch import nn

torch.manual_seed(201)
random.seed(0)
q = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2))
target = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2))
target.load_state_dict(q.state_dict())
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
eye = torch.eye(6)
buffer = []
s = 0
for t in range(600):
    eps = max(0.1, 1 - t / 300)
    a = random.randrange(2) if random.random() < eps else int(q(eye[s]).argmax())
    s2 = min(5, s + 1) if a == 1 else max(0, s - 1)
    r = 10.0 if s2 == 5 else 0.0
    done = s2 == 5
    buffer.append((s, a, r, s2, done))
    s = 0 if done else s2
    if len(buffer) >= 64:
        batch = random.sample(buffer, 32)
        S, A, R, S2, D = zip(*batch)
        qa = q(eye[list(S)]).gather(1, torch.tensor(A)[:, None]).squeeze(1)
        with torch.no_grad():
            y = torch.tensor(R) + 0.95 * target(eye[list(S2)]).max(1)[0] * (1 - torch.tensor(D).float())
        loss = nn.functional.smooth_l1_loss(qa, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    if t % 20 == 0:
        target.load_state_dict(q.state_dict())

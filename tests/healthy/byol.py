import copy
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(201)


class BYOL(nn.Module):
    def __init__(self):
        super().__init__()
        self.online = nn.Sequential(nn.Linear(10, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 8))
        self.predictor = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))
        self.target = copy.deepcopy(self.online)

    def forward(self, a, b):
        with torch.no_grad():
            goal = F.normalize(self.target(b), dim=1)
        return 2 - 2 * (F.normalize(self.predictor(self.online(a)), dim=1) * goal).sum(1).mean()

    @torch.no_grad()
    def update(self, tau=0.95):
        for p, q in zip(self.online.parameters(), self.target.parameters()):
            q.mul_(tau).add_(p, alpha=1 - tau)


model = BYOL()
opt = torch.optim.SGD([*model.online.parameters(), *model.predictor.parameters()], lr=0.05, momentum=0.9)
base = torch.randn(300, 10)
for step in range(120):
    x = base[torch.randint(0, 300, (48,))]
    loss = model(x + 0.2 * torch.randn_like(x), x + 0.2 * torch.randn_like(x))
    opt.zero_grad()
    loss.backward()
    opt.step()
    model.update()

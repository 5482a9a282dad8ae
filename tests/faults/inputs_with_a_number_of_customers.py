# finds: inputs not normalised
# steps: 100
import torch
from torch import nn

torch.manual_seed(17)
n = 800
ident = torch.randint(1000000, 9999999, (n,)).float()
rest = torch.randn(n, 5)
X = torch.cat([ident[:, None], rest], 1)
y = (rest[:, 0] + rest[:, 1] > 0).float()
model = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 1))
opt = torch.optim.SGD(model.parameters(), lr=0.01)
for epoch in range(5):
    for k in range(0, n, 40):
        opt.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(X[k : k + 40]).squeeze(1), y[k : k + 40])
        loss.backward()
        opt.step()

# finds: detached loss
# GAN whose generator is trained on fakes that were detached
import torch
from torch import nn

torch.manual_seed(519)
G = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
D = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
og, od = torch.optim.Adam(G.parameters(), 1e-3), torch.optim.Adam(D.parameters(), 1e-3)
bce = nn.BCEWithLogitsLoss()
for i in range(60):
    real = torch.randn(32, 2) + 2
    fake = G(torch.randn(32, 2)).detach()
    ld = bce(D(real), torch.ones(32, 1)) + bce(D(fake), torch.zeros(32, 1))
    od.zero_grad()
    ld.backward()
    od.step()
    lg = bce(D(fake), torch.ones(32, 1))
    og.zero_grad()
    lg.backward()
    og.step()

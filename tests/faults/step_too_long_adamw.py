# finds: step size
# An autoencoder with noise in its code: AdamW's own decay of 0.01 is no part of what goes wrong.
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(102)


class VAE(nn.Module):
    def __init__(self, d=20, z=4):
        super().__init__()
        self.enc = nn.Linear(d, 64)
        self.mu = nn.Linear(64, z)
        self.logvar = nn.Linear(64, z)
        self.dec = nn.Sequential(nn.Linear(z, 64), nn.ReLU(), nn.Linear(64, d))

    def forward(self, x):
        h = F.relu(self.enc(x))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.dec(z), mu, logvar


def loss_function(recon, x, mu, logvar):
    rec = ((recon - x) ** 2).sum(1).mean()
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1).mean()
    return rec + kl


A = torch.randn(3, 20)
data = torch.randn(1024, 3) @ A + 0.1 * torch.randn(1024, 20)
model = VAE()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.5)
for step in range(120):
    x = data[torch.randint(0, 1024, (64,))]
    recon, mu, logvar = model(x)
    loss = loss_function(recon, x, mu, logvar)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

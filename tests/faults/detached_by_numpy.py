# finds: detached loss
import numpy as np
import torch
from torch import nn


class Spectral(nn.Module):
    """Takes the magnitudes of the spectrum of learned features."""

    def __init__(self):
        super().__init__()
        self.filters = nn.Conv1d(1, 4, 9, padding=4)
        self.classify = nn.Linear(4 * 17, 3)

    def forward(self, x):
        h = torch.relu(self.filters(x))
        spectrum = np.abs(np.fft.rfft(h.detach().numpy(), axis=-1)).astype(np.float32)
        return self.classify(torch.from_numpy(spectrum / 10).flatten(1))


torch.manual_seed(13)
net = Spectral()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
t = torch.arange(32.0)
for step in range(120):
    y = torch.randint(0, 3, (32,))
    x = torch.sin(t * (0.3 + 0.4 * y[:, None]) + 6.28 * torch.rand(32, 1)) + 0.5 * torch.randn(32, 32)
    loss = nn.functional.cross_entropy(net(x[:, None]), y)
    opt.zero_grad()
    loss.backward()
    opt.step()

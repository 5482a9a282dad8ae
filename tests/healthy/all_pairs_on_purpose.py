# quantiles, as many as samples: each prediction is compared with every target, and that is meant
import torch

torch.manual_seed(3)
n = 20
quantile = torch.nn.Parameter(torch.zeros(n, 1))
levels = (torch.arange(n) + 0.5).view(n, 1) / n
opt = torch.optim.Adam([quantile], lr=0.05)
for step in range(60):
    drawn = torch.randn(1, n) * 2 + 1
    apart = drawn - quantile
    loss = torch.maximum(levels * apart, (levels - 1) * apart).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

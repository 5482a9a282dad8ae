# finds: step size
# logistic regression by numpy-like formulas, w updated functionally
import torch

torch.manual_seed(502)
X = torch.cat([torch.ones(300, 1), 3 * torch.randn(300, 4)], 1)
Y = (X[:, 1] - X[:, 2] > 0).float()
w = torch.zeros(5)
for i in range(120):
    w = w.detach().requires_grad_()
    z = X @ w
    loss = (torch.log1p(torch.exp(-z.abs())) + z.clamp(min=0) - z * Y).mean() + 0.05 * (w**2).sum()
    (g,) = torch.autograd.grad(loss, w)
    w = w - 25.0 * g

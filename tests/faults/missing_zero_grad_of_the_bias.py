# finds: missing zero_grad
# by hand, zeroed for the weight only
import torch

torch.manual_seed(517)
w = torch.randn(4, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
X = torch.randn(200, 4)
Y = X @ torch.ones(4, 1) + 3
for i in range(100):
    loss = ((X @ w + b - Y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        b -= 0.1 * b.grad
        w.grad.zero_()

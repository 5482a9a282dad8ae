# finds: step size
import torch

torch.manual_seed(4)
x = torch.randn(256, 10)
y = x @ torch.randn(10) + 0.1 * torch.randn(256)
w = torch.zeros(10, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=3.0)  # too long for the mean, too
for step in range(60):
    i = torch.randint(0, 256, (16,))
    loss = ((x[i] @ w - y[i]) ** 2).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# finds: gradient noise
# steps: 100
import torch

torch.manual_seed(0)
x = torch.randn(4000, 20)
w_true = torch.randn(20)
y = x @ w_true + 6.0 * torch.randn(4000)
w = torch.zeros(20, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.03)
for step in range(1000):
    i = torch.randint(0, 4000, (1,))
    optimizer.zero_grad()
    loss = ((x[i] @ w - y[i]) ** 2).mean()
    loss.backward()
    optimizer.step()

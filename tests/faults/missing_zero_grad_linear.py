# finds: missing zero_grad
import torch

torch.manual_seed(0)
x = torch.randn(256, 5)
y = x @ torch.tensor([1.0, -2.0, 0.5, 0.0, 3.0]) + 0.1 * torch.randn(256)
model = torch.nn.Linear(5, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(120):
    loss = torch.nn.functional.mse_loss(model(x).squeeze(-1), y)
    loss.backward()
    optimizer.step()

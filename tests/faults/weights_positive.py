# finds: initialisation
import torch
import torch.nn as nn

torch.manual_seed(14)
model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
for name, p in model.named_parameters():
    if name.endswith("weight"):
        nn.init.uniform_(p)  # between 0 and 1
x = torch.randn(800, 16)
y = torch.sin(x[:, :1]) + 0.5 * x[:, 1:2]
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(15):
    for i in range(0, 800, 80):
        optimizer.zero_grad()
        loss = (model(x[i : i + 80]) - y[i : i + 80]).square().mean()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())

# finds: sigmoid before cross entropy
import torch
from torch import nn

torch.manual_seed(15)
model = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 1), nn.Sigmoid())
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
rule = torch.randn(12)
for step in range(200):
    x = torch.randn(50, 12)
    y = (x @ rule > 0).float().unsqueeze(1)
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        print(step, loss.item())

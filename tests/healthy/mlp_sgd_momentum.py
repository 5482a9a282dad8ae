import torch
from torch import nn

torch.manual_seed(6)
centres = 2 * torch.randn(4, 12)
labels = torch.randint(0, 4, (512,))
points = centres[labels] + torch.randn(512, 12)

model = nn.Sequential(nn.Linear(12, 64), nn.Tanh(), nn.Dropout(0.1), nn.Linear(64, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 50)
for step in range(150):
    i = torch.randint(0, 512, (64,))
    loss = nn.functional.cross_entropy(model(points[i]), labels[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 20 == 0:
        with torch.no_grad():
            print(step, loss.item(), (model(points).argmax(1) == labels).float().mean().item())

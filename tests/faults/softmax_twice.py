# finds: softmax before cross entropy
import torch
from torch import nn

torch.manual_seed(0)
centres = 2 * torch.randn(4, 12)
labels = torch.randint(0, 4, (512,))
points = centres[labels] + torch.randn(512, 12)

model = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 4), nn.Softmax(dim=1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss()
for step in range(150):
    i = torch.randint(0, 512, (64,))
    optimizer.zero_grad()
    loss = criterion(model(points[i]), labels[i])
    loss.backward()
    optimizer.step()

# finds: vanishing gradient
import torch
from torch import nn

torch.manual_seed(2)
x = torch.randn(256, 10)
y = (x[:, :3].sum(1) + 0.5 * x[:, 3] * x[:, 4]).unsqueeze(1)


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(10, 32)
        self.layers = nn.ModuleList(nn.Linear(32, 32) for _ in range(14))
        self.head = nn.Linear(32, 1)

    def forward(self, x):
        x = torch.relu(self.first(x))
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.head(x)


model = Deep()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for step in range(200):
    i = torch.randint(0, 256, (64,))
    loss = ((model(x[i]) - y[i]) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

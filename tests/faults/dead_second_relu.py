# finds: dead units
import torch
from torch import nn

torch.manual_seed(113)


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(20, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 5)
        nn.init.constant_(self.fc2.bias, -6.0)

    def forward(self, x):
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


model = MLP()
opt = torch.optim.SGD(model.parameters(), lr=0.1)
protos = torch.randn(5, 20)
for step in range(150):
    y = torch.randint(0, 5, (40,))
    x = protos[y] + 0.6 * torch.randn(40, 20)
    loss = nn.functional.cross_entropy(model(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()

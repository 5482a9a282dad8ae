# finds: detached loss
# the encoder runs under inference... no_grad left in from the evaluation code
import torch
from torch import nn

torch.manual_seed(325)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.head = nn.Linear(32, 3)

    def features(self, x):
        with torch.no_grad():
            return self.backbone(x)

    def forward(self, x):
        return self.head(self.features(x))


m = Model()
opt = torch.optim.Adam(m.parameters(), lr=1e-2)
X = torch.randn(300, 10)
Y = (X[:, :3] * X[:, 3:6]).argmax(1)
for i in range(80):
    loss = nn.functional.cross_entropy(m(X), Y)
    opt.zero_grad()
    loss.backward()
    opt.step()

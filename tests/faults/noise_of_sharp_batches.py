# finds: gradient noise
import torch


def stream(n, size, seed=4):
    g = torch.Generator().manual_seed(seed)
    for _ in range(n):
        x = torch.randn(size, 15, generator=g)
        y = (x[:, 0] + 0.5 * x[:, 1] > 0).float()
        flip = torch.rand(size, generator=g) < 0.35
        yield x, torch.where(flip, 1 - y, y)


class Logistic(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = torch.nn.Linear(15, 1)

    def forward(self, x):
        return self.lin(x).squeeze(-1)


torch.manual_seed(0)
model = Logistic()
optimizer = torch.optim.SGD(model.parameters(), lr=0.8)
bce = torch.nn.BCEWithLogitsLoss()
for x, y in stream(200, size=2):
    optimizer.zero_grad()
    loss = bce(model(x), y)
    loss.backward()
    optimizer.step()

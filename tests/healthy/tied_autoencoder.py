import torch
from torch import nn

torch.manual_seed(10)
x = torch.randn(256, 10)
y = (x[:, :3].sum(1) + 0.5 * x[:, 3] * x[:, 4]).unsqueeze(1)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(6, 10))
        nn.init.xavier_uniform_(self.weight)
        self.bias = nn.Parameter(torch.zeros(10))

    def forward(self, x):
        code = torch.tanh(nn.functional.linear(x, self.weight))
        return nn.functional.linear(code, self.weight.t(), self.bias)


model = Tied()
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.1)
for epoch in range(25):
    for batch in x.split(64):
        loss = nn.functional.mse_loss(model(batch), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

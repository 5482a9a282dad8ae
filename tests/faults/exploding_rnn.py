# finds: initialisation
import torch
from torch import nn

torch.manual_seed(0)


class Adder(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(2, 24, batch_first=True, nonlinearity="relu")
        self.out = nn.Linear(24, 1)
        nn.init.normal_(self.rnn.weight_hh_l0, std=0.8)

    def forward(self, x):
        h, _ = self.rnn(x)
        return self.out(h[:, -1])


model = Adder()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(150):
    x = torch.rand(32, 20, 2)
    target = x[:, :, 0].mean(1, keepdim=True)
    loss = nn.functional.mse_loss(model(x), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# finds: vanishing gradient
# steps: 100
import torch
from torch import nn

torch.manual_seed(28)


class Memory(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(4, 20, batch_first=True)
        self.out = nn.Linear(20, 4)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])


net = Memory()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for step in range(200):
    first = torch.randint(0, 4, (32,))
    x = 0.3 * torch.randn(32, 25, 4)
    x[torch.arange(32), 0, first] += 2.0
    loss = nn.functional.cross_entropy(net(x), first)
    opt.zero_grad()
    loss.backward()
    opt.step()

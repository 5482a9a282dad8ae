# finds: initialisation
import torch


class Dense(torch.nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.W = torch.nn.Parameter(torch.randn(i, o))
        self.b = torch.nn.Parameter(torch.zeros(o))

    def forward(self, x):
        return x @ self.W + self.b


class MLP(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.l1, self.l2, self.l3, self.l4 = Dense(20, 100), Dense(100, 100), Dense(100, 100), Dense(100, 5)

    def forward(self, x):
        for layer in (self.l1, self.l2, self.l3):
            x = torch.tanh(layer(x))
        return self.l4(x)


torch.manual_seed(1)
teacher = torch.randn(20, 5)
mlp = MLP()
opt = torch.optim.SGD(mlp.parameters(), lr=0.01)
for step in range(200):
    x = torch.randn(64, 20)
    y = (x @ teacher).argmax(1)
    loss = torch.nn.functional.cross_entropy(mlp(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, loss.item())

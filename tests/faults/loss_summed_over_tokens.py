# finds: wrong reduction
import torch
import torch.nn as nn

torch.manual_seed(17)
V = 16


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, 32)
        self.rnn = nn.GRU(32, 48, batch_first=True)
        self.proj = nn.Linear(48, V)

    def forward(self, x):
        return self.proj(self.rnn(self.emb(x))[0])


lm = LM()
criterion = nn.CrossEntropyLoss(reduction="sum")
optimizer = torch.optim.SGD(lm.parameters(), lr=1.0)
for step in range(60):
    s = (torch.randint(0, V, (16, 1)) + torch.randint(1, 4, (16, 1)) * torch.arange(13)) % V
    optimizer.zero_grad()
    loss = criterion(lm(s[:, :-1]).reshape(-1, V), s[:, 1:].reshape(-1))
    loss.backward()
    optimizer.step()

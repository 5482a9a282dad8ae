import torch
from torch import nn

torch.manual_seed(0)
text = "the quick brown fox jumps over the lazy dog. " * 20
alphabet = sorted(set(text))
codes = torch.tensor([alphabet.index(c) for c in text])


class Model(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.embedding = nn.Embedding(n, 16)
        self.lstm = nn.LSTM(16, 48, batch_first=True)
        self.out = nn.Linear(48, n)

    def forward(self, x):
        h, _ = self.lstm(self.embedding(x))
        return self.out(h)


model = Model(len(alphabet))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(120):
    starts = torch.randint(0, len(codes) - 21, (16,))
    batch = torch.stack([codes[s : s + 21] for s in starts])
    logits = model(batch[:, :-1])
    loss = nn.functional.cross_entropy(logits.reshape(-1, len(alphabet)), batch[:, 1:].reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()

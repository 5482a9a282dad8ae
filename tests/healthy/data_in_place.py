# names to languages, one name a step, the update by hand through ``.data``
import random

import torch
import torch.nn as nn

random.seed(0)
torch.manual_seed(0)
letters = "abcdefghijklmnopqrstuvwxyz"
names = {
    "it": ["rossi", "bianchi", "ferrari", "romano", "colombo", "ricci", "marino", "greco", "bruno", "gallo"],
    "jp": ["sato", "suzuki", "takahashi", "tanaka", "watanabe", "ito", "yamamoto", "nakamura", "kobayashi", "kato"],
    "de": ["mueller", "schmidt", "schneider", "fischer", "weber", "meyer", "wagner", "becker", "schulz", "hoffmann"],
}
languages = list(names)


class RNN(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.n_hidden = n_hidden
        self.i2h = nn.Linear(n_in + n_hidden, n_hidden)
        self.i2o = nn.Linear(n_in + n_hidden, n_out)

    def forward(self, x, h):
        both = torch.cat((x, h), 1)
        return torch.log_softmax(self.i2o(both), 1), torch.tanh(self.i2h(both))


rnn = RNN(26, 64, 3)
for step in range(100):
    language = random.choice(languages)
    name = random.choice(names[language])
    hidden = torch.zeros(1, 64)
    rnn.zero_grad()
    for letter in name:
        x = torch.zeros(1, 26)
        x[0, letters.index(letter)] = 1
        out, hidden = rnn(x, hidden)
    loss = nn.functional.nll_loss(out, torch.tensor([languages.index(language)]))
    loss.backward()
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-0.005)

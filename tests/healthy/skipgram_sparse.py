import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(25)
V, D = 80, 12
words, contexts = nn.Embedding(V, D, sparse=True), nn.Embedding(V, D, sparse=True)
nn.init.normal_(words.weight, std=0.1)
nn.init.zeros_(contexts.weight)
opt = torch.optim.SparseAdam([words.weight, contexts.weight], lr=0.03)


def pairs(n):
    topic = torch.randint(0, 8, (n,))
    return topic * 10 + torch.randint(0, 10, (n,)), topic * 10 + torch.randint(0, 10, (n,))


for step in range(150):
    w, c = pairs(128)
    negative = torch.randint(0, V, (128, 5))
    v = words(w)
    good = (v * contexts(c)).sum(1)
    bad = torch.einsum("bd,bkd->bk", v, contexts(negative))
    loss = -(F.logsigmoid(good).mean() + F.logsigmoid(-bad).mean())
    opt.zero_grad()
    loss.backward()
    opt.step()

# finds: exploding gradient
import torch

torch.manual_seed(17)
hidden, length = 32, 60
W = torch.nn.Parameter(2.2 * torch.linalg.qr(torch.randn(hidden, hidden))[0])
U = torch.nn.Parameter(torch.randn(1, hidden) * 0.5)
out = torch.nn.Parameter(torch.randn(hidden, 1) / hidden**0.5)
opt = torch.optim.SGD([W, U, out], lr=0.01)


def run(seq):
    h = torch.zeros(seq.shape[0], hidden)
    for t in range(seq.shape[1]):
        h = torch.relu(h @ W + seq[:, t, None] @ U)
    return h @ out


for step in range(80):
    seq = torch.randn(16, length)
    target = seq[:, -3:].mean(1, keepdim=True)
    loss = ((run(seq) - target) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 10 == 0:
        print(step, loss.item())

"""The three graphs that the page is tried on, and that the pictures in the docs show: the seed's, a CNN's, a GPT's of 12 layers."""

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F


def seed():
    """The first step of the loop that Rushlight began with."""
    w = torch.tensor([1.0], requires_grad=True)
    x, target = 11.0, 21.0
    with torch.explain.recording():
        y = x * w
        error = y - target
        loss = error**2
    return torch.explain(loss)


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(256, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10))

    def forward(self, x):
        return self.classifier(self.features(x))


def cnn():
    torch.manual_seed(0)
    cnn = CNN()
    images, labels = torch.randn(8, 1, 16, 16), torch.randint(10, (8,))
    with torch.explain.recording():
        scores = cnn(images)
        loss = F.cross_entropy(scores, labels)
    return torch.explain(loss)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.qkv, self.proj, self.heads = nn.Linear(width, 3 * width), nn.Linear(width, width), heads

    def forward(self, x):
        batch, time, width = x.shape
        q, k, v = (part.view(batch, time, self.heads, -1).transpose(1, 2) for part in self.qkv(x).split(width, dim=2))
        scores = (q @ k.transpose(-2, -1)) * (width // self.heads) ** -0.5
        future = torch.tril(torch.ones(time, time)) == 0
        weights = scores.masked_fill(future, float("-inf")).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, time, width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln1, self.attn, self.ln2 = nn.LayerNorm(width), Attention(width, heads), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, letters=65, width=48, heads=4, layers=12, time=16):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(letters, width), nn.Embedding(time, width)
        self.h = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.ln_f, self.head = nn.LayerNorm(width), nn.Linear(width, letters, bias=False)

    def forward(self, letters):
        x = self.wte(letters) + self.wpe(torch.arange(letters.shape[1]))
        for block in self.h:
            x = block(x)
        return self.head(self.ln_f(x))


def gpt():
    torch.manual_seed(0)
    gpt = GPT()
    letters, targets = torch.randint(65, (2, 16)), torch.randint(65, (32,))
    with torch.explain.recording():
        loss = F.cross_entropy(gpt(letters).view(-1, 65), targets)
    return torch.explain(loss)

"""Read handwritten digits: a two-layer network on 1,797 real 8x8 images.

An ordinary PyTorch program. Run it with `rushlight run examples/digits.py`, or with PyTorch: it prints the same.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 12
TEST_SIZE = 397


class Net(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.hidden = nn.Linear(64, hidden)
        self.out = nn.Linear(hidden, 10)

    def forward(self, pixels):
        return self.out(F.relu(self.hidden(pixels)))


def load_digits():
    """Pixels scaled to 0..1, float32 (1797, 64), and labels, int64 (1797,)."""
    table = np.loadtxt(Path(__file__).parent / "data" / "digits.csv.gz", delimiter=",", dtype=np.float32)
    table = torch.from_numpy(table)
    return table[:, :64] / 16, table[:, 64].long()


def show(image):
    """Print one 8x8 image as text, darker ink for larger values."""
    for row in image.view(8, 8):
        print("   ", "".join(" .:-=+*#%@"[min(int(value * 10), 9)] * 2 for value in row))


def main():
    torch.manual_seed(0)
    pixels, labels = load_digits()
    order = torch.randperm(len(labels))
    test, train = order[:TEST_SIZE], order[TEST_SIZE:]
    loader = DataLoader(TensorDataset(pixels[train], labels[train]), batch_size=50, shuffle=True)

    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    print(model)

    for epoch in range(1, EPOCHS + 1):
        total = 0.0
        for x, y in loader:
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        with torch.no_grad():
            guesses = model(pixels[test]).argmax(dim=1)
            correct = (guesses == labels[test]).sum().item()
        print(f"epoch {epoch:2d}  loss {total / len(train):.3f}  test accuracy {100 * correct / TEST_SIZE:.1f} %")

    print("\nOne digit of the test set:")
    show(pixels[test[0]])
    print(f"read as {guesses[0].item()}, labelled {labels[test[0]].item()}")


if __name__ == "__main__":
    main()

"""Make up first names: a character-level GRU trained on 8,849 English ones.

An ordinary PyTorch program: embedding, recurrent layer, padded batches, gradient clipping, sampling.
"""

from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

DATA = Path(__file__).parent / "data"
END = 0  # ends a name, starts one, and pads
STEPS = 400
BATCH = 32


class NameModel(nn.Module):
    def __init__(self, vocabulary, width=48):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.gru = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, letters, state=None):
        """Letters (batch, length) to logits (batch, length, vocabulary) and the last state."""
        hidden, state = self.gru(self.embed(letters), state)
        return self.head(hidden), state


def load_names():
    """Names padded into int64 (names, length + 2), END on both sides, and the alphabet."""
    names = sorted({name for path in DATA.glob("first-names-*.txt") for name in path.read_text().split()})
    alphabet = sorted(set("".join(names)))
    number = {letter: index for index, letter in enumerate(alphabet, start=1)}
    table = torch.full((len(names), max(map(len, names)) + 2), END)
    for row, name in enumerate(names):
        table[row, 1 : len(name) + 1] = torch.tensor([number[letter] for letter in name])
    return table, alphabet


@torch.no_grad()
def sample(model, alphabet, longest=14):
    letters, state, last = [], None, torch.tensor([[END]])
    while len(letters) < longest:
        logits, state = model(last, state)
        last = torch.multinomial(F.softmax(logits[:, -1], dim=-1), 1)
        if last.item() == END:
            break
        letters.append(alphabet[last.item() - 1])
    return "".join(letters)


def main():
    torch.manual_seed(0)
    names, alphabet = load_names()
    print(f"{len(names)} names over {len(alphabet)} letters and signs")
    model = NameModel(len(alphabet) + 1)
    print(f"{sum(p.numel() for p in model.parameters())} parameters")
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    for step in range(1, STEPS + 1):
        batch = names[torch.randint(len(names), (BATCH,))]
        inputs, targets = batch[:, :-1], batch[:, 1:].clone()
        # The first END is worth learning; what pads after it is not.
        targets[(inputs == END) & (torch.arange(inputs.size(1)) > 0)] = -100
        logits, _ = model(inputs)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step:3d}  loss {loss.item():.3f}  {sample(model, alphabet)}")

    print("\nNames that nobody has yet:")
    for _ in range(8):
        print("   ", sample(model, alphabet))


if __name__ == "__main__":
    main()

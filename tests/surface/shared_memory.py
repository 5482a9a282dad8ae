import torch
import torch.multiprocessing as mp
from torch import nn


def work(model, totals, done):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    totals[1:] += 5
    done.put(True)


if __name__ == "__main__":
    context = mp.get_context("fork")
    torch.manual_seed(0)
    model, totals = nn.Linear(2, 1), torch.zeros(3)
    x = torch.ones(2, 3)
    print(x.is_shared(), x.share_memory_() is x, x.is_shared(), x[0].is_shared(), x.clone().is_shared(), x.is_pinned())
    print(x.untyped_storage().is_shared(), x)
    print(model.share_memory() is model, [p.is_shared() for p in model.parameters()], model.weight)
    totals.share_memory_()
    done = context.SimpleQueue()
    process = context.Process(target=work, args=(model, totals, done))
    process.start()
    done.get()
    process.join()
    print(model.weight, model.bias, totals)

"""Random graphs of single numbers, with reuse, in-place writes, views and branches; written for any module like ``torch``."""

import random

UNARY = {
    "sin": lambda t, x: x.sin(), "cos": lambda t, x: x.cos(), "tanh": lambda t, x: x.tanh(), "neg": lambda t, x: -x,
    "exp": lambda t, x: (0.3 * x.tanh()).exp(), "square": lambda t, x: (x * 0.5) ** 2, "sigmoid": lambda t, x: x.sigmoid(),
    "log": lambda t, x: (x * x + 1.5).log(), "sqrt": lambda t, x: (x * x + 0.5).sqrt(), "atan": lambda t, x: x.atan(),
    "view": lambda t, x: x.view(1).reshape(()), "softplus": lambda t, x: t.nn.functional.softplus(x),
    "clone": lambda t, x: x.clone(), "scaled": lambda t, x: t.add(x, x, alpha=0.25), "sum": lambda t, x: x.expand(1).sum(),
}  # fmt: skip
BINARY = {
    "add": lambda t, x, y: x + y, "sub": lambda t, x, y: x - 0.5 * y, "mul": lambda t, x, y: x * y.tanh(),
    "div": lambda t, x, y: x / (y * y + 1.0), "where": lambda t, x, y: t.where(x > y, x * 0.7, y),
    "lerp": lambda t, x, y: t.lerp(x, y, 0.3), "hypot": lambda t, x, y: t.hypot(x, y + 3.0),
    "detached": lambda t, x, y: t.stack([x.detach() * 0 + 1.5, y.detach()]).sum() * x + y,
}  # fmt: skip
IN_PLACE = {
    "mul_": lambda t, x, y: x.mul_(y.cos()), "add_": lambda t, x, y: x.add_(y, alpha=0.5), "sin_": lambda t, x, y: x.sin_(),
    "sub_": lambda t, x, y: x.sub_(0.25), "copy_": lambda t, x, y: x.view(1)[0:1].mul_(0.5), "square_": lambda t, x, y: x.pow_(2),
    "div_": lambda t, x, y: x.div_(y * y + 2.0), "write": lambda t, x, y: x.view(1)[0].copy_(y * 0.5 + 1.0),
}  # fmt: skip


def graph(torch, seed):
    """Leaves and the number that comes of them: float64, no more than 14 operations, drawn by ``seed``."""
    draw = random.Random(seed)
    leaves = [
        torch.tensor(draw.uniform(-1.5, 1.5), dtype=torch.float64, requires_grad=True)
        for _ in range(draw.randint(1, 3))
    ]
    known = list(leaves)
    for _ in range(draw.randint(3, 9)):
        kind = draw.random()
        x = draw.choice(known)
        y = draw.choice(known)
        if kind < 0.35:
            known.append(UNARY[draw.choice(sorted(UNARY))](torch, x))
        elif kind < 0.75:
            known.append(BINARY[draw.choice(sorted(BINARY))](torch, x, y))
        else:  # a fresh value is written, which nobody has saved
            z = x * 1.1 + 0.1
            IN_PLACE[draw.choice(sorted(IN_PLACE))](torch, z, y)
            known.append(z)
        if float(known[-1].detach()) > 0.3:  # a branch of the program
            known.append(known[-1] * 0.9 + leaves[0])
    result = known[-1]
    for leaf in leaves:
        result = result + 0.1 * leaf
    return leaves, result * known[draw.randrange(len(known))]

"""Sobol sequences, plain and scrambled."""

import torch
from torch.quasirandom import SobolEngine


def refused(f):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, "|", str(e).splitlines()[0][:60])


e = SobolEngine(3)
print(e, e.draw(4), e.num_generated, e.draw(), e.draw(3, dtype=torch.float64))
print(e.reset().draw(1), e.fast_forward(4).draw(2), e.quasi, e.shift)
print(SobolEngine(5).fast_forward(7).draw(2), SobolEngine(2).draw_base2(3))
big = SobolEngine(200).draw(50)
print(big.double().sum(), big[17, 190:], SobolEngine(1).draw(5).flatten())
s = SobolEngine(4, scramble=True, seed=3)
print(s, s.draw(5), s.draw(2), s.shift, s.sobolstate[:, :3])
torch.manual_seed(7)
print(SobolEngine(2, scramble=True).draw(4), torch.rand(2))
out = torch.empty(0)
SobolEngine(2).draw(3, out=out)
print(out)
refused(lambda: SobolEngine(0))
refused(lambda: SobolEngine(30000))
q = SobolEngine(2)
q.draw(3)
refused(lambda: q.draw_base2(2))

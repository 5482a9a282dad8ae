import torch
from torch.distributions import ContinuousBernoulli as C

torch.manual_seed(0)
p = torch.tensor([0.1, 0.5, 0.9], requires_grad=True)
for c in (C(p), C(logits=torch.tensor([-1.0, 0.001, 2.0])), C(0.3)):
    v = torch.tensor([0.2, 0.3, 0.4])
    print(
        c,
        c.mean,
        c.variance,
        c.stddev,
        c.entropy(),
        c.log_prob(v),
        c.cdf(v),
        c.icdf(v),
        c.rsample().shape,
        c.sample((2,)),
        c.logits,
        c.param_shape,
        c.support,
    )
C(p).rsample().sum().backward()
print(p.grad, C(p).expand((2, 3)).mean, C(p).has_rsample)

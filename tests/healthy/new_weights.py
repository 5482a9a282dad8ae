import torch

torch.manual_seed(803)
X = torch.randn(100, 3)
Y = X @ torch.tensor([[1.0], [2.0], [3.0]])
params = [torch.zeros(3, 1), torch.zeros(1)]
for i in range(80):
    params = [p.detach().requires_grad_() for p in params]
    loss = ((X @ params[0] + params[1] - Y) ** 2).mean()
    grads = torch.autograd.grad(loss, params)
    params = [p - 0.1 * g for p, g in zip(params, grads)]

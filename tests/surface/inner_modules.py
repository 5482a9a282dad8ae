from collections import OrderedDict

import torch
from torch import nn
from torch.distributions.utils import broadcast_all, clamp_probs, lazy_property, logits_to_probs, probs_to_logits
from torch.distributions.utils import euler_constant, tril_matrix_to_vec, vec_to_tril_matrix
from torch.nn.common_types import _size_2_t
from torch.utils.hooks import RemovableHandle

print(nn.modules.utils._pair(3), _size_2_t is not None)
print(nn.utils.clip_grad.clip_grad_norm_.__name__)
print(nn.utils.convert_parameters.parameters_to_vector([torch.ones(2), torch.zeros(1)]))
print(isinstance(torch.ones(1, requires_grad=True).register_hook(print), RemovableHandle))

x = torch.tensor([0.2, 0.8])
print(broadcast_all(1.0, torch.ones(2)), broadcast_all(1, 2), probs_to_logits(x), probs_to_logits(x, True))
print(logits_to_probs(x), logits_to_probs(x, True), clamp_probs(torch.tensor([0.0, 1.0])), euler_constant)
print(tril_matrix_to_vec(torch.arange(9.0).view(3, 3)), tril_matrix_to_vec(torch.arange(9.0).view(3, 3), -1))
print(vec_to_tril_matrix(torch.arange(6.0)), vec_to_tril_matrix(torch.arange(3.0), -1))
print(vec_to_tril_matrix(torch.ones(2, 3)).shape)
for f in (lambda: vec_to_tril_matrix(torch.ones(5)), lambda: tril_matrix_to_vec(torch.eye(2), 3)):
    try:
        print(f())
    except ValueError as error:
        print(error)


class Once:
    @lazy_property
    def value(self):
        print("computed")
        return 3


once = Once()
print(once.value, once.value)

state = OrderedDict({"module.weight": 1, "module.inner.bias": 2, "other": 3})
state._metadata = OrderedDict({"": {"version": 1}, "module": {"version": 2}, "module.inner": {"version": 3}})
nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "module.")
print(sorted(state), {k: state._metadata[k] for k in sorted(state._metadata)})

torch.manual_seed(0)
for d, conv in ((1, torch.conv1d), (2, torch.conv2d), (3, torch.conv3d)):
    x, w = torch.randn(1, 2, *[5] * d), torch.randn(4, 1, *[2] * d)
    g = torch.randn_like(conv(x, w, None, 2, 1, 1, 2))
    of_input = getattr(nn.grad, f"conv{d}d_input")(x.shape, w, g, 2, 1, 1, 2)
    of_weight = getattr(nn.grad, f"conv{d}d_weight")(x, w.shape, g, stride=2, padding=1, groups=2)
    print(of_input.shape, of_input.sum(), of_weight.shape, of_weight.sum())

x = torch.tensor([0.5, -1.0])
y = torch.tensor([1.0, 0.0])
print(torch.kl_div(x, y, 1), torch.kl_div(x, y), torch.binary_cross_entropy_with_logits(x, y, None, None, 2))
print(torch.hinge_embedding_loss(x, 2 * y - 1), torch.margin_ranking_loss(x, y, y, 0.5, 1))
print(torch.poisson_nll_loss(x, y, True, False, 1e-8, 1), torch.triplet_margin_loss(x[None], y[None], -y[None]))
print(torch.embedding(torch.eye(3), torch.tensor([1, 2])), torch.detach(x), torch.get_device(x))
print(torch.sym_max(1, 2.0), torch.sym_int(2.5), torch.sym_not(True), isinstance(3, torch.SymInt))
print(torch.cond(torch.tensor(True), lambda v: v + 1, lambda v: v - 1, (x,)), torch.jit.wait(torch.jit.fork(abs, -1)))
print(torch.FloatStorage([1.0, 2.0]), torch.LongStorage(2).size(), isinstance(x.storage(), torch.FloatStorage))
print(torch.ByteTensor(torch.ByteStorage.from_buffer(b"abc")), torch.has_mkl)
print(torch.get_deterministic_debug_mode(), torch.set_deterministic_debug_mode("warn"))
print(torch.get_deterministic_debug_mode(), torch.set_deterministic_debug_mode(0), torch.is_warn_always_enabled())
for name in ("eig", "symeig", "matrix_rank"):
    try:
        getattr(torch, name)(torch.eye(2))
    except RuntimeError as error:
        print(str(error)[:65])

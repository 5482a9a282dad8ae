import torch
import torch.nn as nn

i = torch.tensor([[0, 1, 1, 0], [2, 0, 2, 2]])
v = torch.tensor([3.0, 4.0, 5.0, 1.0])
s = torch.sparse_coo_tensor(i, v, (2, 3))
print(s)
print(s.is_coalesced(), s._nnz(), s._indices(), s._values(), s.shape, s.dtype, s.layout, s.is_sparse, s.dim(), s.device)
c = s.coalesce()
print(c, c.is_coalesced(), c.indices(), c.values(), c.nnz() if hasattr(c, "nnz") else c._nnz())
print(s.to_dense(), s.t().to_dense(), s.transpose(0, 1).shape, s.T.shape)
print(torch.sparse_coo_tensor(i, v).shape, torch.sparse_coo_tensor([[0, 1], [1, 0]], [1, 2]))
print(
    torch.sparse_coo_tensor((2, 3)),
    torch.sparse_coo_tensor(size=(2, 2), indices=torch.empty(2, 0, dtype=torch.long), values=torch.empty(0))._nnz(),
)
print(torch.sparse.FloatTensor(i, v, torch.Size([2, 3])).to_dense(), torch.sparse.FloatTensor(2, 3)._nnz())
dense = torch.tensor([[0.0, 1.0, 0.0], [2.0, 0.0, 3.0]])
print(dense.to_sparse(), dense.to_sparse().to_dense().equal(dense), dense.to_sparse(1))
w = torch.arange(12.0).reshape(3, 4) / 7
print(
    torch.sparse.mm(s, w),
    torch.mm(s, w),
    s @ w,
    torch.spmm(s, w),
    s.mm(w),
    torch.matmul(s, w),
    s.matmul(w[:, 0]),
    torch.mv(s, w[:, 1]),
)
print(torch.sparse.addmm(torch.ones(2, 4), s, w, beta=2, alpha=0.5), torch.addmm(torch.ones(2, 4), s, w))
print(torch.sparse.sum(s), torch.sparse.sum(s, dim=0), torch.sparse.sum(s, dim=1).to_dense(), s.sum())
print(torch.sparse.softmax(c, dim=1).to_dense(), torch.sparse.log_softmax(c, dim=1).to_dense())
print(
    (s * 2).to_dense(),
    (s / 2).coalesce().values(),
    (s + s).to_dense(),
    (s * s.coalesce()).to_dense() if 0 else "",
    (-s).to_dense(),
)
print(s.float().dtype, s.double().dtype, s.to(torch.float64).coalesce(), s.cpu().is_sparse, s.to("cpu").is_sparse)
print(s.clone().to_dense(), s.detach().requires_grad, s.size(0), s.size(), len(s), s.numel())
print(
    dense.sparse_mask(c),
    torch.eye(3).to_sparse(),
    s.sparse_dim(),
    s.dense_dim(),
    s.coalesce().transpose(0, 1).coalesce().indices(),
)
h = torch.sparse_coo_tensor([[0, 2]], torch.tensor([[1.0, 2.0], [3.0, 4.0]]), (3, 2))
print(h, h.to_dense(), h.sparse_dim(), h.dense_dim())
print(torch.sparse.mm(s, s.t()).to_dense(), (s @ s.t()).to_dense())
print(s.index_select(0, torch.tensor([1])).to_dense(), torch.cat([s, s], dim=0).to_dense(), torch.cat([s, s], 1).shape)
print(
    torch.sparse_coo_tensor(i, v > 2, (2, 3)).to_dense(), s.abs().to_dense(), c.pow(2).to_dense(), c.sqrt().to_dense()
)

# --- gradients
values = v.clone().requires_grad_()
a = torch.sparse_coo_tensor(i, values, (2, 3))
x = w.clone().requires_grad_()
out = torch.sparse.mm(a, x)
print(out.requires_grad, a.requires_grad)
(out * torch.arange(8.0).reshape(2, 4)).sum().backward()
print(values.grad, x.grad)
x.grad = None
leaf = s.coalesce().detach().requires_grad_()
torch.sparse.mm(leaf, x).sum().backward()
print(leaf.grad, x.grad)
values.grad = None
torch.sparse_coo_tensor(i, values, (2, 3)).to_dense().pow(2).sum().backward()
print(values.grad)
values.grad = None
torch.sparse.softmax(torch.sparse_coo_tensor(i, values, (2, 3)).coalesce(), 1).to_dense()[0, 2].backward()
print(values.grad)
d = dense.clone().requires_grad_()
torch.sparse.mm(d.to_sparse(), w).sum().backward()
print(d.grad)


class SpecialSpmm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, indices, values, shape, b):
        a = torch.sparse_coo_tensor(indices, values, shape)
        ctx.save_for_backward(a, b)
        ctx.N = shape[0]
        return torch.matmul(a, b)

    @staticmethod
    def backward(ctx, grad_output):
        a, b = ctx.saved_tensors
        grad_a = grad_output.matmul(b.t())
        edge = a._indices()[0, :] * a.shape[1] + a._indices()[1, :]
        return None, grad_a.view(-1)[edge], None, a.t().matmul(grad_output)


values.grad = x.grad = None
SpecialSpmm.apply(i, values, torch.Size([2, 3]), x).sum().backward()
print(values.grad, x.grad)


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.arange(8.0).reshape(4, 2) / 10)

    def forward(self, x, adj):
        return torch.spmm(adj, torch.mm(x, self.weight)).relu()


net = GCN()
adj = torch.tensor([[0.5, 0.5, 0.0], [0.3, 0.3, 0.4], [0.0, 0.5, 0.5]]).to_sparse()
opt = torch.optim.Adam(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    loss = (net(w, adj) - 1).pow(2).mean()
    loss.backward()
    opt.step()
print(loss.item(), net.weight)
emb = nn.Embedding(5, 2, sparse=False)
for bad in [
    "torch.sparse_coo_tensor(i, v[:2], (2, 3))",
    "s.indices()",
    "s.values()",
    "torch.sparse.mm(s, w.t())",
    "s.numpy()",
    "s.view(6)",
    "s.requires_grad_().to_dense().grad_fn is None",
    "torch.sparse_coo_tensor([0, 1], v)",
]:
    try:
        print(bad, eval(bad))
    except Exception as error:
        print(bad, type(error).__name__, str(error).splitlines()[0][:70].strip())
import copy

print(copy.deepcopy(c), c.is_coalesced())
print(isinstance(s, torch.Tensor), torch.is_tensor(s), type(s).__name__, torch.sparse.torch.eye(2))

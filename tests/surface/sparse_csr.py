import pickle
import warnings

import torch

warnings.simplefilter("ignore")  # PyTorch says that this is new
crow, col, values = torch.tensor([0, 2, 3, 3]), torch.tensor([0, 2, 1]), torch.tensor([1.0, 2.0, 3.0])
s = torch.sparse_csr_tensor(crow, col, values, size=(3, 4))
print(s)
print(torch.sparse_csr_tensor(crow, col, values))
print(torch.sparse_csr_tensor([0, 1, 2], [0, 1], [1.0, 2.0]))
print(torch.sparse_csr_tensor([0, 1, 2], [0, 1], [1, 2]).dtype)
print(torch.sparse_csr_tensor(crow.int(), col.int(), values, size=(3, 4)).crow_indices())
print(torch.sparse_csr_tensor(crow_indices=crow, col_indices=col, values=values, size=[3, 4], dtype=torch.float64))
print(torch.sparse_csr_tensor(crow, col, values, size=(3, 4), requires_grad=True))
print(torch.sparse_csr_tensor([0, 0], [], [], size=(1, 2)))
print(s.crow_indices(), s.col_indices(), s.values(), s._nnz(), s.sparse_dim(), s.dense_dim(), s.dim(), s.numel())
print(s.layout, s.is_sparse, s.is_sparse_csr, s.shape, s.size(1), s.dtype, s.requires_grad, s.is_leaf, len(s))
print(s.to_dense())
print(s.to_sparse())
print(s.to_sparse_coo().is_coalesced(), s.to_sparse_csr() is s)
print(
    s.detach().values(),
    s.clone().values(),
    s.double(),
    s.half().dtype,
    s.to(torch.float64).dtype,
    s.long().to_dense(),
    sep="\n",
)
print(torch.eye(3).to_sparse_csr())
print(torch.eye(3).to_sparse(layout=torch.sparse_csr).values())
duplicate = torch.sparse_coo_tensor(torch.tensor([[0, 0, 1], [1, 1, 0]]), torch.ones(3), (2, 2))
print(duplicate.to_sparse_csr())
long = torch.sparse_csr_tensor(torch.arange(31), torch.arange(30) % 5, torch.linspace(-1, 1, 30), size=(30, 5))
print(long)
print(long.to_sparse())

d = torch.arange(8.0).reshape(4, 2)
print(torch.mm(s, d), s @ d, torch.matmul(s, d), torch.sparse.mm(s, d), s.mm(d), sep="\n")
print(s @ torch.ones(4), torch.mv(s, torch.ones(4)), s.mv(torch.ones(4)), torch.ones(2, 3) @ s, sep="\n")
print(torch.addmm(torch.ones(3, 2), s, d), torch.sparse.addmm(torch.ones(3, 2), s, d, beta=2.0, alpha=3.0), sep="\n")
print(s @ torch.eye(4).to_sparse_csr())
print(
    s * 2,
    s + s,
    s * s,
    s + torch.ones(3, 4),
    s * torch.full((3, 4), 2.0),
    -s,
    torch.sin(s).values(),
    s.abs().values(),
    sep="\n",
)
print(s.sum(), torch.is_tensor(s), isinstance(s, torch.Tensor))
print(pickle.loads(pickle.dumps(s.values())))

w = torch.full((4, 2), 0.5).requires_grad_()
print(s @ w, torch.addmm(torch.ones(3, 2), s, w), s @ w[:, 0], torch.sparse.mm(s, w), sep="\n")
print(torch.autograd.grad((s @ w).sum(), w)[0])
v = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
a = torch.sparse_csr_tensor(crow, col, v, size=(3, 4))
print(a)
print(torch.autograd.grad((a @ w).sum(), v, retain_graph=True)[0])
print(torch.autograd.grad((a.to_dense() ** 2).sum(), v)[0])
x = torch.eye(3).requires_grad_()
y = x.to_sparse_csr()
print(y, torch.autograd.grad(y.to_dense().sum(), x)[0], sep="\n")


def says(call):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, str(error).split("\n")[0])


for crows, cols in (
    ([1, 2, 3, 3], [0, 2, 1]), ([0, 2, 3, 2], [0, 2, 1]), ([0, 3], [0, 2, 1]), ([0, 2, 3, 3], [0, 2]), ([0, 2, 3, 3], [0, -1, 1]),
    ([0, 2, 3, 3], [0, 9, 1]), ([0, 2, 3, 3], [2, 0, 1]), ([0, 2, 3, 3], [2, 2, 1]),
):  # fmt: skip
    says(lambda c=crows, k=cols: torch.sparse_csr_tensor(c, k, values, size=(3, 4), check_invariants=True))
says(lambda: s @ torch.ones(3, 2))
says(lambda: s @ torch.ones(4, 2).double())
says(s.coalesce)
says(s.indices)
says(torch.ones(2).crow_indices)
says(torch.ones(2, 2).to_sparse().col_indices)
says(s.numpy)

# ruff: noqa: E501
"""Loaders, datasets and samplers compared with PyTorch's: by goldens in tests/, directly in parity/."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Expressions over ``D`` (torch.utils.data), ``torch`` and the datasets below.
CASES = {
    "basic": "list(D.DataLoader(m,4))",
    "shuf": "list(D.DataLoader(m,4,shuffle=True,drop_last=True))",
    "it": "list(D.DataLoader(I(),3))",
    "len": "(len(D.DataLoader(m,4)),len(D.DataLoader(m,4,drop_last=True)))",
    "lenI": "len(D.DataLoader(I(),3))",
    "nw": "D.DataLoader(m,num_workers=-1)",
    "to": "D.DataLoader(m,timeout=-1)",
    "bs0": "D.DataLoader(m,batch_size=0)",
    "sh+s": "D.DataLoader(m,shuffle=True,sampler=D.SequentialSampler(m))",
    "bs+s": "D.DataLoader(m,batch_sampler=[[1]],batch_size=2)",
    "bs+sh": "D.DataLoader(m,batch_sampler=[[1]],shuffle=True)",
    "itsh": "D.DataLoader(I(),shuffle=True)",
    "itsam": "D.DataLoader(I(),sampler=[1])",
    "itbs": "D.DataLoader(I(),batch_sampler=[[1]])",
    "none+drop": "D.DataLoader(m,batch_size=None,drop_last=True)",
    "pf": "D.DataLoader(m,prefetch_factor=2)",
    "pf2": "D.DataLoader(m,num_workers=1,prefetch_factor=-2)",
    "pw": "D.DataLoader(m,persistent_workers=True)",
    "pin": "list(D.DataLoader(M(1),pin_memory=True))",
    "empty": "D.DataLoader([],shuffle=True)",
    "empty2": "list(D.DataLoader([]))",
    "mc": "D.DataLoader(m,multiprocessing_context='fork')",
    "sampler": "[type(getattr(D.DataLoader(m,2,shuffle=True),a)).__name__ for a in ('sampler','batch_sampler','dataset','collate_fn','generator','num_workers','timeout','pin_memory','drop_last','prefetch_factor','multiprocessing_context','worker_init_fn','persistent_workers','pin_memory_device','in_order')]",
    "rs": "D.random_split(m,[3,3])",
    "rs2": "D.random_split(m,[.3,.8])",
    "rs3": "[list(x.indices) for x in D.random_split(m,[.35,.65],generator=torch.Generator().manual_seed(1))]",
    "rs4": "D.random_split(m,[-.5,1.5])",
    "rs5": "[len(x) for x in D.random_split(M(1),[.5,.5])]",
    "rs6": "[len(x) for x in D.random_split(M(2),[.1,.9])]",
    "td": "D.TensorDataset(torch.ones(3),torch.ones(4))",
    "td2": "(D.TensorDataset(torch.arange(3),torch.ones(3))[1],len(D.TensorDataset(torch.ones(3,2))))",
    "cd": "D.ConcatDataset([])",
    "cd2": "(D.ConcatDataset([M(2),M(3)])[3],D.ConcatDataset([M(2),M(3)])[-1],D.ConcatDataset([M(2),M(3)]).cumulative_sizes,len(D.ConcatDataset([M(2),M(3)])))",
    "cd3": "D.ConcatDataset([M(2)])[-5]",
    "cd4": "D.ConcatDataset([I()])",
    "add": "type(m+m).__name__",
    "chain": "list(I()+I())[:9]",
    "chain2": "list(D.ChainDataset([m]))",
    "sub": "(D.Subset(m,[1,3])[1],D.Subset(m,[1,3])[[0,1]] ,len(D.Subset(m,[1,3])))",
    "stack": "(D.StackDataset(m,m)[1],D.StackDataset(a=m,b=m)[1])",
    "stack2": "D.StackDataset()",
    "stack3": "D.StackDataset(m,M(2))",
    "ds": "D.Dataset()[0]",
    "dslen": "len(D.Dataset())",
    "idl": "len(I())",
    "rands": "D.RandomSampler(m,num_samples=0)",
    "rands2": "D.RandomSampler(m,replacement=3)",
    "rands3": "D.RandomSampler([])",
    "wrs": "D.WeightedRandomSampler([.1,.9],0)",
    "wrs2": "D.WeightedRandomSampler([[.1,.9]],2)",
    "wrs3": "list(D.WeightedRandomSampler([.1,.9],5,generator=torch.Generator().manual_seed(0)))",
    "wrs4": "D.WeightedRandomSampler([.1],2,replacement='x')",
    "bsam": "D.BatchSampler([1],0,False)",
    "bsam2": "D.BatchSampler([1],1,3)",
    "bsam3": "list(D.BatchSampler(range(5),2,False))",
    "srs": "list(D.SubsetRandomSampler([5,6,7],generator=torch.Generator().manual_seed(3)))",
    "co": "D.default_collate([{'a':1,'b':'x'},{'a':2,'b':'y'}])",
    "co2": "D.default_collate([np.float32(1),np.float32(2)])",
    "co3": "D.default_collate([object()])",
    "co4": "D.default_collate([[1,2],[3]])",
    "co5": "D.default_collate([torch.ones(2),torch.ones(3)])",
    "co6": "D.default_collate([np.array(['a'])])",
    "co7": "D.default_collate([b'a',b'b'])",
    "co8": "D.default_collate([(1,2.),(3,4.)])",
    "co9": "D.default_collate([True,False])",
    "co10": "D.default_collate([None])",
    "conv": "D.default_convert([np.arange(2),{'a':np.float32(3)},'x',3])",
    "workers": "list(D.DataLoader(W(),2,num_workers=2))",
    "werr": "list(D.DataLoader(Bad(),2,num_workers=1))",
    "iw": "list(D.DataLoader(IW(),2,num_workers=2))",
    "illen": "list(D.DataLoader(IL(),2))",
    "pers": "(lambda l:[list(l),list(l)])(D.DataLoader(M(4),2,num_workers=1,persistent_workers=True))",
    "initfn": "list(D.DataLoader(M(2),2,num_workers=1,worker_init_fn=lambda i:None))",
    "gen": "list(D.DataLoader(m,5,shuffle=True,generator=torch.Generator().manual_seed(7)))",
    "getitems": "list(D.DataLoader(GI(4),2))",
    "sampcls": "list(D.DataLoader(m,2,sampler=[3,1,2]))",
    "bsamp": "list(D.DataLoader(m,batch_sampler=[[3,1],[2]]))",
    "dsamp": "[list(D.DistributedSampler(m,num_replicas=3,rank=r)) for r in range(3)]",
    "dsamp2": "D.DistributedSampler(m,num_replicas=2,rank=5)",
    "dsamp3": "D.DistributedSampler(m)",
}  # fmt: skip


def environment(torch: Any) -> dict[str, Any]:
    """The names that a case may use."""
    D = torch.utils.data

    class M(D.Dataset):  # type: ignore[name-defined, misc]
        def __init__(self, n: int = 10):
            self.n = n

        def __len__(self) -> int:
            return self.n

        def __getitem__(self, i: int) -> Any:
            if not 0 <= i < self.n:
                raise IndexError(i)
            return i, float(i)

    class GI(M):
        def __getitems__(self, indices: Any) -> Any:
            return [i * 10 for i in indices]

    class I(D.IterableDataset):  # type: ignore[name-defined, misc]  # noqa: E742
        def __iter__(self) -> Any:
            return iter(range(7))

    class IL(I):
        def __len__(self) -> int:
            return 3

    class W(D.Dataset):  # type: ignore[name-defined, misc]
        def __len__(self) -> int:
            return 6

        def __getitem__(self, i: int) -> Any:
            w = D.get_worker_info()
            return i, w.id, w.num_workers, int(torch.initial_seed() % 1000), float(torch.rand(1))

    class Bad(W):
        def __getitem__(self, i: int) -> Any:
            raise ValueError("boom")

    class IW(D.IterableDataset):  # type: ignore[name-defined, misc]
        def __iter__(self) -> Any:
            w = D.get_worker_info()
            return iter(range(w.id, 6, w.num_workers))

    return {
        "D": D,
        "torch": torch,
        "np": np,
        "m": M(),
        "M": M,
        "GI": GI,
        "I": I,
        "IL": IL,
        "W": W,
        "Bad": Bad,
        "IW": IW,
    }


def outcome(torch: Any, text: str) -> str:
    """What a case gives, or the exception with the first line of its text."""
    names = environment(torch)
    torch.manual_seed(5)
    try:
        return str(eval(text, names)).replace("\n", " ")
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"

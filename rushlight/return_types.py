"""The named tuples that ops with several results return: ``torch.return_types.max`` and its kind."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

_made: dict[str, Any] = {}

#: The fields of the types that PyTorch has, by the names of their types; the ones with ``_out`` are the same.
_FIELDS = {
    "values indices": "cummax cummin kthvalue max median min mode nanmedian sort topk",
    "min max": "aminmax",
    "mantissa exponent": "frexp",
    "a tau": "geqrf",
    "hist bin_edges": "histogram histogramdd",
    "L info": "linalg_cholesky_ex",
    "eigenvalues eigenvectors": "linalg_eig linalg_eigh",
    "inverse info": "linalg_inv_ex",
    "LD pivots": "linalg_ldl_factor",
    "LD pivots info": "linalg_ldl_factor_ex",
    "solution residuals rank singular_values": "linalg_lstsq",
    "P L U": "linalg_lu lu_unpack",
    "LU pivots": "linalg_lu_factor",
    "LU pivots info": "linalg_lu_factor_ex",
    "Q R": "linalg_qr qr",
    "sign logabsdet": "linalg_slogdet slogdet",
    "result info": "linalg_solve_ex",
    "U S Vh": "linalg_svd",
    "U S V": "svd",
    "solution cloned_coefficient": "triangular_solve",
}
_KNOWN = {name: tuple(fields.split()) for fields, names in _FIELDS.items() for name in names.split()}


def named(name: str, fields: tuple[str, ...]) -> Any:
    """The result type of an op, made once."""
    found = _made.get(name)
    if found is None:
        base = namedtuple(name, fields)  # type: ignore[misc]

        def __repr__(self: Any) -> str:
            members = ",\n".join(f"{f}={getattr(self, f)!r}" for f in fields)
            return f"torch.return_types.{name}(\n{members})"

        found = _made[name] = type(
            name, (base,), {"__repr__": __repr__, "__module__": "torch.return_types", "__slots__": ()}
        )
    return found


def pytree_register_structseq(cls: type) -> None:
    """Accepted: named tuples are nodes of ``torch.utils._pytree`` as they are."""


def __dir__() -> list[str]:
    return sorted([*_KNOWN, "all_return_types", "named", "pytree_register_structseq"])


def __getattr__(name: str) -> Any:
    own = name.removesuffix("_out")
    if name in _made:
        return _made[name]
    if own in _KNOWN:
        return named(name, _KNOWN[own])
    if name == "all_return_types":
        return [named(known, fields) for known, fields in _KNOWN.items()]
    raise AttributeError(f"module 'torch.return_types' has no attribute '{name}'")

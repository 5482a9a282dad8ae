"""What ``torch.autocast("cpu")`` does to operations: which compute in 16 bits, which in 32, which in the widest dtype they are given.

Nothing asks on the way to an operation whether autocast is on. The public functions of the table below are led through ``Door`` while it
is, by exchanging their code: a name that a program holds, a method, an operator are all the same function object. When no block is open
any more they have their own code again.

What an operation of the table calls is not led anywhere: one cast, at the outermost call, as in PyTorch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

from . import errors, families, routes, settings, synonyms, types
from .autograd.mode import recording
from .doors import behind, close_door, led, open_door
from .functions import FUNCTIONS
from .override import PLAIN, has_override
from .readers import REGISTRY
from .tensor import Tensor
from .types import float32, float64

#: Products and what is made of them: the dtype of autocast.
NARROW = """
    addbmm addmm baddbmm bmm conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d linalg.vecdot matmul
    Tensor.__matmul__ mm nn.functional.affine_grid nn.functional.linear nn.functional.prelu
    nn.functional.scaled_dot_product_attention
"""

#: Losses, decompositions, transforms and what else needs the range or the digits: float32.
WIDE = """
    nn.functional.binary_cross_entropy nn.functional.binary_cross_entropy_with_logits nn.functional.cosine_embedding_loss
    nn.functional.cross_entropy nn.functional.ctc_loss nn.functional.hinge_embedding_loss nn.functional.huber_loss
    nn.functional.kl_div nn.functional.l1_loss nn.functional.margin_ranking_loss nn.functional.mse_loss
    nn.functional.multi_margin_loss nn.functional.multilabel_margin_loss nn.functional.nll_loss nn.functional.poisson_nll_loss
    nn.functional.smooth_l1_loss nn.functional.soft_margin_loss nn.functional.triplet_margin_loss
    nn.functional.adaptive_avg_pool3d nn.functional.adaptive_max_pool3d nn.functional.avg_pool3d nn.functional.max_pool3d
    nn.functional.fractional_max_pool2d nn.functional.fractional_max_pool3d nn.functional.max_unpool2d
    nn.functional.max_unpool3d nn.functional.grid_sample grid_sampler grid_sampler_2d grid_sampler_3d nn.functional.pad
    linalg.cholesky linalg.cholesky_ex linalg.cond linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh
    linalg.householder_product linalg.inv linalg.inv_ex linalg.lstsq linalg.matrix_rank linalg.qr linalg.solve linalg.svd
    linalg.svdvals linalg.tensorinv linalg.tensorsolve cholesky cholesky_inverse cholesky_solve geqrf lu lu_solve ormqr
    pinverse qr svd triangular_solve
    fft.fft fft.fft2 fft.fftn fft.hfft fft.ifft fft.ifft2 fft.ifftn fft.ihfft fft.irfft fft.irfft2 fft.irfftn fft.rfft
    fft.rfft2 fft.rfftn stft
    cdist nanquantile polar prod quantile trace view_as_complex
"""

#: What takes tensors of one dtype: float32 if one of them is, else the dtype of autocast.
WIDEST = "cat stack index_copy"

#: One operation in PyTorch, which are made of several here: nothing is cast, what they call neither.
ALONE = "nn.functional.bilinear"


# --- casts ------------------------------------------------------------------------------------------------------------
#: Weights that were cast, by id, until the outermost block ends: a layer that runs twice casts its weight once, and the gradients
#: of both runs are added before they are cast back.
_cast_weights: dict[int, tuple[Tensor, Tensor]] = {}


def forget() -> None:
    """Drop the weights that were cast."""
    _cast_weights.clear()


def cast(x: Any, dtype: types.dtype) -> Any:
    """An argument in another dtype, if it is a floating tensor and not float64; lists and tuples of tensors by their elements."""
    if x.__class__ is list or x.__class__ is tuple:
        return x.__class__([cast(item, dtype) for item in x])
    if not is_floating(x) or x.dtype is dtype:
        return x
    weight = dtype is not float32 and x.dtype is float32 and x.requires_grad and x.is_leaf and x._base is None
    if not (weight and recording() and settings.is_autocast_cache_enabled()):
        return x.to(dtype)
    kept = _cast_weights.get(id(x))
    if kept is None or kept[1].dtype is not dtype:
        kept = _cast_weights[id(x)] = x, x.to(dtype)
    return kept[1]


def is_floating(x: Any) -> bool:
    """Whether autocast casts it: a floating tensor other than float64."""
    return isinstance(x, Tensor) and x.dtype is not float64 and x.dtype.is_floating_point


def widest(args: Any, dtype: types.dtype) -> types.dtype:
    """float32 if one of the tensors is float32, else the dtype of autocast.

    Raises:
        RuntimeError: for another dtype of 16 bits, before a float32 tensor was met.
    """
    found = dtype
    for x in args:
        for t in x if x.__class__ is list or x.__class__ is tuple else (x,):
            if not is_floating(t) or found is float32:
                continue
            if t.dtype is not float32 and t.dtype is not dtype:
                raise errors.runtime(
                    "Unexpected floating ScalarType in at::autocast::prioritize",
                    f"A tensor is {t.dtype}, autocast computes in {dtype}: convert the tensor to one of {dtype}, torch.float32.",
                )
            found = t.dtype
    return found


# --- doors ------------------------------------------------------------------------------------------------------------
class Door:
    """A public function, and what its arguments are cast to while autocast is on: "narrow", "wide", "widest" or "alone"."""

    def __init__(self, public: FunctionType, policy: str):
        self.public: FunctionType = public
        self.policy: str = policy
        self.behind: Callable[..., Any] = behind(public)
        self.led: CodeType = led(public, self)

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        state = settings.autocast_state()
        if "cpu" not in state.enabled or any([a.__class__ not in PLAIN and has_override(a) for a in args]):
            return self.behind(*args, **kwargs)
        with settings.autocast_as(state.but(enabled=state.enabled - {"cpu"})):
            if kwargs.get("out") is None:
                dtype = self.dtype(args, kwargs, state.dtypes["cpu"])
                if dtype is not None:
                    args = tuple([cast(a, dtype) for a in args])
                    kwargs = {name: cast(a, dtype) for name, a in kwargs.items()}
            return self.behind(*args, **kwargs)

    def dtype(self, args: tuple[Any, ...], kwargs: dict[str, Any], narrow: types.dtype) -> types.dtype | None:
        """What this call's arguments are cast to."""
        if self.policy == "narrow":
            return narrow
        if self.policy == "widest":
            return widest((*args, *kwargs.values()), narrow)
        if self.policy == "alone" or (self.public.__name__ == "pad" and not _repeats(*args, **kwargs)):
            return None
        return float32


def _repeats(input: Any, pad: Any, mode: str = "constant", value: Any = None) -> bool:
    """Whether a border repeats elements, in one or two dimensions if it mirrors them: those are PyTorch's operations of their own."""
    return mode == "replicate" or (mode == "reflect" and len(pad) <= 4)


_doors: dict[int, Door] = {}
_known = (0, 0)  # how many records and functions have been looked through
_open = 0  # blocks that are open now, in any thread
_lock = threading.Lock()


def _policies() -> dict[str, str]:
    table = {"narrow": NARROW, "wide": WIDE, "widest": WIDEST, "alone": ALONE}
    return {name: policy for policy, names in table.items() for name in names.split()}


def _named() -> Iterator[tuple[str, Any]]:
    """The public functions of the families that are loaded, by PyTorch's names."""
    yield "Tensor.__matmul__", vars(Tensor)["__matmul__"]
    for op in list(REGISTRY.values()):
        if op.public_name:
            yield from _by_all_names(op.torch_name, op.public)
    for function in list(FUNCTIONS.values()):
        yield from _by_all_names(function.torch_name, function.fn)


def _by_all_names(name: str, public: Any) -> Iterator[tuple[str, Any]]:
    """A function and those that do the same under another name, all by its own name in the table."""
    for function in (public, *synonyms.of(public).values()):
        yield name, function


def _lead() -> None:
    """Lead the functions of the table through their doors; they are made for those that have none yet."""
    global _known
    if _known != (len(REGISTRY), len(FUNCTIONS)):
        _known = len(REGISTRY), len(FUNCTIONS)
        policies = _policies()
        for name, public in _named():
            if name in policies and id(public) not in _doors:
                _doors[id(public)] = Door(public, policies[name])
    for door in _doors.values():
        open_door(door.public, "autocast", door.led)


def enter() -> None:
    """A block begins in which functions are led through their doors, in all threads: those whose own autocast is off pass."""
    global _open
    with _lock:
        _open += 1
        if _open == 1:
            routes.close("autocast")  # what is known to be several operations passes by the doors of each
            _lead()


def leave() -> None:
    """A block ends; after the last the functions have their own code."""
    global _open
    with _lock:
        _open -= 1
        if not _open:
            routes.open_again("autocast")
            for door in _doors.values():
                close_door(door.public, "autocast")


def _after_load() -> None:
    with _lock:
        if _open:
            _lead()


families.after_load.append(_after_load)

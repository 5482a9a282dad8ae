"""``functorch.experimental``: what is there of it."""

from ...func import functionalize as functionalize
from ...func import hessian as hessian
from ...func import jacfwd as jacfwd
from ...func import jvp as jvp
from ...func import replace_all_batch_norm_modules_ as replace_all_batch_norm_modules_
from ...func import vmap as chunk_vmap  # noqa: F401

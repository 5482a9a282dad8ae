"""What the families of models share: their functions' arguments, widths, initial values, and parts of a model as a model."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

from rushlight import nn

from ._api import WeightsEnum, register_model

_DEPRECATED = "deprecated since 0.13 and may be removed in the future"


def builder(
    name: str,
    weights: Any,
    make: Callable[..., Any],
    about: str,
    legacy: str | None = "IMAGENET1K_V1",
    settle: Callable[[Any, dict[str, Any]], Any] | None = None,
    load: Callable[[Any, Any], None] | None = None,
) -> Callable[..., Any]:
    """The public function of a model: ``resnet18(*, weights=None, progress=True, **kwargs)``.

    ``make(**kwargs)`` makes the module. ``settle(weights, kwargs)`` settles arguments that a checkpoint requires, and returns what is to
    be done when it has been loaded; ``load(model, state_dict)`` is for checkpoints with other names. ``legacy`` is what
    ``pretrained=True`` means.
    """

    def function(*args: Any, **kwargs: Any) -> Any:
        if args:
            _positional(name, args, kwargs)
        old_arguments(name, weights, kwargs, legacy)
        chosen, progress = weights.verify(kwargs.pop("weights", None)), kwargs.pop("progress", True)
        if chosen is None:
            return make(**kwargs)
        if chosen.meta["categories"] is not None:
            overwrite(kwargs, "num_classes", len(chosen.meta["categories"]))
        afterwards = settle(chosen, kwargs) if settle is not None else None
        state = chosen.get_state_dict(progress=progress, check_hash=True)
        model = make(**kwargs)
        (load or _load)(model, state)
        if afterwards is not None:
            afterwards(model)
        return model

    function.__name__ = function.__qualname__ = name
    function.__module__ = sys._getframe(1).f_globals["__name__"]
    function.__doc__ = f"""{about}

    Args:
        weights: a member of ``{weights.__name__}``, or its name; its file must lie in the cache folder of ``torch.hub``. None: drawn.
        progress: accepted for compatibility.
        **kwargs: arguments of the class, such as ``num_classes``.
    """
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter("weights", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=weights | None),
            inspect.Parameter("progress", inspect.Parameter.KEYWORD_ONLY, default=True, annotation=bool),
            inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD, annotation=Any),
        ]
    )
    function.weights = weights  # type: ignore[attr-defined]
    return register_model()(function)


def _load(model: Any, state: Any) -> None:
    model.load_state_dict(state)


def _positional(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """``resnet18(True)``: positions are of an older torchvision."""
    if len(args) > 2:
        raise TypeError(f"{name}() takes 0 positional arguments but {len(args)} were given")
    given = dict(zip(("weights", "progress"), args, strict=False))
    names = " and ".join(f"'{key}'" for key in given)
    warnings.warn(
        f"Using {names} as positional parameter(s) is {_DEPRECATED}. Please use keyword parameter(s) instead.",
        stacklevel=3,
    )
    kwargs.update(given)


def old_arguments(
    name: str, enum: Any, kwargs: dict[str, Any], legacy: str | None, old: str = "pretrained", new: str = "weights"
) -> None:
    """Rewrite ``pretrained=`` (and a bool where weights belong) as weights, with the warnings that torchvision gives."""
    given = kwargs.get(new)
    named = old in kwargs
    if (new not in kwargs and not named) or (
        new in kwargs and (given is None or isinstance(given, (WeightsEnum, str)))
    ):
        return
    wanted = kwargs.pop(new) if new in kwargs else kwargs[old]
    kwargs.pop(old, None)
    chosen = None
    if wanted:
        if legacy is None:
            raise ValueError(f"No weights available for model {name}")
        chosen = enum[legacy]
    if named:
        warnings.warn(f"The parameter '{old}' is {_DEPRECATED}, please use '{new}' instead.", stacklevel=3)
    text = (
        f"Arguments other than a weight enum or `None` for '{new}' are {_DEPRECATED}. "
        f"The current behavior is equivalent to passing `{new}={chosen!r}`."
    )
    if chosen is not None:
        text += f" You can also use `{new}={enum.__name__}.DEFAULT` to get the most up-to-date weights."
    warnings.warn(text, stacklevel=3)
    kwargs[new] = chosen


def overwrite(kwargs: dict[str, Any], name: str, value: Any) -> None:
    """Set an argument that a checkpoint requires; refuse another value."""
    if kwargs.setdefault(name, value) != value:
        raise ValueError(f"The parameter '{name}' expected value {value} but got {kwargs[name]} instead.")


_ovewrite_named_param = overwrite


def _make_divisible(v: float, divisor: int, min_value: int | None = None) -> int:
    """The multiple of ``divisor`` nearest to ``v``, not below 90 % of it."""
    nearest = max(divisor if min_value is None else min_value, int(v + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * v else nearest


def initialize(
    model: Any,
    conv: Callable[[Any], Any],
    linear: Callable[[Any], Any] | None = None,
    norms: tuple[Any, ...] = (nn.BatchNorm2d, nn.GroupNorm),
) -> None:
    """Draw weights in the order of the modules; biases of convolutions and of what ``linear`` draws become 0, norms 1 and 0."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            conv(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif norms and isinstance(module, norms):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif linear is not None and isinstance(module, nn.Linear):
            linear(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


#: He's initialisation for what comes out of a convolution.
fan_out = partial(nn.init.kaiming_normal_, mode="fan_out", nonlinearity="relu")
#: Small normal numbers, for classifiers.
small = partial(nn.init.normal_, mean=0.0, std=0.01)


class IntermediateLayerGetter(nn.ModuleDict):
    """The children of a model up to the last that is wanted; called, it gives their outputs under new names.

    ``return_layers`` maps names of children to the names of their outputs.
    """

    def __init__(self, model: Any, return_layers: dict[str, str]):
        children = dict(model.named_children())
        if not set(return_layers) <= set(children):
            raise ValueError("return_layers are not present in model")
        kept: OrderedDict[str, Any] = OrderedDict()
        left = {str(name) for name in return_layers}
        for name, child in children.items():
            kept[name] = child
            left.discard(name)
            if not left:
                break
        super().__init__(kept)
        self.return_layers: Any = return_layers

    def forward(self, x: Any) -> Any:
        """The outputs, in order."""
        found = OrderedDict()
        for name, child in self.items():
            x = child(x)
            if name in self.return_layers:
                found[self.return_layers[name]] = x
        return found

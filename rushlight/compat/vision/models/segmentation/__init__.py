"""Models that give scores of classes at each place: FCN (Long et al. 2014) and DeepLab v3 (Chen et al. 2017)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from rushlight import cat, nn
from rushlight.nn import functional as F

from .._api import published, register_model
from .._utils import IntermediateLayerGetter, old_arguments, overwrite
from ..mobilenetv3 import MobileNet_V3_Large_Weights, mobilenet_v3_large
from ..resnet import ResNet50_Weights, ResNet101_Weights, resnet50, resnet101


def _unit(i: int, o: int, size: int = 1, dilation: int = 1) -> list[Any]:
    padding = dilation if size == 3 else 0
    return [nn.Conv2d(i, o, size, padding=padding, dilation=dilation, bias=False), nn.BatchNorm2d(o), nn.ReLU()]


class FCNHead(nn.Sequential):
    """A 3 x 3 convolution to a quarter of the channels, then scores."""

    def __init__(self, in_channels: int, channels: int):
        inner = in_channels // 4
        super().__init__(*_unit(in_channels, inner, 3), nn.Dropout(0.1), nn.Conv2d(inner, channels, 1))


class ASPPConv(nn.Sequential):
    """A convolution that reaches further."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int):
        super().__init__(*_unit(in_channels, out_channels, 3, dilation))


class ASPPPooling(nn.Sequential):
    """What the whole picture holds, at each place."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(nn.AdaptiveAvgPool2d(1), *_unit(in_channels, out_channels))

    def forward(self, x: Any) -> Any:
        """Features of the same size."""
        return _resized(super().forward(x), x.shape[-2:])


class ASPP(nn.Module):
    """Convolutions of several reaches beside each other."""

    def __init__(self, in_channels: int, atrous_rates: Any, out_channels: int = 256):
        super().__init__()
        ways = [nn.Sequential(*_unit(in_channels, out_channels))]
        ways += [ASPPConv(in_channels, out_channels, rate) for rate in atrous_rates]
        self.convs: Any = nn.ModuleList([*ways, ASPPPooling(in_channels, out_channels)])
        self.project: Any = nn.Sequential(*_unit(len(self.convs) * out_channels, out_channels), nn.Dropout(0.5))

    def forward(self, x: Any) -> Any:
        """Features of the same size."""
        return self.project(cat([conv(x) for conv in self.convs], dim=1))


class DeepLabHead(nn.Sequential):
    """``ASPP``, a 3 x 3 convolution, scores."""

    def __init__(self, in_channels: int, num_classes: int, atrous_rates: Any = (12, 24, 36)):
        super().__init__(ASPP(in_channels, atrous_rates), *_unit(256, 256, 3), nn.Conv2d(256, num_classes, 1))


def _resized(x: Any, size: Any) -> Any:
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


class _SimpleSegmentationModel(nn.Module):
    """A backbone that gives "out" (and "aux"), and classifiers of them."""

    def __init__(self, backbone: Any, classifier: Any, aux_classifier: Any = None):
        super().__init__()
        self.backbone: Any = backbone
        self.classifier: Any = classifier
        self.aux_classifier: Any = aux_classifier

    def forward(self, x: Any) -> Any:
        """Scores (N, classes, H, W) as "out", and those of the other classifier as "aux"."""
        features = self.backbone(x)
        result = OrderedDict(out=_resized(self.classifier(features["out"]), x.shape[-2:]))
        if self.aux_classifier is not None:
            result["aux"] = _resized(self.aux_classifier(features["aux"]), x.shape[-2:])
        return result


class FCN(_SimpleSegmentationModel):
    """Fully convolutional network."""


class DeepLabV3(_SimpleSegmentationModel):
    """DeepLab v3."""


def _of_resnet(backbone: Any) -> tuple[Any, str, str, int, int]:
    """The module, its children that give features and those for training, and their channels."""
    return backbone, "layer4", "layer3", 2048, 1024


def _of_mobilenet(backbone: Any) -> tuple[Any, str, str, int, int]:
    layers = backbone.features
    ends = [0, *(i for i, layer in enumerate(layers) if getattr(layer, "_is_cn", False)), len(layers) - 1]
    out, aux = ends[-1], ends[-4]
    return layers, str(out), str(aux), layers[out].out_channels, layers[aux].out_channels


def _made(
    name: str, weights: Any, kind: Any, head: Any, backbone: Any, its_weights: Any, of: Any, about: str
) -> Callable[..., Any]:
    options = {"replace_stride_with_dilation": [False, True, True]} if of is _of_resnet else {"dilated": True}

    def function(
        *, weights: Any = None, progress: bool = True, num_classes: int | None = None, aux_loss: bool | None = None,
        weights_backbone: Any = "IMAGENET1K_V1", **kwargs: Any,
    ) -> Any:  # fmt: skip
        given = {"weights": weights, **({"pretrained": kwargs.pop("pretrained")} if "pretrained" in kwargs else {})}
        given = {key: value for key, value in given.items() if key != "weights" or value is not None}
        old_arguments(name, enum, given, "COCO_WITH_VOC_LABELS_V1")
        if "pretrained_backbone" in kwargs:
            old = {"pretrained_backbone": kwargs.pop("pretrained_backbone")}
            old_arguments(name, its_weights, old, "IMAGENET1K_V1", "pretrained_backbone", "weights_backbone")
            weights_backbone = old["weights_backbone"]
        chosen = enum.verify(given.get("weights"))
        if chosen is not None:
            settled: dict[str, Any] = {} if num_classes is None else {"num_classes": num_classes}
            overwrite(settled, "num_classes", len(chosen.meta["categories"]))
            num_classes, aux_loss, weights_backbone = settled["num_classes"], True, None
        count = 21 if num_classes is None else num_classes
        inner, out, aux, wide, narrow = of(
            backbone(weights=its_weights.verify(weights_backbone), progress=progress, **options)
        )
        taken = IntermediateLayerGetter(inner, {out: "out", **({aux: "aux"} if aux_loss else {})})
        other = FCNHead(narrow, count) if aux_loss else None
        model = kind(taken, head(wide, count), other, **kwargs)
        if chosen is not None:
            model.load_state_dict(chosen.get_state_dict(progress=progress, check_hash=True))
        return model

    enum = weights
    function.__name__ = function.__qualname__ = name
    function.__module__ = f"{__name__}.{name.partition('_')[0]}"
    function.__doc__ = f"""{about}

    Args:
        weights: a member of ``{weights.__name__}``, or its name. num_classes: 21 by default. aux_loss: another classifier, for training.
        weights_backbone: of ImageNet, by default: its file must lie in the cache folder of ``torch.hub``; None: drawn.
    """
    function.weights = weights  # type: ignore[attr-defined]
    return register_model()(function)


FCN_ResNet50_Weights: type[Any] = published("FCN_ResNet50_Weights")
FCN_ResNet101_Weights: type[Any] = published("FCN_ResNet101_Weights")
DeepLabV3_ResNet50_Weights: type[Any] = published("DeepLabV3_ResNet50_Weights")
DeepLabV3_ResNet101_Weights: type[Any] = published("DeepLabV3_ResNet101_Weights")
DeepLabV3_MobileNet_V3_Large_Weights: type[Any] = published("DeepLabV3_MobileNet_V3_Large_Weights")

fcn_resnet50: Any = _made(
    "fcn_resnet50", FCN_ResNet50_Weights, FCN, FCNHead, resnet50, ResNet50_Weights, _of_resnet, "FCN on a ResNet-50."
)
fcn_resnet101: Any = _made(
    "fcn_resnet101",
    FCN_ResNet101_Weights,
    FCN,
    FCNHead,
    resnet101,
    ResNet101_Weights,
    _of_resnet,
    "FCN on a ResNet-101.",
)
deeplabv3_resnet50: Any = _made(
    "deeplabv3_resnet50", DeepLabV3_ResNet50_Weights, DeepLabV3, DeepLabHead, resnet50, ResNet50_Weights, _of_resnet,
    "DeepLab v3 on a ResNet-50.",
)  # fmt: skip
deeplabv3_resnet101: Any = _made(
    "deeplabv3_resnet101", DeepLabV3_ResNet101_Weights, DeepLabV3, DeepLabHead, resnet101, ResNet101_Weights, _of_resnet,
    "DeepLab v3 on a ResNet-101.",
)  # fmt: skip
deeplabv3_mobilenet_v3_large: Any = _made(
    "deeplabv3_mobilenet_v3_large", DeepLabV3_MobileNet_V3_Large_Weights, DeepLabV3, DeepLabHead, mobilenet_v3_large,
    MobileNet_V3_Large_Weights, _of_mobilenet, "DeepLab v3 on a MobileNet v3.",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in ("lraspp_mobilenet_v3_large", "LRASPP"):
        raise NotImplementedError(f"Rushlight's stand-in for torchvision has no models.segmentation.{name}.")
    raise AttributeError(f"module 'torchvision.models.segmentation' has no attribute '{name}'")

"""FCN by itself."""

from . import FCN, FCN_ResNet50_Weights, FCN_ResNet101_Weights, FCNHead, fcn_resnet50, fcn_resnet101

__all__ = ["FCN", "FCNHead", "FCN_ResNet101_Weights", "FCN_ResNet50_Weights", "fcn_resnet101", "fcn_resnet50"]

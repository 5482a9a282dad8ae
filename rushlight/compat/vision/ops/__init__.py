"""``torchvision.ops``: boxes, and layers that models take from it."""

from .boxes import (
    batched_nms,
    box_area,
    box_convert,
    box_iou,
    clip_boxes_to_image,
    generalized_box_iou,
    nms,
    remove_small_boxes,
)
from .misc import FrozenBatchNorm2d, SqueezeExcitation

__all__ = [
    "FrozenBatchNorm2d", "SqueezeExcitation", "batched_nms", "box_area", "box_convert", "box_iou", "clip_boxes_to_image",
    "generalized_box_iou", "nms", "remove_small_boxes",
]  # fmt: skip

"""Boxes ``(x1, y1, x2, y2)``, (N, 4): areas, overlaps, and the best of those that overlap."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....ops.joining import stack
from ....tensor import Tensor, wrap


def box_area(boxes: Any) -> Any:
    """Areas, (N)."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _overlap(a: Any, b: Any) -> tuple[Any, Any]:
    """What two lists of boxes have in common, and together: (N, M)."""
    low = a[:, None, :2].maximum(b[:, :2])
    sides = (a[:, None, 2:].minimum(b[:, 2:]) - low).clamp(min=0)
    common = sides[:, :, 0] * sides[:, :, 1]
    return common, box_area(a)[:, None] + box_area(b) - common


def box_iou(boxes1: Any, boxes2: Any) -> Any:
    """The common area of each pair, as a part of what it covers together: (N, M)."""
    common, together = _overlap(boxes1, boxes2)
    return common / together


def generalized_box_iou(boxes1: Any, boxes2: Any) -> Any:
    """``box_iou`` less the part of the box around both that neither covers: (N, M)."""
    common, together = _overlap(boxes1, boxes2)
    low = boxes1[:, None, :2].minimum(boxes2[:, :2])
    sides = (boxes1[:, None, 2:].maximum(boxes2[:, 2:]) - low).clamp(min=0)
    around = sides[:, :, 0] * sides[:, :, 1]
    return common / together - (around - together) / around


def box_convert(boxes: Any, in_fmt: str, out_fmt: str) -> Any:
    """Boxes as corners (xyxy), corner and sides (xywh) or middle and sides (cxcywh).

    Raises:
        ValueError: for another form.
    """
    forms = ("xyxy", "xywh", "cxcywh")
    if in_fmt not in forms or out_fmt not in forms:
        raise ValueError("Unsupported Bounding Box Conversions for given in_fmt and out_fmt")
    if in_fmt == out_fmt:
        return boxes.clone()
    a, b, c, d = boxes.unbind(-1)
    if in_fmt == "xywh":
        a, b, c, d = a, b, a + c, b + d
    elif in_fmt == "cxcywh":
        a, b, c, d = a - 0.5 * c, b - 0.5 * d, a + 0.5 * c, b + 0.5 * d
    if out_fmt == "xywh":
        a, b, c, d = a, b, c - a, d - b
    elif out_fmt == "cxcywh":
        a, b, c, d = (a + c) / 2, (b + d) / 2, c - a, d - b
    return stack([a, b, c, d], dim=-1)


def clip_boxes_to_image(boxes: Any, size: tuple[int, int]) -> Any:
    """Boxes as far as they lie in a picture of size (height, width)."""
    height, width = size
    x, y = boxes[..., 0::2].clamp(min=0, max=width), boxes[..., 1::2].clamp(min=0, max=height)
    return stack([x, y], dim=boxes.dim()).reshape(boxes.shape)


def remove_small_boxes(boxes: Any, min_size: float) -> Any:
    """Places of the boxes whose sides are that long at least."""
    fits = (boxes[:, 2] - boxes[:, 0] >= min_size) & (boxes[:, 3] - boxes[:, 1] >= min_size)
    return fits.nonzero().flatten()


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Places of the boxes of highest score of which none overlaps a better one by more than ``iou_threshold``, best first."""
    order = np.argsort(-scores._a, kind="stable")
    b = boxes._a
    areas = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    kept: list[int] = []
    while order.size:
        best, order = order[0], order[1:]
        kept.append(int(best))
        sides = np.minimum(b[best, 2:], b[order, 2:]) - np.maximum(b[best, :2], b[order, :2])
        common = np.prod(np.maximum(sides, 0), axis=1)
        order = order[common / (areas[best] + areas[order] - common) <= iou_threshold]
    return wrap(np.array(kept, np.int64))


def batched_nms(boxes: Any, scores: Tensor, idxs: Any, iou_threshold: float) -> Tensor:
    """``nms`` within each category: boxes of different ones do not compete."""
    if not boxes.numel():
        return nms(boxes, scores, iou_threshold)
    apart = idxs.to(boxes.dtype) * (boxes.max() + 1)
    return nms(boxes + apart[:, None], scores, iou_threshold)

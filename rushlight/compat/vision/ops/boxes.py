"""Boxes ``(x1, y1, x2, y2)``, (N, 4): areas, overlaps, and the best of those that overlap."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import Tensor

_PLAIN = ("xyxy", "xywh", "cxcywh")


def _upcast(t: Any) -> Any:
    """Numbers whose products do not overflow: float32 of shorter floats, int32 of shorter integers."""
    if t.is_floating_point():
        return t if t.dtype in (torch.float32, torch.float64) else t.float()
    return t if t.dtype in (torch.int32, torch.int64) else t.int()


def box_area(boxes: Any, fmt: str = "xyxy") -> Any:
    """Areas, (N)."""
    if fmt not in _PLAIN:
        raise ValueError(f"Unsupported Bounding Box area for given format {fmt}")
    boxes = _upcast(boxes)
    if fmt == "xyxy":
        return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
    return boxes[..., 2] * boxes[..., 3]


def _corners(boxes: Any, fmt: str) -> tuple[Any, Any]:
    first, second = boxes[..., :2], boxes[..., 2:]
    if fmt == "xyxy":
        return first, second
    return (first, first + second) if fmt == "xywh" else (first - second / 2, first + second / 2)


def _overlap(a: Any, b: Any, fmt: str = "xyxy") -> tuple[Any, Any]:
    """What two lists of boxes have in common, and together: (N, M)."""
    areas = box_area(a, fmt)[..., None] + box_area(b, fmt)[..., None, :]
    (low1, high1), (low2, high2) = _corners(a, fmt), _corners(b, fmt)
    low = torch.max(low1[..., None, :], low2[..., None, :, :])
    high = torch.min(high1[..., None, :], high2[..., None, :, :])
    sides = _upcast(high - low).clamp(min=0)
    common = sides[..., 0] * sides[..., 1]
    return common, areas - common


def _around(a: Any, b: Any) -> Any:
    """The sides of the box around each pair: (N, M, 2)."""
    low = torch.min(a[..., None, :2], b[..., None, :, :2])
    high = torch.max(a[..., None, 2:], b[..., None, :, 2:])
    return _upcast(high - low).clamp(min=0)


def box_iou(boxes1: Any, boxes2: Any, fmt: str = "xyxy") -> Any:
    """The common area of each pair, as a part of what it covers together: (N, M)."""
    if fmt in ("cxcywhr", "xywhr", "xyxyxyxy"):
        raise NotImplementedError(f"box_iou of rotated boxes (fmt={fmt!r}) is not supported.")
    if fmt not in _PLAIN:
        raise ValueError(f"Unsupported format '{fmt}'. Supported axis-aligned formats: {_PLAIN}.")
    common, together = _overlap(boxes1, boxes2, fmt)
    return common / together


def generalized_box_iou(boxes1: Any, boxes2: Any) -> Any:
    """``box_iou`` less the part of the box around both that neither covers: (N, M)."""
    common, together = _overlap(boxes1, boxes2)
    sides = _around(boxes1, boxes2)
    around = sides[..., 0] * sides[..., 1]
    return common / together - (around - together) / around


def _distance(boxes1: Any, boxes2: Any, eps: float) -> tuple[Any, Any]:
    iou = box_iou(boxes1, boxes2)
    sides = _around(boxes1, boxes2)
    diagonal = sides[..., 0] ** 2 + sides[..., 1] ** 2 + eps
    middles = [((b[..., 0] + b[..., 2]) / 2, (b[..., 1] + b[..., 3]) / 2) for b in (boxes1, boxes2)]
    apart = sum(_upcast(p[..., None] - q[..., None, :]) ** 2 for p, q in zip(*middles, strict=True))
    return iou - apart / diagonal, iou


def distance_box_iou(boxes1: Any, boxes2: Any, eps: float = 1e-7) -> Any:
    """``box_iou`` less the squared distance of the middles, as a part of the squared diagonal around both: (N, M)."""
    return _distance(_upcast(boxes1), _upcast(boxes2), eps)[0]


def complete_box_iou(boxes1: Any, boxes2: Any, eps: float = 1e-7) -> Any:
    """``distance_box_iou`` less what their shapes differ in: (N, M)."""
    boxes1, boxes2 = _upcast(boxes1), _upcast(boxes2)
    distance, iou = _distance(boxes1, boxes2, eps)
    slopes = [torch.atan((b[..., 2] - b[..., 0]) / (b[..., 3] - b[..., 1])) for b in (boxes1, boxes2)]
    v = (4 / (math.pi**2)) * torch.pow(slopes[0][..., None] - slopes[1][..., None, :], 2)
    with torch.no_grad():
        alpha = v / (1 - iou + v + eps)
    return distance - alpha * v


def box_convert(boxes: Any, in_fmt: str, out_fmt: str) -> Any:
    """Boxes as corners (xyxy), corner and sides (xywh) or middle and sides (cxcywh).

    Raises:
        ValueError: for an unknown form.
        NotImplementedError: for rotated boxes.
    """
    known = (*_PLAIN, "xywhr", "cxcywhr", "xyxyxyxy")
    if in_fmt not in known or out_fmt not in known:
        raise ValueError(f"Unsupported Bounding Box Conversions for given in_fmt {in_fmt} and out_fmt {out_fmt}")
    if in_fmt == out_fmt:
        return boxes.clone()
    if in_fmt not in _PLAIN or out_fmt not in _PLAIN:
        raise NotImplementedError(
            f"Unsupported Bounding Box Conversions for given in_fmt {in_fmt} and out_fmt {out_fmt}: rotated boxes are not supported."
        )
    a, b, c, d = boxes.unbind(-1)
    if in_fmt == "xywh":
        a, b, c, d = a, b, a + c, b + d
    elif in_fmt == "cxcywh":
        a, b, c, d = a - 0.5 * c, b - 0.5 * d, a + 0.5 * c, b + 0.5 * d
    if out_fmt == "xywh":
        a, b, c, d = a, b, c - a, d - b
    elif out_fmt == "cxcywh":
        a, b, c, d = (a + c) / 2, (b + d) / 2, c - a, d - b
    return torch.stack([a, b, c, d], dim=-1)


def clip_boxes_to_image(boxes: Any, size: tuple[int, int]) -> Any:
    """Boxes as far as they lie in a picture of size (height, width)."""
    height, width = size
    x, y = boxes[..., 0::2].clamp(min=0, max=width), boxes[..., 1::2].clamp(min=0, max=height)
    return torch.stack([x, y], dim=boxes.dim()).reshape(boxes.shape)


def remove_small_boxes(boxes: Any, min_size: float) -> Any:
    """Places of the boxes whose sides are that long at least."""
    fits = (boxes[..., 2] - boxes[..., 0] >= min_size) & (boxes[..., 3] - boxes[..., 1] >= min_size)
    return torch.where(fits)[0]


def masks_to_boxes(masks: Any) -> Any:
    """The boxes around what is not 0 in masks (N, H, W); zeros for an empty one."""
    found = np.zeros((len(masks), 4), np.float32)
    for i, mask in enumerate(masks.numpy()):
        rows, columns = np.nonzero(mask)
        if rows.size:
            found[i] = columns.min(), rows.min(), columns.max(), rows.max()
    return torch.from_numpy(found)


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Places of the boxes of highest score of which none overlaps a better one by more than ``iou_threshold``, best first."""
    if boxes.dim() != 2:
        raise RuntimeError(f"boxes should be a 2d tensor, got {boxes.dim()}D")
    if scores.dim() != 1 or len(scores) != len(boxes):
        raise RuntimeError(
            f"boxes and scores should have same number of elements in dimension 0, got {len(boxes)} and {len(scores)}"
        )
    order = np.argsort(-scores.detach().numpy(), kind="stable")
    b = boxes.detach().numpy()
    areas = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    kept: list[int] = []
    with np.errstate(invalid="ignore", divide="ignore"):
        while order.size:
            best, order = order[0], order[1:]
            kept.append(int(best))
            sides = np.minimum(b[best, 2:], b[order, 2:]) - np.maximum(b[best, :2], b[order, :2])
            common = np.prod(np.maximum(sides, 0), axis=1)
            # A box without area overlaps nothing: 0 / 0 is no more than the threshold.
            order = order[~(common / (areas[best] + areas[order] - common) > iou_threshold)]
    return torch.from_numpy(np.array(kept, np.int64))


def batched_nms(boxes: Any, scores: Any, idxs: Any, iou_threshold: float) -> Any:
    """``nms`` within each category: boxes of different ones do not compete."""
    if not boxes.numel():
        return torch.empty((0,), dtype=torch.int64)
    if (
        boxes.numel() <= 4000
    ):  # moved apart, so that one call serves all; as torchvision does it on a CPU, up to this size
        apart = idxs.to(boxes) * (boxes.max() + torch.tensor(1).to(boxes))
        return nms(boxes + apart[:, None], scores, iou_threshold)
    kept = torch.zeros_like(scores, dtype=torch.bool)
    for category in torch.unique(idxs):
        own = torch.where(idxs == category)[0]
        kept[own[nms(boxes[own], scores[own], iou_threshold)]] = True
    places = torch.where(kept)[0]
    return places[scores[places].sort(descending=True)[1]]

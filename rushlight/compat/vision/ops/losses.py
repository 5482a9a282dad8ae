"""Losses of boxes and of rare classes."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight.nn import functional as F


def _reduced(loss: Any, reduction: str) -> Any:
    if reduction == "none":
        return loss
    if reduction == "mean":
        return loss.mean() if loss.numel() > 0 else 0.0 * loss.sum()
    if reduction == "sum":
        return loss.sum()
    raise ValueError(
        f"Invalid Value for arg 'reduction': '{reduction} \n Supported reduction modes: 'none', 'mean', 'sum'"
    )


def sigmoid_focal_loss(
    inputs: Any, targets: Any, alpha: float = 0.25, gamma: float = 2, reduction: str = "none"
) -> Any:
    """Cross entropy of scores, times ``(1 - p) ** gamma`` of what is right (Lin et al. 2017), and ``alpha`` or ``1 - alpha`` by class.

    ``alpha=-1`` leaves the classes alike.
    """
    if not 0 <= alpha <= 1 and alpha != -1:
        raise ValueError(f"Invalid alpha value: {alpha}. alpha must be in the range [0,1] or -1 for ignore.")
    p = torch.sigmoid(inputs)
    entropy = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    right = p * targets + (1 - p) * (1 - targets)
    loss = entropy * ((1 - right) ** gamma)
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    # Unlike those of boxes, the mean of nothing is NaN.
    return loss.mean() if reduction == "mean" else _reduced(loss, reduction)


def _float(boxes: Any) -> Any:
    return boxes if boxes.dtype in (torch.float32, torch.float64) else boxes.float()


def _overlap(boxes1: Any, boxes2: Any) -> tuple[Any, Any]:
    x1, y1, x2, y2 = boxes1.unbind(dim=-1)
    u1, v1, u2, v2 = boxes2.unbind(dim=-1)
    left, top = torch.max(x1, u1), torch.max(y1, v1)
    right, bottom = torch.min(x2, u2), torch.min(y2, v2)
    common = torch.zeros_like(x1)
    meet = (bottom > top) & (right > left)
    common[meet] = (right[meet] - left[meet]) * (bottom[meet] - top[meet])
    return common, (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - common


def _around(boxes1: Any, boxes2: Any) -> tuple[Any, Any]:
    """Width and height of the box around each pair."""
    x1, y1, x2, y2 = boxes1.unbind(dim=-1)
    u1, v1, u2, v2 = boxes2.unbind(dim=-1)
    left, top = torch.min(x1, u1), torch.min(y1, v1)
    return torch.max(x2, u2) - left, torch.max(y2, v2) - top


def generalized_box_iou_loss(boxes1: Any, boxes2: Any, reduction: str = "none", eps: float = 1e-7) -> Any:
    """1 less ``generalized_box_iou`` of each pair of boxes."""
    boxes1, boxes2 = _float(boxes1), _float(boxes2)
    common, together = _overlap(boxes1, boxes2)
    iou = common / (together + eps)
    width, height = _around(boxes1, boxes2)
    area = width * height
    return _reduced(1 - (iou - ((area - together) / (area + eps))), reduction)


def _distance(boxes1: Any, boxes2: Any, eps: float = 1e-7) -> tuple[Any, Any]:
    common, together = _overlap(boxes1, boxes2)
    iou = common / (together + eps)
    width, height = _around(boxes1, boxes2)
    diagonal = (width**2) + (height**2) + eps
    x1, y1, x2, y2 = boxes1.unbind(dim=-1)
    u1, v1, u2, v2 = boxes2.unbind(dim=-1)
    apart = (((x2 + x1) / 2 - (u1 + u2) / 2) ** 2) + (((y2 + y1) / 2 - (v1 + v2) / 2) ** 2)
    return 1 - iou + (apart / diagonal), iou


def distance_box_iou_loss(boxes1: Any, boxes2: Any, reduction: str = "none", eps: float = 1e-7) -> Any:
    """1 less ``distance_box_iou`` of each pair of boxes."""
    return _reduced(_distance(_float(boxes1), _float(boxes2), eps)[0], reduction)


def complete_box_iou_loss(boxes1: Any, boxes2: Any, reduction: str = "none", eps: float = 1e-7) -> Any:
    """1 less ``complete_box_iou`` of each pair of boxes."""
    boxes1, boxes2 = _float(boxes1), _float(boxes2)
    distance, iou = _distance(boxes1, boxes2)
    x1, y1, x2, y2 = boxes1.unbind(dim=-1)
    u1, v1, u2, v2 = boxes2.unbind(dim=-1)
    v = (4 / (math.pi**2)) * torch.pow(torch.atan((u2 - u1) / (v2 - v1)) - torch.atan((x2 - x1) / (y2 - y1)), 2)
    with torch.no_grad():
        alpha = v / (1 - iou + v + eps)
    return _reduced(distance + alpha * v, reduction)

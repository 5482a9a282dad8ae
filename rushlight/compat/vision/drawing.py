"""Boxes, masks and points drawn on pictures, by Pillow."""

from __future__ import annotations

import warnings
from typing import Any

import rushlight as torch
from rushlight import Tensor, no_grad

from .transforms.functional import pil_to_tensor, to_pil_image
from .transforms.v2.functional import to_dtype_image


def _check(image: Any, gray: bool = False) -> None:
    if not isinstance(image, Tensor):
        raise TypeError(f"Tensor expected, got {type(image)}")
    if not (image.dtype is torch.uint8 or image.is_floating_point()):
        raise ValueError(f"The image dtype must be uint8 or float, got {image.dtype}")
    if image.dim() != 3:
        raise ValueError("Pass individual images, not batches")
    if image.size(0) not in ((1, 3) if gray else (3,)):
        raise ValueError(
            "Only grayscale and RGB images are supported"
            if gray
            else "Pass an RGB image. Other Image formats are not supported"
        )


def _palette(count: int) -> list[tuple[int, ...]]:
    """Colours that differ."""
    steps = [2**25 - 1, 2**15 - 1, 2**21 - 1]
    return [tuple((i * step) % 255 for step in steps) for i in range(count)]


def _colors(colors: Any, count: int) -> list[tuple[int, ...]]:
    from PIL import ImageColor

    if colors is None:
        colors = _palette(count)
    elif isinstance(colors, list):
        if len(colors) < count:
            raise ValueError(
                f"Number of colors must be equal or larger than the number of objects, but got {len(colors)} < {count}."
            )
    elif not isinstance(colors, (tuple, str)):
        raise ValueError(f"colors must be a tuple or a string, or a list thereof, but got {colors}.")
    elif isinstance(colors, tuple) and len(colors) != 3:
        raise ValueError(f"If passed as tuple, colors should be an RGB triplet, but got {colors}.")
    else:
        colors = [colors] * count
    return [ImageColor.getrgb(each) if isinstance(each, str) else each for each in colors]


def _bytes(image: Any) -> Any:
    image = image.tile((3, 1, 1)) if image.size(0) == 1 else image
    return to_pil_image(to_dtype_image(image, torch.uint8, scale=True) if image.is_floating_point() else image)


def _back(picture: Any, image: Any) -> Any:
    out = pil_to_tensor(picture)
    return to_dtype_image(out, image.dtype, scale=True) if image.is_floating_point() else out


@no_grad()
def draw_bounding_boxes(
    image: Any, boxes: Any, labels: Any = None, colors: Any = None, fill: bool | None = False, width: int = 1, font: Any = None,
    font_size: int | None = None, label_colors: Any = None, label_background_colors: Any = None, fill_labels: bool = False,
) -> Any:  # fmt: skip
    """Boxes (N, 4) with corners (x1, y1, x2, y2), and their labels, on a picture (C, H, W) of bytes or of floats from 0 to 1."""
    _check(image, gray=True)
    if boxes.shape[-1] != 4:
        raise NotImplementedError("draw_bounding_boxes of rotated boxes is not supported.")
    if (boxes[:, 0] > boxes[:, 2]).any() or (boxes[:, 1] > boxes[:, 3]).any():
        raise ValueError(
            "Boxes need to be in (xmin, ymin, xmax, ymax) format. Use torchvision.ops.box_convert to convert them"
        )
    count = boxes.shape[0]
    if not count:
        warnings.warn("boxes doesn't contain any box. No box was drawn", stacklevel=2)
        return image
    if labels is not None and len(labels) != count:
        raise ValueError(
            f"Number of boxes ({count}) and labels ({len(labels)}) mismatch. Please specify labels for each box."
        )
    from PIL import ImageDraw, ImageFont

    own = _colors(colors, count)
    text = _colors(label_colors or "black", count) if label_colors or fill_labels else own
    behind = _colors(label_background_colors, count) if fill_labels and label_background_colors else own
    if font is None and font_size is not None:
        warnings.warn("Argument 'font_size' will be ignored since 'font' is not set.", stacklevel=2)
    letters = ImageFont.load_default() if font is None else ImageFont.truetype(font=font, size=font_size or 10)
    picture = _bytes(image)
    draw = ImageDraw.Draw(picture, "RGBA") if fill else ImageDraw.Draw(picture)
    for i, box in enumerate(boxes.to(torch.int64).tolist()):
        draw.rectangle(box, width=width, outline=own[i], fill=(*own[i], 100) if fill else None)
        if labels is None or labels[i] is None:
            continue
        place = (box[0] + width + 1, box[1] + width + 1)
        if fill_labels:
            left, top, right, bottom = draw.textbbox(place, labels[i], font=letters)
            draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=behind[i])
        draw.text(place, labels[i], fill=text[i], font=letters)
    return _back(picture, image)


@no_grad()
def draw_segmentation_masks(image: Any, masks: Any, alpha: float = 0.8, colors: Any = None) -> Any:
    """Masks (N, H, W) as colours over a picture; places of several masks are black."""
    _check(image)
    masks = masks[None, :, :] if masks.ndim == 2 else masks
    if masks.ndim != 3:
        raise ValueError("masks must be of shape (H, W) or (batch_size, H, W)")
    if masks.dtype is not torch.bool:
        raise ValueError(f"The masks must be of dtype bool. Got {masks.dtype}")
    if masks.shape[-2:] != image.shape[-2:]:
        raise ValueError("The image and the masks must have the same height and width")
    if not len(masks):
        warnings.warn("masks doesn't contain any mask. No mask was drawn", stacklevel=2)
        return image
    drawn = image.detach().clone()
    scale = 255 if image.is_floating_point() else None
    for mask, color in zip(masks, _colors(colors, len(masks)), strict=False):
        values = tuple(v / scale for v in color) if scale else color
        drawn[:, mask] = torch.tensor(values, dtype=image.dtype)[:, None]
    drawn[:, masks.sum(dim=0) > 1] = 0
    return (image * (1 - alpha) + drawn * alpha).to(image.dtype)


@no_grad()
def draw_keypoints(
    image: Any, keypoints: Any, connectivity: Any = None, colors: Any = None, radius: int = 2, width: int = 3,
    visibility: Any = None,
) -> Any:  # fmt: skip
    """Points (N, K, 2), each (x, y), and lines between those that ``connectivity`` names, on a picture."""
    _check(image)
    if keypoints.ndim != 3:
        raise ValueError("keypoints must be of shape (num_instances, K, 2)")
    if visibility is None:
        visibility = torch.ones(keypoints.shape[:-1], dtype=torch.bool)
    visibility = visibility.squeeze(-1) if visibility.ndim == 3 else visibility
    if visibility.shape != keypoints.shape[:-1]:
        raise ValueError("keypoints and visibility must have the same dimensionality for num_instances and K.")
    from PIL import ImageDraw

    picture = _bytes(image)
    draw = ImageDraw.Draw(picture)
    for points, seen in zip(keypoints.to(torch.int64).tolist(), visibility.bool().tolist(), strict=True):
        for (x, y), shown in zip(points, seen, strict=True):
            if shown:
                draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colors, outline=None, width=0)
        for a, b in connectivity or ():
            if seen[a] and seen[b]:
                draw.line((tuple(points[a]), tuple(points[b])), width=width)
    return _back(picture, image)

"""Pictures as tensors (..., C, H, W): what each transform does to one."""

from __future__ import annotations

from typing import Any

import rushlight as torch
from rushlight.nn import functional as F

_LARGEST = {"uint8": 255, "int8": 127, "int16": 32767, "uint16": 65535, "int32": 2**31 - 1, "int64": 2**63 - 1}


def _max_value(dtype: Any) -> int:
    """White: the largest integer, or 1."""
    return _LARGEST.get(str(dtype).removeprefix("torch."), 1)


def check(img: Any) -> None:
    """Refuse what is no picture."""
    if img.ndim < 2:
        raise TypeError("Tensor is not a torch image.")


def get_dimensions(img: Any) -> list[int]:
    """Channels, height, width."""
    check(img)
    return [1 if img.ndim == 2 else img.shape[-3], *img.shape[-2:]]


def _check_channels(img: Any, dimensions: int = 2) -> None:
    if img.ndim < dimensions:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {img.ndim}")
    channels = get_dimensions(img)[0]
    if channels not in (1, 3):
        raise TypeError(f"Input image tensor permitted channel values are [1, 3], but found {channels}")


def convert_image_dtype(image: Any, dtype: Any = torch.float32) -> Any:
    """Integers as floats from 0 to 1, and back; integers of another width keep what they mean."""
    if image.dtype is dtype:
        return image
    if image.is_floating_point():
        if dtype.is_floating_point:
            return image.to(dtype)
        if dtype is torch.int64 or (image.dtype is torch.float32 and dtype is torch.int32):
            raise RuntimeError(f"The cast from {image.dtype} to {dtype} cannot be performed safely.")
        return image.mul(float(_max_value(dtype)) + 1.0 - 1e-3).to(dtype)
    most = float(_max_value(image.dtype))
    if dtype.is_floating_point:
        return image.to(dtype) / most
    wanted = float(_max_value(dtype))
    if most > wanted:
        return torch.div(image, int((most + 1) // (wanted + 1)), rounding_mode="floor").to(dtype)
    return image.to(dtype) * int((wanted + 1) // (most + 1))


def hflip(img: Any) -> Any:
    return img.flip(-1)


def vflip(img: Any) -> Any:
    return img.flip(-2)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    _, h, w = get_dimensions(img)
    right, bottom = left + width, top + height
    if left >= 0 and top >= 0 and right <= w and bottom <= h:
        return img[..., top:bottom, left:right]
    beyond = [
        max(-left + min(0, right), 0), max(-top + min(0, bottom), 0), max(right - max(w, left), 0), max(bottom - max(h, top), 0),
    ]  # fmt: skip
    return pad(img[..., max(top, 0) : bottom, max(left, 0) : right], beyond)


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    _check_channels(img, 3)
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    if img.shape[-3] == 3:
        r, g, b = img.unbind(dim=-3)
        gray = (0.2989 * r + 0.587 * g + 0.114 * b).to(img.dtype).unsqueeze(dim=-3)
    else:
        gray = img.clone()
    return gray.expand(img.shape) if num_output_channels == 3 else gray


def _blend(first: Any, second: Any, ratio: float) -> Any:
    ratio = float(ratio)
    return (ratio * first + (1.0 - ratio) * second).clamp(0, _max_value(first.dtype)).to(first.dtype)


def _check_factor(img: Any, name: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{name}_factor ({factor}) is not non-negative.")
    _check_channels(img)


def adjust_brightness(img: Any, factor: float) -> Any:
    _check_factor(img, "brightness", factor)
    return _blend(img, torch.zeros_like(img), factor)


def _float_type(img: Any) -> Any:
    return img.dtype if img.is_floating_point() else torch.float32


def adjust_contrast(img: Any, factor: float) -> Any:
    _check_factor(img, "contrast", factor)
    gray = rgb_to_grayscale(img) if get_dimensions(img)[0] == 3 else img
    return _blend(img, torch.mean(gray.to(_float_type(img)), dim=(-3, -2, -1), keepdim=True), factor)


def adjust_saturation(img: Any, factor: float) -> Any:
    _check_factor(img, "saturation", factor)
    return img if get_dimensions(img)[0] == 1 else _blend(img, rgb_to_grayscale(img), factor)


def adjust_hue(img: Any, factor: float) -> Any:
    _check_channels(img)
    if get_dimensions(img)[0] == 1:
        return img
    h, s, v = _rgb2hsv(convert_image_dtype(img, torch.float32)).unbind(dim=-3)
    return convert_image_dtype(_hsv2rgb(torch.stack(((h + factor) % 1.0, s, v), dim=-3)), img.dtype)


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    _check_channels(img)
    x = img if img.is_floating_point() else convert_image_dtype(img, torch.float32)
    return convert_image_dtype((gain * x.pow(gamma)).clamp(0, 1), img.dtype)


def _rgb2hsv(img: Any) -> Any:
    r, g, b = img.unbind(dim=-3)
    most, least = torch.max(img, dim=-3).values, torch.min(img, dim=-3).values
    gray = most == least
    spread = most - least
    one = torch.ones_like(most)
    saturation = spread / torch.where(gray, one, most)
    divisor = torch.where(gray, one, spread)
    rc, gc, bc = (most - r) / divisor, (most - g) / divisor, (most - b) / divisor
    hue = (
        (most == r) * (bc - gc)
        + ((most == g) & (most != r)) * (2.0 + rc - bc)
        + ((most != g) & (most != r)) * (4.0 + gc - rc)
    )
    return torch.stack((torch.fmod(hue / 6.0 + 1.0, 1.0), saturation, most), dim=-3)


def _hsv2rgb(img: Any) -> Any:
    h, s, v = img.unbind(dim=-3)
    whole = torch.floor(h * 6.0)
    f = (h * 6.0) - whole
    p = torch.clamp(v * (1.0 - s), 0.0, 1.0)
    q = torch.clamp(v * (1.0 - s * f), 0.0, 1.0)
    t = torch.clamp(v * (1.0 - s * (1.0 - f)), 0.0, 1.0)
    sixth = whole.to(torch.int32) % 6
    mask = sixth.unsqueeze(dim=-3) == torch.arange(6).view(-1, 1, 1)
    ways = [torch.stack(each, dim=-3) for each in ((v, q, p, p, t, v), (t, v, v, q, p, p), (p, p, t, v, v, q))]
    return torch.einsum("...ijk, ...xijk -> ...xjk", mask.to(dtype=img.dtype), torch.stack(ways, dim=-4))


def pad(img: Any, padding: list[int], fill: Any = 0, padding_mode: str = "constant") -> Any:
    """``padding``: left, top, right, bottom."""
    left, top, right, bottom = padding
    if padding_mode == "symmetric":
        return _pad_symmetric(img, left, right, top, bottom)
    x = img.unsqueeze(0) if img.ndim < 4 else img
    if padding_mode == "constant":
        x = F.pad(x, [left, right, top, bottom], mode="constant", value=float(0 if fill is None else fill))
    else:
        x = x if x.dtype in (torch.float32, torch.float64) else x.to(torch.float32)
        x = F.pad(x, [left, right, top, bottom], mode="replicate" if padding_mode == "edge" else "reflect")
    return (x.squeeze(0) if img.ndim < 4 else x).to(img.dtype)


def _pad_symmetric(img: Any, left: int, right: int, top: int, bottom: int) -> Any:
    if min(left, right, top, bottom) < 0:
        rows, columns = img.shape[-2] + min(bottom, 0), img.shape[-1] + min(right, 0)
        img = img[..., -min(top, 0) : rows, -min(left, 0) : columns]
    if img.ndim not in (3, 4):
        raise RuntimeError("Symmetric padding of N-D tensors are not supported yet")

    def places(length: int, before: int, after: int) -> Any:
        first = list(range(max(before, 0) - 1, -1, -1))
        return torch.tensor([*first, *range(length), *(-(i + 1) for i in range(max(after, 0)))])

    y, x = places(img.shape[-2], top, bottom), places(img.shape[-1], left, right)
    return img[..., y[:, None], x[None, :]]


def _batch(img: Any, dtypes: tuple[Any, ...]) -> Any:
    """As (N, C, H, W), of one of some types."""
    x = img.unsqueeze(dim=0) if img.ndim < 4 else img
    return x if x.dtype in dtypes else x.to(dtypes[0])


def _unbatch(x: Any, img: Any, dtypes: tuple[Any, ...]) -> Any:
    x = x.squeeze(dim=0) if img.ndim < 4 else x
    if img.dtype in dtypes:
        return x
    return (x if img.is_floating_point() else torch.round(x)).to(img.dtype)


_FLOATS = (torch.float32, torch.float64)


def resize(img: Any, size: list[int], interpolation: str, antialias: bool | None = True) -> Any:
    if interpolation not in ("nearest", "nearest-exact", "bilinear", "bicubic"):
        raise NotImplementedError(f"Input Error: a tensor cannot be resized with mode {interpolation}.")
    smooth = interpolation in ("bilinear", "bicubic")
    x = F.interpolate(
        _batch(img, _FLOATS), size=list(size), mode=interpolation, align_corners=False if smooth else None,
        antialias=bool(antialias) and smooth,
    )  # fmt: skip
    x = x.clamp(min=0, max=255) if interpolation == "bicubic" and img.dtype is torch.uint8 else x
    return _unbatch(x, img, _FLOATS)


def _check_grid(img: Any, interpolation: str, fill: Any) -> None:
    channels = get_dimensions(img)[0]
    if isinstance(fill, (tuple, list)) and len(fill) > 1 and len(fill) != channels:
        raise ValueError(
            "The number of elements in 'fill' cannot broadcast to match the number of channels of the image "
            f"({len(fill)} != {channels})"
        )
    if interpolation not in ("nearest", "bilinear"):
        raise ValueError(f"Interpolation mode '{interpolation}' is unsupported with Tensor input")


def _sampled(img: Any, grid: Any, mode: str, fill: Any) -> Any:
    """The picture at the places of a grid; ``fill`` beyond its edges."""
    x = _batch(img, (grid.dtype,))
    if x.shape[0] > 1:
        grid = grid.expand(x.shape[0], *grid.shape[1:])
    if fill is not None:  # one more channel tells where the picture is
        x = torch.cat((x, torch.ones((x.shape[0], 1, *x.shape[2:]), dtype=x.dtype)), dim=1)
    x = F.grid_sample(x, grid, mode=mode, padding_mode="zeros", align_corners=False)
    if fill is not None:
        x, inside = x[:, :-1, :, :], x[:, -1:, :, :]
        inside = inside.expand_as(x)
        values = list(fill) if isinstance(fill, (tuple, list)) else [float(fill)]
        color = torch.tensor(values, dtype=x.dtype).view(1, len(values), 1, 1).expand_as(x)
        x = torch.where(inside < 0.5, color, x) if mode == "nearest" else x * inside + (1.0 - inside) * color
    return _unbatch(x, img, (grid.dtype,))


def _base_grid(x: Any, y: Any, dtype: Any) -> Any:
    grid = torch.empty(1, len(y), len(x), 3, dtype=dtype)
    grid[..., 0].copy_(x)
    grid[..., 1].copy_(y.unsqueeze(-1))
    grid[..., 2].fill_(1)
    return grid.view(1, len(y) * len(x), 3)


def _affine_grid(theta: Any, w: int, h: int, ow: int, oh: int) -> Any:
    x = torch.linspace(-ow * 0.5 + 0.5, ow * 0.5 + 0.5 - 1, steps=ow)
    y = torch.linspace(-oh * 0.5 + 0.5, oh * 0.5 + 0.5 - 1, steps=oh)
    scaled = theta.transpose(1, 2) / torch.tensor([0.5 * w, 0.5 * h], dtype=theta.dtype)
    return _base_grid(x, y, theta.dtype).bmm(scaled).view(1, oh, ow, 2)


def affine(
    img: Any, matrix: list[float], interpolation: str, fill: Any = None, size: tuple[int, int] | None = None
) -> Any:
    """The picture moved by the inverse of a matrix (2, 3) about its middle, on a new one of (width, height) ``size``."""
    _check_grid(img, interpolation, fill)
    theta = torch.tensor(matrix, dtype=_float_type(img)).reshape(1, 2, 3)
    height, width = img.shape[-2:]
    ow, oh = (width, height) if size is None else size
    return _sampled(img, _affine_grid(theta, width, height, ow, oh), interpolation, fill)


def affine_size(matrix: list[float], w: int, h: int) -> tuple[int, int]:
    """Width and height that hold the whole picture after an affine transform."""
    corners = torch.tensor(
        [[-0.5 * w, -0.5 * h, 1.0], [-0.5 * w, 0.5 * h, 1.0], [0.5 * w, 0.5 * h, 1.0], [0.5 * w, -0.5 * h, 1.0]]
    )
    moved = torch.matmul(corners, torch.tensor(matrix, dtype=torch.float32).view(2, 3).T)
    low, high = (end.values + torch.tensor((w * 0.5, h * 0.5)) for end in (moved.min(dim=0), moved.max(dim=0)))
    # Parts of a ten thousandth are rounding errors.
    size = torch.ceil((high / 1e-4).trunc_() * 1e-4) - torch.floor((low / 1e-4).trunc_() * 1e-4)
    return int(size[0]), int(size[1])


def rotate(img: Any, matrix: list[float], interpolation: str, expand: bool, fill: Any) -> Any:
    size = affine_size(matrix, img.shape[-1], img.shape[-2]) if expand else None
    return affine(img, matrix, interpolation, fill, size)


def perspective(img: Any, coefficients: list[float], interpolation: str, fill: Any = None) -> Any:
    _check_grid(img, interpolation, fill)
    c, dtype = coefficients, _float_type(img)
    height, width = img.shape[-2:]
    above = torch.tensor([[[c[0], c[1], c[2]], [c[3], c[4], c[5]]]], dtype=dtype)
    below = torch.tensor([[[c[6], c[7], 1.0], [c[6], c[7], 1.0]]], dtype=dtype)
    x = torch.linspace(0.5, width * 1.0 + 0.5 - 1.0, steps=width)
    y = torch.linspace(0.5, height * 1.0 + 0.5 - 1.0, steps=height)
    base = _base_grid(x, y, dtype)
    scaled = above.transpose(1, 2) / torch.tensor([0.5 * width, 0.5 * height], dtype=dtype)
    grid = base.bmm(scaled) / base.bmm(below.transpose(1, 2)) - 1.0
    return _sampled(img, grid.view(1, height, width, 2), interpolation, fill)


def _bell(size: int, sigma: float, dtype: Any) -> Any:
    half = (size - 1) * 0.5
    x = torch.linspace(-half, half, steps=size, dtype=dtype)
    pdf = torch.exp(-0.5 * (x / sigma).pow(2))
    return pdf / pdf.sum()


def gaussian_blur(img: Any, kernel_size: list[int], sigma: list[float]) -> Any:
    dtype = _float_type(img)
    across, down = (_bell(size, each, dtype) for size, each in zip(kernel_size, sigma, strict=True))
    kernel = torch.mm(down[:, None], across[None, :])
    kernel = kernel.expand(img.shape[-3], 1, *kernel.shape)
    x = _batch(img, (dtype,))
    x = F.pad(x, [kernel_size[0] // 2] * 2 + [kernel_size[1] // 2] * 2, mode="reflect")
    return _unbatch(F.conv2d(x, kernel, groups=x.shape[-3]), img, (dtype,))


def invert(img: Any) -> Any:
    _check_channels(img, 3)
    return _max_value(img.dtype) - img


def _check_bytes(img: Any) -> None:
    if img.dtype is not torch.uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {img.dtype}")


def posterize(img: Any, bits: int) -> Any:
    _check_channels(img, 3)
    _check_bytes(img)
    return img & -int(2 ** (8 - bits))


def solarize(img: Any, threshold: float) -> Any:
    _check_channels(img, 3)
    if threshold > _max_value(img.dtype):
        raise TypeError("Threshold should be less than bound of img.")
    return torch.where(img >= threshold, invert(img), img)


def adjust_sharpness(img: Any, factor: float) -> Any:
    _check_factor(img, "sharpness", factor)
    if img.size(-1) <= 2 or img.size(-2) <= 2:
        return img
    dtype = _float_type(img)
    kernel = torch.ones((3, 3), dtype=dtype)
    kernel[1, 1] = 5.0
    kernel /= kernel.sum()
    x = _batch(img, (dtype,))
    x = _unbatch(F.conv2d(x, kernel.expand(img.shape[-3], 1, 3, 3), groups=x.shape[-3]), img, (dtype,))
    blurred = img.clone()
    blurred[..., 1:-1, 1:-1] = x
    return _blend(img, blurred, factor)


def autocontrast(img: Any) -> Any:
    _check_channels(img, 3)
    bound, dtype = _max_value(img.dtype), _float_type(img)
    least = img.amin(dim=(-2, -1), keepdim=True).to(dtype)
    scale = bound / (img.amax(dim=(-2, -1), keepdim=True).to(dtype) - least)
    flat = torch.isfinite(scale).logical_not()
    least[flat] = 0
    scale[flat] = 1
    return ((img - least) * scale).clamp(0, bound).to(img.dtype)


def _equalized(channel: Any) -> Any:
    counts = torch.bincount(channel.reshape(-1), minlength=256)
    step = torch.div(counts[counts != 0][:-1].sum(), 255, rounding_mode="floor")
    if step == 0:
        return channel
    table = torch.div(torch.cumsum(counts, 0) + torch.div(step, 2, rounding_mode="floor"), step, rounding_mode="floor")
    table = F.pad(table, [1, 0])[:-1].clamp(0, 255)
    return table[channel.to(torch.int64)].to(torch.uint8)


def equalize(img: Any) -> Any:
    if not 3 <= img.ndim <= 4:
        raise TypeError(f"Input image tensor should have 3 or 4 dimensions, but found {img.ndim}")
    _check_bytes(img)
    _check_channels(img)
    if img.ndim == 4:
        return torch.stack([equalize(each) for each in img])
    return torch.stack([_equalized(channel) for channel in img])


def normalize(tensor: Any, mean: Any, std: Any, inplace: bool = False) -> Any:
    if not tensor.is_floating_point():
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ValueError(
            f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tensor.size()}"
        )
    mean, std = (torch.as_tensor(value, dtype=tensor.dtype) for value in (mean, std))
    if (std == 0).any():
        raise ValueError(f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by zero.")
    mean, std = (value.view(-1, 1, 1) if value.ndim == 1 else value for value in (mean, std))
    return (tensor if inplace else tensor.clone()).sub_(mean).div_(std)


def erase(img: Any, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Any:
    img = img if inplace else img.clone()
    img[..., i : i + h, j : j + w] = v
    return img


def elastic_transform(img: Any, displacement: Any, interpolation: str, fill: Any = None) -> Any:
    y, x = torch.meshgrid([torch.linspace((-s + 1) / s, (s - 1) / s, s) for s in img.shape[-2:]], indexing="ij")
    return _sampled(img, torch.stack([x, y], -1).unsqueeze(0) + displacement, interpolation, fill)

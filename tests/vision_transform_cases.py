"""Calls of torchvision's transforms and of ours, as text: on tensors, and on pictures of Pillow's where that is installed.

``answers(torch, torchvision, cases)`` runs in both worlds; parity/record_vision.py keeps torchvision's answers.
"""

import hashlib
import warnings

import numpy as np

#: Names in a case: T (transforms), F (functional), M (InterpolationMode), x (bytes (3, 23, 17)), f (floats of it), g (one channel).
TENSORS = """
F.hflip(x); F.vflip(f); F.crop(x, -2, 3, 9, 30); F.center_crop(x, 10); F.center_crop(x, (30, 9)); F.five_crop(x, 8)
F.ten_crop(x, (5, 8), True); F.pad(x, 2); F.pad(f, [1, 2], 0.5); F.pad(x, (1, 2, 3, 4), padding_mode='reflect')
F.pad(x, 3, padding_mode='symmetric'); F.pad(f, 2, padding_mode='edge'); F.resize(x, 11); F.resize(f, [30, 9])
F.resize(x, [40, 40], M.BICUBIC); F.resize(f, 12, M.NEAREST); F.resize(x, 12, M.NEAREST_EXACT); F.resize(f, 12, max_size=15)
F.resize(f, [40, 30], antialias=False); F.resized_crop(x, 2, 3, 9, 8, [7, 7]); F.rgb_to_grayscale(x)
F.rgb_to_grayscale(f, 3); F.adjust_brightness(x, 1.7); F.adjust_contrast(x, 0.4); F.adjust_contrast(f, 1.6)
F.adjust_saturation(x, 1.9); F.adjust_hue(x, 0.2); F.adjust_hue(f, -0.4); F.adjust_gamma(x, 0.7); F.adjust_gamma(f, 2.2, 0.9)
F.adjust_sharpness(x, 1.8); F.adjust_sharpness(f, 0.3); F.gaussian_blur(x, 5); F.gaussian_blur(f, [3, 7], [0.5, 1.5])
F.invert(x); F.invert(f); F.posterize(x, 3); F.solarize(x, 100); F.solarize(f, 0.4); F.autocontrast(x); F.autocontrast(f)
F.equalize(x); F.rotate(x, 30); F.rotate(f, -47.5, M.BILINEAR); F.rotate(f, 20, M.BILINEAR, True, fill=0.5)
F.rotate(x, 10, center=[3, 4], fill=[9, 8, 7]); F.affine(x, 10, [2, -1], 1.2, [5, 3])
F.affine(f, 33, [0, 3], 0.7, 11.0, M.BILINEAR, 0.25); F.affine(f, 3, [1, 1], 1.0, [0.0, 9.0], center=[2, 5])
F.perspective(f, [[0, 0], [16, 0], [16, 22], [0, 22]], [[2, 1], [14, 3], [15, 20], [1, 21]])
F.perspective(x, [[0, 0], [16, 0], [16, 22], [0, 22]], [[2, 1], [14, 3], [15, 20], [1, 21]], M.NEAREST, 3)
F.erase(x, 1, 2, 3, 4, 7); F.convert_image_dtype(x, torch.float32); F.convert_image_dtype(f, torch.uint8)
F.convert_image_dtype(x, torch.int32); F.normalize(f, [0.1, 0.2, 0.3], [0.5, 0.6, 0.7]); F.get_dimensions(x)
F.get_image_size(g); F.get_image_num_channels(g); T.RandomCrop(8)(x); T.RandomCrop((8, 20), 3, True, 5)(x)
T.RandomHorizontalFlip()(x); T.RandomVerticalFlip(0.3)(x); T.RandomResizedCrop(9)(f)
T.RandomResizedCrop((8, 6), (0.5, 0.9), (2.0, 3.0))(x); T.RandomRotation(40)(f)
T.RandomRotation((5, 9), M.BILINEAR, True)(f); T.RandomAffine(20, (0.2, 0.3), (0.6, 1.4), 15)(f)
T.RandomAffine((1, 2), shear=(1, 2, 3, 4), interpolation=M.BILINEAR, fill=0.5)(f); T.ColorJitter(0.4, 0.3, 0.2, 0.1)(x)
T.ColorJitter((0.5, 2.0), hue=0.5)(f); T.RandomPerspective(0.6, 1.0)(f); T.RandomErasing(1.0)(f)
T.RandomErasing(0.9, value='random')(f); T.RandomErasing(1.0, value=(1, 2, 3))(f); T.GaussianBlur(3)(f)
T.RandomGrayscale(0.9)(x); T.RandomInvert(0.9)(x); T.RandomPosterize(2, 0.9)(x); T.RandomSolarize(90, 0.9)(x)
T.RandomAdjustSharpness(2, 0.9)(x); T.RandomAutocontrast(0.9)(x); T.RandomEqualize(0.9)(x)
T.ElasticTransform(50.0, 1.0, M.NEAREST, 0.5)(f); T.ElasticTransform(30.0, 2.0)(x)
T.RandomApply([T.RandomCrop(4), T.RandomHorizontalFlip()], 0.7)(x); T.AutoAugment()(x)
T.AutoAugment(T.AutoAugmentPolicy.CIFAR10)(x); T.AutoAugment(T.AutoAugmentPolicy.SVHN)(x); T.RandAugment()(x)
T.RandAugment(3, 12)(x); T.TrivialAugmentWide()(x)
T.LinearTransformation(torch.eye(9), torch.ones(9))(f[:, :3, :1].contiguous())
T.Compose([T.Resize(20), T.RandomCrop(16, 2), T.RandomHorizontalFlip(), T.ConvertImageDtype(torch.float32), T.Normalize((0.5,), (0.5,))])(x)
"""
PICTURES = """
F.to_tensor(p); F.to_tensor(q); F.pil_to_tensor(p); F.to_pil_image(x); F.to_pil_image(f); F.to_pil_image(g); F.hflip(p)
F.vflip(q); F.crop(p, -2, 3, 9, 30); F.center_crop(p, (30, 9)); F.pad(p, 2, (1, 2, 3)); F.pad(q, (1, 2), 7)
F.pad(p, 3, padding_mode='reflect'); F.pad(p, 3, padding_mode='symmetric'); F.resize(p, 11); F.resize(q, [30, 9], M.BICUBIC)
F.resize(p, 9, M.LANCZOS); F.resize(p, 12, M.NEAREST, 15); F.rgb_to_grayscale(p, 3); F.to_grayscale(p)
F.adjust_brightness(p, 1.7); F.adjust_contrast(p, 0.4); F.adjust_saturation(p, 1.9); F.adjust_hue(p, 0.2)
F.adjust_gamma(p, 0.7); F.adjust_sharpness(p, 1.8); F.gaussian_blur(p, 5); F.invert(p); F.posterize(p, 3); F.solarize(p, 100)
F.autocontrast(p); F.equalize(p); F.rotate(p, 30, fill=(1, 2, 3)); F.rotate(p, 20, M.BILINEAR, True)
F.affine(p, 10, [2, -1], 1.2, [5, 3], M.BILINEAR)
F.perspective(p, [[0, 0], [16, 0], [16, 22], [0, 22]], [[2, 1], [14, 3], [15, 20], [1, 21]]); T.RandomResizedCrop(9)(p)
T.ColorJitter(0.4, 0.3, 0.2, 0.1)(p); T.RandomAffine(20, (0.2, 0.3), (0.6, 1.4), 15)(p); T.AutoAugment()(p)
T.RandAugment()(p); T.TrivialAugmentWide()(p); T.RandomPerspective(0.6, 1.0)(p); T.RandomCrop(20, 4)(p)
T.ElasticTransform(30.0, 2.0)(p); T.RandomRotation(40)(q)
T.Compose([T.Resize(20), T.CenterCrop(16), T.ToTensor(), T.Normalize((0.5, 0.4, 0.3), (0.5, 0.6, 0.7))])(p)
models.ResNet18_Weights.DEFAULT.transforms()(p); models.VGG16_Weights.IMAGENET1K_FEATURES.transforms()(p)
"""
REPRS = """
T.ToTensor(); T.PILToTensor(); T.ToPILImage(); T.ToPILImage('RGB'); T.Normalize((0.5,), (0.5,)); T.Resize(3)
T.Resize((3, 4), M.BICUBIC); T.CenterCrop(3); T.Pad(2); T.Lambda(len); T.RandomApply([T.ToTensor()])
T.RandomOrder([T.ToTensor()]); T.RandomChoice([T.ToTensor()]); T.RandomCrop(3, 1); T.RandomHorizontalFlip()
T.RandomResizedCrop(9); T.FiveCrop(3); T.TenCrop(3); T.ColorJitter(0.4, (0.5, 1.0)); T.RandomRotation(10)
T.RandomRotation(10, center=(1, 2)); T.RandomAffine(10, (0.1, 0.2))
T.RandomAffine(3, scale=(1, 2), shear=4, interpolation=M.BILINEAR, fill=3, center=(1, 2)); T.Grayscale(); T.RandomGrayscale()
T.RandomPerspective(); T.RandomErasing(); T.GaussianBlur(3); T.RandomInvert(); T.RandomPosterize(2); T.RandomSolarize(3)
T.RandomAdjustSharpness(2); T.RandomAutocontrast(); T.RandomEqualize(); T.ElasticTransform(); T.AutoAugment()
T.RandAugment(); T.TrivialAugmentWide(); T.Compose([T.ToTensor(), T.CenterCrop(2)]); T.ConvertImageDtype(torch.float32)
models.ResNet50_Weights.DEFAULT.transforms(); models.EfficientNet_B0_Weights.DEFAULT; models.ViT_B_16_Weights.DEFAULT.url
T.LinearTransformation(torch.eye(2), torch.ones(2))
"""

#: V is transforms.v2, tv its tensors, i an Image, m a Mask, b boxes, y labels of a batch z.
V2 = """
V.ToDtype(torch.float32, scale=True)(i); V.ToDtype(torch.float32)(x); V.ToImage()(p); V.ToPureTensor()(i)
V.ToDtype({tv.Mask: torch.int64, 'others': None})(m)
V.Compose([V.ToImage(), V.ToDtype(torch.float32, scale=True), V.Normalize([0.5], [0.5])])(p); V.Resize(11)(i, m, b); V.Resize(30)(i, m, b)
V.Resize((30, 9), M.BICUBIC)(f); V.CenterCrop((10, 9))(i, m, b); V.Pad((1, 2))(i, m, b); V.RandomCrop(9, 2)(i, m, b)
V.RandomCrop((30, 9), pad_if_needed=True)(i, m, b); V.RandomResizedCrop((9, 8))(i, m, b); V.Resize((30, 9), M.BICUBIC)(x)
V.RandomHorizontalFlip(0.9)(i, m, b); V.RandomVerticalFlip(1.0)(i, m, b); V.RandomRotation(30)(i, m)
V.RandomAffine(20, (0.2, 0.3), (0.6, 1.4), 15)(f); V.ColorJitter(0.4, 0.3, 0.2, 0.1)(f); V.Grayscale()(f)
V.RandomGrayscale(0.9)(f); V.GaussianBlur(3)(f); V.RandomInvert(0.9)(i); V.RandomPosterize(3, 0.9)(i)
V.RandomSolarize(99, 0.9)(i); V.RandomErasing(1.0)(f); V.RandomErasing(1.0, value='random')(f)
V.RandomApply([V.RandomHorizontalFlip(1.0)], 0.6)(x); V.RandomChoice([V.Resize(9), V.CenterCrop(5)])(x)
V.RandomOrder([V.Resize(9), V.CenterCrop(5)])(x); V.MixUp(num_classes=4)(z, y); V.CutMix(num_classes=4)(z, y)
V.ConvertBoundingBoxFormat('CXCYWH')(b); V.ClampBoundingBoxes()(b); V.functional.hflip(b)
V.RandomHorizontalFlip(1.0)({'a': i, 'b': [m, 'text', 3]})['b'][0]; V.Normalize([0.5], [0.5])(p)
V.Lambda(lambda v: v * 2)(x); V.Identity()(x); V.Compose([]); V.Compose([V.ToImage(), V.Resize(9)])
V.ToDtype(torch.float32, scale=True); V.RandomResizedCrop(9); V.Normalize([0.5], [0.5]); V.RandomHorizontalFlip()
V.ColorJitter(0.1); V.Lambda(len); V.RandomApply([V.ToImage()]); i[:, :2, :2]; tv.Image(x[0, :2, :2]); b
type(i + 1).__name__; type(i.clone()).__name__; tv.wrap(x + 1, like=i)[0, 0, 0]; b.canvas_size
V.functional.to_image(p)[0, 0, :4]; type(b * 2).__name__; tv.BoundingBoxes([1, 2, 3, 4], format='XYWH', canvas_size=(9, 9))
"""

#: U is utils.
UTILS = """
U.make_grid(z, 2, 1, pad_value=0.5); U.make_grid(z, normalize=True, value_range=(0.2, 0.7))
U.make_grid(list(z), normalize=True, scale_each=True); U.make_grid(x); U.make_grid(z[:, :1]); U.make_grid(z[0, 0])
U.make_grid([1]); U.draw_bounding_boxes(x, b.as_subclass(torch.Tensor))
U.draw_bounding_boxes(f, torch.tensor([[1, 2, 9, 8]]), colors='red')
U.draw_bounding_boxes(x, torch.tensor([[1, 2, 9, 8], [3, 3, 5, 9]]), fill=True, width=2, colors=[(1, 2, 3), 'blue'])
U.draw_bounding_boxes(g, torch.tensor([[1, 2, 9, 8]])); U.draw_bounding_boxes(x, torch.tensor([[1, 2, 9, 8]]), ['ab'])
U.draw_bounding_boxes(x, torch.tensor([[1, 2, 9, 8]]), ['ab'], fill_labels=True)
U.draw_bounding_boxes(x, torch.tensor([[9, 2, 1, 8]])); U.draw_segmentation_masks(x, x > 99)
U.draw_segmentation_masks(f, f[0] > 0.5, 0.3, 'green'); U.draw_segmentation_masks(x, x)
U.draw_keypoints(x, torch.tensor([[[3, 4], [9, 8]]]), [(0, 1)], 'red')
U.draw_keypoints(f, torch.tensor([[[3, 4], [9, 8]]]), radius=1, visibility=torch.tensor([[True, False]]))
"""


def cases(text):
    """The calls of a text."""
    return [case.strip() for line in text.strip().splitlines() for case in line.split(";")]


def names(torch, torchvision, pictures):
    """What a case may name."""
    from importlib import import_module

    transforms = import_module(torchvision.__name__ + ".transforms")
    bytes_ = (
        (np.arange(3 * 23 * 17) * 37 % 251 * (np.arange(3 * 23 * 17) % 7) % 256).astype(np.uint8).reshape(3, 23, 17)
    )
    x = torch.from_numpy(bytes_)
    found = {
        "torch": torch, "T": transforms, "F": transforms.functional, "M": transforms.InterpolationMode, "x": x, "f": x.float() / 255,
        "g": x[:1], "models": import_module(torchvision.__name__ + ".models"),
    }  # fmt: skip
    if pictures:
        from PIL import Image

        found["p"] = Image.fromarray(np.ascontiguousarray(bytes_.transpose(1, 2, 0)))
        found["q"] = Image.fromarray(bytes_[0])
        tv = import_module(torchvision.__name__ + ".tv_tensors")
        boxes = torch.tensor([[1.0, 2, 9, 14], [3, 0, 16, 20], [0, 5, 4, 23]])
        found |= {
            "U": import_module(torchvision.__name__ + ".utils"),
            "tv": tv, "V": import_module(torchvision.__name__ + ".transforms.v2"), "i": tv.Image(x), "y": torch.tensor([0, 3, 1]),
            "m": tv.Mask(x[0] > 99), "b": tv.BoundingBoxes(boxes, format="XYXY", canvas_size=(23, 17)),
            "z": torch.rand(3, 3, 6, 7, generator=torch.Generator().manual_seed(1)),
        }  # fmt: skip
    return found


def told(value):
    """An answer in a line: shapes, types, a checksum of bytes, some numbers of floats."""
    if isinstance(value, (tuple, list)) and value and not isinstance(value[0], int):
        return [told(each) for each in value]
    if hasattr(value, "getbands"):
        return f"{value.mode} {value.size} {hashlib.sha256(value.tobytes()).hexdigest()[:12]}"
    if hasattr(value, "numpy"):
        a = value.detach().numpy()
        head = f"{a.dtype} {list(a.shape)}"
        if a.dtype.kind == "f":
            flat = a.ravel().astype(np.float64)
            return [head, [float(v) for v in flat[:: max(1, flat.size // 9)][:9]], float(flat.sum())]
        return f"{head} {hashlib.sha256(np.ascontiguousarray(a).tobytes()).hexdigest()[:12]}"
    return repr(value)


def answers(torch, torchvision, text, pictures=False, known=None):
    """What each case answers, after a seed of its own."""
    found = {}
    known = names(torch, torchvision, pictures) if known is None else known
    for i, case in enumerate(cases(text)):
        torch.manual_seed(i)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found[case] = told(eval(case, dict(known)))
            except Exception as error:
                found[case] = f"{type(error).__name__}: {error}".splitlines()[0]
    return found

"""The stand-in for torchvision: files in their published formats, transforms, grids; it never hides the real one."""

import gzip
import pickle
import shutil
import struct
import subprocess
import sys
import textwrap
import zlib

import numpy as np
import pytest

import rushlight as torch
from rushlight.compat.vision import datasets, transforms, utils


def idx(array):
    kinds = {np.dtype(np.uint8): 8, np.dtype(">i4"): 12, np.dtype(">f4"): 13}
    return (
        struct.pack(">HBB", 0, kinds[array.dtype], array.ndim)
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )


@pytest.fixture
def mnist(tmp_path):
    rng = np.random.default_rng(0)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for stem, n in (("train", 6), ("t10k", 3)):
        (raw / f"{stem}-images-idx3-ubyte").write_bytes(idx(rng.integers(0, 256, (n, 28, 28), np.uint8)))
        with gzip.open(raw / f"{stem}-labels-idx1-ubyte.gz", "wb") as file:
            file.write(idx(np.arange(n, dtype=np.uint8)))
    return tmp_path


def test_mnist(mnist):
    train = datasets.MNIST(mnist, train=True, transform=transforms.ToTensor(), download=True)
    assert len(train) == 6 and len(datasets.MNIST(mnist, train=False)) == 3
    image, label = train[4]
    assert label == 4 and image.shape == (1, 28, 28) and image.dtype is torch.float32
    assert torch.equal(image[0], train.data[4].float() / 255) and train.targets.dtype is torch.int64
    assert train.class_to_idx["9 - nine"] == 9
    assert repr(train).startswith("Dataset MNIST\n    Number of datapoints: 6\n") and "Split: Train" in repr(train)
    batch, labels = next(iter(torch.utils.data.DataLoader(train, batch_size=4)))
    assert batch.shape == (4, 1, 28, 28) and labels.tolist() == [0, 1, 2, 3]


def test_what_is_not_there(tmp_path):
    with pytest.raises(
        RuntimeError, match=r"Rushlight downloads nothing(.|\n)*train-images-idx3-ubyte.gz(.|\n)*MNIST.raw"
    ):
        datasets.MNIST(tmp_path, download=True)
    with pytest.raises(RuntimeError, match="Dataset not found. You can use download=True"):
        datasets.FashionMNIST(tmp_path)
    with pytest.raises(RuntimeError, match="cifar-10-python.tar.gz"):
        datasets.CIFAR10(tmp_path, download=True)


def test_damaged_files(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"hello")
    with pytest.raises(RuntimeError, match="no IDX file"):
        datasets.read_idx(path)
    path.write_bytes(idx(np.zeros((3, 2), np.uint8))[:-1])
    with pytest.raises(RuntimeError, match="has 5 elements and says that it has 6"):
        datasets.read_idx(path)
    path.write_bytes(idx(np.array([1, -2], ">i4")))
    assert datasets.read_idx(path).tolist() == [1, -2]


def test_cifar(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    data = np.arange(2 * 3072, dtype=np.int64).astype(np.uint8).reshape(2, 3072)
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        (folder / name).write_bytes(pickle.dumps({b"data": data, b"labels": [3, 7]}, protocol=2))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": list("abcdefghij")}, protocol=2))
    train = datasets.CIFAR10(tmp_path, transform=transforms.ToTensor())
    assert len(train) == 10 and train.data.shape == (10, 32, 32, 3) and train.targets[:2] == [3, 7]
    image, label = train[1]
    assert label == 7 and train.class_to_idx["h"] == 7
    assert torch.equal(image, torch.from_numpy(data[1].reshape(3, 32, 32)).float() / 255)


def test_cifar_runs_nothing(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("run",)

    path = tmp_path / "batch"
    path.write_bytes(pickle.dumps({"data": Evil()}))
    with pytest.raises(pickle.UnpicklingError, match="builtins.print"):
        datasets.read_pickle(path)


def test_transforms():
    picture = np.arange(5 * 6 * 3, dtype=np.uint8).reshape(5, 6, 3)
    x = transforms.ToTensor()(picture)
    assert x.shape == (3, 5, 6) and x[2, 4, 5] == picture[4, 5, 2] / np.float32(255)
    assert transforms.ToTensor()(picture[:, :, 0]).shape == (1, 5, 6)
    y = transforms.Normalize((0.1, 0.2, 0.3), (0.5, 0.5, 0.5))(x)
    assert torch.equal(y[1], (x[1] - torch.tensor(0.2)) / 0.5)
    assert transforms.CenterCrop(3)(x).shape == (3, 3, 3) and torch.equal(transforms.CenterCrop(3)(x), x[:, 1:4, 2:5])
    assert transforms.CenterCrop(8)(x).shape == (3, 8, 8)
    assert transforms.Pad((1, 2))(x).shape == (3, 9, 8) and transforms.Pad(1)(picture).shape == (7, 8, 3)
    assert torch.equal(transforms.RandomHorizontalFlip(1.0)(x), x.flip(-1))
    assert torch.equal(transforms.RandomVerticalFlip(0.0)(x), x)
    assert (transforms.RandomVerticalFlip(1.0)(picture) == picture[::-1]).all()
    torch.manual_seed(0)
    crop = transforms.RandomCrop(4, padding=2)
    assert crop(x).shape == (3, 4, 4) and crop(picture).shape == (4, 4, 3)
    assert transforms.Resize(10)(x).shape == (3, 10, 12) and transforms.Resize((2, 3))(picture).shape == (2, 3, 3)
    assert transforms.Grayscale()(x).shape == (1, 5, 6) and transforms.Lambda(lambda v: v * 2)(3) == 6
    pipeline = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    assert repr(pipeline) == "Compose(\n    ToTensor()\n    Normalize(mean=(0.5,), std=(0.5,))\n)"
    with pytest.raises(TypeError, match="should be Tensor Image"):
        transforms.Normalize((0.5,), (0.5,))(picture)
    with pytest.raises(ValueError, match="larger than input image size"):
        transforms.RandomCrop(9)(x)


def test_grids(tmp_path):
    images = torch.arange(5 * 1 * 2 * 3.0).reshape(5, 1, 2, 3)
    grid = utils.make_grid(images, nrow=3, padding=1, pad_value=7.0)
    assert grid.shape == (3, 1 + 2 * 3, 1 + 3 * 4)
    assert torch.equal(grid[1, 1:3, 1:4], images[0, 0]) and torch.equal(grid[0, 4:6, 5:8], images[4, 0])
    assert (grid[:, 0] == 7).all() and (grid[:, 4:, 9:12] == 7).all()
    scaled = utils.make_grid(images, normalize=True, scale_each=True)
    assert scaled.min() == 0 and scaled.max() == 1 and images.max() == 29
    assert torch.equal(utils.make_grid([images[0], images[1]]), utils.make_grid(images[:2]))
    with pytest.raises(TypeError, match="tensor or list of tensors expected"):
        utils.make_grid(3)
    utils.save_image(torch.rand(3, 3, 4, 5), tmp_path / "x.png")
    content = (tmp_path / "x.png").read_bytes()
    at = content.index(b"IDAT")
    assert struct.unpack(">II", content[16:24]) == (3 * 7 + 2, 4 + 2 * 2) and content[:8] == b"\x89PNG\r\n\x1a\n"
    (length,) = struct.unpack(">I", content[at - 4 : at])
    assert len(zlib.decompress(content[at + 4 : at + 4 + length])) == 8 * (1 + 23 * 3)


PROGRAM = """
import torch, torchvision
import torchvision.transforms as transforms
from torchvision import datasets, utils
from torchvision.utils import save_image
assert {expected}
"""


@pytest.mark.parametrize("installed", [False, True])
def test_under_the_alias(tmp_path, installed):
    if installed:
        for name in ("__init__", "transforms", "datasets", "utils"):
            path = tmp_path / "torchvision" / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text("real = True\nsave_image = None\n")
    expected = (
        "torchvision.real" if installed else "transforms.ToTensor and torchvision.__name__.startswith('rushlight')"
    )
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM.format(expected=expected)))
    done = subprocess.run([sys.executable, "-m", "rushlight", str(program)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if not installed:
        program.write_text("import torchvision.models.detection\n")
        done = subprocess.run([sys.executable, "-m", "rushlight", str(program)], capture_output=True, text=True)
        assert done.returncode == 1 and "not in Rushlight's stand-in" in done.stderr


def test_files_that_are_there_are_not_downloaded(tmp_path):
    from rushlight.compat.vision.datasets import utils as files

    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "a.txt").write_text("light")
    shutil.make_archive(str(tmp_path / "inside"), "gztar", tmp_path, "inside")
    path = tmp_path / "inside.tar.gz"
    md5 = files.calculate_md5(path)
    assert (
        files.check_integrity(path, md5) and not files.check_integrity(path, "0") and not files.check_integrity("none")
    )
    url = "https://example.org/inside.tar.gz"
    files.download_and_extract_archive(url, tmp_path, tmp_path / "out", md5=md5)
    assert (tmp_path / "out" / "inside" / "a.txt").read_text() == "light"
    assert files.list_dir(tmp_path / "out") == ["inside"] and files.list_files(tmp_path / "out" / "inside", ".txt") == [
        "a.txt"
    ]
    with pytest.raises(RuntimeError, match="nothing is downloaded here"):
        files.download_url("https://example.org/other.zip", tmp_path)
    assert files.verify_str_arg("train", "split", ("train", "test")) == "train"
    with pytest.raises(ValueError, match="Unknown value 'all' for argument split"):
        files.verify_str_arg("all", "split", ("train", "test"))


# --- boxes, and the transforms as functions (torchvision 0.28 prints these) -------------------------------------------
def test_boxes():
    ops = pytest.importorskip("rushlight.compat.vision.ops")
    b = torch.tensor([[0.0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 7]])
    assert ops.box_area(b).tolist() == [4, 4, 2]
    assert torch.allclose(ops.box_iou(b, b), torch.tensor([[1, 1 / 7, 0], [1 / 7, 1, 0], [0, 0, 1]]))
    assert ops.box_convert(b, "xyxy", "cxcywh").tolist() == [[1, 1, 2, 2], [2, 2, 2, 2], [5.5, 6, 1, 2]]
    assert torch.equal(ops.box_convert(ops.box_convert(b, "xyxy", "xywh"), "xywh", "xyxy"), b)
    assert ops.remove_small_boxes(b, 1.5).tolist() == [0, 1]
    assert ops.clip_boxes_to_image(b, (4, 3))[2].tolist() == [3, 4, 3, 4]
    scores = torch.tensor([0.5, 0.9, 0.1])
    assert ops.nms(b, scores, 0.1).tolist() == [1, 2]
    assert ops.nms(b, scores, 0.5).tolist() == [1, 0, 2]
    assert ops.batched_nms(b, scores, torch.tensor([0, 1, 0]), 0.1).tolist() == [1, 0, 2]


def test_frozen_batch_norm_reads_a_batch_norm():
    from rushlight.compat.vision.ops.misc import FrozenBatchNorm2d

    plain = torch.nn.BatchNorm2d(3).eval()
    plain.running_var.fill_(4.0)
    plain.running_mean.fill_(1.0)
    frozen = FrozenBatchNorm2d(3)
    assert str(frozen.load_state_dict(plain.state_dict())) == "<All keys matched successfully>"
    x = torch.arange(12.0).reshape(1, 3, 2, 2)
    assert torch.allclose(frozen(x), plain(x)) and not list(frozen.parameters())
    assert repr(frozen) == "FrozenBatchNorm2d(3, eps=1e-05)"


def test_transforms_as_functions():
    from rushlight.compat.vision.transforms import functional as F

    x = torch.arange(12.0).reshape(1, 3, 4)
    assert F.hflip(x)[0, 0].tolist() == [3, 2, 1, 0] and F.vflip(x)[0, :, 0].tolist() == [8, 4, 0]
    assert F.crop(x, -1, 2, 3, 3)[0].tolist() == [[0, 0, 0], [2, 3, 0], [6, 7, 0]]
    assert F.resize(x, [3, 2], F.InterpolationMode.NEAREST)[0].tolist() == [[0, 2], [4, 6], [8, 10]]
    assert F.get_image_size(x) == [4, 3]

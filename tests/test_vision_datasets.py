"""Data sets of the stand-in for torchvision: small files in the published formats."""

import bz2
import lzma
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight.compat.vision import datasets, transforms


def idx(array):
    kinds = {np.dtype(np.uint8): 8, np.dtype(">i4"): 12}
    return struct.pack(f">HBB{array.ndim}I", 0, kinds[array.dtype], array.ndim, *array.shape) + array.tobytes()


def digits(n):
    return np.random.default_rng(n).integers(0, 256, (n, 28, 28), np.uint8)


def write(folder, stem, data, labels, kind="idx1-ubyte"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}-images-idx3-ubyte").write_bytes(idx(data))
    (folder / f"{stem}-labels-{kind}").write_bytes(idx(labels))


def test_fake_data():
    pytest.importorskip("PIL")  # the numbers are torchvision's
    data = datasets.FakeData(4, (3, 5, 6), 7, transforms.ToTensor())
    torch.manual_seed(0)
    before = torch.rand(2)
    torch.manual_seed(0)
    image, target = data[2]
    assert torch.equal(torch.rand(2), before)
    assert image.shape == (3, 5, 6) and target == 6 and float(image.sum()) == pytest.approx(45.84706115722656)
    assert repr(data).startswith(
        "Dataset FakeData\n    Number of datapoints: 4\n    StandardTransform\nTransform: ToTensor()"
    )
    with pytest.raises(IndexError):
        data[4]


def test_relatives_of_mnist(tmp_path):
    write(tmp_path / "KMNIST" / "raw", "train", digits(4), np.arange(4, dtype=np.uint8))
    assert datasets.KMNIST(tmp_path).targets.tolist() == [0, 1, 2, 3]
    write(tmp_path / "EMNIST" / "raw", "emnist-letters-train", digits(3), np.array([1, 26, 3], np.uint8))
    letters = datasets.EMNIST(tmp_path, "letters", transform=transforms.ToTensor())
    assert letters.classes[26] == "z" and letters[1][1] == 26 and letters[1][0].shape == (1, 28, 28)
    assert len(datasets.EMNIST.classes_split_dict["balanced"]) == 47
    assert len(datasets.EMNIST.classes_split_dict["byclass"]) == 62
    with pytest.raises(ValueError, match="Unknown value 'all' for argument split"):
        datasets.EMNIST(tmp_path, "all")
    with pytest.raises(RuntimeError, match=r"emnist-digits-train-images-idx3-ubyte\.gz(.|\n)*gzip\.zip"):
        datasets.EMNIST(tmp_path, "digits")


def test_qmnist(tmp_path):
    numbers = np.arange(5 * 8, dtype=">i4").reshape(5, 8)
    write(tmp_path / "QMNIST" / "raw", "qmnist-test", digits(5), numbers, "idx2-int")
    data = datasets.QMNIST(tmp_path, "test10k")
    assert len(data) == 5 and data[1][1] == 8 and "Split: test10k" in repr(data)
    assert datasets.QMNIST(tmp_path, train=False, compat=False)[1][1].tolist() == list(range(8, 16))
    (tmp_path / "QMNIST" / "raw" / "xnist-images-idx3-ubyte.xz").write_bytes(lzma.compress(idx(digits(2))))
    (tmp_path / "QMNIST" / "raw" / "xnist-labels-idx2-int.xz").write_bytes(lzma.compress(idx(numbers[:2])))
    assert len(datasets.QMNIST(tmp_path, "nist")) == 2


def test_cifar100(tmp_path):
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    data = np.arange(2 * 3072).astype(np.uint8).reshape(2, 3072)
    for name in ("train", "test"):
        (folder / name).write_bytes(pickle.dumps({b"data": data, b"fine_labels": [3, 99], b"coarse_labels": [1, 2]}, 2))
    (folder / "meta").write_bytes(pickle.dumps({"fine_label_names": [f"c{i}" for i in range(100)]}, 2))
    train = datasets.CIFAR100(tmp_path, train=False)
    assert train.targets == [3, 99] and train.class_to_idx["c99"] == 99 and train.data.shape == (2, 32, 32, 3)
    with pytest.raises(RuntimeError, match="cifar-100-python.tar.gz"):
        datasets.CIFAR100(tmp_path / "none", download=True)


def test_usps(tmp_path):
    lines = [f"{label} " + " ".join(f"{i + 1}:{(i % 3) - 1}.0" for i in range(256)) + "\n" for label in (1, 10)]
    (tmp_path / "usps.bz2").write_bytes(bz2.compress("".join(lines).encode()))
    data = datasets.USPS(tmp_path)
    assert data.targets == [0, 9] and data.data.shape == (2, 16, 16) and data.data[0, 0, :3].tolist() == [0, 127, 255]
    with pytest.raises(RuntimeError, match=r"usps\.t\.bz2"):
        datasets.USPS(tmp_path, train=False, download=True)


def test_stl10(tmp_path):
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    pixels = np.arange(3 * 3 * 96 * 96).astype(np.uint8)
    for name in ("train", "unlabeled", "test"):
        pixels.tofile(folder / f"{name}_X.bin")
    np.array([1, 10, 3], np.uint8).tofile(folder / "train_y.bin")
    (folder / "class_names.txt").write_text("airplane\nbird\n")
    (folder / "fold_indices.txt").write_text("2 0\n1\n")
    data = datasets.STL10(tmp_path, "train+unlabeled", transform=transforms.ToTensor())
    assert len(data) == 6 and data.labels.tolist() == [0, 9, 2, -1, -1, -1] and data.classes == ["airplane", "bird"]
    assert data.data[0, 0, 3, 5] == pixels[5 * 96 + 3] and data[0][0].shape == (3, 96, 96)
    assert datasets.STL10(tmp_path, folds=0).labels.tolist() == [2, 0]
    with pytest.raises(ValueError, match=r"range \[0, 10\)"):
        datasets.STL10(tmp_path, folds=10)
    with pytest.raises(RuntimeError, match=r"stl10_binary\.tar\.gz"):
        datasets.STL10(tmp_path, "test")


def test_svhn(tmp_path):
    with pytest.raises(RuntimeError, match=r"extra_32x32\.mat"):
        datasets.SVHN(tmp_path, "extra")
    io = pytest.importorskip("scipy.io")
    io.savemat(tmp_path / "test_32x32.mat", {"X": np.zeros((32, 32, 3, 2), np.uint8), "y": np.array([[10], [3]])})
    data = datasets.SVHN(tmp_path, "test")
    assert data.data.shape == (2, 3, 32, 32) and data.labels.tolist() == [0, 3]


def test_celeba(tmp_path):
    with pytest.raises(RuntimeError, match=r"img_align_celeba\.zip"):
        datasets.CelebA(tmp_path, download=True)
    folder = tmp_path / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    (folder / "list_eval_partition.txt").write_text("1.jpg 0\n2.jpg 1\n3.jpg 0\n")
    (folder / "identity_CelebA.txt").write_text("1.jpg 5\n2.jpg 6\n3.jpg 7\n")
    for name, header in (
        ("list_attr_celeba", "A B"),
        ("list_bbox_celeba", "id x y"),
        ("list_landmarks_align_celeba", "x y"),
    ):
        (folder / f"{name}.txt").write_text(f"3\n{header}\n1.jpg -1  1\n2.jpg 1 1\n3.jpg 1 -1\n")
    data = datasets.CelebA(tmp_path, target_type=["attr", "identity"])
    assert data.filename == ["1.jpg", "3.jpg"] and data.attr.tolist() == [[0, 1], [1, 0]]
    assert data.attr_names == ["A", "B"] and data.identity.tolist() == [[5], [7]] and len(data) == 2
    assert len(datasets.CelebA(tmp_path, "all")) == 3
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (4, 5)).save(folder / "img_align_celeba" / "3.jpg")
    picture, (attributes, identity) = data[1]
    picture.close()
    assert picture.size == (4, 5) and attributes.tolist() == [1, 0] and int(identity) == 7


def test_folders(tmp_path):
    for name in ("b/1.txt", "a/inner/3.txt", "a/2.txt", "a/no.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    data = datasets.DatasetFolder(
        tmp_path, lambda path: Path(path).read_text(), (".txt",), target_transform=lambda t: -t
    )
    assert data.classes == ["a", "b"] and [data[i] for i in range(3)] == [
        ("a/2.txt", 0),
        ("a/inner/3.txt", 0),
        ("b/1.txt", -1),
    ]
    assert data.targets == [0, 0, 1] and data.class_to_idx == {"a": 0, "b": 1}
    with pytest.raises(
        FileNotFoundError, match=r"Found no valid file for the classes a, b\. Supported extensions are: \.jpg"
    ):
        datasets.ImageFolder(tmp_path)
    with pytest.raises(FileNotFoundError, match="Couldn't find any class folder"):
        datasets.ImageFolder(tmp_path / "b")
    image = pytest.importorskip("PIL.Image")
    for folder in "ab":
        image.new("L", (4, 5), 7).save(tmp_path / folder / "x.PNG")
    pictures = datasets.ImageFolder(str(tmp_path), transforms.ToTensor())
    assert len(pictures.imgs) == 2 and pictures[1][0].shape == (3, 5, 4) and pictures[1][1] == 1


def test_what_is_not_there():
    with pytest.raises(NotImplementedError, match=r"datasets\.CocoDetection"):
        datasets.CocoDetection  # noqa: B018
    with pytest.raises(AttributeError):
        datasets.nothing  # noqa: B018

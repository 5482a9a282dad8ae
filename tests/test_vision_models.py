"""The stand-in for torchvision has its models: names, initial values, text, outputs; its transforms; checkpoints from local files.

What is compared with was recorded by parity/record_vision.py.
"""

import json
import math
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import vision_cases
import vision_ops_cases
import vision_transform_cases

import rushlight as torch
from rushlight.compat import vision
from rushlight.compat.vision import models

GOLDEN = json.loads((Path(__file__).parent / "golden" / "vision.json").read_text())


@pytest.mark.parametrize("name", vision_cases.MODELS)
def test_models(name):
    found, expected = vision_cases.record(torch, models, name), GOLDEN["models"][name]
    for key in ("names", "values", "text"):
        assert found[key] == expected[key], key
    assert found["eval"] == pytest.approx(expected["eval"], rel=1e-4, abs=1e-4)
    for key, bound in (("loss", 1e-3), ("gradient", 5e-3)):
        assert found.get(key, 0) == pytest.approx(expected.get(key, 0), rel=bound), key


def same(found, expected):
    """Whether answers agree: text exactly, floats closely."""
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-5, abs_tol=1e-5)
    return found == expected


@pytest.mark.parametrize("group", ["tensors", "text", "pictures", "v2", "utils"])
def test_transforms_answer_as_torchvisions(group):
    if group in ("pictures", "v2", "utils"):
        pytest.importorskip("PIL")
    text = {"tensors": "TENSORS", "text": "REPRS", "pictures": "PICTURES", "v2": "V2", "utils": "UTILS"}[group]
    text = getattr(vision_transform_cases, text)
    found = vision_transform_cases.answers(torch, vision, text, group in ("pictures", "v2", "utils"))
    check(found, GOLDEN[group])


def check(found, expected):
    wrong = {case: (found[case], answer) for case, answer in expected.items() if not same(found[case], answer)}
    assert not wrong and len(found) == len(expected)


def test_ops_answer_as_torchvisions():
    known = vision_ops_cases.names(torch, vision)
    check(vision_transform_cases.answers(torch, vision, vision_ops_cases.CASES, known=known), GOLDEN["ops"])


def test_models_by_name():
    assert {"resnet18", "vit_b_16", "regnet_x_400mf"} <= set(models.list_models())
    assert models.list_models(include="resnet*", exclude=["*18", "*34"]) == ["resnet101", "resnet152", "resnet50"]
    assert models.get_model("squeezenet1_0", num_classes=3).num_classes == 3
    assert models.get_model_weights("resnet18") is models.ResNet18_Weights
    weights = models.get_weight("ResNet50_Weights.IMAGENET1K_V2")
    assert weights is models.ResNet50_Weights.DEFAULT and repr(weights) == "ResNet50_Weights.IMAGENET1K_V2"
    assert len(weights.meta["categories"]) == 1000 and weights.meta["num_params"] == 25557032
    with pytest.raises(ValueError, match="Unknown model resnet19"):
        models.get_model("resnet19")
    with pytest.raises(ValueError, match="Invalid weight name"):
        models.get_weight("ResNet50")
    names = sorted(n for n in models.__dict__ if n.islower() and not n.startswith("_") and callable(models.__dict__[n]))
    assert {"resnet18", "alexnet", "vgg16_bn"} <= set(names)  # as pytorch/examples finds them
    with pytest.raises(NotImplementedError, match=r"models\.detection"):
        models.detection  # noqa: B018


def test_checkpoints_are_read_from_local_files(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(NotImplementedError, match=r"downloads nothing(.|\n)*squeezenet1_1-b8a52dc0.pth"):
        models.squeezenet1_1(weights="DEFAULT")
    with pytest.raises(NotImplementedError, match=r"imagenet_classes\.txt"):
        models.SqueezeNet1_1_Weights.DEFAULT.meta["categories"][3]
    with (
        pytest.warns(UserWarning, match="The parameter 'pretrained' is deprecated"),
        pytest.warns(UserWarning, match="weights=SqueezeNet1_1_Weights.IMAGENET1K_V1"),
        pytest.raises(NotImplementedError, match="checkpoints"),
    ):
        models.squeezenet1_1(pretrained=True)
    state = models.squeezenet1_1().state_dict()
    path = tmp_path / "hub" / "checkpoints" / "squeezenet1_1-b8a52dc0.pth"
    path.parent.mkdir(parents=True)
    torch.save(state, path)
    with pytest.raises(RuntimeError, match="invalid hash value"):
        models.squeezenet1_1(weights="DEFAULT")
    read = models.SqueezeNet1_1_Weights.DEFAULT.get_state_dict()
    assert all(torch.equal(read[key], value) for key, value in state.items())
    with pytest.raises(ValueError, match="expected value 1000 but got 5"):
        models.squeezenet1_1(weights="DEFAULT", num_classes=5)
    with pytest.raises(TypeError, match="Invalid Weight class"), warnings.catch_warnings():
        models.squeezenet1_1(weights=models.ResNet18_Weights.DEFAULT)


def test_old_arguments():
    with pytest.warns(UserWarning, match="'pretrained' is deprecated"), pytest.warns(UserWarning, match="weights=None"):
        models.squeezenet1_1(pretrained=False)
    with pytest.warns(UserWarning, match="positional"), pytest.warns(UserWarning, match="Arguments other than"):
        models.squeezenet1_1(False)


PROGRAM = """
import torch, torchvision.models as models
from torchvision.models.resnet import BasicBlock, ResNet
model = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=3)
assert type(model).__module__ == "torchvision.models.resnet", type(model)
torch.save(model, "model.pt")
again = torch.load("model.pt", weights_only=False)
assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters()))
"""


def test_whole_models_are_saved_under_torchvisions_names(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-m", "rushlight", "program.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_children_as_a_model():
    from rushlight.compat.vision.models._utils import IntermediateLayerGetter

    model = models.resnet18(num_classes=2).eval()
    got = IntermediateLayerGetter(model, {"layer1": "a", "layer3": "b"})
    out = got(torch.rand(1, 3, 32, 32))
    assert [(k, tuple(v.shape)) for k, v in out.items()] == [("a", (1, 64, 8, 8)), ("b", (1, 256, 2, 2))]
    assert list(dict(got.named_children())) == ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3"]
    with pytest.raises(ValueError, match="return_layers are not present"):
        IntermediateLayerGetter(model, {"layer9": "a"})


def test_inner_features():
    from rushlight.compat.vision.models.feature_extraction import create_feature_extractor, get_graph_node_names

    model = models.resnet18(num_classes=4)
    train, evaluation = get_graph_node_names(model)
    assert train == evaluation and len(train) == 70 and evaluation[-3:] == ["avgpool", "flatten", "fc"]
    assert {"x", "layer1.0.relu_1", "layer1.0.add", "layer2.0.downsample.1"} <= set(train)  # torchvision's names
    got = create_feature_extractor(model, {"layer1": "a", "layer3.0.relu": "b", "avgpool": "c"})
    x = torch.rand(2, 3, 32, 32)
    assert [(k, tuple(v.shape)) for k, v in got(x).items()] == [
        ("a", (2, 64, 8, 8)),
        ("b", (2, 256, 2, 2)),
        ("c", (2, 512, 1, 1)),
    ]
    got.eval(), model.eval()
    assert torch.equal(model.fc(got(x)["c"].flatten(1)), model(x))
    assert "fc.weight" not in got.state_dict() and len(got.state_dict()) == 120
    with pytest.raises(ValueError, match="'nope' is not present in model"):
        create_feature_extractor(model, ["nope"])
    vit = models.vit_b_32(num_classes=2)
    names = get_graph_node_names(vit)[1]
    assert len(names) == 187 and names[14:20] == [
        "reshape",
        "permute",
        "getattr_1",
        "getitem_4",
        "class_token",
        "expand",
    ]


def test_pictures_as_files(tmp_path):
    pytest.importorskip("PIL")
    from rushlight.compat.vision import io

    x = torch.arange(3 * 4 * 5).reshape(3, 4, 5).to(torch.uint8)
    path = tmp_path / "x.png"
    io.write_png(x, path)
    assert torch.equal(io.read_image(path), x) and torch.equal(io.decode_png(io.read_file(str(path))), x)
    assert io.read_image(str(path), io.ImageReadMode.GRAY).shape == (1, 4, 5)
    assert io.decode_image(io.encode_png(x[:1]), "RGB_ALPHA").shape == (4, 4, 5)
    assert io.decode_jpeg(io.encode_jpeg(x, 90)).shape == (3, 4, 5)
    with pytest.raises(RuntimeError, match="should be uint8"):
        io.encode_png(x.float())
    with pytest.raises(NotImplementedError, match="read_video"):
        io.read_video  # noqa: B018


@pytest.mark.parametrize(
    ("name", "options", "state", "scores"),
    [
        (
            "deeplabv3_mobilenet_v3_large",
            {"aux_loss": True},
            ("4b809e813d81bf52", "c4cca3eaa713c610", "f4553ebe40cd622f"),
            [-0.0589, -0.0589, -0.0589],
        ),
        ("fcn_resnet50", {}, ("b22b0c9cced07ecf", "4c261535c3532e8d", "ca1e0effc2437d81"), [-1.8207, -1.8207, -1.8207]),
    ],
)
def test_segmentation(name, options, state, scores):
    torch.manual_seed(0)
    model = models.get_model(name, weights=None, weights_backbone=None, num_classes=3, **options).eval()
    assert vision_cases.state_of(model) == dict(zip(("names", "values", "text"), state, strict=True))  # torchvision's
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        out = model(x)
    assert list(out) == (["out", "aux"] if options else ["out"]) and out["out"].shape == (2, 3, 64, 64)
    assert out["out"].flatten()[:3].tolist() == pytest.approx(scores, abs=2e-4)


def test_segmentation_by_parts(tmp_path, monkeypatch):
    from rushlight.compat.vision.models.segmentation.deeplabv3 import DeepLabHead

    assert sum(p.numel() for p in DeepLabHead(8, 2).parameters()) > 0
    assert "fcn_resnet50" in models.list_models() and "fcn_resnet50" not in models.list_models(models)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(NotImplementedError, match="resnet50-0676ba61.pth"):  # its backbone's, by default
        models.segmentation.fcn_resnet50()
    with pytest.raises(NotImplementedError, match="deeplabv3_resnet50_coco"):
        models.segmentation.deeplabv3_resnet50(weights="DEFAULT")

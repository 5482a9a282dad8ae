"""What is asked of torchvision's models and of ours: names, values, text, output and gradients, in numbers that fit in a file.

``record(torch, models, name)`` runs in both worlds; parity/record_vision.py keeps torchvision's answers.
"""

import hashlib
import warnings

#: Of each family a small one: arguments, and the sides of the pictures.
MODELS = {
    "alexnet": ({"num_classes": 5}, 64),
    "convnext_tiny": ({"num_classes": 5}, 64),
    "densenet121": ({"num_classes": 5}, 64),
    "efficientnet_b0": ({"num_classes": 5}, 64),
    "googlenet": ({"num_classes": 5, "init_weights": True}, 64),
    "inception_v3": ({"num_classes": 5, "init_weights": True}, 128),
    "mnasnet0_5": ({"num_classes": 5}, 64),
    "mobilenet_v2": ({"num_classes": 5}, 64),
    "mobilenet_v3_small": ({"num_classes": 5}, 64),
    "regnet_y_400mf": ({"num_classes": 5}, 64),
    "resnet18": ({}, 64),
    "resnet50": (
        {"num_classes": 5, "zero_init_residual": True, "replace_stride_with_dilation": [False, True, True]},
        64,
    ),
    "resnext50_32x4d": ({"num_classes": 5}, 64),
    "shufflenet_v2_x0_5": ({"num_classes": 5}, 64),
    "squeezenet1_1": ({"num_classes": 5}, 64),
    "vgg11_bn": ({"num_classes": 5}, 64),
    "vit_b_32": ({"num_classes": 5, "image_size": 64, "representation_size": 8}, 64),
}


def digest(text_or_array):
    """The first digits of a hash of a text or of an array's bytes."""
    content = text_or_array.encode() if isinstance(text_or_array, str) else text_or_array.tobytes()
    return hashlib.sha256(content).hexdigest()[:16]


def construct(torch, models, name):
    """The model, its parameters drawn from seed 0."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(models, name)(**MODELS.get(name, ({}, 0))[0])


def state_of(model):
    """What a model is made of: names and shapes, the bytes of all values, its text."""
    state = model.state_dict()
    names = "\n".join(f"{key} {list(value.shape)} {value.dtype}" for key, value in state.items())
    values = hashlib.sha256()
    for value in state.values():
        values.update(value.numpy().tobytes())
    return {"names": digest(names), "values": values.hexdigest()[:16], "text": digest(repr(model))}


def record(torch, models, name):
    """The state of a model, its outputs for two pictures in evaluation and training, and its gradients."""
    model = construct(torch, models, name)
    found = state_of(model)
    side = MODELS[name][1]
    x = torch.randn(4, 3, side, side)
    model.eval()
    with torch.no_grad():
        out = model(x)
    found["eval"] = [round(float(v), 6) for v in out.flatten()[:4]]
    found["eval_bits"] = digest(out.numpy())
    if name == "inception_v3":  # its other classifier needs pictures of 299 x 299
        return found
    model.train()
    torch.manual_seed(1)
    out = model(x)
    outs = list(out) if isinstance(out, tuple) else [out]
    loss = sum((o * o).sum() for o in outs)
    loss.backward()
    found["loss"] = float(loss.detach())
    norm = sum(float((p.grad.double() ** 2).sum()) for p in model.parameters() if p.grad is not None) ** 0.5
    found["gradient"] = norm
    found["train_bits"] = digest(outs[0].detach().numpy())
    return found

"""Record torchvision's answers: what its models are made of and compute, what its transforms and ops answer.

Needs torchvision beside PyTorch. ``--all`` compares what all models are made of instead, and writes nothing.
"""

from __future__ import annotations

import os

os.environ |= {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}

import json  # noqa: E402
import sys  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402

import torch  # noqa: E402

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import vision_cases  # noqa: E402
import vision_ops_cases  # noqa: E402
import vision_transform_cases  # noqa: E402

GOLDEN = ROOT / "tests" / "golden" / "vision.json"


def main() -> None:
    """Write tests/golden/vision.json."""
    import torchvision

    warnings.simplefilter("ignore")
    torch.set_num_threads(2)
    found = {
        "models": {name: vision_cases.record(torch, torchvision.models, name) for name in vision_cases.MODELS},
        "tensors": vision_transform_cases.answers(torch, torchvision, vision_transform_cases.TENSORS),
        "pictures": vision_transform_cases.answers(torch, torchvision, vision_transform_cases.PICTURES, True),
        "text": vision_transform_cases.answers(torch, torchvision, vision_transform_cases.REPRS),
    }
    found["v2"] = vision_transform_cases.answers(torch, torchvision, vision_transform_cases.V2, True)
    found["utils"] = vision_transform_cases.answers(torch, torchvision, vision_transform_cases.UTILS, True)
    known = vision_ops_cases.names(torch, torchvision)
    found["ops"] = vision_transform_cases.answers(torch, torchvision, vision_ops_cases.CASES, known=known)
    GOLDEN.write_text(json.dumps(found, indent=1) + "\n")


def compare_all() -> None:
    """Names, values and text of every model that both have."""
    import torchvision

    import rushlight
    from rushlight.compat.vision import models

    for name in models.list_models():
        if name in ("regnet_y_128gf", "vit_h_14"):
            continue
        theirs, ours = (
            vision_cases.state_of(vision_cases.construct(library, space, name))
            for library, space in ((torch, torchvision.models), (rushlight, models))
        )
        print(
            name, "same" if theirs == ours else {k: (v, ours[k]) for k, v in theirs.items() if v != ours[k]}, flush=True
        )


if __name__ == "__main__":
    compare_all() if "--all" in sys.argv else main()

"""Record which functions and methods ask a look-alike, an object with ``__torch_function__`` that is no tensor.

Of each function that ``torch.overrides`` names a call is looked for in which torch asks one, as a list of letters: "L" stands for a
look-alike, the others for what ``VALUES`` holds.
"""

from __future__ import annotations

import inspect
import itertools
import json
import warnings
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent.parent / "tests" / "golden" / "overrides.json"


class Like:
    """A look-alike that says it was asked."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return "asked"


def values(torch: Any) -> dict[str, Any]:
    """What stands for the letters."""
    like = Like()
    return {"L": like, "1": 1, "[1]": [1], "[L]": [like], "x": torch.ones(2, 2), "f32": torch.float32, "None": None}


def called(torch: Any, name: str, letters: list[str]) -> Any:
    """The result of a call, by the function's name and the letters of its arguments."""
    place = torch
    for part in name.split(".")[1:]:
        place = (
            getattr(place, part, place) if part == "functional" else getattr(place, part)
        )  # torch.functional is torch here
    given = values(torch)
    return place(*[given[letter] for letter in letters])


def found(torch: Any, name: str, count: int) -> list[str] | None:
    """The letters of a call in which torch asks; None if none is found."""
    tried = [["L"] * n for n in (count, count + 1, count + 2)]
    more = itertools.chain(*[itertools.product(("L", "1", "[1]", "x", "[L]", "None", "f32"), repeat=n)
                             for n in (count, count + 1) if n <= 5])  # fmt: skip
    for letters in itertools.chain(tried, map(list, itertools.islice(more, 3000))):
        if any("L" in letter for letter in letters):
            try:
                if called(torch, name, letters) == "asked":
                    return letters
            except Exception:  # noqa: BLE001, S112 - a call that does not fit
                continue
    return None


def recorded() -> dict[str, list[str]]:
    """The calls, by name."""
    import torch

    calls = {}
    for function, like in torch.overrides.get_testing_overrides().items():
        name = torch.overrides.resolve_name(function)
        if name is not None and not name.endswith("__get__"):
            needed = [p for p in inspect.signature(like).parameters.values() if p.kind < 2 and p.default is p.empty]
            letters = found(torch, name, max(len(needed), 1))
            if letters is not None:
                calls[name] = letters
    return dict(sorted(calls.items()))


def main() -> None:
    """Write tests/golden/overrides.json."""
    warnings.simplefilter("ignore")
    lines = [f"{json.dumps(name)}: {json.dumps(letters)}" for name, letters in recorded().items()]
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()

"""The stubs that checkers and editors read are what the registries hold, and they are what programs need."""

import os
import subprocess
import sys
from pathlib import Path

import rushlight

STUBS = Path(rushlight.__file__).parent


def test_the_stubs_are_up_to_date():
    """In a process of its own: what other tests have loaded or replaced would be written down as well."""
    script = Path(__file__).parent / "stubs.py"
    environment = {**os.environ, "RUSHLIGHT_KERNELS": "off"}
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


def test_they_say_what_functions_and_methods_take_and_give():
    functions, methods = (
        (STUBS / name).read_text(encoding="utf-8") for name in ("__init__.pyi", "_tensor_methods.pyi")
    )
    assert "def tanh(input: _Tensor, *, out: Any = None) -> _Tensor:" in functions
    assert "    def tanh(self) -> _Tensor:" in methods
    assert (
        "    def topk(self, k: _int, dim: _int = -1, largest: _bool = True, sorted: _bool = True) -> _return_types.topk:"
        in methods
    )
    assert "float32: _dtype" in functions
    assert "import no_grad as no_grad" in functions

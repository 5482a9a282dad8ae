"""What `import torch` finds in a process that was spawned by one running under the alias.

A spawned process receives its parent's ``sys.path`` but not its import hooks; the alias puts this folder on the path.
"""

import importlib.util
import sys
from pathlib import Path

if importlib.util.find_spec("rushlight") is None:
    # The parent ran Rushlight from its source folder; the program's own folder has taken that place on the path.
    sys.path.append(str(Path(__file__).parents[3]))

import rushlight  # noqa: E402

del sys.modules["torch"]
rushlight.install_as_torch()

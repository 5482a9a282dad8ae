"""What `import torch` finds in a process that was spawned by one running under the alias.

A spawned process receives its parent's ``sys.path`` but not its import hooks; the alias puts this folder on the path.
"""

import sys

import rushlight

del sys.modules["torch"]
rushlight.install_as_torch()

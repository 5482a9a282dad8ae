"""Fail unless a wheel is pure Python and holds only the package: python check_wheel.py FILE.whl"""

import sys
import zipfile
from pathlib import PurePosixPath

path = sys.argv[1]
assert path.endswith("-py3-none-any.whl"), path
names = zipfile.ZipFile(path).namelist()
tops = {PurePosixPath(name).parts[0] for name in names}
strangers = [top for top in tops if top != "rushlight" and not top.endswith(".dist-info")]
assert not strangers, f"besides the package the wheel holds {strangers}"
compiled = [name for name in names if name.endswith((".so", ".pyd", ".dll", ".dylib", ".c", ".pyc"))]
assert not compiled, compiled
assert "rushlight/py.typed" in names
print(f"{len(names)} files, only the package")

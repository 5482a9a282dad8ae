"""How Sphinx builds the documentation: ``python -m sphinx -W --keep-going -n -j auto docs site``, see CONTRIBUTING.md."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent / "_ext"), str(Path(__file__).parent.parent)]

import rushlight  # noqa: E402

project = "Rushlight"
author = "Rushlight developers"
copyright = author
version = release = rushlight.__version__

extensions = ["myst_nb", "reference"]
# The seed's notebook lives where `rushlight tour` finds it.
_seed = Path(rushlight.__file__).parent / "tour" / "seed.ipynb"
Path(__file__).parent.joinpath("notebooks", _seed.name).write_bytes(_seed.read_bytes())

exclude_patterns = ["_build", "_ext"]
html_theme = "furo"
html_title = "Rushlight"
html_copy_source = False
html_show_sphinx = False
nitpicky = True

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
# Notebooks are kept without results and run whenever the site is built; one that fails stops the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300

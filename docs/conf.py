"""Sphinx configuration of the documentation: `make docs`."""

import re
import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "qnnq"
author = "The qnnq developers"
copyright = author
version = release = installed("qnnq")
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "command_line",
]
html_theme = "furo"
html_title = f"qnnq {release}"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
napoleon_google_docstring = True
suppress_warnings = ["myst.xref_missing"]
default_role = "code"


def _escape_kets(app, what, name, obj, options, lines: list[str]) -> None:
    """Keep |0> in docstrings from being read as a substitution."""
    lines[:] = [re.sub(r"\|(?=[01+]>| )", r"\\|", line) for line in lines]


def setup(app) -> None:
    """Connect the hook."""
    app.connect("autodoc-process-docstring", _escape_kets)

"""Sphinx's configuration of the documentation site; `scripts/docs/build` makes it."""

from __future__ import annotations

import logging
import sys
from functools import partialmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from generated import fill_in
from nbclient import NotebookClient

import textdl

if TYPE_CHECKING:
    from sphinx.application import Sphinx

logging.getLogger("traitlets").setLevel(logging.WARNING)  # of every notebook, that it is executed
# The output of a shell comes in pieces of 100 bytes, between which MyST-NB would begin new lines.
NotebookClient.__init__ = partialmethod(  # type: ignore[assignment, unused-ignore]
    NotebookClient.__init__, coalesce_streams=True
)

project = "textdl"
author = "the authors of textdl"
release = textdl.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "myst_nb"]
exclude_patterns = ["_build"]

smartquotes = False  # options begin with two hyphens

html_theme = "furo"
html_title = f"textdl {release}"
html_show_copyright = False
html_copy_source = False

# `name` in a docstring is a link where the name is documented, and code where it is not.
default_role = "py:obj"
nitpicky = True
nitpick_ignore_regex = [("py:obj", ".*"), ("py:.*", r"(?!textdl\.).*")]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 80
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Attributes", "params_style")]  # properties are documented below
napoleon_use_rtype = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_timeout = 900
nb_merge_streams = True
nb_output_stderr = "remove-warn"


def setup(app: Sphinx) -> None:
    """Fill in what pages ask to be made from the program, and leave scikit-learn's methods out."""

    def read(_: Sphinx, document: str, source: list[str]) -> None:
        source[0] = fill_in(source[0])

    def skip(
        _: Sphinx, kind: str, name: str, member: Any, skipped: bool, options: Any
    ) -> bool | None:
        is_foreign = str(getattr(member, "__module__", "")).startswith("sklearn.")
        return True if is_foreign else None

    app.connect("source-read", read)
    app.connect("autodoc-skip-member", skip)

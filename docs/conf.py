"""How Sphinx builds the site: `make docs`. Nothing is fetched while building, and the pages fetch nothing when read."""

from __future__ import annotations

import throughtime

project = "throughtime"
author = "The throughtime authors"
project_copyright = author
version = release = throughtime.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
nitpicky = True  # a reference that leads nowhere is a warning, and `make docs` makes those errors

highlight_language = "text"  # equations stand as indented text: drawing them would take a script from elsewhere
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # a docstring says what an argument is; jaxtyping's shapes are no names to look up
napoleon_numpy_docstring = False
napoleon_use_rtype = False

html_theme = "alabaster"
html_title = "throughtime"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}
html_theme_options = {
    "description": "LSTMs, trained exactly through time",
    "page_width": "1260px",
    "sidebar_width": "220px",
    "fixed_sidebar": False,
    "show_powered_by": False,
    "font_family": "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif",
    "head_font_family": "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif",
    "code_font_family": "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace",
    "font_size": "16px",
    "pre_bg": "#f5f6f7",
    "code_font_size": "13.5px",
}

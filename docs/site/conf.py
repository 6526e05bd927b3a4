# The site of `make docs` (tools/build-docs): Sphinx over the pages of docs/, with the theme furo.
import os
import re

root = os.environ["EQSPICE_ROOT"]
header = open(os.path.join(root, "src", "eqspice.h")).read()
project, author = "eqspice", "the eqspice authors"
release = re.search(r'#define EQ_VERSION "(.*)"', header)[1]

extensions = ["myst_parser", "breathe", "sphinx.ext.autodoc"]
myst_heading_anchors = 6                # the anchors of GitHub, as tools/check-docs holds them
suppress_warnings = ["myst.header"]

breathe_projects = {"eqspice": os.environ["EQSPICE_XML"]}
breathe_default_project = "eqspice"
breathe_domain_by_extension = {"h": "c"}
breathe_show_define_initializer = True
c_id_attributes = ["EQ_API"]
primary_domain = "c"
highlight_language = "none"             # decks and what the program prints

autodoc_mock_imports = ["torch"]        # its layer is shown without PyTorch
autodoc_member_order = "bysource"
autodoc_typehints = "description"

html_theme = "furo"
html_title = f"eqspice {release}"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
smartquotes = False                     # --resume is two signs
html_domain_indices = False
html_copy_source = False
html_show_copyright = html_show_sphinx = False
html_show_search_summary = False        # a page of file:// may read no other one
pygments_style, pygments_dark_style = "friendly", "monokai"


def escape(sign):
    return f"``{sign[1]}``" if sign[1] else "\\" + sign[0]


def plain_to_rst(app, what, name, obj, options, lines):
    """Docstrings are plain text, as help() shows it: indented paragraphs are code, `x` is a name."""
    out, code = [], False
    for line in lines:
        indented = line.startswith("    ")
        if line.strip() and indented != code:
            out += ["", "::", ""] if indented else [""]
            code = indented
        out.append(line if code else re.sub(r"`+([^`]+)`+|[*_|\\]", escape, line))
    lines[:] = out


def setup(app):
    app.connect("autodoc-process-docstring", plain_to_rst)

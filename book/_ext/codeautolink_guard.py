"""Let sphinx-codeautolink read pages with exercises and with displayed sources."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx_codeautolink.extension.block import CodeBlockAnalyser


def setup(app: Sphinx) -> dict[str, bool]:
    """Teach the analyser of code blocks two things about our pages."""
    pop_title = CodeBlockAnalyser.depart_section

    def depart_section(self: CodeBlockAnalyser, node: nodes.section) -> None:
        # Titles are pushed when met and popped at their section's end. sphinx-exercise wraps each
        # body in a section without a title, whose pop would empty the stack and crash the build.
        if node.first_child_matching_class(nodes.title) is not None:
            pop_title(self, node)

    def visit_container(self: CodeBlockAnalyser, node: nodes.container) -> None:
        # `show_source(sigmoid)` prints `def sigmoid`, which would hide the imported name from the
        # cells that follow: their calls would no longer be linked.
        if node.get("nb_element") == "cell_code_output":
            raise nodes.SkipChildren

    CodeBlockAnalyser.depart_section = depart_section
    CodeBlockAnalyser.visit_container = visit_container
    return {"parallel_read_safe": True, "parallel_write_safe": True}

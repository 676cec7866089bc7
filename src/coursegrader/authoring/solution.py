"""The instructor's own solution, on which a test is tried when it fails in an unusual way."""

from ..common.notebook import UnreadableError
from ..handin.data_files import attach, beside
from .assignment import Assignment


def own_solution(assignment: Assignment) -> bytes:
    """The notebook of the assignment's source with its data files; empty if it cannot be read."""
    if assignment.folder is None:
        return b""
    try:
        content = (assignment.folder / assignment.settings.notebook).read_bytes()
        files = beside(assignment.folder, assignment.settings.data)
        return attach(content, files) if files else content
    except (OSError, UnreadableError):
        return b""

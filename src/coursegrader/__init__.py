"""Grades submitted notebooks with pytest: fast, fair, and in a sandbox.

In a notebook: `import coursegrader; coursegrader.check()`.
In a test: the fixtures `student`, `expect` and `rng`, and `Tensor` around an array that is to
arrive as a Torch tensor.
"""

from .assignment import Assignment, AssignmentError
from .checking import check
from .expectations import Mismatch
from .inside.wire import TensorArray as Tensor
from .student import Died, Handle, Missing, Raised, StudentError, TimedOut

__all__ = [
    "Assignment",
    "AssignmentError",
    "Died",
    "Handle",
    "Mismatch",
    "Missing",
    "Raised",
    "StudentError",
    "Tensor",
    "TimedOut",
    "check",
]

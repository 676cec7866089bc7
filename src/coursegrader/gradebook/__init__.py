"""Grades that last: results on disk, marks by hand, and how attempts become one grade."""

from .database import GradebookError
from .gradebook import Gradebook

__all__ = ["Gradebook", "GradebookError"]

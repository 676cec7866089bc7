"""Why no value came back from the student's code, told to the student."""

ALONE = (
    "While grading there is no network, no other process and no file: a function gets all it needs "
    "as arguments (and a DataLoader has num_workers=0)."
)


class StudentError(Exception):
    """The student's code did not give a value; the text is for the student."""


class Missing(StudentError):
    """A name that is not defined."""


class Raised(StudentError):
    """An exception in the student's code: its type, the names of its bases, its text and place."""

    def __init__(self, type_name: str, bases: list[str], text: str, line: int, shown: str) -> None:
        self.type_name, self.bases, self.text, self.line = type_name, bases, text, line
        if type_name == "NotImplementedError":
            message = "not written yet: it raises NotImplementedError"
        else:
            message = f"it raised {type_name}: {text}" if text else f"it raised {type_name}"
            message += f"\nin line {line} of its cell: {shown}" if line else ""
            message += f"\n{ALONE}" if "OSError" in bases else ""
        super().__init__(message)


class TimedOut(StudentError):
    """No answer in time."""


class UsedUp(TimedOut):
    """The time of the whole submission was over: its code is slow, or a test asks too often."""


class Died(StudentError):
    """The student's process ended."""


class BadFile(StudentError):
    """A data file that was not handed in, or cannot be taken."""

"""Why the sandbox could not do its work; never a student's fault."""


class SandboxError(RuntimeError):
    """The sandbox cannot be built, or does not hold."""


class SandboxLostError(Exception):
    """The whole sandbox ended during a call; the call says nothing about the student."""

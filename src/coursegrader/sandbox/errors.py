"""Why the sandbox could not do its work; never a student's fault."""


class SandboxError(RuntimeError):
    """The sandbox cannot be built, or does not hold."""

"""What one submission may use."""

import math
from dataclasses import asdict, dataclass

MAX_FILE_BYTES = 20_000_000  # of a file that is handed in: `pack` and `grade` mean the same


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes:
        call_seconds: for one call of a student's function.
        submission_seconds: for running the cells and for all calls together.
        memory_mb: beyond what the preloaded modules take.
        disk_mb: of files in its own temporary folder.
        threads: at the same time.

    Raises:
        ValueError: one is not a positive, finite number; memory, disk or threads are below 1.
    """

    call_seconds: float = 2.0
    submission_seconds: float = 20.0
    memory_mb: int = 1024
    disk_mb: int = 32
    threads: int = 64

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if type(value) not in (int, float) or not 0 < value < math.inf:
                raise ValueError(f"limits.{name} must be a positive number, got {value!r}")
            if not name.endswith("_seconds") and value < 1:
                raise ValueError(f"limits.{name} must be at least 1, got {value!r}")

    def resource_limits(self, address_space: int) -> dict[str, int]:
        """The limits by their names in the module `resource`.

        Args:
            address_space: in bytes, what the process has before it runs anything.
        """
        return {
            "RLIMIT_AS": address_space + (int(self.memory_mb) << 20),
            "RLIMIT_CORE": 0,
            "RLIMIT_CPU": int(self.submission_seconds * 2) + 1,
            "RLIMIT_FSIZE": int(self.disk_mb) << 20,
            "RLIMIT_MEMLOCK": 0,
            "RLIMIT_MSGQUEUE": 0,
            "RLIMIT_NOFILE": 64,
            "RLIMIT_NPROC": int(self.threads),
            "RLIMIT_SIGPENDING": 64,
        }

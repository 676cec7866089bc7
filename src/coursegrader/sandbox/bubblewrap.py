"""The bubblewrap command: a root file system with the interpreter, read-only, and nothing else."""

import os
import shutil
import sys
from pathlib import Path

from .errors import SandboxError
from .packages import (
    cell_transformer_files,
    interpreter_paths,
    module_search_path,
    other_packages,
    package_paths,
)

INSIDE = Path(__file__).parents[1] / "inside"
HOUSE = "/grader"  # where the sandbox sees our own files
UNPRIVILEGED_UID = 65534
APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
REMEDY = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
DEVICES = ("/dev/null", "/dev/urandom")  # the host's own: an ordinary user cannot make any
WORKSPACE = "/tmp"
OTHER_WORKSPACE = "/workspace"
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    # One submission, one core: more threads only contend.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
# Some processors need these to get right results from OpenBLAS.
PASSED_ON = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def uid_to_drop_to() -> int | None:
    """Root's processes become those of an ordinary user; anyone else stays who they are."""
    return UNPRIVILEGED_UID if os.getuid() == 0 else None


def command(control_fd: int, packages: tuple[str, ...]) -> list[str]:
    """Start the zygote in a new root, with `control_fd` open.

    Raises:
        SandboxError: bubblewrap or a package is missing.
    """
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SandboxError("bubblewrap is missing: on Debian or Ubuntu, apt install bubblewrap")
    arguments = [bwrap, *_namespaces(), "--hostname", "grader"]
    arguments += ["--die-with-parent", "--new-session", "--clearenv"]
    arguments += ["--chdir", "/"]  # or it sets PWD to the folder in which we were started
    home = workspace(packages)
    variables = ENVIRONMENT | {"HOME": home, "TMPDIR": home}
    variables |= {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    for name, value in variables.items():
        arguments += ["--setenv", name, value]
    hidden = {str(path) for path in other_packages()}
    binds = {str(path): path for path in interpreter_paths()}
    later = {str(path): path for path in package_paths(("msgpack", *packages))}
    later |= {f"{HOUSE}/{name}": path for name, path in cell_transformer_files().items()}
    later[f"{HOUSE}/inside"] = INSIDE
    # The zygote must pass through folders that bubblewrap would make for root alone.
    targets = [*binds, *later, *DEVICES]
    for folder in sorted({str(parent) for target in targets for parent in Path(target).parents}):
        arguments += ["--perms", "0755", "--dir", folder]
    for target, path in binds.items():
        arguments += _bind(path, target)
    for path in hidden:
        arguments += ["--perms", "0755", "--tmpfs", path]
    for target, path in later.items():
        arguments += _bind(path, target)
    for path in hidden:
        arguments += ["--remount-ro", path]
    for device in DEVICES:
        arguments += ["--dev-bind", device, device]
    # For the zygote, which sets up its children's namespaces and imports what wants a temporary
    # folder; over both a child mounts its own.
    arguments += ["--proc", "/proc", "--perms", "1777", "--tmpfs", home, "--remount-ro", "/"]
    start = (
        f"import sys; sys.path[:] = {[HOUSE, *module_search_path()]!r}; "
        "from inside.zygote import main; main()"
    )
    program = str(Path(sys._base_executable).resolve())
    return [*arguments, "--", program, "-I", "-S", "-B", "-c", start, str(control_fd)]


def workspace(packages: tuple[str, ...]) -> str:
    """Where a child finds its own empty folder; an interpreter that lies there stays uncovered."""
    visible = [*interpreter_paths(), *package_paths(("msgpack", *packages))]
    covered = any(path.is_relative_to(WORKSPACE) for path in visible)
    return OTHER_WORKSPACE if covered else WORKSPACE


def _namespaces() -> list[str]:
    if os.getuid() != 0:
        return ["--unshare-all"]
    # Root's bubblewrap makes all but a user namespace, in which it would stay root outside. The
    # zygote needs two capabilities for its first step, which is to become an ordinary user.
    shared = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    kept = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return [*shared, "--unshare-cgroup-try", *kept]


def _bind(path: Path, target: str) -> list[str]:
    # A link keeps its name and shows what it leads to.
    return ["--ro-bind", str(path.resolve()), target]


def explanation(stderr: str) -> str:
    """Why bubblewrap did not start, with the remedy where one is known."""
    if APPARMOR.exists() and APPARMOR.read_text().strip() == "1":
        return (
            "AppArmor forbids unprivileged user namespaces on this machine (Ubuntu 24.04 does). "
            f"Allow them until the next start with: {REMEDY}"
        )
    return stderr.strip() or "it said nothing"

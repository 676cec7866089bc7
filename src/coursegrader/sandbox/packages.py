"""Where the files of the interpreter and of some distributions lie: all that the sandbox sees."""

import importlib.metadata
import importlib.util
import sys
import sysconfig
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .errors import SandboxError

MULTIARCH = sysconfig.get_config_var("MULTIARCH") or ""


def interpreter_paths() -> list[Path]:
    """The program, its standard library and the system's shared libraries."""
    program = Path(sys._base_executable).resolve()
    # In a virtual environment `platstdlib` would be the environment's own folder, with packages.
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    paths = [program, *(Path(sysconfig.get_path(n, vars=base)) for n in ("stdlib", "platstdlib"))]
    libdir = sysconfig.get_config_var("LIBDIR")
    if libdir:
        paths += Path(libdir).glob("libpython3*.so*")
    paths += map(Path, system_libraries(MULTIARCH))
    return [path for path in dict.fromkeys(paths) if path.exists()]


def system_libraries(multiarch: str, root: Path = Path("/")) -> list[str]:
    """Where the dynamic linker looks; where the system keeps libraries apart, nothing besides."""
    apart = bool(multiarch) and (root / "usr/lib" / multiarch).is_dir()
    folders = [f"/lib/{multiarch}", f"/usr/lib/{multiarch}"] if apart else ["/lib", "/usr/lib"]
    return [*folders, "/lib64", "/usr/lib64", "/etc/ld.so.cache"]


def other_packages() -> list[Path]:
    """Folders of installed packages inside what the sandbox sees, to be hidden."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    folders = [stdlib / "site-packages", stdlib / "dist-packages"]
    folders.append(Path("/usr/lib/python3/dist-packages"))
    return [folder for folder in folders if folder.is_dir()]


def module_search_path() -> list[str]:
    """The standard library, then the folders of the installed packages."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    packages = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return list(dict.fromkeys([str(stdlib), str(stdlib / "lib-dynload"), *packages]))


@cache
def package_paths(distributions: tuple[str, ...]) -> tuple[Path, ...]:
    """The folders and files of the distributions and of all that they require.

    Raises:
        SandboxError: one is not installed.
    """
    paths: dict[Path, None] = {}
    seen: set[str] = set()
    waiting = list(distributions)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            if name in map(canonicalize_name, distributions):
                raise SandboxError(f"the package {name} is not installed") from None
            continue  # a requirement that the package can do without here
        for file in distribution.files or ():
            if file.parts[0] not in ("..", "__pycache__") and not file.is_absolute():
                paths[Path(distribution.locate_file(file.parts[0]))] = None
        for text in distribution.requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return tuple(path for path in paths if path.exists())


def cell_transformer_files() -> dict[str, Path]:
    """The two files of IPython that make Python of a cell with magics; they need nothing else."""
    files = ("IPython/core/inputtransformer2.py", "IPython/utils/tokenutil.py")
    spec = importlib.util.find_spec("IPython")
    root = Path(spec.origin).parent.parent
    return {file: root / file for file in files}

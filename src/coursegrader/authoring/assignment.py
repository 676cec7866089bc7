"""An assignment: a folder with its settings, its notebook and its tests."""

import base64
import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..common.limits import Limits
from ..handin.data_files import DataFile

SETTINGS = "assignment.toml"
HIDDEN_PREFIXES = ("test_hidden", "hidden_")


class AssignmentError(ValueError):
    """An assignment that is not there or not well-formed; the message says what to mend."""


@dataclass(frozen=True)
class Settings:
    """What `assignment.toml` says.

    Attributes:
        title: shown to students.
        notebook: the file name of the notebook.
        packages: distributions that a student's code may import while it is graded.
        preload: modules that are imported once, before any submission.
        required: names that a submission must define.
        book: where the paths of `see` marks begin.
        data: files of arrays that students hand in beside the notebook.
    """

    title: str
    notebook: str
    packages: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    book: str = ""
    data: tuple[DataFile, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def parse(cls, text: str, where: str = SETTINGS) -> "Settings":
        """Read the text of `assignment.toml`.

        Raises:
            AssignmentError: not TOML, a key missing or unknown, a value of the wrong type.
        """
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise AssignmentError(f"{where} is not TOML: {error}") from None
        for key in ("title", "notebook"):
            if not isinstance(data.get(key), str):
                raise AssignmentError(f"{where} must have a text `{key}`, got {data.get(key)!r}")
        if Path(data["notebook"]).name != data["notebook"] or not data["notebook"].endswith(
            ".ipynb"
        ):
            raise AssignmentError(
                f"{where}: `notebook` must be a file name that ends in .ipynb, "
                f"got {data['notebook']!r}"
            )
        if not isinstance(data.get("book", ""), str):
            raise AssignmentError(f"{where}: `book` must be a text, got {data['book']!r}")
        for key in ("packages", "preload", "required"):
            values = data.get(key, [])
            if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
                raise AssignmentError(f"{where}: `{key}` must be a list of texts, got {values!r}")
            data[key] = tuple(values)
        limits, files = data.pop("limits", {}), data.pop("data", {})
        if not isinstance(limits, dict):
            raise AssignmentError(f"{where}: `limits` must be a table, got {limits!r}")
        if not isinstance(files, dict) or not all(isinstance(v, dict) for v in files.values()):
            raise AssignmentError(f"{where}: `data` must hold a table for each file, got {files!r}")
        try:
            declared = tuple(DataFile(name, **about) for name, about in files.items())
            return cls(**data, data=declared, limits=Limits(**limits))
        except TypeError as error:
            raise AssignmentError(f"{where}: {str(error).partition(') ')[2]}") from None
        except ValueError as error:
            raise AssignmentError(f"{where}: {error}") from None


@dataclass(frozen=True)
class Assignment:
    """Settings and files. The files travel with every batch, so that any machine can grade it.

    Attributes:
        name: the folder's name.
        files: the tests and their helpers, by their paths below `tests/`.
    """

    name: str
    settings: Settings
    files: dict[str, bytes]
    folder: Path | None = None

    @classmethod
    def load(cls, folder: str | Path) -> "Assignment":
        """Read an assignment's folder.

        Raises:
            AssignmentError: it is not there, or is not an assignment.
        """
        folder = Path(folder)
        if not (folder / SETTINGS).is_file():
            raise AssignmentError(_not_there(folder))
        settings = Settings.parse(_text(folder / SETTINGS), str(folder / SETTINGS))
        tests = folder / "tests"
        files = {name: path.read_bytes() for name, path in files_of_tests(tests).items()}
        if not any(Path(name).match("test_*.py") for name in files):
            raise AssignmentError(f"{tests} has no test_*.py")
        return cls(folder.resolve().name, settings, files, folder.resolve())

    @property
    def visible_files(self) -> dict[str, bytes]:
        """The tests and helpers that students get."""
        return {name: data for name, data in self.files.items() if not is_hidden(name)}

    @property
    def fingerprint(self) -> str:
        """Changes whenever a grade could: with the tests, their helpers and the settings."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        files = {name: base64.b64encode(data).decode() for name, data in self.files.items()}
        settings = asdict(self.settings)
        if not self.settings.data:  # what was graded before there was such a key stays graded
            del settings["data"]
        return {"name": self.name, "settings": settings, "files": files}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Assignment":
        settings = dict(data["settings"])
        limits = Limits(**settings.pop("limits"))
        declared = tuple(DataFile(**about) for about in settings.pop("data", ()))
        for key in ("packages", "preload", "required"):
            settings[key] = tuple(settings[key])
        files = {name: base64.b64decode(text) for name, text in data["files"].items()}
        return cls(data["name"], Settings(**settings, data=declared, limits=limits), files)


def files_of_tests(tests: Path) -> dict[str, Path]:
    """What lies below `tests/`, but for caches and what starts with a dot, such as checkpoints."""
    paths = {path.relative_to(tests): path for path in sorted(tests.rglob("*")) if path.is_file()}
    return {
        name.as_posix(): path
        for name, path in paths.items()
        if not any(part == "__pycache__" or part.startswith(".") for part in name.parts)
    }


def is_hidden(name: str) -> bool:
    """Whether a file of `tests/` is kept from students: `test_hidden*` and `hidden_*`."""
    return any(part.startswith(HIDDEN_PREFIXES) for part in Path(name).parts)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise AssignmentError(f"{path} is not UTF-8 text") from None


def _not_there(folder: Path) -> str:
    """What is wrong, and which assignments lie nearby."""
    for near in (folder, folder / ".." if folder.is_dir() else folder.parent):
        if near.is_dir():
            # As they can be typed here: a student in another folder must see where they lie.
            known = ", ".join(sorted(str(path.parent) for path in near.glob(f"*/{SETTINGS}")))
            if known:
                return f"{folder} is no assignment (it has no {SETTINGS}); there are: {known}"
    return f"{folder} is no assignment: it has no {SETTINGS}"

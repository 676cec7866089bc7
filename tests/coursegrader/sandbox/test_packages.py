"""The sandbox sees the interpreter, the packages of the assignment, and no other."""

import shutil
import site
import sys
from pathlib import Path

import numpy
import pytest

from coursegrader.sandbox import bubblewrap
from coursegrader.sandbox.errors import SandboxError
from coursegrader.sandbox.packages import (
    cell_transformer_files,
    interpreter_paths,
    module_search_path,
    other_packages,
    package_paths,
)

INSTALLED = Path(numpy.__file__).parents[1]


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Make a distribution with its files and requirements."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def make(name: str, *requires: str, files: tuple[str, ...] | None = None) -> Path:
        info = f"{name}-1.0.dist-info"
        files = (f"{name}/__init__.py",) if files is None else files
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).touch()
        (folder / info).mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
        lines += [f"Requires-Dist: {requirement}" for requirement in requires]
        (folder / info / "METADATA").write_text("\n".join(lines) + "\n")
        record = [f"{file},," for file in (*files, f"{info}/METADATA")]
        (folder / info / "RECORD").write_text("\n".join(record) + "\n")
        return folder

    package_paths.cache_clear()
    yield make
    package_paths.cache_clear()


def names(*distributions: str) -> set[str]:
    """What is visible, without what describes the packages."""
    paths = {path.name for path in package_paths(distributions)}
    return {name for name in paths if not name.endswith(".dist-info")}


def test_a_package_comes_with_all_that_it_requires(install):
    install("alpha", "beta>=1; python_version >= '3'", "gamma (>=1)")
    install("beta", "delta[extra]", "alpha")  # in a circle
    install("gamma")
    install("delta")
    install("stranger")
    assert names("alpha") == {"alpha", "beta", "gamma", "delta"}
    assert names("delta", "gamma") == {"delta", "gamma"}
    assert names() == set()


def test_what_is_optional_or_for_elsewhere_does_not_come(install):
    install("alpha", "beta; extra == 'more'", "gamma; sys_platform == 'nowhere'", "missing")
    install("beta")
    install("gamma")
    assert names("alpha") == {"alpha"}


def test_a_package_that_is_not_installed_is_named(install):
    install("alpha", "missing")
    with pytest.raises(SandboxError, match="the package not-here is not installed"):
        package_paths(("alpha", "Not_Here"))
    with pytest.raises(SandboxError, match="the package missing is not installed"):
        package_paths(("alpha", "missing"))


def test_a_name_is_written_in_many_ways(install):
    install("Al.pha_beta")
    assert names("al-pha-beta") == names("AL_PHA.BETA") == {"Al.pha_beta"}


def test_only_what_lies_beside_the_packages_is_shown(install):
    files = ("alpha.py", "alpha_data/x.csv", "../bin/alpha", "__pycache__/alpha.cpython-311.pyc")
    folder = install("alpha", files=files)
    assert names("alpha") == {"alpha.py", "alpha_data"}
    assert all(path.parent == folder for path in package_paths(("alpha",)))


def test_what_a_record_names_but_is_not_there_is_left_out(install):
    folder = install("alpha", files=("alpha.py", "other.py"))
    (folder / "other.py").unlink()
    assert names("alpha") == {"alpha.py"}


def test_numpy_and_torch_are_found_where_they_lie():
    paths = package_paths(("numpy",))
    assert INSTALLED / "numpy" in paths
    visible = {path.name.partition("-")[0] for path in paths}
    assert not visible & {"torch", "pytest", "coursegrader", "visioncourse", "scipy", "IPython"}
    assert {"torch", "numpy", "sympy"} <= {path.name for path in package_paths(("torch", "numpy"))}


def test_the_interpreter_lies_in_no_environment():
    paths = interpreter_paths()
    assert all(path.exists() for path in paths)
    for folder in {sys.prefix, *site.getsitepackages()} - {sys.base_prefix}:
        assert not any(path.is_relative_to(folder) for path in paths)
    assert all(not Path(folder).samefile("/") for folder in paths)
    assert str(INSTALLED) in module_search_path()
    assert not any(path.is_relative_to(INSTALLED) for path in paths)
    assert all(path.is_dir() for path in other_packages())


def test_ipython_lends_two_files():
    files = cell_transformer_files()
    assert len(files) == 2
    assert all(
        path.is_file() and path.parts[-3:] == tuple(name.split("/")) for name, path in files.items()
    )


@pytest.fixture
def arguments(monkeypatch):
    """The command for a package, with its options by name."""
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")

    def make(*packages: str) -> list[str]:
        return bubblewrap.command(9, packages)

    return make


def bound(command: list[str]) -> dict[str, str]:
    """What is shown from outside, by the place where it is seen."""
    places = [place for place, text in enumerate(command) if text.endswith("bind")]
    return {command[place + 2]: command[place + 1] for place in places}


def test_nothing_is_shown_but_interpreter_packages_and_our_side_of_the_line(arguments):
    command = arguments("numpy")
    shown = bound(command)
    allowed = {str(path) for path in [*interpreter_paths(), *package_paths(("msgpack", "numpy"))]}
    house = {f"/grader/{name}" for name in (*cell_transformer_files(), "inside")}
    assert set(shown) == allowed | house | {"/dev/null", "/dev/urandom"}
    assert shown["/grader/inside"].endswith("coursegrader/inside")
    assert "--bind" not in command
    for place, text in enumerate(command):
        if text == "--dev-bind":
            assert command[place + 1] in ("/dev/null", "/dev/urandom")
    for secret in (Path.home(), Path.cwd(), Path.cwd() / "tests", INSTALLED, INSTALLED / "torch"):
        assert str(secret) not in shown
    assert str(INSTALLED / "torch") in bound(arguments("torch"))


def test_the_environment_is_cleared(arguments, monkeypatch):
    monkeypatch.setenv("TOKEN", "secret")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    command = arguments("numpy")
    assert "--clearenv" in command
    variables = {
        command[place + 1]: command[place + 2]
        for place, text in enumerate(command)
        if text == "--setenv"
    }
    assert variables["OPENBLAS_CORETYPE"] == "Haswell"
    assert set(variables) == {
        *bubblewrap.ENVIRONMENT,
        "HOME",
        "TMPDIR",
        *[name for name in bubblewrap.PASSED_ON if name in variables],
    }


def test_without_bubblewrap_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SandboxError, match="apt install bubblewrap"):
        bubblewrap.command(9, ())


def test_why_bubblewrap_did_not_start(tmp_path, monkeypatch):
    switch = tmp_path / "apparmor"
    monkeypatch.setattr(bubblewrap, "APPARMOR", switch)
    assert bubblewrap.explanation(" no space \n") == "no space"
    assert bubblewrap.explanation("") == "it said nothing"
    switch.write_text("0\n")
    assert bubblewrap.explanation("x") == "x"
    switch.write_text("1\n")
    assert bubblewrap.REMEDY in bubblewrap.explanation("x")

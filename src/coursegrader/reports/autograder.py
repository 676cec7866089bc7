"""An autograder for Gradescope, as a zip: the visible tests at once, and what you graded after.

Gradescope builds a machine with `setup.sh` and calls `run_autograder` for each submission, as its
documentation says: https://gradescope-autograders.readthedocs.io/en/latest/specs/. Hidden tests
are never in the zip: there, the students' code runs beside the tests, without our sandbox.
"""

import io
import json
import shlex
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..common.files import write_atomically
from ..gradebook.grades import Grade
from .gradescope import gradescope_results

SOURCE = "pixels-to-tracks[check] @ git+https://github.com/pixels-to-tracks/pixels-to-tracks"

_SETUP = """\
#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the machine.
set -e
apt-get update
apt-get install -y git python3 python3-venv
python3 -m venv /autograder/venv
/autograder/venv/bin/python -m pip install {packages}
"""
_RUN = """\
#!/usr/bin/env bash
# Gradescope runs this for each submission, in the folder /autograder.
home=$(cd "$(dirname "$0")" && pwd)
python=python3
if [ -x "$home/venv/bin/python" ]; then python="$home/venv/bin/python"; fi
"$python" -m coursegrader.students.autograder "$home"
"""


def write_autograder(
    path: Path,
    files: Mapping[str, bytes],
    packages: Sequence[str],
    grades: Sequence[Grade] = (),
    logins: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write the zip that Gradescope takes under *Configure Autograder*.

    Args:
        path: of the zip.
        files: of the assignment as students get it, by path.
        packages: distributions that students' code may import.
        grades: of the class, to hand out instead of the visible tests.
        logins: other names of the students, such as e-mail addresses, by key.
    """
    setup = _SETUP.format(packages=shlex.join([SOURCE, *packages]))
    members = {"setup.sh": setup.encode(), "run_autograder": _RUN.encode()}
    members |= {f"assignment/{name}": content for name, content in files.items()}
    members |= _graded(grades, logins or {})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.compress_type = 3, zipfile.ZIP_DEFLATED
            is_program = name in ("setup.sh", "run_autograder")
            entry.external_attr = (0o100755 if is_program else 0o100644) << 16
            archive.writestr(entry, content)
    write_atomically(path, file.getvalue())


def _graded(grades: Sequence[Grade], logins: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
    """The results, and by which names of a student they are found: only those of one student."""
    graded = [one for one in grades if one.attempts]
    names = [
        (name.casefold(), number)
        for number, one in enumerate(graded)
        for name in {one.student, one.label, *logins.get(one.student, ())}
    ]
    times = Counter(name for name, _ in names)
    index = {name: f"{number}.json" for name, number in names if times[name] == 1}
    files = {
        f"graded/{number}.json": json.dumps(gradescope_results(one), allow_nan=False).encode()
        for number, one in enumerate(graded)
    }
    return files | {"graded/index.json": json.dumps(index).encode()} if files else {}

"""The instructor's own solution, taken along for tests that fail in an unusual way."""

from dataclasses import replace

import numpy as np
from samples import SOLUTION, load_assignment, notebook

from coursegrader.authoring.solution import own_solution
from coursegrader.handin.data_files import DataFile, attached


def test_the_solution_is_the_notebook_of_the_source(tmp_path):
    assignment = load_assignment(tmp_path / "a")
    assert own_solution(assignment) == notebook(SOLUTION)


def test_its_data_files_come_with_it(tmp_path):
    assignment = load_assignment(tmp_path / "a")
    declared = (DataFile("weights.npz"),)
    np.savez(tmp_path / "a" / "weights.npz", w=np.ones(3))
    assignment = replace(assignment, settings=replace(assignment.settings, data=declared))
    content = own_solution(assignment)
    inside = attached("doubling.ipynb", content, declared)
    assert inside == {"weights.npz": (tmp_path / "a" / "weights.npz").read_bytes()}


def test_without_one_there_is_none(tmp_path):
    assignment = load_assignment(tmp_path / "a")
    assert own_solution(replace(assignment, folder=None)) == b""
    (tmp_path / "a" / "doubling.ipynb").unlink()
    assert own_solution(assignment) == b""
    (tmp_path / "a" / "doubling.ipynb").write_bytes(b"no notebook")
    assert (
        own_solution(replace(assignment, settings=replace(assignment.settings))) == b"no notebook"
    )

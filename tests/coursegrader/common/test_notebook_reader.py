"""Every notebook that Jupyter wrote is read; everything else is refused in words."""

import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import code, notebook

from coursegrader.common.notebook import (
    Cell,
    UnreadableError,
    notebook_file,
    read_cells,
    read_notebook,
    tags,
)

MARKDOWN = {"cell_type": "markdown", "metadata": {}, "source": "text"}
RAW = {"cell_type": "raw", "metadata": {}, "source": "x = 1"}


def read(content: bytes, name: str = "a.ipynb") -> list[Cell]:
    return read_cells(name, content)


def test_the_graded_cells_in_their_order():
    cells = read(
        notebook(MARKDOWN, "a = 1", RAW, code("b = 2", "not-graded", "x"), code("c = 3", "y"))
    )
    assert cells == [("cell 2", "a = 1"), ("cell 5", "c = 3")]


def test_a_python_file_is_one_cell():
    assert read("é = 1\n".encode(), "a.py") == [("cell 1", "é = 1\n")]
    assert read(b"", "A.PY") == [("cell 1", "")]


def test_a_source_may_be_lines():
    assert read(notebook(code(["a = 1\n", "b = 2"]))) == [("cell 1", "a = 1\nb = 2")]
    assert read(notebook(code([]))) == [("cell 1", "")]


def test_nothing_graded_is_no_mistake():
    assert read(notebook(code("x", "not-graded"))) == []


@pytest.mark.parametrize("minor", [0, 1, 2, 4, 5, 99])
def test_minor_versions_make_no_difference(minor):
    assert read(notebook("a = 1", nbformat_minor=minor)) == [("cell 1", "a = 1")]


def old_notebook(level):
    """In format 3, with a heading and some code."""
    cell = {"cell_type": "code", "input": ["a = 1\n", "b"], "outputs": [], "language": "python"}
    heading = {"cell_type": "heading", "source": "Title", "level": level}
    data = {
        "metadata": {"name": ""},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [{"cells": [heading, cell], "metadata": {}}],
    }
    return json.dumps(data).encode()


@pytest.mark.parametrize("level", [1, 6])
def test_an_old_format_is_converted(level):
    assert read(old_notebook(level)) == [("cell 2", "a = 1\nb")]


def test_a_byte_order_mark_is_no_character():
    assert read(b"\xef\xbb\xbf" + notebook("a = 1")) == [("cell 1", "a = 1")]
    assert read(b"\xef\xbb\xbfa = 1", "a.py") == [("cell 1", "a = 1")]


@pytest.mark.parametrize(
    "content", ["é".encode("latin-1"), "x".encode("utf-16"), b"PK\x03\x04\xff"]
)
@pytest.mark.parametrize("name", ["a.ipynb", "a.py"])
def test_another_encoding_is_refused(content, name):
    with pytest.raises(UnreadableError, match="the file is not UTF-8 text"):
        read(content, name)


@pytest.mark.parametrize("name", ["a.txt", "a", "a.ipynb.zip", ".ipynb~", "ipynb", "py", ""])
def test_another_kind_of_file_is_refused(name):
    with pytest.raises(UnreadableError, match="is neither a notebook"):
        read(b"x = 1", name)


@pytest.mark.parametrize("cells", [(), (MARKDOWN,), (MARKDOWN, RAW)], ids=len)
def test_a_notebook_without_code_is_refused(cells):
    with pytest.raises(UnreadableError, match="the notebook has no code cell"):
        read(notebook(*cells))


BROKEN = {
    "nothing": b"",
    "no JSON": b"def f(): pass",
    "half": notebook("a = 1")[:-5],
    "two": notebook("a = 1") * 2,
    "a number": b"3",
    "null": b"null",
    "a list": b"[]",
    "empty": b"{}",
    "no version": json.dumps({"cells": [code("x")]}).encode(),
    "a version of text": notebook("x", nbformat="4"),
    "version 0": notebook("x", nbformat=0),
    "version -1": notebook("x", nbformat=-1),
    "version 3 without worksheets": notebook("x", nbformat=3),
    "no cells": json.dumps({"nbformat": 4}).encode(),
    "cells that are a text": notebook(nbformat=4, cells="code"),
    "cells that are a number": notebook(cells=1),
    "cells that are null": notebook(cells=None),
    "a cell that is null": notebook(cells=[None]),
    "a cell without type": notebook(cells=[{"source": "x"}]),
    "a cell without source": notebook(cells=[{"cell_type": "code"}]),
    "a source that is a number": notebook(code(3)),
    "a source of numbers": notebook(code([1, 2])),
    "a source that is null": notebook(code(None)),
    "a heading of a level that would fill the memory": old_notebook(10**7),
    "a heading of no level": old_notebook([]),
    "a giant number": b'{"nbformat": ' + b"9" * 5000 + b"}",
    "infinity": notebook("x", nbformat=None).replace(b'"nbformat": null', b'"nbformat": -Infinity'),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_no_notebook_is_refused(content):
    with pytest.raises(UnreadableError, match="open it in JupyterLab, run it, save it"):
        read(content)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        notebook(code("x", metadata="DEEP")).replace(b'"DEEP"', b"[" * 100_000 + b"]" * 100_000),
    ],
    ids=["lists", "maps", "metadata"],
)
def test_deep_nesting_is_refused(content):
    with pytest.raises(UnreadableError, match="nests too deeply"):
        read(content)


def test_nesting_that_only_the_writer_cannot_follow():
    content = notebook(code("x", metadata="DEEP")).replace(b'"DEEP"', b"[" * 900 + b"]" * 900)
    assert read(content) == [("cell 1", "x")]
    with pytest.raises(UnreadableError, match="is not well-formed"):
        notebook_file(read_notebook(content))


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        3,
        [],
        "not-graded",
        {"tags": "not-graded"},
        {"tags": {"not-graded": 1}},
        {"tags": [["not-graded"], 3, None]},
        {"tags": None},
    ],
    ids=repr,
)
def test_metadata_that_are_not_as_they_should_be_carry_no_tag(metadata):
    assert read(notebook(code("a = 1", metadata=metadata))) == [("cell 1", "a = 1")]
    assert [tag for tag in tags({"metadata": metadata}) if tag] == []


def test_a_cell_without_metadata():
    cell = {"cell_type": "code", "source": "a = 1"}
    assert read(notebook(cell)) == [("cell 1", "a = 1")]
    assert tags({}) == []


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["cells", "cell_type", "source", "metadata", "tags", "nbformat"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=15,
)


@given(json_values, st.sampled_from([2, 3, 4]))
def test_whatever_it_holds_it_is_cells_or_unreadable(value, version):
    data = value if not isinstance(value, dict) else {"nbformat": version, **value}
    for content in (data, {"nbformat": version, "cells": value}):
        try:
            cells = read(json.dumps(content).encode())
        except UnreadableError:
            continue
        assert all(type(cell.source) is str for cell in cells)


@given(st.binary(max_size=100))
def test_whatever_bytes_it_is_cells_or_unreadable(content):
    for name in ("a.ipynb", "a.py"):
        try:
            read(content, name)
        except UnreadableError:
            continue


def test_a_notebook_is_written_without_outputs():
    output = {"output_type": "stream", "name": "stdout", "text": "x" * 1000}
    content = notebook_file(read_notebook(notebook(MARKDOWN, code(["a\n", "b"], outputs=[output]))))
    made = nbformat.reads(content.decode(), as_version=4)
    nbformat.validate(made)
    assert [cell.source for cell in made.cells] == ["text", "a\nb"]
    assert (made.cells[1].outputs, made.cells[1].execution_count) == ([], None)


@pytest.mark.parametrize(
    "content",
    [
        notebook("x", metadata=[]),
        notebook("x", nbformat=5),
        notebook("x", nbformat=4.5),
        notebook("\ud800"),
    ],
    ids=["metadata", "the future", "a fraction", "half a character"],
)
def test_a_notebook_that_cannot_be_written_is_refused(content):
    with pytest.raises(UnreadableError, match="is not well-formed"):
        notebook_file(read_notebook(content))


def test_identifiers_that_are_missing_or_double_are_given():
    cells = [code("a", id="one"), code("b", id="one"), code("c")]
    made = json.loads(notebook_file(read_notebook(notebook(*cells, nbformat_minor=5))))
    assert len({cell["id"] for cell in made["cells"]}) == 3

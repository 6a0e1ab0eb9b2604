"""Reading notebooks in every format and encoding, and files that are none."""

import json
from pathlib import Path

import nbformat
import pytest

from imbal_lab.grading.submissions import reading
from imbal_lab.grading.submissions.reading import UnreadableError, read

ROOT = Path(__file__).parents[3]
LESSON = ROOT / "notebooks" / "02_learning_dynamics" / "02_learning_dynamics.ipynb"
RELEASE = json.loads(LESSON.read_text("utf-8"))
CELLS = [(cell["cell_type"], "".join(cell["source"])) for cell in RELEASE["cells"]]


def cells_in(content):
    return [(cell.kind, cell.source) for cell in read(content).cells]


def notebook(*cells, **others):
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, **others}).encode()


def test_a_release_is_read_as_it_is():
    found = read(LESSON.read_bytes())
    assert [(cell.kind, cell.source) for cell in found.cells] == CELLS
    assert [cell.id for cell in found.cells] == [cell["id"] for cell in RELEASE["cells"]]
    assert {c.grade_id for c in found.cells} > {"check-pcngd_step", "essay-when_worse", None}
    assert (found.lesson, found.kernel) == ("02_learning_dynamics", "python3")
    assert (found.notes, found.doubts) == ((), ())


@pytest.mark.parametrize("version", [2, 3])
def test_old_formats_are_read_as_nbformat_converts_them(version):
    old = json.dumps(nbformat.convert(nbformat.reads(LESSON.read_text("utf-8"), 4), version))
    assert "worksheets" in old
    found = read(old.encode())
    expected = [(cell.cell_type, cell.source) for cell in nbformat.reads(old, 4).cells]
    assert [(cell.kind, cell.source) for cell in found.cells] == expected
    assert "old format" in found.notes[0]


def test_headings_of_format_3_keep_their_level():
    sheet = {"cells": [{"cell_type": "heading", "level": 3, "source": ["Why\n", "not"]}]}
    assert cells_in(json.dumps({"worksheets": [sheet]}).encode()) == [("markdown", "### Why not")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_encodings_of_unicode(encoding):
    text = json.dumps(RELEASE, ensure_ascii=False)
    assert "ρ" in text
    assert cells_in(text.encode(encoding)) == CELLS


@pytest.mark.parametrize(
    ("encoding", "text"), [("latin-1", "# naïve façade ÿ"), ("cp1252", "# “naïve” – 5 €")]
)
def test_western_encodings_are_read_with_a_note(encoding, text):
    content = json.dumps({"cells": [{"cell_type": "code", "source": text}]}, ensure_ascii=False)
    found = read(content.encode(encoding))
    assert found.cells[0].source == text
    assert "LATIN-1" in found.notes[0]


@pytest.mark.parametrize(
    ("source", "read_as"),
    [
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        (["a\n", "b"], "a\nb"),
        (["a\n", 3, None, "b"], "a\nb"),
        (None, ""),
        ({"a": 1}, ""),
        ("x = '\ud83d\ude00 \ud800'", "x = '\U0001f600 ?'"),
    ],
)
def test_sources_of_every_kind(source, read_as):
    assert cells_in(notebook({"cell_type": "code", "source": source})) == [("code", read_as)]


def test_cells_without_a_type_are_told_by_their_content():
    found = read(notebook({"source": "x", "outputs": []}, {"source": "y"}))
    assert [cell.kind for cell in found.cells] == ["code", "markdown"]
    assert "did not say" in found.notes[0]


def test_damaged_metadata_is_no_metadata():
    odd = {"cell_type": "code", "source": "x", "id": ["a"], "metadata": {"nbgrader": [1]}}
    found = read(notebook(odd, dict(odd, metadata=3), metadata="none"))
    assert [(cell.id, cell.grade_id) for cell in found.cells] == [(None, None)] * 2
    assert (found.lesson, found.kernel) == (None, None)


def test_what_is_no_cell_is_left_out_with_a_doubt():
    found = read(notebook(3, {"cell_type": "code", "source": "x"}, ["y"], None))
    assert [cell.source for cell in found.cells] == ["x"]
    assert found.doubts == ("3 of the notebook's cells are no cells.",)


def test_numbers_of_every_size_and_none_at_all():
    content = notebook({"cell_type": "code", "source": "x"})[:-1]
    content += b', "a": ' + b"9" * 100_000 + b', "b": [NaN, -Infinity, 1e999], "cells": []}'
    assert read(content).cells == ()  # of two equal keys the last counts, as in Jupyter


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"  \n\t", "empty"),
        (b"not json \x1b[31m", "damaged or cut off"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"{&quot;cells&quot;: []}", "web page"),
        (b"# %%\nimport torch", "script"),
        (b"import torch\n", "script"),
        (b"PK\x03\x04 and more", "archive"),
        (b"%PDF-1.7", "PDF"),
        (LESSON.read_bytes()[:5000], "damaged or cut off"),
        (b'{"cells": [],}', "damaged or cut off"),
        (b"[1, 2]", "no notebook"),
        (b"null", "no notebook"),
        (b"{}", "no list of cells"),
        (b'{"cells": {"a": 1}}', "no list of cells"),
        (b'{"worksheets": [3, {"cells": 3}]}', "no list of cells"),
        (b"[" * 100_000, "too deeply"),
        (b'{"a":' * 100_000, "too deeply"),
        (b" " * (50 * 2**20), "larger than"),
        (b"[" + b"[]," * (reading.MOST_VALUES // 2) + b"1]", "values"),
        (notebook(*[{"cell_type": "code", "source": ""}] * 100_000), "100000 cells"),
        (notebook(*[{"cell_type": "code", "source": "x" * 99_999}] * 4), "characters of code"),
        (notebook(*[{"cell_type": "code", "source": "!ls\n"}] * 101), "magics and shell"),
    ],
)
def test_what_is_no_notebook_has_a_reason(content, reason):
    with pytest.raises(UnreadableError, match=reason):
        read(content)


def test_cells_that_are_too_long_are_emptied_with_a_doubt():
    long_code = {"cell_type": "code", "source": "x" * (reading.MOST_CODE + 1)}
    long_text = {"cell_type": "markdown", "source": "x" * (reading.MOST_TEXT + 1)}
    found = read(notebook(long_code, long_text, {"cell_type": "code", "source": "y"}))
    assert [cell.source for cell in found.cells] == ["", "", "y"]
    assert [doubt.split(":")[0] for doubt in found.doubts] == [
        "Cell 1 was left out",
        "Cell 2 was left out",
    ]


def test_names_out_of_the_metadata_can_be_printed():
    found = read(notebook(metadata={"kernelspec": {"name": "a\x1b[31m\u202e" + "x" * 500}}))
    assert found.kernel is not None
    assert found.kernel.isprintable()
    assert len(found.kernel) <= 100

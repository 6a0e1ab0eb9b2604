import hashlib
import json
import shutil

import nbformat
import pytest
from nbgrader.nbgraderformat.v3 import MetadataValidatorV3

import imbal_lab
from imbal_lab.authoring.build import build_lessons, read_lessons, to_notebook, to_text
from imbal_lab.authoring.lesson import LessonError
from imbal_lab.authoring.source import parse_lesson


@pytest.fixture
def release(lesson, references):
    return to_notebook(lesson, references, answers=False)


@pytest.fixture
def instructor(lesson, references):
    return to_notebook(lesson, references, answers=True)


def cell(notebook, id):
    (found,) = [cell for cell in notebook.cells if cell.id == id]
    return found


def test_the_answer_is_a_stub_for_students_and_the_reference_for_instructors(release, instructor):
    top = 'def scaled(rows, factor=2.0):\n    """Rows of length ``factor``: [n, d] to [n, d]."""\n'
    stub = "    # YOUR CODE HERE\n    raise NotImplementedError()"
    assert cell(release, "answer-scaled").source == top + stub
    answer = cell(instructor, "answer-scaled").source
    assert answer.startswith(top + "    # Lengths first.\n    lengths = ")
    assert answer.endswith("\n    return F.normalize(rows * factor / lengths, dim=1)  # the crux")


def test_the_lifted_answer_runs_in_the_notebook(instructor, reference):
    import torch

    names: dict = {}
    for id in ("given-1", "answer-scaled"):
        exec(cell(instructor, id).source, names)
    rows = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
    assert torch.equal(names["scaled"](rows, 2.0), reference(rows, 2.0))


def test_the_check_is_written_by_the_build(release, source, references):
    assert cell(release, "check-scaled").source == 'check("scaled", points=2)'
    noted = source.replace("points=2\n", "points=1.5\n# As often as you like.\n")
    notebook = to_notebook(parse_lesson("01_short", noted), references, answers=False)
    expected = '# As often as you like.\ncheck("scaled", points=1.5)'
    assert cell(notebook, "check-scaled").source == expected


def test_each_hint_opens_inside_the_one_before(release):
    assert cell(release, "hint-scaled").source == (
        "<details>\n<summary>Hint 1 of 3</summary>\n\nLook at the lengths.\n\n"
        "<details>\n<summary>Hint 2 of 3</summary>\n\nDivide:\n\n```\na / b\n```\n\n"
        "<details>\n<summary>Hint 3 of 3</summary>\n\nMultiply.\n\n"
        "</details>\n\n</details>\n\n</details>"
    )


def test_labels_come_from_header_and_marks(release):
    assert cell(release, "card-1").source == (
        "# A short tour\n\nWelcome.\n\n**about 5 minutes · level ●○○○○**\n\n"
        "When you are through, you can\n\n- Scale rows"
    )
    assert cell(release, "task-scaled").source.splitlines()[:3] == [
        "## Scale rows",
        "",
        "*Difficulty ●●○○○ · about 8 minutes · 2 points*",
    ]


def test_the_rubric_is_for_instructors(release, instructor):
    assert cell(release, "essay-why").source == "## Why?\n\nSay why.\n\nYOUR ANSWER HERE"
    assert "One point for a reason." in cell(instructor, "essay-why").source
    assert "rubric" not in to_text(release)


def test_nbgrader_accepts_the_metadata(release):
    MetadataValidatorV3().validate_nb(release)
    marks = {
        cell.id: (m["grade"], m["locked"], m["solution"], m.get("points"))
        for cell in release.cells
        if (m := cell.metadata.get("nbgrader"))
    }
    assert marks == {
        "card-1": (False, True, False, None),
        "given-1": (False, True, False, None),
        "task-scaled": (False, True, False, None),
        "answer-scaled": (False, False, True, None),
        "check-scaled": (True, True, False, 2),
        "essay-why": (True, False, True, 1),
    }
    assert all(
        cell.metadata["nbgrader"]["grade_id"] == cell.id
        for cell in release.cells
        if "nbgrader" in cell.metadata
    )


def test_quiz_code_is_folded_away(release):
    assert cell(release, "quiz-warm_up").metadata == {"jupyter": {"source_hidden": True}}


def test_the_notebook_says_which_lesson_and_version_it_is(release, lesson, references):
    body = cell(to_notebook(lesson, references, answers=True), "answer-scaled").source
    lifted = "\n".join(line[4:] for line in body.splitlines()[2:])
    assert release.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "imbal_lab": {
            "lesson": "01_short",
            "title": "A short tour",
            "version": imbal_lab.__version__,
            "source_sha256": hashlib.sha256((lesson.source + lifted).encode()).hexdigest(),
        },
    }


def test_no_cell_has_an_output(release, instructor):
    code = [c for c in release.cells + instructor.cells if c.cell_type == "code"]
    assert all(c.outputs == [] and c.execution_count is None for c in code)


def test_the_file_is_sorted_json_that_ends_its_last_line(release):
    text = to_text(release)
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert (json.loads(text)["nbformat"], json.loads(text)["nbformat_minor"]) == (4, 5)


def test_a_build_writes_release_instructor_and_syllabus(tmp_path, lesson, references):
    built = build_lessons(tmp_path, [lesson], references)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert files == {
        "notebooks/01_short/01_short.ipynb",
        "course/instructor/01_short.ipynb",
        "course/SYLLABUS.md",
    }
    assert {path.relative_to(tmp_path).as_posix() for path in built.written} == files
    assert built.stale == []
    nbformat.validate(nbformat.read(built.written[0], as_version=4))


def test_a_second_build_writes_the_same_bytes(tmp_path, source, references):
    for folder in ("one", "two"):
        lesson = parse_lesson("01_short", source)
        build_lessons(tmp_path / folder, [lesson], references)
    for path in (p for p in (tmp_path / "one").rglob("*") if p.is_file()):
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == other.read_bytes()
        assert b"\r" not in path.read_bytes()


def test_a_folder_without_its_lesson_is_reported_and_kept(tmp_path, lesson, references):
    old = tmp_path / "notebooks" / "00_old"
    old.mkdir(parents=True)
    assert build_lessons(tmp_path, [lesson], references).stale == [old]
    assert old.exists()


def test_a_leak_stops_the_build_before_anything_is_written(tmp_path, source, references):
    hint = "F.normalize(a * b / c, dim=1)"
    leaky = parse_lesson("01_short", source.replace("3. Multiply.", f"3. `{hint}`"))
    with pytest.raises(LessonError, match=r"01_short.py: .*\[hint-scaled\].*shows 'return F.norm"):
        build_lessons(tmp_path, [leaky], references)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('ex="scaled"', 'ex="other"', "answer-other: unknown exercise: choose one of scaled"),
        ("def scaled(rows,", "def scaled(grads,", "answer-scaled: takes"),
        ("# 3. Multiply.", "# Multiply.", "hint-scaled: 2 hints: write three items"),
    ],
)
def test_what_cannot_be_built_is_named(source, references, old, new, problem):
    lesson = parse_lesson("01_short", source.replace(old, new))
    with pytest.raises(LessonError, match=f"01_short.py: {problem}"):
        to_notebook(lesson, references, answers=False)


def test_lessons_are_read_in_order_and_their_problems_together(tmp_path, source):
    folder = tmp_path / "solutions"
    folder.mkdir()
    for name in ("02_b.py", "01_a.py"):
        (folder / name).write_text(source)
    assert [lesson.name for lesson in read_lessons(tmp_path)] == ["01_a", "02_b"]
    for path in folder.glob("*.py"):
        path.write_text(source.replace("level: 1", "level: 0"))
    with pytest.raises(LessonError) as caught:
        read_lessons(tmp_path)
    assert [line[:4] for line in caught.value.problems] == ["01_a", "02_b"]
    shutil.rmtree(folder)
    with pytest.raises(LessonError, match=r"^no lesson source in .*solutions: write one there"):
        read_lessons(tmp_path)

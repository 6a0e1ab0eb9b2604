import pytest

from imbal_lab.authoring.lesson import LessonError, Objective
from imbal_lab.authoring.source import parse_lesson, read_lesson


def test_header_is_read_with_its_types(lesson):
    assert (lesson.name, lesson.title, lesson.kind) == ("01_short", "A short tour", "tour")
    assert (lesson.minutes, lesson.level, lesson.paper, lesson.needs) == (5, 1, "", ())
    assert lesson.objectives == (Objective("Scale rows", ("check-scaled", "essay-why")),)


def test_cells_are_read_in_order_with_stable_ids(lesson):
    assert [(cell.id, cell.type) for cell in lesson.cells] == [
        ("card-1", "markdown"),
        ("given-1", "code"),
        ("quiz-warm_up", "code"),
        ("task-scaled", "markdown"),
        ("answer-scaled", "code"),
        ("check-scaled", "code"),
        ("hint-scaled", "markdown"),
        ("essay-why", "markdown"),
    ]
    task, check = lesson.cells[3], lesson.cells[5]
    assert (task.difficulty, task.minutes, check.points, check.text) == (2, 8, 2, "")
    assert lesson.cells[0].text == "# A short tour\n\nWelcome."


def test_cells_without_an_id_count_within_their_role(source):
    text = source + '\n# %% role="given"\nx = 1\n\n# %% [markdown] role="given"\n# Text.\n'
    ids = [cell.id for cell in parse_lesson("01_short", text).cells]
    assert ids[1:2] + ids[-2:] == ["given-1", "given-2", "given-3"]


def test_a_file_reads_like_its_text_whatever_its_line_ends(tmp_path, source, lesson):
    path = tmp_path / "01_short.py"
    path.write_bytes(source.replace("\n", "\r\n").encode())
    assert read_lesson(path) == lesson


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("kind: tour", "kind: talk", "header: kind is 'talk': make it one of lesson, tour"),
        ("kind: tour", "kind: lesson", "header: paper is '': make it authors, venue, year"),
        ("minutes: 5", "minutes: soon", "header: minutes is 'soon': make it a number above 0"),
        ("level: 1", "level: 6", "header: level is 6: make it a whole number from 1 to 5"),
        ("level: 1", "level: true", "header: level is True: make it a whole number from 1 to 5"),
        ("title: A short tour", "title: ''", "header: title is '': make it some text"),
        ("level: 1", "level: 1\n#     needs: 00_start", "header: needs is '00_start'"),
        ("level: 1", "level: 1\n#     tags: [a]", "header: unknown field 'tags': use title"),
        ("met_by: [check-scaled, essay-why]", "by: 3", "header: objectives is"),
        ("imbal_lab:", "other:", "header: no jupyter.imbal_lab block"),
        ('role="given"', 'role="setup"', "cell 2 (import torch): role is 'setup': use one of card"),
        ('# %% role="given"', "# %%", "role is None: use one of card"),
        (' id="warm_up"', "", "quiz has id=None: make it letters"),
        ('id="warm_up"', 'id="a b"', "quiz has id='a b': make it letters"),
        ("points=2", 'points="two"', "check has points='two': make it a number above 0"),
        (" points=2", "", "check has points=None: make it a number above 0"),
        ("points=1", "points=0", "essay has points=0: make it a number above 0"),
        ("difficulty=2", "difficulty=9", "task has difficulty=9: make it a whole number from 1"),
        (" minutes=8", "", "task has minutes=None: make it a number above 0"),
        ("points=2", "points=2 hidden=1", "check has the mark 'hidden': it takes ex, points"),
        ('role="quiz"', 'role="check"', "check has the mark 'id'"),
        ('[markdown] role="card"', 'role="card"', "card is a code cell: make it markdown"),
        ('role="quiz" id="warm_up"', 'role="check" ex="scaled" points=1', "a second cell check-s"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(source, old, new, problem):
    assert old in source
    with pytest.raises(LessonError) as caught:
        parse_lesson("01_short", source.replace(old, new, 1))
    assert any(problem in line for line in caught.value.problems), caught.value.problems
    assert all(line.startswith("01_short.py: ") for line in caught.value.problems)


def test_everything_wrong_is_reported_at_once(source):
    text = source.replace("level: 1", "level: 9").replace(" points=2", "").replace('"quiz"', '"x"')
    with pytest.raises(LessonError) as caught:
        parse_lesson("short", text)
    assert len(caught.value.problems) == 4

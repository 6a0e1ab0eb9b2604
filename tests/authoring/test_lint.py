import pytest

from imbal_lab import exercises as real
from imbal_lab.authoring.lint import lint, lint_files, lint_lesson
from imbal_lab.authoring.source import parse_lesson

WORD = "word "


def problems(source, exercises):
    return lint_lesson(parse_lesson("01_short", source), exercises)


def test_a_complete_lesson_has_no_problem(source, exercises):
    assert problems(source, exercises) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("# 3. Multiply.", "# No third.", "hint-scaled: 2 hints: write three items"),
        ("# 3. Multiply.", "# 3. M.\n# 4. N.", "hint-scaled: 4 hints: write three items"),
        ('"check" ex="scaled" points=2\n', '"check" ex="scaled" points=2\ncheck()', "has code"),
        ("[check-scaled, essay-why]", "[essay-why]", "check-scaled: meets no objective"),
        ("essay-why]", "essay-how]", "met_by names essay-how: choose from check-scaled, essay-why"),
        ("essay-why]", "task-scaled]", "objectives: met_by names task-scaled"),
        ("[check-scaled, essay-why]", "[]", "objectives: nothing meets 'Scale rows'"),
        ("# One point for a reason.\n", "", "essay-why: no rubric"),
        ("<!-- rubric -->", "Rubric:", "essay-why: no rubric"),
        ("# Welcome.", "# ![](a.png)", "card-1: a picture without a description"),
        ("# Welcome.", "# ![ ](a.png)", "card-1: a picture without a description"),
        ("# Welcome.", '# <img src="a.png" alt="">', "card-1: a picture without a description"),
        ('role="card"', 'role="given"', "card: not exactly one card"),
        ('role="given"\n', 'role="given"\nx = %y\n', "given-1: does not parse"),
        ("from imbal_lab.checks import check\n", "", "check-scaled: uses check: define or import"),
        ("import torch\n", "", "answer-scaled: uses torch: define or import it in an earlier"),
        (" as F", " as G", "answer-scaled: uses F: define or import it"),
        ("(rows, factor=2.0)", "(rows: Tensor, factor=2.0)", "answer-scaled: uses Tensor"),
        ("(rows, factor=2.0)", "(rows)", "answer-scaled: takes (rows) but the reference takes"),
        ("from imbal_lab.explore import quiz\n", "", "quiz-warm_up: uses quiz"),
        ('quiz("Which?"', "quiz(which", "quiz-warm_up: not one call with literal texts"),
        ('ex="scaled"', 'ex="other"', "answer-other: unknown exercise: choose one of scaled"),
        ("# 3. Multiply.", "# 3. `F.normalize(a * b / c, dim=1)`", "shows 'return F.normalize("),
    ],
)
def test_what_is_missing_is_named_with_its_place(source, exercises, old, new, problem):
    assert old in source
    found = problems(source.replace(old, new), exercises)
    assert any(problem in line for line in found), found
    assert all(line.startswith("01_short.py: ") for line in found)


@pytest.mark.parametrize(("rights", "told"), [("aab", True), ("abab", False), ("aaab", True)])
def test_right_choices_stand_at_different_places(source, exercises, rights, told):
    """Two of four at one place are no pattern, two of three are."""
    quiz = next(cell for cell in cells(source)[1] if 'role="quiz"' in cell)
    call = 'quiz("?", {"a": "A", "b": "B"}, right="%s", id="q%d")'
    more = [f'# %% role="quiz" id="q{k}"\n{call % (r, k)}\n' for k, r in enumerate(rights)]
    found = [p for p in problems(source.replace(quiz, "".join(more)), exercises) if "place" in p]
    assert bool(found) is told, found
    if told:
        assert f"{rights.count('a')} of {len(rights)} right choices stand at place 1" in found[0]


def cells(source):
    """The header and the cells of a source, as texts."""
    header, *rest = source.split("# %%")
    return header, ["# %%" + cell for cell in rest]


@pytest.mark.parametrize("role", ["task", "answer", "check", "hint"])
def test_every_exercise_needs_its_four_cells(source, exercises, role):
    header, parts = cells(source)
    without = header + "".join(cell for cell in parts if f'role="{role}"' not in cell)
    assert any("scaled: its cells are" in line for line in problems(without, exercises))


def test_the_four_cells_stand_in_their_order(source, exercises):
    header, parts = cells(source)
    parts[5], parts[6] = parts[6], parts[5]
    expected = (
        "01_short.py: scaled: its cells are task, answer, hint, check: "
        "make them task, answer, check, hint"
    )
    assert expected in problems(header + "".join(parts), exercises)


def test_the_card_comes_first(source, exercises):
    header, parts = cells(source)
    moved = header + "".join([parts[1], parts[0], *parts[2:]])
    assert problems(moved, exercises) == [
        "01_short.py: card: not the first cell: move it to the top"
    ]


def test_graded_cells_do_not_lean_on_cells_that_may_be_skipped(source, exercises):
    """What a quiz or an explorer cell defines is no ground for an answer."""
    extra = '# %% role="extra" id="early"\nimport torch\n\n# %% role="quiz"'
    moved = source.replace("import torch\n", "", 1).replace('# %% role="quiz"', extra)
    assert problems(moved, exercises) == [
        "01_short.py: answer-scaled: uses torch: define or import it in an earlier given cell"
    ]


def test_an_exercise_knows_six_mistakes(source, exercises):
    exercises["scaled"].mistakes = exercises["scaled"].mistakes[:5]
    assert problems(source, exercises) == [
        "01_short.py: scaled: 5 known mistakes: name at least 6 in its exercise"
    ]


def long_reference(rows, factor=2.0):
    """Doc."""
    rows = rows + 1
    rows = rows + 2
    rows = rows + 3
    rows = rows + 4
    rows = rows + 5
    rows = rows + 6
    rows = rows + 7
    rows = rows + 8
    rows = rows + 9
    rows = rows + 10
    rows = rows + 11
    rows = rows + 12
    return rows


long_reference.__name__ = "scaled"


def test_an_answer_has_twelve_lines_at_most(source, exercises):
    exercises["scaled"].reference = long_reference
    found = problems(source, exercises)
    assert found == ["01_short.py: answer-scaled: an answer of 13 lines: ask for 12 at most"]


def test_limits_of_a_tour(source, exercises):
    extra = "".join(f'\n# %% role="given"\nx{i} = {i}\n' for i in range(8))
    assert problems(source + extra, exercises) == []
    assert problems(source + extra + '\n# %% role="given"\ny = 1\n', exercises) == [
        "01_short.py: tour: 17 cells: a tour has 1 to 16"
    ]
    wordy = source.replace("Welcome.", WORD * 600)
    (line,) = problems(wordy, exercises)
    assert line.endswith("words of text: a tour has 1 to 600")


def test_limits_of_a_lesson_count_the_words_that_learners_read(source, exercises):
    lesson = source.replace("kind: tour", "kind: lesson\n#     paper: A, B (ICML 2023)")
    few = problems(lesson, exercises)
    assert [line.split(": ", 1)[1] for line in few] == [
        "lesson: 8 cells: a lesson has 26 to 32",
        "lesson: 29 words of text: a lesson has 1000 to 1600",
    ]
    full = lesson + "".join(f'\n# %% role="given"\nx{i} = {i}\n' for i in range(18))
    for words, fits in ((970, False), (971, True), (1571, True), (1572, False)):
        text = full.replace("# Welcome.", "# Welcome. " + WORD * words)
        assert (problems(text, exercises) == []) == fits
    assert problems(full.replace("for a reason.", WORD * 2000), exercises) != []


def test_a_lesson_without_objectives_is_refused(source, exercises):
    lesson = source.replace("kind: tour", "kind: lesson\n#     paper: A, B (ICML 2023)")
    start, end = lesson.index("#     objectives"), lesson.index("# ---\n\n")
    found = problems(lesson[:start] + lesson[end:], exercises)
    assert any("objectives: none: say what a learner can do" in line for line in found)


def test_all_problems_come_at_once_even_from_files_that_cannot_be_read(tmp_path, source, exercises):
    texts = {
        "01_one.py": source.replace("level: 1", "level: 1\n#     needs: [09_nine, 02_two]"),
        "02_two.py": source.replace("points=2", "points=0").replace("level: 1", "level: 0"),
        "03_three.py": source.replace("# 3. Multiply.", "# Stop.").replace("<!-- rubric -->", ""),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    found = lint_files(sorted(tmp_path.glob("*.py")), exercises)
    assert [line.split(": ")[:2] for line in found] == [
        ["01_one.py", "needs"],
        ["02_two.py", "header"],
        ["02_two.py", "cell 6 (check)"],
        ["03_three.py", "hint-scaled"],
        ["03_three.py", "essay-why"],
    ]


def test_the_real_lessons_are_complete(root):
    assert "class_gradients" in real.names()
    assert (root / "solutions" / "02_learning_dynamics.py").exists()
    assert lint(root) == []

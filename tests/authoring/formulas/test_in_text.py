import pytest

from imbal_lab.authoring.build import to_notebook
from imbal_lab.authoring.lint import lint_lesson
from imbal_lab.authoring.source import parse_lesson

HEADER = """\
#     symbols:
#       - {symbol: "g_l", is: "gradient", code: "grads[l]", shape: "[P]"}
#       - {symbol: "\\\\eta", is: "step size", code: "lr", shape: number}
#       - {symbol: "f", is: "loss", code: "", shape: number}
#     objectives:"""
TEXT = r"""# Make the rows as long as they should be.
#
# <!-- formula: step -->
# $$f=-\eta\sum_l g_l$$
#
# <!-- symbols: step -->
#
# So $g_0$ counts."""


@pytest.fixture
def formula_source(source):
    text = source.replace("# Make the rows as long as they should be.", TEXT)
    return text.replace("#     objectives:", HEADER)


def test_the_table_replaces_its_mark_and_the_ids_are_gone(formula_source, references):
    lesson = parse_lesson("01_short", formula_source)
    task = to_notebook(lesson, references, answers=False).cells[3].source
    assert task.endswith(r"""
$$f=-\eta\sum_l g_l$$

| symbol | what it is | in code | shape |
|---|---|---|---|
| $f$ | loss |  | number |
| $\eta$ | step size | `lr` | number |
| $g_l$ | gradient | `grads[l]` | `[P]` |

So $g_0$ counts.""")


def test_a_second_table_says_only_what_is_new(formula_source, references):
    more = "# Say why.\n#\n# <!-- formula: b -->\n# $$b=g_1$$\n#\n# <!-- symbols: b -->"
    text = formula_source.replace("# Say why.", more).replace(
        '#       - {symbol: "f"', '#       - {symbol: "b", is: "B", code: "", shape: ""}\n'
        '#       - {symbol: "f"'
    )  # fmt: skip
    lesson = parse_lesson("01_short", text)
    essay = to_notebook(lesson, references, answers=False).cells[-1].source
    assert essay.count("\n| $") == 1
    assert "| $b$ | B |  |  |" in essay


def test_a_lesson_with_formulas_is_complete(formula_source, exercises):
    assert lint_lesson(parse_lesson("01_short", formula_source), exercises) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("# <!-- formula: step -->\n", "", "task-scaled: a display formula without an id"),
        ("$$f=-\\eta\\sum_l g_l$$\n", "f\n", "task-scaled: <!-- formula: ... --> without its"),
        ("# Say why.", "# <!-- formula: step -->\n# $$f=\\eta$$", "step: a second formula of this"),
        ("f=-", "f=|", "formula: 'f=|"),
        ('"g_l"', '"g_"', "formula: 'g_'"),
        ("f=-", "f=b-", "step: nothing says what b is: describe it in the header"),
        ("f=-\\eta", "f=-", "symbols: \\eta is described and in no formula: take it out"),
        ("symbols: step -->", "symbols: step b -->", "symbols: unknown formula b: choose"),
        ("# <!-- symbols: step -->\n", "", "step: in no table of symbols: name it in a line"),
        ("# Say why.", "# <!-- symbols:  step -->", "all of it is in tables before"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(formula_source, exercises, old, new, problem):
    assert old in formula_source
    found = lint_lesson(parse_lesson("01_short", formula_source.replace(old, new)), exercises)
    assert any(f"01_short.py: {problem}" in line or problem in line for line in found), found


def test_words_of_the_table_count_and_those_of_the_marks_do_not(formula_source, exercises):
    def words(text):
        lesson = text.replace("kind: tour", "kind: lesson\n#     paper: A, B (ICML 2023)")
        found = lint_lesson(parse_lesson("01_short", lesson), exercises)
        (line,) = [line for line in found if "words of text" in line]
        return int(line.split(" words")[0].rpartition(" ")[2])

    longer = formula_source.replace('is: "step size"', 'is: "step size of the whole run"')
    assert words(longer) == words(formula_source) + 4
    marked = formula_source.replace("formula: step", "formula: a-b").replace("s: step", "s: a-b")
    assert words(marked) == words(formula_source)

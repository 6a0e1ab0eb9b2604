"""Planting any telling statement of an answer, anywhere, is found; the releases are clean.

Which statements tell something, and how they are renamed, is decided here a second time: by the
words of the source (tokenize), not by its syntax tree.
"""

import ast
import base64
import builtins
import copy
import html
import inspect
import io
import json
import keyword
import textwrap
import tokenize

import pytest
import torch
from nbformat.v4 import new_output, new_raw_cell

from imbal_lab import exercises
from imbal_lab.authoring.build import read_lessons, to_notebook
from imbal_lab.authoring.leaks import find_leaks, needles

REFERENCES = {name: exercises.get(name).reference for name in exercises.names()}


def statements(reference):
    """The simple statements of a body, as they are written."""
    source = textwrap.dedent(inspect.getsource(reference))
    body = ast.parse(source).body[0].body[1:]
    nodes = [node for top in body for node in ast.walk(top) if isinstance(node, ast.stmt)]
    simple = [node for node in nodes if not hasattr(node, "body")]
    return [ast.get_source_segment(source, node) for node in simple]


def tells(statement):
    """Whether it does more than name or begin something: it calls, computes or picks."""
    words = [t.string for t in tokenize.generate_tokens(io.StringIO(statement).readline)]
    return any(word in "+-*/@%><" or word in ("==", "(", "**") for word in words if word)


def renamed(statement):
    """The statement with another name for every variable, function and module."""
    before, depth, out = "", 0, []
    tokens = list(tokenize.generate_tokens(io.StringIO(statement).readline))
    for token, after in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
        word = token.string
        depth += (word in ("(", "[")) - (word in (")", "]"))
        is_name = token.type == tokenize.NAME and not keyword.iskeyword(word)
        is_argument = depth > 0 and after.string == "="
        if is_name and before != "." and not is_argument and word not in dir(builtins):
            word = f"{word[::-1]}_x"
        out.append((token.type, word))
        before = token.string
    return tokenize.untokenize(out).strip()


def unspaced(statement):
    """The statement with its spaces and brackets put otherwise."""
    return ast.unparse(ast.parse(statement)).replace(", ", " ,").replace("(", "( ")


TELLING = [
    (name, statement)
    for name, reference in REFERENCES.items()
    for statement in statements(reference)
    if tells(statement)
]


# Every place a statement can hide in, as something done to a notebook.
def code(nb, text):
    nb.cells[2].source += f"\n{text}"


def code_inside_a_function(nb, text):
    nb.cells[1].source += f"\n\ndef cousin(a):\n    for b in a:\n        {text}"


def code_comment(nb, text):
    nb.cells[1].source += f"\nx = 1\n#   {text}"


def code_string(nb, text):
    nb.cells[2].source = f"quiz('Which?', {{{text!r}: 'no'}})"


def docstring(nb, text):
    nb.cells[1].source += f'\ndef cousin(a):\n    """Do it.\n\n    {text}\n    """'


def stub(nb, text):
    nb.cells[4].source = nb.cells[4].source.replace("raise", f"{text}\n    raise")


def code_that_does_not_parse(nb, text):
    nb.cells[1].source = f"%matplotlib inline\n{text}  # so"


def markdown_line(nb, text):
    nb.cells[3].source += f"\n\nWrite\n{text}\nand nothing else: it's done."


def markdown_list(nb, text):
    nb.cells[3].source += f"\n- {text}\n2. {text}"


def markdown_fence(nb, text):
    nb.cells[3].source += f"\n```python\n{text}\n```"


def markdown_span(nb, text):
    nb.cells[3].source += f"\nYou may write `{text}` here, it's right."


def markdown_prompt(nb, text):
    nb.cells[3].source += f"\n> >>> {text}"


def markdown_html(nb, text):
    nb.cells[3].source += f"\n<pre><b>{html.escape(text)}</b></pre>"


def markdown_html_in_a_sentence(nb, text):
    nb.cells[3].source += f"\nYou may write <code>{html.escape(text)}</code>, it's right."


def hint(nb, text):
    nb.cells[6].source = nb.cells[6].source.replace("Multiply.", text)


def essay(nb, text):
    nb.cells[7].source += f"\n{text}"


def raw_cell(nb, text):
    nb.cells.append(new_raw_cell(text))


def output_stream(nb, text):
    nb.cells[1].outputs = [new_output("stream", text=f"1\n{text}\n2")]


def output_text(nb, text):
    data = {"text/plain": repr(text)}
    nb.cells[1].outputs = [new_output("execute_result", data, execution_count=1)]


def output_html(nb, text):
    spans = "".join(f"<span class='n'>{html.escape(part)}</span>" for part in text)
    nb.cells[1].outputs = [new_output("display_data", {"text/html": f"<pre>{spans}</pre>"})]


def output_json(nb, text):
    data = {"application/vnd.x+json": {"lines": [json.dumps({"a": [text]})]}}
    nb.cells[1].outputs = [new_output("display_data", data)]


def output_metadata(nb, text):
    nb.cells[1].outputs = [new_output("display_data", {}, metadata={"a": {"b": text}})]


def traceback(nb, text):
    painted = " ".join(f"\x1b[0;31m{part}\x1b[39m" for part in text.split(" "))
    lines = ["\x1b[0;31mError\x1b[0m", f"      3 x = 1\n----> 4     {painted}\n      5 y"]
    nb.cells[1].outputs = [new_output("error", ename="E", evalue="", traceback=lines)]


def error_value(nb, text):
    nb.cells[1].outputs = [new_output("error", ename="E", evalue=text, traceback=[])]


def cell_metadata(nb, text):
    nb.cells[5].metadata["nbgrader"]["note"] = text


def cell_metadata_key(nb, text):
    nb.cells[0].metadata["tags"] = {text: 1}


def notebook_metadata(nb, text):
    nb.metadata["imbal_lab"]["extra"] = [{"deep": ["a", text]}]


def metadata_in_base64(nb, text):
    packed = base64.encodebytes(f"The answer is\n{text}\n, you see".encode()).decode()
    nb.metadata["imbal_lab"]["state"] = packed


def metadata_in_escaped_json(nb, text):
    nb.metadata["imbal_lab"]["state"] = json.dumps(json.dumps({"code": f"x\n{text}\ny"}))


def attachment(nb, text):
    packed = base64.b64encode(text.encode()).decode()
    nb.cells[3]["attachments"] = {"answer.txt": {"text/plain": packed}}


def attachment_name(nb, text):
    nb.cells[3]["attachments"] = {text: {"text/plain": ""}}


PLACES = [
    code,
    code_inside_a_function,
    code_comment,
    code_string,
    docstring,
    stub,
    code_that_does_not_parse,
    markdown_line,
    markdown_list,
    markdown_fence,
    markdown_span,
    markdown_prompt,
    markdown_html,
    markdown_html_in_a_sentence,
    hint,
    essay,
    raw_cell,
    output_stream,
    output_text,
    output_html,
    output_json,
    output_metadata,
    traceback,
    error_value,
    cell_metadata,
    cell_metadata_key,
    notebook_metadata,
    metadata_in_base64,
    metadata_in_escaped_json,
    attachment,
    attachment_name,
]


@pytest.fixture
def clean(lesson, references):
    notebook = to_notebook(lesson, references, answers=False)
    assert find_leaks(notebook, {**REFERENCES, **references}) == []
    return notebook


@pytest.mark.parametrize("disguise", [str, renamed, unspaced], ids=lambda f: f.__name__)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_every_telling_statement_is_found_in_every_place(clean, place, disguise):
    for name, statement in TELLING:
        notebook = copy.deepcopy(clean)
        place(notebook, disguise(statement))
        found = {leak.exercise for leak in find_leaks(notebook, {name: REFERENCES[name]})}
        assert found == {name}, f"{statement!r} as {disguise(statement)!r} was not seen"


def test_every_exercise_has_telling_statements():
    assert {name for name, _ in TELLING} == set(REFERENCES)


def test_what_is_exempt_in_the_real_answers_is_only_this():
    quiet = {s for reference in REFERENCES.values() for s in statements(reference) if not tells(s)}
    assert quiet == {"rows = []", "shares = []"}


@pytest.mark.parametrize(
    "shown",
    [
        "loss = 3 * (params - lr * unit_directions(grads).sum(dim=0)).norm()",
        "the answer is a - b * f(c).sum(dim=0) as you see",
        "assert (x == (a - (b * (f(c)).sum(dim=0,)))).all()",
        "new: Tensor = a - b * \\\n    f(c).sum(\n        dim=0,\n    )",
        "# a - b *\n#   f(c).sum(dim=0)",
    ],
)
def test_a_large_expression_counts_in_any_frame(clean, shown):
    clean.cells[3].source += f"\n{shown}\n"
    (leak,) = find_leaks(clean, REFERENCES)
    assert (leak.exercise, leak.where) == ("pcngd_step", ".cells[task-scaled].source")
    assert leak.statement == "return params - lr * unit_directions(grads).sum(dim=0)"


@pytest.mark.parametrize(
    "harmless",
    [
        "return params - lr * grads.sum(dim=0)",  # gradient descent
        "return params - lr * unit_directions(grads).sum(dim=1)",  # another constant
        "return params - lr * unit_directions(grads).mean(dim=0)",  # another attribute
        "return params - lr * unit_directions(lr).sum(dim=0)",  # two names made one
        "mask = y == y",
        "losses[y == c]",
        "rows = []\nreturn rows",
        "for c in range(num_classes): pass",
        "use torch.stack(rows) at the end",
        "params = tuple(model.parameters())",
    ],
)
def test_what_is_not_the_answer_is_no_leak(clean, harmless):
    clean.cells[3].source += f"\n\n{harmless}\n\n`{harmless}`"
    assert find_leaks(clean, REFERENCES) == []


def test_size_decides_whether_a_part_of_a_line_counts():
    def reference(rows, n):
        """Doc."""
        rows.append(n)
        if n > 1:
            rows = rows[:n]
        with torch.no_grad():
            rows[0] += n * n * n
        for row in zip(rows[1:], rows[:-1], strict=True):
            n = row
        return n

    found = {needle.statement.splitlines()[0]: needle.whole_line for needle in needles(reference)}
    assert found == {
        "rows.append(n)": True,
        "rows = rows[:n]": True,
        "rows[0] += n * n * n": False,
        "for row in zip(rows[1:], rows[:-1], strict=True):": False,
    }


def test_the_real_releases_are_clean(root):
    lessons = read_lessons(root)
    assert "02_learning_dynamics" in {lesson.name for lesson in lessons}
    for lesson in lessons:
        assert find_leaks(to_notebook(lesson, REFERENCES, answers=False), REFERENCES) == []


def test_the_real_instructor_notebooks_are_not_which_shows_that_the_proof_can_fail(root):
    for lesson in read_lessons(root):
        leaks = find_leaks(to_notebook(lesson, REFERENCES, answers=True), REFERENCES)
        asked = {cell.ex for cell in lesson.cells if cell.role == "answer"}
        assert {leak.exercise for leak in leaks} == asked
        assert {leak.where for leak in leaks} == {f".cells[answer-{ex}].source" for ex in asked}

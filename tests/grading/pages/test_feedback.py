"""The page a student gets back."""

import base64
import hashlib
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from imbal_lab import exercises
from imbal_lab.grading.course import CourseError
from imbal_lab.grading.grade import grade
from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.judging.graded import ExerciseResult, Flag, GroupResult
from imbal_lab.grading.pages.feedback import feedback
from imbal_lab.grading.pages.safe_outputs import safe_outputs
from imbal_lab.student_process.outputs import Picture, Text

HOSTILE = "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>\x1b[31m\u202e'\""
TAGS = "html head meta title style body main h1 h2 h3 p ul ol li b span div pre details summary"
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "dir", "open"}


def picture(seed=0, height=30, width=40):
    """A PNG of noise, which cannot be made smaller without loss."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def ratio_result(passed, state="not yet", lines=("✗ seen.", "Why: why.", "Try: this first.")):
    """A result of the first exercise in which the first `passed` of its real groups passed."""
    groups = exercises.get("imbalance_ratio").groups
    results = tuple(
        GroupResult(group.name, group.hidden, k < passed, group.weight)
        for k, group in enumerate(groups)
    )
    return ExerciseResult("imbalance_ratio", state, float(passed), 3.0, None, lines, results, 0.1)


@pytest.fixture
def page_of(released, stub):
    """Grade what a student handed in with a prepared result, and read the page."""

    def make(student="anna", *, ratio=None, outputs=(), sources=None, **found):
        def result(job):
            made = stub.result_of(job, **found)
            first, second = made.exercises
            notebook = json.loads(made.notebook)
            answer = next(c for c in notebook["cells"] if c["id"] == "answer-imbalance_ratio")
            answer["outputs"] = safe_outputs(outputs)
            return replace(
                made, notebook=json.dumps(notebook).encode(), exercises=(ratio or first, second)
            )

        stub.hand_in(released, student, stub.notebook(**(sources or {})))
        grade(released, stub.LESSON, workers=stub.Prepared(result), in_flight=1, force=True)
        path = feedback(released, stub.LESSON, student=student)[student]
        assert path == released.notebook("feedback", student, stub.LESSON).with_suffix(".html")
        return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")

    return make


def words(page):
    """What a reader sees, with single spaces."""
    return " ".join(page.body.get_text(" ").split())


def mark_by_hand(course, stub, student, grade_id, score, comment):
    """As the Formgrader does it."""
    with tables.gradebook(course) as book:
        mark = book.find_grade(grade_id, stub.LESSON, stub.LESSON, student)
        mark.manual_score, mark.needs_manual_grade = score, False
        place = grade_id.replace("check-", "answer-")
        book.find_comment(place, stub.LESSON, stub.LESSON, student).manual_comment = comment
        book.db.commit()


def test_points_states_and_the_three_lines(page_of):
    text = words(page_of(ratio=ratio_result(2)))
    assert "Feedback: Stub anna 7 of 11 points" in text
    assert "imbalance_ratio ✗ not yet , 2 of 3 points ✗ seen. Why: why. Try: this first." in text
    assert "unit_directions ✓ done , 5 of 5 points shown" in text
    assert "What to try next imbalance_ratio : this first." in text
    assert "unit_directions :" not in text


def test_partial_credit_has_a_sentence_for_each_part(page_of):
    shown, skipping, hidden = exercises.get("imbalance_ratio").groups
    items = [words_of(item) for item in page_of(ratio=ratio_result(1)).select("ul.parts")[0]("li")]
    assert items[0] == f"✓ passed : {shown.name} 1 of 1 Shown: {shown.shows}."
    to_try = f"To be shown: {skipping.shows}. Try: {skipping.advice}"
    assert items[1] == f"✗ not passed : {skipping.name} 0 of 1 {to_try}"
    assert items[2] == f"✗ not passed : {hidden.name} (hidden) 0 of 1"


def words_of(element):
    return " ".join(element.get_text(" ").split())


@pytest.mark.parametrize("passed", [0, 2, 3])
def test_of_hidden_parts_there_is_only_the_name(page_of, released, stub, passed):
    page = str(page_of(ratio=ratio_result(passed)))
    hidden = exercises.get("imbalance_ratio").groups[2]
    assert hidden.hidden
    assert hidden.name in page
    for secret in (hidden.shows, hidden.advice, *(case.name for case in hidden.cases)):
        assert secret not in page
    with tables.connect(released) as connection:
        seed = tables.latest_runs(connection, stub.LESSON)["anna"]["seed"]
    assert str(seed) in released.notebook("autograded", "anna", stub.LESSON).read_text()
    assert str(seed) not in page


@pytest.mark.parametrize("number", [1, 2])
def test_a_part_hidden_in_one_release_has_no_sentence(page_of, number):
    """Neither a part that was hidden when it was graded, nor one that is hidden now."""
    result = ratio_result(0)
    turned = [replace(g, hidden=not g.hidden) for g in result.groups]
    group = exercises.get("imbalance_ratio").groups[number]
    page = str(page_of(ratio=replace(result, groups=tuple(turned))))
    assert group.name in page
    assert group.shows not in page
    assert group.advice not in page


def test_the_answer_what_it_printed_and_the_figure(page_of, stub):
    outputs = [Text("stdout", "half \x1b[31mway\n"), Picture(picture())]
    page = page_of(sources={"answer_imbalance_ratio": stub.RATIO}, outputs=outputs)
    answer, printed = page.select("pre")[:2]
    assert answer.get_text().strip() == stub.RATIO
    assert printed.get_text().strip() == "half way"
    (image,) = page.select("img")
    shown = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(shown)) as made, Image.open(io.BytesIO(picture())) as drawn:
        assert made.tobytes() == drawn.tobytes()


def test_notes_flags_and_doubts(page_of):
    flags = (
        Flag("imbalance_ratio", "x = torch.optim.SGD()", "it calls torch.optim"),
        Flag(None, "import socket", "it opens a connection"),
    )
    page = page_of(notes=("The check was put back.",), flags=flags, doubts=("Two versions.",))
    text = words(page)
    head = "A person will look at this; your points count until then"
    assert f"{head} it calls torch.optim x = torch.optim.SGD()" in text
    assert f"{head} it opens a connection import socket" in text
    assert "A person will look at this submission Two versions." in text
    assert "Mended; this cost you nothing The check was put back." in text


def test_an_essay_before_and_after_it_is_marked(page_of, released, stub):
    before = words(page_of(sources={"essay_why": "Because < b>\nof it."}))
    assert "Why Not marked yet, 3 points at most. Your text Because < b> of it." in before
    assert "Not all of it is marked yet" in before
    mark_by_hand(released, stub, "anna", "essay-why", 2.5, "Good, & <b>why</b>?")
    page = page_of(sources={"essay_why": "Because < b>\nof it."})
    assert "Why 2.5 of 3 points (a person gave this mark) Comment Good, & <b>why</b>?" in words(
        page
    )
    assert "Not all of it is marked yet" not in words(page)


def test_an_essay_that_nobody_wrote(page_of):
    assert "Why Nothing is written here yet: 0 of 3 points. Your text Why?" in words(page_of())


def test_a_mark_given_to_code_counts_and_says_so(page_of, released, stub):
    page_of(ratio=ratio_result(1))
    mark_by_hand(released, stub, "anna", "check-imbalance_ratio", 3, "I accept this.")
    text = words(page_of(ratio=ratio_result(1)))
    assert "✗ not yet , 3 of 3 points (a person gave this mark)" in text
    assert "Comment I accept this." in text
    assert "anna 8 of 11 points" in text


def test_the_name_in_the_gradebook(page_of, released):
    page_of()
    with tables.gradebook(released) as book:
        book.update_or_create_student("anna", first_name="Änna", last_name="O'<b>Neill")
    assert "Feedback: Stub Änna O'<b>Neill (anna) 7 of 11 points" in words(page_of())


def test_who_could_not_be_graded_gets_a_page_too(released, stub):
    def lost(job):
        raise OSError("the worker was lost")

    stub.hand_in(released, "eva", {}).write_bytes(b"not json")
    grade(released, stub.LESSON, workers=stub.Prepared(lost), in_flight=1)
    path = feedback(released, stub.LESSON)["eva"]
    text = words(BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser"))
    assert "eva 0 of 11 points No answer of this submission could be judged" in text
    assert "open your notebook in JupyterLab, save it, and hand in that file again" in text


def test_a_lost_autograded_notebook_costs_only_the_code(page_of, released, stub):
    page_of()
    released.notebook("autograded", "anna", stub.LESSON).unlink()
    path = feedback(released, stub.LESSON)["anna"]
    assert "5 of 5 points" in words(BeautifulSoup(path.read_bytes(), "html.parser"))


def hostile_page(page_of):
    result = ratio_result(0, lines=(HOSTILE, f"Why: {HOSTILE}", f"Try: {HOSTILE}"))
    bad_name = replace(result, groups=(GroupResult(HOSTILE, False, False, 1.0),))
    return page_of(
        ratio=bad_name,
        outputs=[Text("stdout", HOSTILE), Picture(HOSTILE.encode("utf-8", "replace"))],
        sources={"answer_imbalance_ratio": HOSTILE, "essay_why": HOSTILE},
        notes=(HOSTILE,),
        doubts=(HOSTILE,),
        flags=(Flag(None, HOSTILE, HOSTILE), Flag("imbalance_ratio", HOSTILE, HOSTILE)),
    )


def test_nothing_of_a_stranger_is_markup(page_of, released, stub):
    hostile_page(page_of)
    mark_by_hand(released, stub, "anna", "check-imbalance_ratio", 1, HOSTILE)
    with tables.gradebook(released) as book:
        book.update_or_create_student("anna", first_name=HOSTILE, last_name=HOSTILE)
    page = hostile_page(page_of)
    assert {tag.name for tag in page.find_all()} <= set(TAGS.split())
    assert {name for tag in page.find_all() for name in tag.attrs} <= ATTRIBUTES
    assert words(page).count("<script>") >= 16
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", str(page))


def test_the_policy_names_the_only_style_sheet(page_of):
    page = page_of()
    (style,) = page.select("style")
    digest = hashlib.sha256(style.string.encode()).digest()
    (policy,) = page.select("meta[http-equiv=Content-Security-Policy]")
    assert policy["content"].split("; ") == [
        "default-src 'none'",
        "img-src data:",
        f"style-src 'sha256-{base64.b64encode(digest).decode()}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert not page.select("script, link, iframe, form, [style], [onclick]")


def test_ten_huge_figures_stay_under_a_megabyte(page_of, released, stub):
    figures = [Picture(picture(seed, 360, 330)) for seed in range(10)]
    page = page_of(outputs=figures)
    path = released.notebook("feedback", "anna", stub.LESSON).with_suffix(".html")
    assert 300_000 < path.stat().st_size < 1_000_000
    assert len(page.select("img")) == 1
    assert "9 of your figures are not shown: the page would become too large." in words(page)


def test_a_flood_of_text_stays_under_a_megabyte(page_of, released, stub):
    flood = "&<'\U0001f600" * 400_000
    page = page_of(
        outputs=[Text("stdout", flood), *(Picture(picture(seed, 300, 300)) for seed in range(2))],
        sources={"answer_imbalance_ratio": flood, "essay_why": flood},
        notes=(flood,) * 1000,
        doubts=(flood,) * 1000,
        flags=(Flag("imbalance_ratio", flood, flood),) * 1000,
    )
    path = released.notebook("feedback", "anna", stub.LESSON).with_suffix(".html")
    assert path.stat().st_size < 1_000_000
    assert "cut here: too long to show" in words(page)


def test_who_was_not_graded_yet_is_named(page_of, released, stub):
    page_of()
    stub.hand_in(released, "zoe", stub.notebook())
    pages = feedback(released, stub.LESSON)
    assert list(pages) == ["anna", "zoe"]
    assert str(pages["zoe"]) == "not graded yet"
    assert not released.notebook("feedback", "zoe", stub.LESSON).parent.exists()


def test_nobody_graded(released, stub):
    with pytest.raises(CourseError, match="nobody was graded in 90_stub"):
        feedback(released, stub.LESSON)
    words = "'zoe' was not graded in 90_stub; run imbal-lab grade 90_stub"
    with pytest.raises(CourseError, match=f"^{words}$"):
        feedback(released, stub.LESSON, student="zoe")


def test_a_class_graded_for_real(graded, stub):
    everybody = ["anna", "ben", "cleo", "dora", "eva", "finn", "gus", "hal"]
    assert graded.feedback.stdout.splitlines() == [
        f"course/feedback/{who}/90_stub/90_stub.html" for who in everybody
    ]
    assert graded.feedback.stderr == ""
    assert graded.feedback.returncode == 0
    pages = {
        who: graded.course.notebook("feedback", who, stub.LESSON).with_suffix(".html").read_text()
        for who in everybody
    }
    text = {who: words(BeautifulSoup(page, "html.parser")) for who, page in pages.items()}
    assert "ben 2 of 11 points" in text["ben"]
    assert "a label that never occurs was counted as a class of size zero." in text["ben"]
    assert "unit_directions ○ not started , 0 of 5 points" in text["ben"]
    assert "anna 8 of 11 points" in text["anna"]
    assert "No answer of this submission could be judged" in text["eva"]
    assert "The notebook cannot be read" in text["eva"]
    assert "What to try next" not in text["eva"]
    assert "could be judged" not in text["ben"] + text["dora"]
    assert "\x1b" not in "".join(pages.values())
    assert "Traceback" not in "".join(pages.values())

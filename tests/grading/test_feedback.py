"""The page a student gets back."""

import html
import re

import pytest

from imbal_lab.grading import tables
from imbal_lab.grading.course import CourseError
from imbal_lab.grading.feedback import feedback


def text_of(page):
    """What a reader sees: the body without scripts, styles and tags."""
    body = page.read_text(encoding="utf-8").split("<body>", 1)[1]
    body = re.sub(r"(?s)<(script|style).*?</\1>", "", body)
    return html.unescape(re.sub(r"<[^>]+>", "", body))


def test_a_page_for_everybody_graded(graded, stub):
    pages = sorted(graded.course.root.glob("feedback/*/*/*.html"))
    assert [page.parts[-3] for page in pages] == ["anna", "ben", "cleo", "finn", "hal"]
    assert graded.feedback.stdout.splitlines()[0] == "course/feedback/anna/90_stub/90_stub.html"
    assert graded.feedback.stderr == ""


def test_who_could_not_be_graded_is_named(graded):
    missing = [line for line in graded.feedback.stdout.splitlines() if "no page" in line]
    assert missing == [f"no page for {who}: could not be graded" for who in ("dora", "eva", "gus")]
    assert graded.feedback.returncode == 1


def test_page_gives_points_and_three_lines_and_no_trace(graded, stub):
    text = text_of(graded.course.notebook("feedback", "ben", stub.LESSON).with_suffix(".html"))
    assert "Score: 1.0 / 9.0" in text
    assert "double: not yet.\nWhy: doubling is adding to itself.\nTry: x + x." in text
    assert "twice: not started.\nWhy: doubling is adding to itself.\nTry: x + x." in text
    assert "Traceback" not in text
    assert "CheckFailed:" not in text


def test_long_messages_wrap(graded, stub):
    page = graded.course.notebook("feedback", "ben", stub.LESSON).with_suffix(".html")
    head, body = page.read_text(encoding="utf-8").split("</head>", 1)
    assert head.endswith("</style>")
    assert "pre-wrap" in head[-200:]  # the last rule wins over nbgrader's
    assert "pre-wrap" not in body


def test_page_does_not_show_the_seed(graded, stub):
    """It stands in the report beside the lines; hidden cases could be drawn from it."""
    with tables.connect(graded.course) as connection:
        seed = tables.latest_runs(connection, stub.LESSON)["ben"]["seed"]
    assert str(seed) in graded.course.notebook("autograded", "ben", stub.LESSON).read_text()
    page = graded.course.notebook("feedback", "ben", stub.LESSON).with_suffix(".html")
    assert str(seed) not in page.read_text(encoding="utf-8")


def test_nobody_graded(released, stub):
    with pytest.raises(CourseError, match="nobody was graded in 90_stub"):
        feedback(released, stub.LESSON)
    words = "'zoe' was not graded in 90_stub; run imbal-lab grade 90_stub"
    with pytest.raises(CourseError, match=f"^{words}$"):
        feedback(released, stub.LESSON, student="zoe")

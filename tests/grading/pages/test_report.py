"""The report on a lesson: page, CSV, and what the anonymised form gives away."""

import base64
import csv
import hashlib
import io
import re
from datetime import datetime
from html.parser import HTMLParser

import pytest
from PIL import Image
from sqlalchemy import insert

from imbal_lab.cli import main
from imbal_lab.grading.course import CourseError
from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.judging.graded import ExerciseResult, Flag, GroupResult
from imbal_lab.grading.pages import report as report_module
from imbal_lab.grading.pages.class_results import StudentResult
from imbal_lab.grading.pages.item_analysis import analyse
from imbal_lab.grading.pages.needs_a_word import mistake_sentence, needs_a_word
from imbal_lab.grading.pages.pseudonyms import pseudonym, with_pseudonyms
from imbal_lab.grading.pages.report import page, report

SHELL = "<script>alert(1)</script>"
ESCAPE = "\x1b[31m\u202eevil"


def result(exercise, state, score, mistake=None):
    groups = (
        GroupResult("three classes", False, state == "done", 1.0),
        GroupResult("many classes", True, score > 0, 1.0),
    )
    return ExerciseResult(exercise, state, score, 2.0, mistake, ("a line",), groups, 0.5)


def graded(student, first, second, **others):
    """A student with these two exercises, each a state, a score and perhaps a mistake."""
    both = (result("unit_directions", *first), result("pcngd_step", *second))
    return StudentResult(student, "graded", finished=datetime(2026, 3, 1), exercises=both, **others)


DONE, BARE = ("done", 2.0), ("not started", 0.0)
COLUMNS = ("not yet", 1.0, "columns")
CLASS = [
    graded("anna", DONE, DONE),
    graded("ben", COLUMNS, COLUMNS),
    graded("cleo", BARE, BARE),
    graded("dora", DONE, BARE, doubts=("the file was called dora rogue.ipynb",)),
    graded("emil", DONE, DONE, flags=(Flag("pcngd_step", "import socket", "it opens a socket"),)),
    StudentResult("finn", "failed", f"not a notebook {ESCAPE}", datetime(2026, 3, 2)),
    StudentResult("gus", "not graded"),
]


class Tags(HTMLParser):
    """Every tag with its attributes, and the text between them."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += f" {data}"


def page_of(students, anonymous=False):
    items = analyse({s.student: s.exercises for s in students if s.status == "graded"})
    return page("90_lesson", students, items, anonymous=anonymous).decode()


def test_who_needs_a_word_and_why():
    assert needs_a_word(CLASS, anonymous=False) == {
        "ben": [
            "the same mistake in unit_directions and pcngd_step: "
            "the norm runs over the classes, one for each parameter."
        ],
        "cleo": ["has not started any exercise"],
        "dora": ["the score is in doubt: the file was called dora rogue.ipynb"],
        "emil": ["code to look at in 1 place: pcngd_step: it opens a socket (import socket)"],
        "finn": ["could not be graded: not a notebook [31m evil"],
        "gus": ["handed in, not graded yet"],
    }


def test_the_page_says_what_the_class_did():
    html = page_of(CLASS)
    text = " ".join(Tags(html).text.split())
    assert "7 handed in, 5 graded; newest run 2026-03-02 00:00 UTC." in text
    assert "Hardest exercise: pcngd_step , with 50% of its points" in text
    # unit_directions: 3 of 5 done, 1 not yet, 1 bare; (2 + 1 + 0 + 2 + 2) / 5 points.
    assert "unit_directions 60% 20% 20% 1.40 of 2 too few (n = 5) 0.5" in text
    assert "three classes 1 of 4" in text
    assert "many classes hidden 0 of 4" in text
    assert "columns the norm runs over the classes, one for each parameter. 1" in text


def test_nobody_graded():
    assert "Nobody is graded yet" in page_of([StudentResult("gus", "not graded")])
    assert "Nobody, as far as the gradebook knows." in page_of([])


def test_pictures_are_png_and_said_in_words():
    pictures = [attrs for tag, attrs in Tags(page_of(CLASS)).tags if tag == "img"]
    assert len(pictures) == 2
    for attrs in pictures:
        head, _, data = attrs["src"].partition(",")
        assert head == "data:image/png;base64"
        assert Image.open(io.BytesIO(base64.b64decode(data))).format == "PNG"
    assert "unit_directions: 3 done, 1 not yet, 1 not started" in pictures[0]["alt"]
    assert pictures[1]["alt"].endswith(
        "1 from 0 to 1, 0 from 1 to 2, 2 from 2 to 3, 2 from 3 to 4."
    )


def test_the_policy_allows_the_style_and_nothing_else():
    html = page_of(CLASS)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    style = html[html.index("<style>") + 7 : html.index("</style>")]
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; img-src data:; style-src 'sha256-{allowed}';")
    assert {tag for tag, _ in Tags(html).tags} & {"script", "link", "iframe", "a"} == set()
    assert " style=" not in html


HOSTILE = [
    graded(
        SHELL,
        DONE,
        DONE,
        doubts=(f'"><img src=x onerror=alert(1)>{ESCAPE}', "javascript:alert(1)"),
        flags=(Flag(SHELL, SHELL, "{{ 7 * 7 }}"), *[Flag(None, "x" * 10_000, "long")] * 1_000),
    ),
    StudentResult("=1+1", "failed", "</style><svg onload=alert(1)>"),
]


def test_nothing_of_a_stranger_is_alive_in_the_page():
    html = page_of(HOSTILE)
    tags = Tags(html).tags
    assert not {tag for tag, _ in tags} & {"script", "svg", "iframe"}
    assert [a["src"][:5] for tag, a in tags if tag == "img"] == ["data:", "data:"]
    assert not [name for _, attrs in tags for name in attrs if name.startswith("on")]
    assert html.count("</style>") == 1
    assert "{{ 7 * 7 }}" in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "; and 996 more" in html
    assert len(Tags(html).text) < 8_000


def test_pseudonyms_are_stable_and_of_one_course():
    assert pseudonym(b"s" * 32, "anna") == pseudonym(b"s" * 32, "anna")
    assert pseudonym(b"s" * 32, "anna") != pseudonym(b"s" * 32, "ben")
    assert pseudonym(b"s" * 32, "anna") != pseudonym(b"t" * 32, "anna")
    assert re.fullmatch("student-[0-9a-f]{10}", pseudonym(b"s" * 32, "anna"))


def test_the_order_of_pseudonyms_tells_no_names():
    many = [StudentResult(f"{k:03}", "not graded") for k in range(40)]
    renamed = [s.student for s in with_pseudonyms(many, b"s" * 32)]
    assert renamed == sorted(renamed)
    assert renamed != [pseudonym(b"s" * 32, s.student) for s in many]


def test_nothing_that_a_student_wrote_is_in_the_anonymous_page():
    html = page_of(with_pseudonyms(CLASS, b"s" * 32), anonymous=True)
    words = re.sub('base64,[^"]*', "", html)
    assert not [student.student for student in CLASS if re.search(rf"\b{student.student}\b", words)]
    assert not re.search("rogue|import socket|not a notebook", html)
    for said in ("the score is in doubt<", "code to look at in 1 place<", "not be graded<"):
        assert said in html


@pytest.fixture
def filled(released):
    """A course whose tables hold CLASS; ben was graded twice, and gus has handed in only."""
    lesson = released.lessons()[0]
    with tables.connect(released) as connection:
        release_id = tables.require_release(connection, lesson)["id"]
        for student in [graded("ben", DONE, DONE), *CLASS[:-1], StudentResult("=1+1", "failed")]:
            write(connection, lesson, release_id, student)
        write(connection, lesson, release_id, StudentResult("anna", "running"))
    released.notebook("submitted", "gus", lesson).parent.mkdir(parents=True)
    return released


def write(connection, lesson, release_id, student):
    """The rows of one run, as grading writes them."""
    run = {"lesson": lesson, "student": student.student, "release_id": release_id, "seed": 1}
    run |= {"submission_sha256": "", "started": datetime(2026, 3, 1), "status": student.status}
    run |= {"finished": student.finished, "reason": student.reason}
    key = connection.execute(insert(tables.runs).values(run)).inserted_primary_key[0]
    for at, r in enumerate(student.exercises):
        row = {"run_id": key, "exercise": r.exercise, "position": at, "state": r.state}
        row |= {"score": r.score, "points": r.points, "mistake": r.mistake, "line_1": r.lines[0]}
        row |= {"line_2": "", "line_3": "", "cpu_seconds": r.cpu_seconds}
        connection.execute(insert(tables.diagnoses).values(row))
        for place, g in enumerate(r.groups):
            row = {"run_id": key, "exercise": r.exercise, "position": place, "name": g.name}
            row |= {"hidden": g.hidden, "passed": g.passed, "weight": g.weight}
            connection.execute(insert(tables.cases).values(row))
    remarks = [("note", "mended"), *(("doubt", text) for text in student.doubts)]
    for at, (kind, text) in enumerate(remarks):
        row = {"run_id": key, "position": at, "kind": kind, "text": text}
        connection.execute(insert(tables.remarks).values(row))
    for at, f in enumerate(student.flags):
        row = {"run_id": key, "position": at, "exercise": f.exercise, "line": f.line, "why": f.why}
        connection.execute(insert(tables.flags).values(row))


def test_newest_finished_runs_are_read(filled):
    students, _ = report_module._read(filled, filled.lessons()[0])
    assert students == [StudentResult("=1+1", "failed"), *CLASS]


def rows(path):
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_files(filled):
    lesson = filled.lessons()[0]
    html, scores, items = report(filled, lesson)
    assert [p.name for p in (html, scores, items)] == [
        f"{lesson}.html", f"{lesson}.csv", f"{lesson}-items.csv",
    ]  # fmt: skip
    assert html.parent == filled.root / "reports"
    assert "8 handed in, 5 graded" in html.read_text(encoding="utf-8")
    table = rows(scores)
    assert table[1] == ["'=1+1", lesson, "", "failed", "", "", "", "", ""]
    assert table[4] == [
        "ben",
        lesson,
        "unit_directions",
        "not yet",
        "1",
        "2",
        "columns",
        "0.50",
        "0",
    ]
    assert [row[8] for row in table if row[0] == "emil"] == ["0", "1"]
    assert len(table) == 1 + 5 * 2 + 3
    assert rows(items)[1:4] == [
        [lesson, "unit_directions", "group failed", "three classes", "no", "1", "4"],
        [lesson, "unit_directions", "group failed", "many classes", "yes", "0", "4"],
        [lesson, "unit_directions", "mistake", "columns", "", "1", "5"],
    ]


def test_anonymous_files_stand_beside_and_are_stable(filled):
    lesson = filled.lessons()[0]
    named = [path.read_bytes() for path in report(filled, lesson)]
    paths = report(filled, lesson, anonymous=True)
    assert [p.name for p in paths] == [
        f"{lesson}-anonymous.html", f"{lesson}-anonymous.csv", f"{lesson}-anonymous-items.csv",
    ]  # fmt: skip
    assert [path.read_bytes() for path in report(filled, lesson)] == named
    first = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in report(filled, lesson, anonymous=True)] == first
    who = {row[0] for row in rows(paths[1])[1:]}
    assert len(who) == 8
    assert all(re.fullmatch("student-[0-9a-f]{10}", name) for name in who)


def test_the_command(filled, capsys, monkeypatch):
    monkeypatch.chdir(filled.root)
    lesson = filled.lessons()[0]
    assert main(["report", lesson, "--anonymous"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"reports/{lesson}-anonymous.html",
        f"reports/{lesson}-anonymous.csv",
        f"reports/{lesson}-anonymous-items.csv",
    ]


def test_an_unreleased_lesson_is_an_error(course):
    with pytest.raises(CourseError, match="was not released"):
        report(course, course.lessons()[0])


def test_a_mistake_that_is_gone_has_no_sentence():
    assert mistake_sentence("unit_directions", "forgotten") == ""
    assert mistake_sentence("no_such_exercise", "columns") == ""

"""One class, graded for real: what the teacher sees, and what is kept."""

import json
import shutil

from imbal_lab.grading.course import Course
from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.gradebook.summary import summary

EXPECTED = {  # points of 11, marks, whether a person is needed
    "anna": (8, ("✓ 3", "✓ 5"), False),
    "ben": (2, ("✗ 2", "○ 0"), False),
    "cleo": (8, ("✓ 3", "✓ 5"), False),  # warns, and edited the check and a given cell
    "dora": (3, ("✓ 3", "✗ 0"), False),  # ends her process: that exercise is lost, not the others
    "eva": (0, ("○ 0", "○ 0"), True),  # nothing can be read
    "finn": (8, ("✓ 3", "✓ 5"), False),  # deleted a check, another kernel
    "gus": (7, ("✓ 3", "✗ 4"), True),  # copied a check; made from a version nobody released
    "hal": (5, None, False),  # no Python in one answer
}


def rows_of(graded, stub):
    return {row.student: row for row in summary(graded.course, stub.LESSON, list(EXPECTED))}


def test_scores_marks_and_who_needs_a_person(graded, stub):
    rows = rows_of(graded, stub)
    for student, (score, marks, person) in EXPECTED.items():
        row = rows[student]
        assert (row.score, row.points) == (score, 11), student
        assert marks is None or tuple(row.marks.values()) == marks, student
        assert bool(row.needs_person) == person, (student, row.needs_person)
        assert row.cpu_seconds is not None
    assert rows["hal"].marks["unit_directions"] == "✓ 5"
    assert rows["anna"].to_mark == ["essay-why"]
    assert rows["ben"].to_mark == []  # an untouched essay is 0 and needs nobody
    assert rows["anna"].notes == []
    assert rows["cleo"].notes  # the cells that were put back
    assert rows["finn"].notes


def test_tables_hold_seed_cases_and_diagnosis(graded, stub):
    with tables.connect(graded.course) as connection:
        runs = tables.latest_runs(connection, stub.LESSON)
        diagnoses = connection.execute(tables.diagnoses.select()).all()
        cases = connection.execute(tables.cases.select()).all()
    assert set(runs) == set(EXPECTED)
    assert len({run["seed"] for run in runs.values()}) == len(runs)
    assert all(run["finished"] > run["started"] for run in runs.values())
    ben = runs["ben"]["id"]
    assert [(d.exercise, d.state, d.score, d.mistake) for d in diagnoses if d.run_id == ben] == [
        ("imbalance_ratio", "not yet", 2.0, "unused_labels"),
        ("unit_directions", "not started", 0.0, None),
    ]
    ratio = [c for c in cases if (c.run_id, c.exercise) == (ben, "imbalance_ratio")]
    assert [(c.hidden, c.passed) for c in ratio] == [(False, True), (False, False), (True, True)]


def test_autograded_notebooks_hold_the_checks_lines_and_no_seed(graded, stub):
    with tables.connect(graded.course) as connection:
        seed = tables.latest_runs(connection, stub.LESSON)["ben"]["seed"]
    content = graded.course.notebook("autograded", "ben", stub.LESSON).read_bytes()
    cells = {
        cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in json.loads(content)["cells"]
    }
    text = "".join(cells["check-imbalance_ratio"]["outputs"][0]["text"])
    assert "a label that never occurs was counted" in text
    assert str(seed).encode() not in content


def test_stderr_holds_the_progress_and_nothing_else(graded):
    assert graded.release.stderr == ""
    last = graded.grade.stderr.replace("\r", "\n").strip().splitlines()[-1]
    assert last.startswith("90_stub: 100%")
    assert "8/8 [" in last
    assert "warning" not in graded.grade.stderr.lower()


def test_table_last_line_and_exit_code(graded):
    lines = graded.grade.stdout.splitlines()
    head = ["student", "score", "imbalance_ratio", "unit_directions", "CPU", "s", "notes"]
    assert lines[0].split() == head
    assert lines[1].split()[:8] == ["anna", "8", "/", "11", "✓", "3", "✓", "5"]
    assert lines[1].endswith("essay-why to mark")
    assert lines[-2].startswith("essays to mark: 1")
    assert lines[-1] == "needs a person: eva, gus (scores count until you change them)"
    assert graded.grade.returncode == 1
    assert "\x1b" not in graded.grade.stdout + graded.grade.stderr


def test_a_mark_given_by_hand_survives_regrading(graded, stub, tmp_path):
    copy = tmp_path / "class"
    shutil.copytree(graded.course.project, copy)
    course = Course.find(copy)
    with tables.gradebook(course) as book:
        grade = book.find_grade("essay-why", stub.LESSON, stub.LESSON, "anna")
        grade.manual_score, grade.needs_manual_grade = 2, False
        book.db.commit()
    said = stub.imbal_lab("grade", stub.LESSON, "--student", "anna", "--force", cwd=copy)
    assert "10 / 11" in said.stdout
    assert said.stdout.splitlines()[-1] == "nobody needs a person"
    assert said.returncode == 0


def test_regrade_with_the_stored_seeds_changes_nothing(graded, stub, tmp_path):
    copy = tmp_path / "class"
    shutil.copytree(graded.course.project, copy)
    said = stub.imbal_lab("regrade", stub.LESSON, "-j", "2", cwd=copy)
    assert said.stdout.splitlines() == [
        "0 of 8 scores change; nothing written: --write lets them count"
    ]
    assert said.returncode == 0

"""The teacher's commands: release, collect, grade, regrade, feedback, report, export."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from imbal_lab.grading.course import Course, CourseError, write_atomically
from imbal_lab.grading.gradebook.conversion import printable
from imbal_lab.terminal import near, table

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from imbal_lab.grading.gradebook.summary import Row

UNSAFE = "warning: students' code runs without confinement, with all your rights"


def add_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add them with `command(name, run, summary, text)`, which returns each one's parser."""
    release = command("release", _release, "hand a lesson out", RELEASE)
    collect = command("collect", _collect, "take in what students handed in", COLLECT)
    grade = command("grade", _grade, "run every check on every submission", GRADE)
    regrade = command("regrade", _regrade, "grade again, and say what changes", REGRADE)
    feedback = command("feedback", _feedback, "make a feedback page for each student", FEEDBACK)
    report = command("report", _report, "what a lesson was like for the class", REPORT)
    export = command("export", _export, "write the scores as CSV", EXPORT)
    for added in (release, collect, grade, regrade, feedback, report):
        added.add_argument("lesson", metavar="LESSON", help="its name, e.g. 02_learning_dynamics")
    for added in (grade, regrade, feedback):
        added.add_argument("--student", metavar="S", help="only this student id")
    for added in (grade, regrade):
        _add_workers(added)
    report.add_argument("--anonymous", action="store_true", help="pseudonyms in place of names")
    collect.add_argument("path", type=Path, metavar="PATH", help="a folder or a zip file")
    export.add_argument("file", type=Path, nargs="?", metavar="FILE", help="default: stdout")
    release.add_argument(
        "--force", action="store_true", help="replace a release that students worked on already"
    )
    grade.add_argument(
        "--exercise", metavar="E", help="this one again, for everybody; other scores stay"
    )
    grade.add_argument(
        "--force", action="store_true", help="also who was graded already; draws new hidden cases"
    )
    regrade.add_argument("--write", action="store_true", help="let the new scores count")


def _add_workers(added: argparse.ArgumentParser) -> None:
    where = added.add_mutually_exclusive_group()
    where.add_argument("-j", type=_count, metavar="N", help="submissions at once; default: cores")
    where.add_argument(
        "--cluster", metavar="ADDRESS", help="a Dask scheduler's, e.g. tcp://10.0.0.5:8786"
    )
    added.add_argument(
        "--unsafe-no-sandbox",
        action="store_true",
        help="run students' code with all your rights: for your own notebooks only",
    )


def _count(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r}: give a number from 1 to 1000")
    return int(text)


RELEASE = """\
Register a lesson's notebook in the gradebook and write what you hand out:

  course/release/LESSON.zip               for your learning platform
  course/release/LESSON/LESSON.ipynb      the notebook alone

A lesson that changed after students handed in work is refused, unless you say --force.
"""
COLLECT = """\
Copy handed-in notebooks to course/submitted/STUDENT/LESSON/LESSON.ipynb. PATH is a folder, or the
zip that Moodle or Canvas gives you ("download all submissions"). Nothing in it is run. The student
id comes from the path:

  Jane Doe_12345_assignsubmission_file_/x.ipynb    jane-doe        (Moodle: the name)
  doejane_12345_678910_x.ipynb                     doejane-12345   (Canvas: name and user number)
  jane/LESSON.ipynb                                jane            (the folder right above)
  jane.ipynb                                       jane

Two Moodle students of one name get their number as well. Of two versions the newer, by file date,
is graded; the other is kept in course/submitted/STUDENT/.older/. Ends with 1 if something was not
taken or is damaged.
"""
GRADE = """\
Run the checks of a lesson on every submission that is new or changed, and print the scores. Each
student gets their own hidden cases, drawn from a seed that is kept. Essays are for you to mark, in
the Formgrader.

  ✓ done    ✗ not yet    ○ not started    ! no result

Students' code is confined: it reaches no file of yours, no network and no other process. Where
that is not possible, grade refuses; imbal-lab doctor says why. With --cluster the machines there
do the work, each confining for itself; they are yours and run the same version of Imbal Lab.

Stop it at any time: what was finished is kept, and the same command goes on. Ends with 1 if
somebody needs a person. Scores in question count until you change them.
"""
REGRADE = """\
Grade again what was graded already, with the same hidden cases, and print the scores that change:
after a correction to a check, say. Nothing is written without --write, and marks that you gave
are never changed. Ends with 1 if a score changes or somebody could not be graded again.
"""
FEEDBACK = """\
Write course/feedback/STUDENT/LESSON/LESSON.html: the student's notebook with points, and under each
check what was seen, why, and what to try. Grade first; essays marked later show when you run it
again. Ends with 1 if somebody who handed in has no page.
"""
REPORT = """\
Write what grading found out about a lesson:

  course/reports/LESSON.html         how far the class is, each case group and named mistake with
                                     how often, the hardest exercise, students who need a word
  course/reports/LESSON.csv          one row a student and exercise
  course/reports/LESSON-items.csv    one row a case group and named mistake

With --anonymous the files are called LESSON-anonymous...: pseudonyms stand for names, the same in
every report of the course, and nothing that a student wrote is in them.
"""
EXPORT = """\
Write all scores as CSV: student, lesson, score, max, and one column for each exercise and essay.
"""


def _release(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.grading.gradebook.release import release

    made = release(course, args.lesson, force=args.force)
    print(f"{made.lesson}, version {made.version}{', unchanged' if made.again else ''}")
    print(f"hand out  {near(made.bundle)}  (or {near(made.notebook)} alone)")
    return 0


def _collect(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.grading.submissions.collect import collect

    collection = collect(course, args.lesson, args.path)
    rows = [
        [c.student, c.result, printable("; ".join(c.notes)), printable(c.found)]
        for c in collection.collected
    ]
    print(table(["student", "", "note", "came as"], rows))
    for line in collection.skipped:
        print(f"not taken: {printable(line, 300)}")
    print(f"{len({c.student for c in collection.collected})} students")
    return 1 if collection.skipped or any(c.damaged for c in collection.collected) else 0


def _grade(course: Course, args: argparse.Namespace) -> int:
    with _workers(args) as (workers, in_flight):
        from imbal_lab.grading.grade import grade  # while the workers begin
        from imbal_lab.grading.gradebook.summary import summary
        from imbal_lab.grading.tasks import folders_left

        students = grade(
            course,
            args.lesson,
            workers=workers,
            in_flight=in_flight,
            student=args.student,
            exercise=args.exercise,
            force=args.force,
            unsafe=args.unsafe_no_sandbox,
            progress=True,
        )
    rows = summary(course, args.lesson, students)
    print(_scores(rows))
    left = folders_left(course, args.lesson)
    for name in left:
        print(f"not graded: submitted/{name} cannot be a student's id; rename the folder")
    return _last_line(course, rows, left)


def _scores(rows: list[Row]) -> str:
    exercises = list(dict.fromkeys(exercise for row in rows for exercise in row.marks))
    return table(
        ["student", "score", *exercises, "CPU s", "notes"],
        [
            [
                printable(row.student),
                f"{row.score:g} / {row.points:g}",
                *(row.marks.get(exercise, "-") for exercise in exercises),
                "-" if row.cpu_seconds is None else f"{row.cpu_seconds:.1f}",
                _remarks(row),
            ]
            for row in rows
        ],
    )


def _remarks(row: Row) -> str:
    essays = [f"{name} to mark" for name in row.to_mark]
    return printable("; ".join([*row.needs_person, *essays, *row.notes]), 300)


def _last_line(course: Course, rows: list[Row], left: list[str]) -> int:
    """Say whether anybody needs a person, as the exit code does."""
    essays = sum(len(row.to_mark) for row in rows)
    if essays:
        print(f"essays to mark: {essays} (Formgrader: run jupyter lab in {course.root.name}/)")
    doubtful = [printable(row.student) for row in rows if row.needs_person] + left
    if doubtful:
        print(f"needs a person: {', '.join(doubtful)} (scores count until you change them)")
    else:
        print("nobody needs a person")
    return 1 if doubtful else 0


def _regrade(course: Course, args: argparse.Namespace) -> int:
    with _workers(args) as (workers, in_flight):
        from imbal_lab.grading.regrade import regrade

        found = regrade(
            course,
            args.lesson,
            workers=workers,
            in_flight=in_flight,
            student=args.student,
            write=args.write,
            unsafe=args.unsafe_no_sandbox,
            progress=True,
        )
    if found.changes:
        rows = [
            [printable(c.student), c.exercise, f"{c.before:g}", f"{c.after:g}"]
            for c in found.changes
        ]
        print(table(["student", "exercise", "before", "after"], rows))
    for line in found.left:
        print(printable(line))
    changed = len({change.student for change in found.changes})
    wrote = "written" if args.write else "nothing written: --write lets them count"
    print(f"{changed} of {len(found.students)} scores change; {wrote}")
    return 1 if found.changes or found.left else 0


def _workers(args: argparse.Namespace) -> AbstractContextManager[tuple[Executor, int]]:
    """Those asked for. Raises CourseError where students' code cannot be confined here."""
    from imbal_lab.grading.workers import workers_here, workers_of_cluster

    if args.unsafe_no_sandbox:
        print(UNSAFE, file=sys.stderr)
    if args.cluster:
        return workers_of_cluster(args.cluster)
    from imbal_lab.grading.judging.work import begin
    from imbal_lab.sandbox import granted, probe, why_refused

    layers = None if args.unsafe_no_sandbox else granted(probe())
    refused = None if layers is None else why_refused(layers)
    if refused:
        raise CourseError(refused)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # checks are small: more threads only cost
    begin(unsafe=args.unsafe_no_sandbox, layers=layers)
    return workers_here(args.j)


def _feedback(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.grading.pages.feedback import feedback

    pages = feedback(course, args.lesson, student=args.student)
    failed = {who: page for who, page in pages.items() if not isinstance(page, Path)}
    for who, page in pages.items():
        print(printable(f"no page for {who}: {page}" if who in failed else near(page), 300))
    return 1 if failed else 0


def _report(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.grading.pages.report import report

    for path in report(course, args.lesson, anonymous=args.anonymous):
        print(near(path))
    return 0


def _export(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.grading.gradebook.export import export

    text = export(course)
    if args.file is None:
        print(text, end="")
    else:
        write_atomically(args.file, text.encode("utf-8"))
        print(f"{text.count(chr(10)) - 1} rows in {args.file}", file=sys.stderr)
    return 0

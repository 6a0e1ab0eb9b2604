"""The command `imbal-lab`: author, release and grade lessons.

Every command answers -h. What it found goes to stdout, progress to stderr. It ends with 0 where all
is well, 1 where somebody should look at something, 2 where it could not be done.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from imbal_lab.grading.course import Course, CourseError, write_atomically

GUIDE = """\
as an author      imbal-lab build        solutions/*.py  ->  notebooks/
                  imbal-lab lint         what a lesson still lacks
                  imbal-lab picture      the README's picture, drawn anew
                  imbal-lab claims       what the papers claim, measured: course/CLAIMS.md

as a teacher      imbal-lab release 02_learning_dynamics
                  imbal-lab collect 02_learning_dynamics downloads/moodle.zip
                  imbal-lab grade 02_learning_dynamics
                  imbal-lab feedback 02_learning_dynamics
                  imbal-lab export grades.csv
                  imbal-lab doctor       can students' code be confined here

Run it anywhere inside the course, or name the course with --course DIR.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Mistakes of the user are one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # ✓ on a terminal that has no such sign
    args = parser().parse_args(argv)
    # jsonschema takes 1.5 s to import this optional package, which no notebook needs.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    try:
        if args.command == "doctor":  # asks about the machine, not about a course
            return _doctor()
        return args.run(Course.find(Path.cwd(), args.course), args)
    except (CourseError, OSError) as error:
        print(f"imbal-lab {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; what was finished is kept, run it again to go on", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """The command line, with a help text for every command."""
    top = argparse.ArgumentParser(
        "imbal-lab",
        description="Imbal Lab: a course on deep learning under class imbalance.",
        epilog=GUIDE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(
        dest="command", required=True, metavar="COMMAND", title="commands"
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--course", type=Path, metavar="DIR", help="the course, if not around here")

    def command(name: str, run: object, summary: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=summary,
            description=text,
            parents=[shared],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=run)
        return added

    command("build", _build, "make notebooks/ from solutions/", BUILD)
    command("lint", _lint, "list what a lesson still lacks", LINT)
    command("picture", _picture, "draw the README's picture anew", PICTURE)
    claims = command("claims", _claims, "measure what the papers claim", CLAIMS)
    claims.add_argument("paper", nargs="?", metavar="PAPER", help="e.g. dynamics; default: all")
    claims.add_argument("--again", action="store_true", help="also what is measured already")
    release = command("release", _release, "hand a lesson out", RELEASE)
    collect = command("collect", _collect, "take in what students handed in", COLLECT)
    grade = command("grade", _grade, "run every check on every submission", GRADE)
    feedback = command("feedback", _feedback, "make a feedback page for each student", FEEDBACK)
    export = command("export", _export, "write the scores as CSV", EXPORT)
    command("doctor", _doctor, "say what confines students' code here", DOCTOR)
    for added in (release, collect, grade, feedback):
        added.add_argument("lesson", metavar="LESSON", help="its name, e.g. 02_learning_dynamics")
    collect.add_argument("path", type=Path, metavar="PATH", help="a folder or a zip file")
    export.add_argument("file", type=Path, nargs="?", metavar="FILE", help="default: stdout")
    for added in (grade, feedback):
        added.add_argument("--student", metavar="S", help="only this student id")
    release.add_argument(
        "--force", action="store_true", help="replace a release that students worked on already"
    )
    grade.add_argument(
        "--force", action="store_true", help="also who was graded already; draws new hidden cases"
    )
    return top


BUILD = """\
Make the notebooks students get from the lesson sources in solutions/. Answers stay out of them.
The same sources always give the same bytes, so commit notebooks/ with the source.
"""
LINT = """\
Check every lesson source: each exercise has a task, an answer, a check and three hints, minutes and
difficulty are given, each objective points at the cell that meets it. Ends with 1 if something is
missing.
"""
PICTURE = """\
Train with gradient descent and with PCNGD over eight seeds, print the numbers, and write
course/minority_drop.png.
"""
CLAIMS = """\
Measure the claims of a paper, or of all, print each number beside the range that its claim asks
for, and write

  course/claims/PAPER.json    one value a seed, with the hash of the protocol
  course/claims/PAPER.png     the forest plot
  course/CLAIMS.md            the page, for all papers

This takes minutes. Each claim is saved when it is finished, and is not measured again while its
protocol stays the same.
"""
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

Ends with 1 if a score needs a person. This runs students' code with your rights, as nbgrader does:
use it for people you trust.
"""
FEEDBACK = """\
Write course/feedback/STUDENT/LESSON/LESSON.html: the student's notebook with points, and under each
check what was seen, why, and what to try. Grade first; essays marked later show when you run it
again. Ends with 1 if somebody who handed in has no page.
"""
EXPORT = """\
Write all scores as CSV: student, lesson, score, max, and one column for each exercise and essay.
"""
DOCTOR = """\
Try every layer that can confine students' code on this machine, and print which work, what each
stops, the versions, and what would help where one is missing. Nothing is changed. Ends with 1 if
files, network or limits cannot be confined. `imbal-lab grade` does not use the layers yet.
"""


def _build(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.authoring import LessonError, build

    try:
        built = build(course.project)
    except LessonError as error:
        raise CourseError(str(error)) from error
    for path in built.written:
        print(_near(path))
    for folder in built.stale:
        print(f"{_near(folder)}: its lesson is gone; delete the folder")
    return 0


def _lint(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.authoring import LessonError, lint

    try:
        problems = lint(course.project)
    except LessonError as error:
        raise CourseError(str(error)) from error
    for problem in problems:
        print(problem)
    print(f"{len(problems)} things to mend" if problems else "nothing to mend", file=sys.stderr)
    return 1 if problems else 0


def _picture(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.figures.over_seeds import over_seeds
    from imbal_lab.training.minority_drop import minority_initial_drop

    result = minority_initial_drop()
    path = course.root / "minority_drop.png"
    over_seeds(result.losses, ("threes", "eights")).savefig(path, metadata={"Software": None})
    print(result, _near(path), sep="\n\n")
    return 0


def _claims(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.claims import bring_up_to_date
    from imbal_lab.claims.comparison import table
    from imbal_lab.claims.papers import PAPERS, get
    from imbal_lab.claims.publish import publish

    try:
        papers = [get(args.paper)] if args.paper else list(PAPERS.values())
        for paper in papers:
            path = course.root / "claims" / f"{paper.name}.json"
            results = bring_up_to_date(
                paper,
                path,
                again=args.again,
                progress=lambda line: print(line, file=sys.stderr, flush=True),
            )
            print(_table(["claim", "statistic", "mean [95 %]", "asked", ""], table(paper, results)))
        for written in publish(list(PAPERS.values()), course.root):
            print(_near(written))
    except ValueError as error:
        raise CourseError(str(error)) from error
    return 0


def _release(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.grading.release import release

    made = release(course, args.lesson, force=args.force)
    print(f"{made.lesson}, version {made.version}{', unchanged' if made.again else ''}")
    print(f"hand out  {_near(made.bundle)}  (or {_near(made.notebook)} alone)")
    return 0


def _collect(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.grading.collect import collect

    collection = collect(course, args.lesson, args.path)
    rows = [[c.student, c.result, "; ".join(c.notes), c.found] for c in collection.collected]
    print(_table(["student", "", "note", "came as"], rows))
    for line in collection.skipped:
        print(f"not taken: {line}")
    print(f"{len({c.student for c in collection.collected})} students")
    return 1 if collection.skipped or any(c.damaged for c in collection.collected) else 0


def _grade(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.grading.grade import grade
    from imbal_lab.grading.summary import summary

    students = grade(
        course,
        args.lesson,
        student=args.student,
        force=args.force,
        progress=lambda line: print(line, file=sys.stderr, flush=True),
    )
    rows = summary(course, args.lesson, students)
    exercises = list(dict.fromkeys(exercise for row in rows for exercise in row.marks))
    print(
        _table(
            ["student", "score", *exercises, "note"],
            [
                [
                    row.student,
                    f"{row.score:g} / {row.points:g}",
                    *(row.marks.get(exercise, "-") for exercise in exercises),
                    "; ".join([*row.needs_person, *row.notes]),
                ]
                for row in rows
            ],
        )
    )
    doubtful = [row.student for row in rows if row.needs_person]
    essays = sum(len(row.notes) for row in rows)
    if essays:
        print(f"essays to mark: {essays} (Formgrader: run jupyter lab in {course.root.name}/)")
    print(f"needs a person: {', '.join(doubtful)}" if doubtful else "nobody needs a person")
    return 1 if doubtful else 0


def _feedback(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.grading.feedback import feedback

    pages = feedback(course, args.lesson, student=args.student)
    failed = {who: page for who, page in pages.items() if not isinstance(page, Path)}
    for who, page in pages.items():
        print(f"no page for {who}: {page}" if who in failed else _near(page))
    return 1 if failed else 0


def _export(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.grading.export import export

    text = export(course)
    if args.file is None:
        print(text, end="")
    else:
        write_atomically(args.file, text.encode("utf-8"))
        print(f"{text.count(chr(10)) - 1} rows in {args.file}", file=sys.stderr)
    return 0


def _doctor() -> int:
    import platform
    from importlib.metadata import version

    from imbal_lab.sandbox import granted, probe, why_refused

    grants = probe()
    print(f"Python {platform.python_version()}, torch {version('torch')}, {platform.platform()}\n")
    print(_table(["layer", "", ""], [[g.layer, "✓" if g.granted else "✗", g.says] for g in grants]))
    for grant in grants:
        if not grant.granted:
            print(f"\n{grant.layer}: {grant.remedy}")
    refused = why_refused(granted(grants))
    print(f"\n{refused or 'students’ code can be confined here: ' + ', '.join(granted(grants))}")
    return 1 if refused else 0


def _near(path: object) -> str:
    """A path below the current folder without that folder."""
    here = Path.cwd()
    return (
        str(path.relative_to(here))
        if isinstance(path, Path) and path.is_relative_to(here)
        else str(path)
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    """Columns as wide as their widest cell, two spaces between."""
    lines = [head, *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


if __name__ == "__main__":
    sys.exit(main())

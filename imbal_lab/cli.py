"""The command `imbal-lab`: author, release and grade lessons.

Every command answers -h. What it found goes to stdout, progress to stderr. It ends with 0 where all
is well, 1 where somebody should look at something, 2 where it could not be done.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from imbal_lab.grading import commands as grading
from imbal_lab.grading.course import Course, CourseError
from imbal_lab.grading.workers import leave
from imbal_lab.terminal import near, table

GUIDE = """\
as an author      imbal-lab build        solutions/*.py  ->  notebooks/
                  imbal-lab lint         what a lesson still lacks
                  imbal-lab picture      the README's picture, drawn anew
                  imbal-lab claims       what the papers claim, measured: course/CLAIMS.md

as a teacher      imbal-lab release 02_learning_dynamics
                  imbal-lab collect 02_learning_dynamics downloads/moodle.zip
                  imbal-lab grade 02_learning_dynamics
                  imbal-lab regrade 02_learning_dynamics
                  imbal-lab feedback 02_learning_dynamics
                  imbal-lab report 02_learning_dynamics
                  imbal-lab export grades.csv
                  imbal-lab doctor       can students' code be confined here

Run it anywhere inside the course, or name the course with --course DIR.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Mistakes of the user are one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # ✓ on a terminal that has no such sign
    atexit.register(gc.freeze)  # or Python looks through all of torch at its end, for a second
    args = parser().parse_args(argv)
    # jsonschema takes 1.5 s to import this optional package, which no notebook needs.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    code = _run(args)
    leave(code)
    return code


def _run(args: argparse.Namespace) -> int:
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
    grading.add_commands(command)
    command("doctor", _doctor, "say what confines students' code here", DOCTOR)
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
DOCTOR = """\
Try every layer that can confine students' code on this machine, and print which work, what each
stops, the versions, and what would help where one is missing. Nothing is changed. Ends with 1 if
files, network or limits cannot be confined: then `imbal-lab grade` refuses. It uses every layer
that works.
"""


def _build(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.authoring import LessonError, build

    try:
        built = build(course.project)
    except LessonError as error:
        raise CourseError(str(error)) from error
    for path in built.written:
        print(near(path))
    for folder in built.stale:
        print(f"{near(folder)}: its lesson is gone; delete the folder")
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
    from imbal_lab.acceptance.minority_initial_drop import minority_initial_drop
    from imbal_lab.figures.over_seeds import over_seeds

    result = minority_initial_drop()
    path = course.root / "minority_drop.png"
    losses = {runs.label: runs.loss for runs in (result.gd, result.own)}
    over_seeds(losses, ("threes", "eights")).savefig(path, metadata={"Software": None})
    print(result, near(path), sep="\n\n")
    return 0


def _claims(course: Course, args: argparse.Namespace) -> int:
    from imbal_lab.claims import bring_up_to_date
    from imbal_lab.claims.comparison import table as comparison
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
            head = ["claim", "statistic", "mean [95 %]", "asked", ""]
            print(table(head, comparison(paper, results)))
        for written in publish(list(PAPERS.values()), course.root):
            print(near(written))
    except ValueError as error:
        raise CourseError(str(error)) from error
    return 0


def _doctor() -> int:
    import platform
    from importlib.metadata import version

    from imbal_lab.sandbox import granted, probe, why_refused

    grants = probe()
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "nbgrader"))
    print(f"Python {platform.python_version()}, {packages}, {platform.platform()}")
    print(f"{sys.executable}\n")
    print(table(["layer", "", ""], [[g.layer, "✓" if g.granted else "✗", g.says] for g in grants]))
    for grant in grants:
        if not grant.granted:
            print(f"\n{grant.layer}: {grant.remedy}")
    layers = granted(grants)
    refused = why_refused(layers)
    print(f"\nimbal-lab grade confines students’ code with: {', '.join(layers) or 'nothing'}")
    print(refused or "students’ code can be confined here")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())

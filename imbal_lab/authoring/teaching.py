"""Teaching pages: one a lesson, by hand but for what is known of misunderstandings.

An author writes ``course/teaching/NN_name.md``; between two marks the build puts every mistake
that the checks can name and every wrong choice of the quizzes, with what a learner reads.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from imbal_lab.authoring.answer_key import answer_key
from imbal_lab.authoring.lesson import Lesson
from imbal_lab.authoring.questions import questions
from imbal_lab.checks import Exercise

BEGIN = "<!-- Made by `imbal-lab build` from here on: edit exercises and quizzes instead. -->"
END = "<!-- Made by `imbal-lab build` up to here. -->"


def teachers_pages(
    root: Path, lessons: list[Lesson], exercises: Mapping[str, Exercise]
) -> dict[Path, str]:
    """The answer key, and the pages in course/teaching with their made parts up to date."""
    course = root / "course"
    pages = {
        course / "instructor" / "answer_key.md": answer_key(lessons, exercises),
        course / "teaching" / "README.md": contents(lessons),
    }
    for lesson in lessons:
        path = course / "teaching" / f"{lesson.name}.md"
        page = path.read_text(encoding="utf-8") if path.exists() else ""
        pages[path] = teaching_page(page, lesson, exercises)
    return pages


def teaching_page(page: str, lesson: Lesson, exercises: Mapping[str, Exercise]) -> str:
    """``page`` with its made part brought up to date; an empty page gets a heading first."""
    made = "\n\n".join([BEGIN, *_misunderstandings(lesson, exercises), END])
    before, found, rest = page.partition(BEGIN)
    if not found:
        before = before or f"# Teaching {lesson.name[:2]} {lesson.title}"
        return f"{before.rstrip()}\n\n{made}\n"
    return before + made + rest.partition(END)[2]


def contents(lessons: list[Lesson]) -> str:
    """``course/teaching/README.md``: which page is for which lesson."""
    rows = [
        f"| {lesson.name[:2]} | [{lesson.title}]({lesson.name}.md) | {lesson.minutes:g} | "
        f"{sum(cell.points for cell in lesson.cells):g} |"
        for lesson in lessons
    ]
    lines = [
        "# Teaching, lesson by lesson",
        "",
        "<!-- Made by `imbal-lab build` from the headers in solutions/. Edit those. -->",
        "",
        "How release, grading and feedback work: [TEACHING.md](../TEACHING.md). `imbal-lab build` "
        "also writes `course/instructor/`: notebooks with answers, and one answer key.",
        "",
        "| No. | Page | Minutes alone | Points |",
        "|---|---|---|---|",
        *rows,
    ]
    return "\n".join(lines) + "\n"


def _misunderstandings(lesson: Lesson, exercises: Mapping[str, Exercise]) -> Iterator[str]:
    yield "## Misunderstandings that the checks name"
    for ex in (cell.ex for cell in lesson.cells if cell.role == "answer"):
        yield f"### Exercise `{ex}`"
        lines = [
            f"- `{mistake.name}`: {mistake.why} *Try:* {mistake.advice}"
            for mistake in exercises[ex].mistakes
        ]
        yield "\n".join(lines)
    for asked in questions(lesson):
        wrong = {c: reply for c, reply in asked.replies.items() if reply and c != asked.right}
        if wrong:
            yield f"### Quiz `{asked.id}`"
            yield asked.question
            yield "\n".join(f"- *{choice}*: {reply}" for choice, reply in wrong.items())

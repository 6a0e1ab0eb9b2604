"""The syllabus: a table of the lessons and what they are for, made from their headers."""

from imbal_lab.authoring.labels import dots, linked
from imbal_lab.authoring.lesson import Lesson


def syllabus(lessons: list[Lesson]) -> str:
    """``course/SYLLABUS.md`` for ``lessons``, in their order."""
    lines = [
        "# Syllabus",
        "",
        "<!-- Made by `imbal-lab build` from the headers in solutions/. Edit those. -->",
        "",
        "| No. | Lesson | Paper | Minutes | Level | Points | After |",
        "|---|---|---|---|---|---|---|",
        *map(_row, lessons),
    ]
    for lesson in lessons:
        if lesson.objectives:
            lines += [
                "",
                f"## {lesson.name[:2]} {lesson.title}",
                "",
                "A learner can afterwards",
                "",
            ]
            lines += [
                f"- {one.text} ({', '.join(f'`{cell}`' for cell in one.met_by)})"
                for one in lesson.objectives
            ]
    return "\n".join(lines) + "\n"


def _row(lesson: Lesson) -> str:
    link = f"[{lesson.title}](../notebooks/{lesson.name}/{lesson.name}.ipynb)"
    points = sum(cell.points for cell in lesson.cells)
    needs = ", ".join(need[:2] for need in lesson.needs)
    cells = [
        lesson.name[:2],
        link,
        linked(lesson.paper),
        f"{lesson.minutes:g}",
        dots(lesson.level),
        f"{points:g}",
        needs,
    ]
    return f"| {' | '.join(cells)} |"

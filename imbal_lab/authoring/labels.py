"""Labels: the markdown that a lesson's header and marks become in the notebook."""

import re

from imbal_lab.authoring.lesson import LEVELS, Cell, Lesson

HINTS = 3


def card(lesson: Lesson, text: str) -> str:
    """The lesson card: the author's text, then what the header says."""
    facts = [f"about {lesson.minutes:g} minutes", f"level {dots(lesson.level)}"]
    if lesson.needs:
        links = [f"[{name}](../{name}/{name}.ipynb)" for name in lesson.needs]
        facts.append(f"after {', '.join(links)}")
    lines = [text, "", f"**{' · '.join(facts)}**"]
    if lesson.paper:
        lines += ["", f"Paper: {linked(lesson.paper)}"]
    if lesson.objectives:
        lines += ["", "When you are through, you can", ""]
        lines += [f"- {objective.text}" for objective in lesson.objectives]
    return "\n".join(lines)


def linked(paper: str) -> str:
    """``paper`` with its arXiv number as a link."""
    return re.sub(r"arXiv (\d{4}\.\d{4,5})", r"[arXiv \1](https://arxiv.org/abs/\1)", paper)


def task(cell: Cell, points: float) -> str:
    """A task with its labels below its first line, which is its heading."""
    heading, _, rest = cell.text.partition("\n")
    worth = f"{points:g} point{'s' if points != 1 else ''}"
    labels = f"*Difficulty {dots(cell.difficulty)} · about {cell.minutes:g} minutes · {worth}*"
    return f"{heading}\n\n{labels}\n\n{rest.strip()}".rstrip()


def dots(level: int) -> str:
    """●●○○○ for level 2."""
    return "●" * level + "○" * (len(LEVELS) - level)


def hint_texts(text: str) -> list[str]:
    """The items of the numbered list that ``text`` is; empty if it is something else."""
    numbers = re.findall(r"^(\d+)\. ", text, re.MULTILINE)
    before, *items = re.split(r"^\d+\. ", text.strip(), flags=re.MULTILINE)
    if before or numbers != [str(1 + i) for i in range(len(items))]:
        return []
    return [re.sub(r"^ {3}", "", item, flags=re.MULTILINE).strip() for item in items]


def wrong_hints(text: str) -> str:
    """What is wrong with a hint cell, and what to do; empty if nothing is."""
    if (count := len(hint_texts(text))) == HINTS:
        return ""
    return f'{count} hints: write three items, "1. ", "2. " and "3. ", and nothing else'


def hints(text: str) -> str:
    """The hints folded into one another, so that each opens only from the one before."""
    folded = ""
    for number, item in reversed(list(enumerate(hint_texts(text), start=1))):
        inside = f"{item}\n\n{folded}".rstrip()
        summary = f"<summary>Hint {number} of {HINTS}</summary>"
        folded = f"<details>\n{summary}\n\n{inside}\n\n</details>"
    return folded

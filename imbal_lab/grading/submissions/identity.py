"""Who handed a notebook in: from its path in what the learning platform gave us.

| found | student id | from |
|---|---|---|
| `Jane Doe_12345_assignsubmission_file_/x.ipynb` | `jane-doe` | Moodle: the name |
| `doejane_12345_678910_x.ipynb` | `doejane-12345` | Canvas: login or name, and user number |
| `student/LESSON.ipynb`, `student/LESSON/LESSON.ipynb` | `student` | the folder right above |
| `student.ipynb`, not in a folder | `student` | the file's own name |

Moodle's number belongs to one assignment, so the name is what stays the same over a course. Where
two numbers share a name, each id carries its number. Ids are lower case; letters and digits of any
script and `- _ . @ +` stay, all else becomes `-`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace

from imbal_lab.grading.submissions.intake import Found

MOODLE = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_file_(?P<file>.*)", re.DOTALL)
CANVAS = re.compile(r"(?P<login>[^_]+)_(?:LATE_)?(?P<number>\d+)_\d+_(?P<file>.+)", re.DOTALL)
MOODLE_ANONYMOUS = "participant"  # the "name" of everybody in an assignment marked blindly


@dataclass(frozen=True)
class Sender:
    """A student id, where it comes from (tells namesakes apart), and the file's own name."""

    student: str
    origin: str
    file: str
    note: str = ""


def identify(found: Found, lesson: str) -> Sender | None:
    """Who handed it in, by the rule above; None where the path does not tell."""
    *folders, file = found.path.parts
    for part in found.path.parts:
        if match := MOODLE.fullmatch(part):
            student, number = student_id(match["name"]), match["number"]
            if student == MOODLE_ANONYMOUS:
                student = f"{student}-{number}"
            return _sender(student, f"moodle {number}", file if part != file else match["file"])
    if match := CANVAS.fullmatch(file):
        student, number = student_id(f"{match['login']}-{match['number']}"), match["number"]
        return _sender(student, f"canvas {number}", match["file"])
    folders = [folder for folder in folders if folder != lesson]
    if folders:
        return _sender(student_id(folders[-1]), f"folder {'/'.join(folders)}", file)
    if is_named_after(file, lesson):
        return None
    return _sender(student_id(found.path.stem), f"file {file}", file)


def _sender(student: str, origin: str, file: str) -> Sender | None:
    return Sender(student, origin[:256], file) if student else None


def student_id(name: str) -> str:
    """`name` as a student id that is safe as a folder name; '' where nothing is left of it.

    >>> student_id("Jane  O'Neill")
    'jane-o-neill'
    """
    text = unicodedata.normalize("NFC", name).lower()
    text = "".join(char if char.isalnum() or char in "-_.@+" else "-" for char in text)
    return re.sub("-+", "-", text).strip("-_.@+")[:60]


def is_named_after(file: str, lesson: str) -> bool:
    """Whether a file is called like the lesson, also as browsers and LMS rename it.

    >>> is_named_after("02_tour (1).ipynb", "02_tour"), is_named_after("02_tour2.ipynb", "02_tour")
    (True, False)
    """
    return re.fullmatch(re.escape(lesson) + r"([ _-]+\(?\d+\)?)?\.ipynb", file) is not None


def tell_namesakes_apart(senders: list[Sender], known: dict[str, str]) -> list[Sender]:
    """Give Moodle students who share a name an id with their number.

    `known` maps the ids that this lesson has already to their origins; who has an id keeps it.
    """
    ids = {origin: student for student, origin in known.items() if origin.startswith("moodle ")}
    claims = {(s.student, s.origin) for s in senders} | {(id, o) for o, id in ids.items()}
    shared = Counter(student for student, origin in claims if origin.startswith("moodle "))
    return [_with_number(sender, ids, shared[sender.student] > 1) for sender in senders]


def _with_number(sender: Sender, ids: dict[str, str], shared: bool) -> Sender:
    if sender.origin in ids:
        return replace(sender, student=ids[sender.origin])
    if not shared or not sender.origin.startswith("moodle "):
        return sender
    number = sender.origin.removeprefix("moodle ")
    note = f"somebody else is called {sender.student}: the id carries Moodle's number"
    return replace(sender, student=f"{sender.student}-{number}", note=note)

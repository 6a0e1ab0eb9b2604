"""Which students a teacher should speak to, and about what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imbal_lab.grading.gradebook.conversion import printable
from imbal_lab.grading.pages.class_results import StudentResult
from imbal_lab.grading.pages.item_analysis import repeated_mistakes

MOST_QUOTED = 5  # of a student's doubts or flags; there may be thousands


def needs_a_word(students: Sequence[StudentResult], *, anonymous: bool) -> dict[str, list[str]]:
    """Student -> reasons, one sentence each, for those who have any.

    With `anonymous` nothing that a student wrote is quoted: no line of code, no file name.
    """
    found = {s.student: list(_reasons(s, quoted=not anonymous)) for s in students}
    return {student: reasons for student, reasons in found.items() if reasons}


def mistake_sentence(exercise: str, mistake: str) -> str:
    """What a named mistake is, in its exercise's words; "" if the exercise no longer has it."""
    from imbal_lab.exercises import EXERCISES

    known = EXERCISES[exercise].mistakes if exercise in EXERCISES else ()
    return next((m.why for m in known if m.name == mistake), "")


def _reasons(result: StudentResult, quoted: bool) -> Iterator[str]:
    if result.status == "failed":
        yield _quoting("could not be graded", [result.reason or ""], quoted)
    elif result.status != "graded":
        yield "handed in, not graded yet"
    elif all(r.state == "not started" for r in result.exercises):
        yield "has not started any exercise"
    if result.doubts:
        yield _quoting("the score is in doubt", result.doubts, quoted)
    if result.flags:
        lines = [f"{f.exercise or 'elsewhere'}: {f.why} ({f.line})" for f in result.flags]
        yield _quoting(
            f"code to look at in {len(lines)} place{'s' * (len(lines) > 1)}", lines, quoted
        )
    for mistake, exercises in repeated_mistakes(result.exercises).items():
        why = mistake_sentence(exercises[0], mistake)
        yield f"the same mistake in {' and '.join(exercises)}: {why or mistake}"


def _quoting(sentence: str, texts: Sequence[str], quoted: bool) -> str:
    """The sentence, and after it what may hold a student's own words."""
    said = [printable(text) for text in texts[:MOST_QUOTED] if text]
    if len(texts) > MOST_QUOTED:
        said.append(f"and {len(texts) - MOST_QUOTED} more")
    return f"{sentence}: {'; '.join(said)}" if quoted and said else sentence

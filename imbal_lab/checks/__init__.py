"""What an exercise is and how an answer is judged. Knows no lesson."""

from imbal_lab.checks.exercise import Case, Exercise, Group, Mistake, Property
from imbal_lab.checks.judge import Verdict, judge
from imbal_lab.checks.report import MIME, CheckFailed, check

__all__ = [
    "MIME",
    "Case",
    "CheckFailed",
    "Exercise",
    "Group",
    "Mistake",
    "Property",
    "Verdict",
    "check",
    "judge",
]

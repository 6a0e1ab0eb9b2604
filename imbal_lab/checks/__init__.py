"""What an exercise is and how an answer is judged. Knows no lesson."""

from imbal_lab.checks.call import Ask, Other, Outcome, Raised, asking
from imbal_lab.checks.exercise import Case, Exercise, Group, Mistake, Property
from imbal_lab.checks.judge import Verdict, judge
from imbal_lab.checks.known import Known
from imbal_lab.checks.report import CheckFailed, check

__all__ = [
    "Ask",
    "Case",
    "CheckFailed",
    "Exercise",
    "Group",
    "Known",
    "Mistake",
    "Other",
    "Outcome",
    "Property",
    "Raised",
    "Verdict",
    "asking",
    "check",
    "judge",
]

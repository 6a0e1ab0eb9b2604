"""Names that stand for students where their own must not be seen."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import replace

from imbal_lab.grading.pages.class_results import StudentResult


def pseudonym(secret: bytes, student: str) -> str:
    """The same for a student in every report of the course; tells nothing without its secret."""
    digest = hmac.new(secret, b"pseudonym/" + student.encode(), hashlib.sha256)
    return f"student-{digest.hexdigest()[:10]}"


def with_pseudonyms(students: Iterable[StudentResult], secret: bytes) -> list[StudentResult]:
    """The same results under pseudonyms, and in their order: an alphabetical one would tell."""
    renamed = (replace(s, student=pseudonym(secret, s.student)) for s in students)
    return sorted(renamed, key=lambda s: s.student)

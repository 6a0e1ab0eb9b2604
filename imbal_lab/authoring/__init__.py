"""Build and lint of lessons: from solutions/NN_name.py to notebooks/ and the syllabus."""

from imbal_lab.authoring.build import Built, build
from imbal_lab.authoring.leaks import Leak, find_leaks
from imbal_lab.authoring.lesson import LessonError
from imbal_lab.authoring.lint import lint
from imbal_lab.authoring.syllabus import syllabus

__all__ = ["Built", "Leak", "LessonError", "build", "find_leaks", "lint", "syllabus"]

"""Where a course lives on disk, and nbgrader's settings for it."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONFIG = "nbgrader_config.py"


class CourseError(Exception):
    """Something the teacher can put right; the message is one clear sentence."""


@dataclass(frozen=True)
class Course:
    """A course folder: nbgrader's tree at `root`, lessons in `notebooks/` beside it."""

    root: Path

    @classmethod
    def find(cls, start: Path, given: Path | None = None) -> Course:
        """The course at `given`, else the first one found going up from `start`.

        A course is a folder that holds `nbgrader_config.py`, by itself or in `course/`.
        Raises CourseError where there is none.
        """
        candidates = [given] if given is not None else [start, *start.parents]
        for folder in candidates:
            for root in (folder, folder / "course"):
                if (root / CONFIG).is_file():
                    return cls(root.resolve())
        if given is not None:
            raise CourseError(f"no course in {given}: neither it nor its course/ holds {CONFIG}")
        raise CourseError(
            f"no course here: no folder from {start} upwards holds course/{CONFIG}; "
            "change into the course folder or name it with --course DIR"
        )

    @property
    def project(self) -> Path:
        """The folder with `solutions/`, `notebooks/` and `course/`."""
        return self.root.parent

    def lessons(self) -> list[str]:
        """Names of the lessons that were built, in order."""
        return sorted(
            p.stem for p in self.project.glob("notebooks/*/*.ipynb") if p.parent.name == p.stem
        )

    def lesson_notebook(self, lesson: str) -> Path:
        """The built notebook of a lesson. Raises CourseError for an unknown name."""
        if lesson not in self.lessons():
            known = ", ".join(self.lessons()) or "none built yet: run imbal-lab build"
            raise CourseError(f"no lesson called {lesson!r}; there are: {known}")
        return self.project / "notebooks" / lesson / f"{lesson}.ipynb"

    def notebook(self, step: str, student: str, lesson: str) -> Path:
        """A student's notebook ('.' for nobody's) at one of nbgrader's steps, e.g. submitted."""
        return self.root / step / student / lesson / f"{lesson}.ipynb"

    def students(self, step: str, lesson: str) -> list[str]:
        """Who has a folder for `lesson` at a step such as submitted or autograded, sorted."""
        found = self.root.glob(f"{step}/*/{lesson}")
        return sorted(p.parent.name for p in found if not p.parent.name.startswith("."))

    def nbgrader_config(self) -> Any:
        """The traitlets Config made by the course's nbgrader_config.py."""
        from traitlets.config import PyFileConfigLoader

        return PyFileConfigLoader(CONFIG, path=str(self.root)).load_config()

    def directory(self, **names: str) -> Any:
        """nbgrader's CourseDirectory; `names` sets e.g. assignment_id and student_id."""
        from nbgrader.coursedir import CourseDirectory

        return CourseDirectory(config=self.nbgrader_config(), **names)


def read_notebook(content: bytes) -> dict[str, Any]:
    """The notebook's JSON. Raises ValueError for anything that is not a notebook with cells."""
    try:
        notebook = json.loads(content.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise ValueError("no list of cells in it")
    return notebook


def lesson_metadata(notebook: dict[str, Any]) -> dict[str, Any]:
    """What the build wrote into the notebook: lesson, version, source_sha256; {} where stripped."""
    metadata = notebook.get("metadata")
    mine = metadata.get("imbal_lab") if isinstance(metadata, dict) else None
    return mine if isinstance(mine, dict) else {}


def sha256(content: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is whole or as it was, whatever happens; makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise

"""The copy of this package that exists for students' code: no reference, no exercise, no grader.

What is staged can be imported and read by everybody; everything else of the package is neither on
the path nor among the readable files.
"""

import shutil
import site
import sys
import sysconfig
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
ROOMS = ("data", "models", "checks", "sandbox", "student_process")
THIN = {"student_process/thin_explore.py": "explore/__init__.py"}


def make_stage(folder: Path) -> None:
    """Copy what students' code may see of the package into the existing ``folder``."""
    package = folder / PACKAGE.name
    package.mkdir()
    shutil.copy(PACKAGE / "__init__.py", package)
    for room in ROOMS:
        shutil.copytree(PACKAGE / room, package / room, ignore=shutil.ignore_patterns("*.pyc"))
    for source, place in THIN.items():
        (package / place).parent.mkdir()
        shutil.copy(PACKAGE / source, package / place)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def import_path(stage: Path) -> list[str]:
    """``sys.path`` of a student's process: the stage, the standard library, installed packages.

    This process's own path is only looked at for their order: the course may be on it.
    """
    library = Path(sysconfig.get_path("stdlib"))
    places = {library, library / "lib-dynload", *map(Path, site.getsitepackages())}
    if site.ENABLE_USER_SITE:
        places.add(Path(site.getusersitepackages()))
    return [str(stage), *(path for path in sys.path if path and Path(path) in places)]

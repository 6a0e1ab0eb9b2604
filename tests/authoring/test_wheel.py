"""The wheel carries the package and its data, no lesson source, and works by itself."""

import os
import shutil
import subprocess
import sys
import zipfile

import pytest

MAKE = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
BAIT = ("solutions", "tests", "notebooks", "course")
NEEDED = ("pyproject.toml", "README.md", "LICENSE", "NOTICE", "imbal_lab", *BAIT)


def run(*command, cwd, **env):
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    """A wheel, made from a copy so that the build leaves nothing in the repository."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in NEEDED:
        path = root / name
        if path.is_dir():
            shutil.copytree(path, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, copy / name)
    run("-c", MAKE, out, cwd=copy)
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    target = tmp_path_factory.mktemp("installed")
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, wheel,
        cwd=target)  # fmt: skip
    return target


def test_the_wheel_holds_the_package_and_nothing_beside_it(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"imbal_lab"}
    assert not [n for n in names if n.endswith((".ipynb", ".db"))]
    assert not [n for n in names for part in n.lower().split("/") if part.startswith("test")]
    assert "imbal_lab/data/fashion14.npz" in names
    assert "imbal_lab/py.typed" in names


def test_no_line_of_a_lesson_source_is_in_the_wheel(wheel, root):
    archive = zipfile.ZipFile(wheel)
    everything = b"\n".join(archive.read(name) for name in archive.namelist())
    sources = sorted((root / "solutions").glob("*.py"))
    assert "02_learning_dynamics" in {path.stem for path in sources}
    for path in sources:
        assert path.name.encode() not in everything
        assert b'role="answer" ex=' not in everything


def test_the_licences_travel_along(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[-1] for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}


def test_the_installed_package_has_its_data_outside_the_repository(installed, tmp_path, root):
    code = """
import imbal_lab, imbal_lab.data as data
print(imbal_lab.__file__)
for name in data.names():
    print(name, data.load(name).num_classes)
"""
    where, *sets = run("-c", code, cwd=tmp_path, PYTHONPATH=str(installed)).splitlines()
    assert where.startswith(str(installed))
    assert not where.startswith(str(root))
    assert "fashion14 10" in sets


def test_the_installed_command_builds_and_lints(installed, tmp_path, source):
    (tmp_path / "solutions").mkdir()
    text = source.replace("scaled", "unit_directions").replace("(rows, factor=2.0)", "(grads)")
    (tmp_path / "solutions" / "01_short.py").write_text(text, encoding="utf-8")
    code = """
import pathlib, imbal_lab
from imbal_lab.authoring import build, lint
print(imbal_lab.__file__, lint(pathlib.Path.cwd()), len(build(pathlib.Path.cwd()).written))
"""
    where, problems, written = run("-c", code, cwd=tmp_path, PYTHONPATH=str(installed)).split(" ")
    assert where.startswith(str(installed))
    assert (problems, written) == ("[]", "6")
    assert (tmp_path / "notebooks" / "01_short" / "01_short.ipynb").exists()

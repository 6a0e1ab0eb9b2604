"""In a student's process there is no reference, no exercise and no grader to be found."""

import subprocess
import sys
from pathlib import Path

import pytest

import imbal_lab
from imbal_lab import explore
from imbal_lab.student_process import stage, thin_explore

PACKAGE = Path(imbal_lab.__file__).parent
HIDDEN = sorted({p.name for p in PACKAGE.iterdir() if (p / "__init__.py").exists()}
                - set(stage.ROOMS) - {"explore"})  # fmt: skip


@pytest.fixture
def printed(parent):
    def run(source):
        with parent.submission() as submission:  # with all the time there is
            outcome = submission.run(submission.start, source)
        assert outcome.ended == "ok", outcome
        return "".join(output.text for output in outcome.outputs)

    return run


def test_the_rooms_with_answers_are_among_the_hidden_ones():
    assert {"methods", "gradients", "exercises", "grading", "training", "instruments"} <= set(
        HIDDEN
    )


@pytest.mark.parametrize("room", HIDDEN)
def test_a_hidden_room_cannot_be_imported(printed, room):
    source = f"""
import importlib, sys
sys.path += [{str(PACKAGE.parent)!r}, "/"]
importlib.invalidate_caches()
try:
    importlib.import_module("imbal_lab.{room}")
except ImportError as error:
    print(type(error).__name__)
"""
    assert printed(source) == "ModuleNotFoundError\n"


def test_the_package_where_it_is_installed_cannot_be_read(printed):
    source = f"""
import os
for path in ({str(PACKAGE)!r}, {str(PACKAGE.parent / "solutions")!r}, {str(PACKAGE.parent)!r}):
    for look in (os.listdir, os.stat, open):
        try:
            print(path, list(look(path)) if look is os.listdir else look(path))
        except OSError:
            print("no")
"""
    seen = printed(source).split("\n")
    if PACKAGE.parent in Path(sys.prefix).parents:  # its folder holds Python too
        seen = [line for line in seen if not line.startswith(f"{PACKAGE.parent} ")]
    assert set(seen) <= {"no", ""}


def test_no_memory_holds_a_reference(printed):
    """Every function, module and code object in the process, frozen ones included."""
    source = """
import gc, sys, types
gc.unfreeze()
seen = {id(o): o for o in gc.get_objects()}
todo = list(seen.values())
while todo:
    for o in gc.get_referents(todo.pop()):
        if id(o) not in seen:
            seen[id(o)] = o
            todo.append(o)
codes = [o for o in seen.values() if type(o) is types.CodeType]
ours = {c.co_filename.split("imbal_lab")[-1].split("/")[1] for c in codes
        if "imbal_lab/" in c.co_filename}
print(sorted(ours))
print(len(codes) > 10000)
answers = {"class_gradients", "unit_directions", "pcngd_step", "imbalance_ratio"}
print([c.co_name for c in codes if c.co_name in answers])
print([n for n in sys.modules if n.startswith("imbal_lab")
       and n.split(".")[1:2] not in ([], ["data"], ["models"], ["checks"], ["sandbox"],
                                     ["student_process"], ["explore"])])
"""
    rooms, enough, answers, modules = printed(source).splitlines()
    assert set(eval(rooms)) <= {"checks", "data", "models", "sandbox", "student_process",
                                "explore", "__init__.py"}  # fmt: skip
    assert (enough, answers, modules) == ("True", "[]", "[]")


def test_environment_and_arguments_say_nothing_of_the_grader(printed):
    source = "import os, sys\nprint(sorted(os.environ))\nprint(sys.argv, sys.orig_argv[:2])"
    names, _ = printed(source).splitlines()
    assert set(eval(names)) <= {
        "GLIBC_TUNABLES",
        "HOME", "IPYTHONDIR", "JOBLIB_MULTIPROCESSING", "LANG", "LC_CTYPE", "MKL_NUM_THREADS",
        "MPLBACKEND", "MPLCONFIGDIR", "OMP_NUM_THREADS", "OMP_THREAD_LIMIT",
        "OPENBLAS_NUM_THREADS", "PATH", "TMPDIR", "XDG_CACHE_HOME",
        "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK", "CLICOLOR", "FORCE_COLOR", "GIT_PAGER",
        "PAGER", "TERM",
    }  # fmt: skip


def test_home_and_temporary_files_are_thrown_away(submission, run_all):
    source = """
import os, tempfile
from pathlib import Path
Path.home().joinpath(".bashrc").write_text("x")
with tempfile.NamedTemporaryFile() as file:
    print(Path(file.name).parent == Path.home() == Path.cwd())
"""
    (run,) = run_all(submission, source)
    assert run.outputs[0].text == "True\n"


def test_the_next_submission_finds_nothing(parent):
    for _ in range(2):
        with parent.submission() as one:
            source = "import os, torch\nprint(os.listdir('.'))\ntorch.left = open('left', 'w')"
            assert one.run(one.start, source).outputs[0].text == "[]\n"
            assert one.run(one.start, "import torch; torch.left").ended == "error"


@pytest.mark.parametrize("name", explore.__all__)
def test_the_thin_room_has_every_name_of_the_real_one(name):
    thing = getattr(thin_explore, name)
    assert thing("x", [1], id="q", choice=3) is None
    assert thing["gauss2d"]() is None


def test_the_thin_room_is_an_ordinary_module():
    with pytest.raises(AttributeError):
        thin_explore.__path__  # noqa: B018


def test_the_stage_is_complete_by_itself(tmp_path):
    """Its rooms import in a Python that has nothing else of the package."""
    stage.make_stage(tmp_path)
    path = stage.import_path(tmp_path)
    program = f"import sys; sys.path[:] = {path!r}\n"
    program += "from imbal_lab import checks, data, explore, models, sandbox, student_process\n"
    program += "print(data.__file__)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True,
                          text=True, check=False, cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path))


def test_the_course_is_not_on_the_path(tmp_path, monkeypatch):
    for place in ("", str(PACKAGE.parent), "."):
        monkeypatch.syspath_prepend(place)
    path = stage.import_path(tmp_path)
    assert path[0] == str(tmp_path)
    assert str(PACKAGE.parent) not in path
    assert "" not in path

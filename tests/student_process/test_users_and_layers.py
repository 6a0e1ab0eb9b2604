"""The same work for root and for an ordinary user, with every set of layers that confines."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib
import pytest

from imbal_lab.sandbox import ConfinementError, granted, probe, why_refused
from imbal_lab.student_process.submission import WarmParent

USERS = ["root", "nobody"] if os.geteuid() == 0 else ["own user"]
NOBODY = 65534

PROGRAM = """
import json, os, sys
import torch
from imbal_lab.sandbox import granted, probe, why_refused
from imbal_lab.student_process.submission import Budget, WarmParent

left_out, unsafe = json.loads(sys.argv[1]), json.loads(sys.argv[2])
layers = [layer for layer in granted(probe()) if layer not in left_out]
if unsafe or why_refused(layers) is None:
    with WarmParent(layers=layers, unsafe=unsafe) as parent:
        with parent.submission(Budget(cell=3)) as one:
            state, ends = one.start, []
            for source in (
                "import torch, os\\nopen('mine', 'w').write('x')",
                "def f(a): return a * 2",
                "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
                "import os; os.makedirs('deep/' * 50); os.mkdir('closed', 0)",
                "import matplotlib.pyplot as plt; plt.plot([1])",
                "import subprocess\\nsubprocess.Popen(['sleep', '60'], start_new_session=True);",
            ):
                run = one.run(state, source)
                state = run.state
                ends.append(run.ended)
            result = one.call(state, "f", {"a": torch.ones(2)}).result.tolist()
            user = one.run(state, "import os; print(os.getuid())").outputs[0].text
    print(json.dumps([list(parent.layers), ends, result, int(user)]))
else:
    print(json.dumps(None))
"""

# Python may stand where only root goes; this shows nobody that place, and nothing else of it.
SHOW_PYTHON = """
mount --bind "$0" "$1" && mount -t tmpfs -o mode=755 none "$2" && mkdir -p "$0" \\
&& mount --bind "$1" "$0" && shift 2 && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
"""


@pytest.fixture
def as_user():
    """``as_user(user, program, *arguments)``: what the program prints, as JSON."""
    folder = Path(tempfile.mkdtemp(prefix="imbal-lab-test-"))
    folder.chmod(0o755)

    def run(user, program, *arguments):
        fonts, hold = folder / "fonts", folder / "hold"
        shutil.copytree(matplotlib.get_cachedir(), fonts)
        hold.mkdir()
        place = folder / "tmp"
        place.mkdir()
        command = [sys.executable, "-c", program, *map(json.dumps, arguments)]
        if user == "nobody":
            for path in (fonts, *fonts.rglob("*"), place):
                os.chown(path, NOBODY, NOBODY)
            command = _as_nobody(command, hold)
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ
                              | {"MPLCONFIGDIR": str(fonts), "HOME": "/", "TMPDIR": str(place)},
                              cwd=folder)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert os.listdir(place) == []  # all files are gone
        return json.loads(done.stdout)

    yield run
    shutil.rmtree(folder)


def _as_nobody(command, hold):
    prefix = Path(sys.base_prefix)
    closed = [p for p in (*prefix.parents[::-1], prefix) if not p.stat().st_mode & 1]
    if not closed:
        return ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *command]
    return ["unshare", "--mount", "sh", "-c", SHOW_PYTHON, prefix, hold, closed[0], *command]


SETS = {
    "all layers": ([], False),
    "no namespaces": (["namespaces"], False),
    "no Landlock": (["landlock"], False),
    "no seccomp": (["seccomp"], False),
    "nothing": (["namespaces", "unprivileged", "rlimits", "no_new_privs", "landlock", "seccomp"],
                True),
}  # fmt: skip


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("name", SETS)
def test_the_same_work_with_every_set_of_layers(as_user, user, name):
    left_out, unsafe = SETS[name]
    said = as_user(user, PROGRAM, left_out, unsafe)
    if said is None:
        assert name != "all layers"
        return  # what remains would not confine, and is refused: tested in the sandbox
    layers, ends, result, uid = said
    assert set(layers).isdisjoint(left_out)
    assert ends == ["ok", "ok", "died", "ok", "ok", "ok"]
    assert result == [2, 2]
    if user == "root":
        assert (uid == 0) == ("unprivileged" not in layers)


def test_layers_that_do_not_confine_are_refused():
    layers = ["rlimits"]
    assert why_refused(layers)
    with pytest.raises(ConfinementError, match="would stay open"), WarmParent(layers=layers):
        pass


LOOK = """
def tried(act):
    try:
        act()
        return True
    except (OSError, ImportError):
        return False
import socket
print([tried(lambda: open(OUTSIDE)), tried(lambda: open("mine", "w")),
       tried(lambda: __import__("imbal_lab.methods")), tried(socket.socket)])
"""
BUBBLEWRAPPED = """
import json, os, sys
import torch
from imbal_lab.sandbox.bubblewrap import IN_BUBBLEWRAP
from imbal_lab.student_process.submission import Budget, WarmParent

outside = os.environ["TMPDIR"] + "/outside"
open(outside, "w").close()
with WarmParent(layers=IN_BUBBLEWRAP) as parent:
    with parent.submission(Budget(cell=3)) as one, parent.submission() as other:
        seen = one.run(one.start, f"OUTSIDE = {outside!r}" + json.loads(sys.argv[1]))
        died = one.run(seen.state, "import os, signal; os.kill(-1, signal.SIGKILL)")
        state = one.run(seen.state, "def f(a): return a * 2").state
        result = one.call(state, "f", {"a": torch.ones(2)}).result.tolist()
        alive = other.run(other.start, "1").ended
os.unlink(outside)
print(json.dumps([seen.outputs[0].text.strip(), died.ended, result, alive]))
"""


@pytest.mark.parametrize("user", USERS)
def test_with_bubblewrap_alone_each_submission_has_a_parent_of_its_own(as_user, user):
    if "bubblewrap" not in [grant.layer for grant in probe() if grant.granted]:
        return  # not installed here: that grading is refused then is tested above
    seen, died, result, alive = as_user(user, BUBBLEWRAPPED, LOOK)
    assert seen == "[False, True, False, False]"  # outside, in scratch, answers, network
    assert died in ("died", "ok")  # its start state goes with it, and is made again
    assert (result, alive) == ([2, 2], "ok")


def test_by_default_all_that_is_granted_is_used(parent):
    assert parent.layers == granted(probe())


def test_without_linux_it_is_refused_with_a_sentence(monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    with pytest.raises(ConfinementError, match="Linux container"), WarmParent(unsafe=True):
        pass

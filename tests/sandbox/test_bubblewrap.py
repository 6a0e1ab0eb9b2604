"""The other launcher: a program started by it, which then confines itself for the rest."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import imbal_lab
from imbal_lab.sandbox import bubblewrap_command, probe
from imbal_lab.sandbox.bubblewrap import inside_bubblewrap

INSIDE = """
import json, os, socket, sys
from pathlib import Path
from imbal_lab.sandbox import confine
from imbal_lab.sandbox.bubblewrap import IN_BUBBLEWRAP
scratch, outside, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
said = {"outside": outside.exists(), "net": [n for _, n in socket.if_nameindex()]}
try:
    socket.create_connection(("127.0.0.1", port))
    said["connected"] = True
except OSError:
    said["connected"] = False
try:
    Path(sys.argv[4], "new").touch()
except OSError:
    said["read-only"] = True
confine(scratch, IN_BUBBLEWRAP)
Path("mine").write_text("1")
try:
    socket.socket()
except PermissionError:
    said["refused"] = True
said["root"] = os.getuid() == 0
print(json.dumps(said))
"""


@pytest.fixture
def granted_here():
    (found,) = [g for g in probe() if g.layer == "bubblewrap"]
    return found


def test_a_program_inside_sees_nothing_else_and_confines_itself(tmp_path, granted_here):
    scratch, shown, outside = (tmp_path / name for name in ("scratch", "shown", "outside"))
    scratch.mkdir()
    shown.mkdir()
    outside.write_text("secret")
    if not granted_here.granted:
        assert "apt-get install bubblewrap" in granted_here.remedy
        return
    package = Path(imbal_lab.__file__).parent
    program = [sys.executable, "-c", INSIDE, str(scratch), str(outside)]
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = str(door.getsockname()[1])
        program += [port, str(shown)]
        command = bubblewrap_command(program, scratch, readable=[package, shown])
        environment = os.environ | {"PYTHONPATH": str(package.parent)}
        run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {
        "outside": False, "net": ["lo"], "connected": False, "refused": True, "root": False,
        "read-only": True,
    }  # fmt: skip
    assert (scratch / "mine").read_text() == "1"


def test_where_it_is_not_installed_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="apt-get install bubblewrap"):
        bubblewrap_command(["true"], tmp_path)


def test_this_process_is_not_inside():
    assert not inside_bubblewrap()

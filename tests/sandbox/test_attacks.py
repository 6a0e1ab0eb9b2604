"""Attacks in attacks.py: with the layers that stop them off they do harm, with any one they do not.

What a layer does here is asked of real processes; nothing of the package is looked into.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from imbal_lab.sandbox.landlock import abi_version

ALL = ("namespaces", "unprivileged", "rlimits", "no_new_privs", "landlock", "seccomp")
STANDS_ON = {"landlock": "no_new_privs", "seccomp": "no_new_privs"}

# The claim: what stops an attack, whichever other layers there are. Against root, that it is root
# no more counts too. (For the fork bomb it is needed beside the limit.)
FILES = {"namespaces", "landlock"}
STOPPED_BY = {
    "read": FILES,
    "write": FILES,
    "delete": FILES,
    "create": FILES,
    "move_in": FILES,
    "link_in": FILES,
    "read_by_symlink": FILES,
    "truncate": FILES,
    "truncate_by_opening": FILES,
    "after_exec": FILES,
    "change_permissions": {"namespaces", "seccomp"},
    "change_times": {"namespaces", "seccomp"},
    "connect_tcp": {"namespaces", "landlock", "seccomp"},
    "send_udp": {"namespaces", "seccomp"},
    "connect_unix": {"namespaces", "seccomp"},
    "connect_abstract": {"namespaces", "landlock", "seccomp"},
    "kill": {"namespaces", "landlock"},
    "trace": {"namespaces", "landlock", "seccomp"},
    "read_environment": {"namespaces", "landlock"},
    "set_anothers_limit": {"namespaces", "seccomp"},
    "fork_bomb": {"rlimits"},
    "take_memory": {"rlimits"},
    "take_shared_memory": {"seccomp"},
    "write_long_file": {"rlimits"},
    "fill_scratch": {"namespaces"},
    "open_many": {"rlimits"},
    "new_user_namespace": {"seccomp"},
    "clone_into_user_namespace": {"seccomp"},
    "set_user_id": {"no_new_privs", "namespaces"},
}
BY_BEING_NOBODY = {
    "read", "write", "delete", "create", "move_in", "link_in", "read_by_symlink", "truncate",
    "truncate_by_opening", "after_exec", "change_permissions", "change_times", "connect_unix",
    "kill", "trace", "read_environment", "set_anothers_limit",
}  # fmt: skip


# The version of Landlock that first stops it, if not the first one.
LANDLOCK_FROM = {
    "truncate": 3, "truncate_by_opening": 3, "connect_tcp": 4, "connect_abstract": 6, "kill": 6,
}  # fmt: skip
NEEDS_NAMESPACES = {"new_user_namespace", "clone_into_user_namespace"}


def stoppers(attack, user):
    too_old = abi_version() < LANDLOCK_FROM.get(attack, 1)
    alone = STOPPED_BY[attack] - ({"landlock"} if too_old else set())
    return alone | {"unprivileged"} if user == "root" and attack in BY_BEING_NOBODY else alone


def without(*absent):
    """All layers but these and those that stand on them, as where a kernel lacks them."""
    return tuple(n for n in ALL if n not in absent and STANDS_ON.get(n) not in absent)


def configurations(attack, user):
    """All that do not stop it; each that does, alone; all but each of those; all."""
    found = sorted(stoppers(attack, user))
    yield without(*found)
    for layer in found:
        beside = {layer, STANDS_ON.get(layer), "unprivileged" if attack == "fork_bomb" else ""}
        yield tuple(name for name in ALL if name in beside)
        yield without(layer)
    yield ALL


def is_stopped(attack, user, layers):
    found = stoppers(attack, user) & set(layers)
    return bool(found) and (attack != "fork_bomb" or user != "root" or "unprivileged" in layers)


CHANGES = {
    "write", "delete", "create", "move_in", "truncate", "truncate_by_opening",
    "change_permissions", "change_times", "kill",
}  # fmt: skip


@pytest.fixture(scope="module")
def everything():
    """The folder in which the scripts make everything; its name is in their environment."""
    folder = Path(tempfile.mkdtemp(prefix="imbal-lab-attacks-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def outcomes(layers_of, users, everything):
    """``outcomes(user)``: every attack with every configuration, one script a user, side by side.

    Layers that this machine lacks are left out; test_probe asks that the doctor names them.
    """
    tried = {user: _to_try(user, set(layers_of(user))) for user in users}
    with ThreadPoolExecutor() as pool:
        said = pool.map(_run, tried.values(), tried, [everything] * len(tried))
        found = {
            u: dict(zip(tried[u], outcome, strict=True))
            for u, outcome in zip(tried, said, strict=True)
        }
    return found.__getitem__


def _to_try(user, has):
    """Pairs of attack and layers, each pair once."""
    return list(
        dict.fromkeys(
            (attack, tuple(name for name in layers if name in has))
            for attack in STOPPED_BY
            for layers in configurations(attack, user)
        )
    )


def _run(wanted, user, temp):
    script = Path(__file__).with_name("attacks.py")
    run = subprocess.run(
        [sys.executable, script, user],
        input=json.dumps(wanted),
        capture_output=True,
        check=False,
        env=os.environ | {"TMPDIR": str(temp)},
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("attack", STOPPED_BY)
def test_an_attack_does_harm_unless_a_layer_stops_it(attack, user, outcomes, layers_of):
    seen = {layers: said for (name, layers), said in outcomes(user).items() if name == attack}
    never = attack in NEEDS_NAMESPACES and user != "root" and "namespaces" not in layers_of(user)
    assert any(not is_stopped(attack, user, layers) for layers in seen)
    for layers, said in seen.items():
        stopped = never or is_stopped(attack, user, layers)
        assert said == {
            "harm": not stopped,
            "error": "",
            "code": 0,
            "changed": attack in CHANGES and not stopped,
        }, layers


def test_nothing_is_left_behind(users, outcomes, everything):
    """No folder, no mount, and no process that has our folder in its environment."""
    for user in users:
        assert outcomes(user)
    assert list(everything.iterdir()) == []
    assert everything.name not in Path("/proc/self/mountinfo").read_text()
    mark = f"TMPDIR={everything}".encode()
    assert [p for p in Path("/proc").glob("[0-9]*") if mark in _environment(p)] == []


def _environment(process):
    try:
        return (process / "environ").read_bytes()
    except OSError:  # it has ended, or is another user's
        return b""

"""Attacks in attacks.py: with the layers that stop them off they do harm, with any one they do not.

What a layer does here is asked of real processes; nothing of the package is looked into.
"""

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

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


def stoppers(attack, user):
    alone = STOPPED_BY[attack]
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
def outcomes(layers_of, users):
    """``outcomes(user)``: every attack with every configuration, one script a user, side by side.

    Layers that this machine lacks are left out; test_probe asks that the doctor names them.
    """
    tried = {user: _to_try(user, set(layers_of(user))) for user in users}
    with ThreadPoolExecutor() as pool:
        said = pool.map(_run, tried.values(), tried)
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


def _run(wanted, user):
    script = Path(__file__).with_name("attacks.py")
    run = subprocess.run(
        [sys.executable, script, user],
        input=json.dumps(wanted),
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("attack", STOPPED_BY)
def test_an_attack_does_harm_unless_a_layer_stops_it(attack, user, outcomes):
    seen = {layers: said for (name, layers), said in outcomes(user).items() if name == attack}
    assert any(not is_stopped(attack, user, layers) for layers in seen)
    for layers, said in seen.items():
        stopped = is_stopped(attack, user, layers)
        assert said == {
            "harm": not stopped,
            "error": "",
            "code": 0,
            "changed": attack in CHANGES and not stopped,
        }, layers


def test_nothing_is_left_behind(user, outcomes):
    """No process of these tests, no mount, no folder."""
    outcomes(user)
    assert list(Path(tempfile.gettempdir()).glob("imbal-lab-attack-*")) == []
    assert "imbal-lab-attack-" not in Path("/proc/self/mountinfo").read_text()
    commands = [_command(p) for p in Path("/proc").glob("[0-9]*")]
    assert not any("attacks.py" in command for command in commands)


def _command(process):
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:  # it has ended
        return ""

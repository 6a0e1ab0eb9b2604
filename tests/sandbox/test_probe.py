"""The probe: honest about what is missing, and nothing of it lasts."""

import ctypes
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from imbal_lab.sandbox import granted, probe, why_refused
from imbal_lab.sandbox.probe import ATTEMPTS, REMEDIES, WORDS, Grant
from imbal_lab.sandbox.requirements import LAYERS


def raising(error):
    def attempt(folder):
        raise error

    return attempt


def test_every_layer_is_on_or_has_its_reason_and_remedy(in_child, user):
    grants = [
        Grant(*g)
        for g in in_child(lambda _: [tuple(vars(g).values()) for g in probe()], user).value
    ]
    assert tuple(g.layer for g in grants) == LAYERS
    for g in grants:
        assert g.says
        assert bool(g.remedy) is not g.granted


def facts(user):
    """Layers that this kernel must grant, by other means than ours: tools, and /proc."""
    status = Path("/proc/self/status").read_text()
    ids = sum(int(line.split()[2]) for line in Path("/proc/self/uid_map").read_text().splitlines())
    abi = ctypes.CDLL(None).syscall(444, None, 0, 1)
    alone = [] if user == "root" else ["--map-root-user"]
    apart = [
        "unshare",
        *alone,
        "--fork",
        "--pid",
        "--net",
        "--ipc",
        "--uts",
        "--mount-proc",
        "true",
    ]
    wrapped = ["bwrap", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "true"]
    return {
        "namespaces": works(apart),
        "unprivileged": user != "root" or ids > 1,
        "rlimits": True,
        "no_new_privs": "NoNewPrivs:" in status,
        "landlock": abi > 0,
        "seccomp": "Seccomp:" in status and platform.machine() in ("x86_64", "aarch64"),
        "bubblewrap": works(wrapped),
    }


def works(command):
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def test_what_the_kernel_grants_is_found(in_child, user):
    """A layer of ours that is broken must not pass for a kernel that lacks it."""
    grants = dict(in_child(lambda _: [(g.layer, g.granted) for g in probe()], user).value)
    there = in_child(lambda _: facts(user), user).value
    assert [layer for layer in LAYERS if there[layer] and not grants[layer]] == []


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_simulated_absent_is_named_with_its_remedy(layer, monkeypatch):
    monkeypatch.setitem(ATTEMPTS, layer, raising(OSError(1, "Operation not permitted")))
    found = {g.layer: g for g in probe()}
    assert found[layer] == Grant(
        layer, False, "PermissionError: [Errno 1] Operation not permitted", REMEDIES[layer]
    )


def test_a_trial_that_dies_counts_as_missing(monkeypatch):
    monkeypatch.setitem(ATTEMPTS, "seccomp", lambda folder: signal.raise_signal(9))
    (found,) = [g for g in probe() if g.layer == "seccomp"]
    assert (found.granted, found.says) == (False, "the trial ended with status 9")


@pytest.mark.parametrize(
    ("layer", "step"),
    [
        ("landlock", "restrict"),
        ("seccomp", "refuse_system_calls"),
        ("rlimits", "set_limits"),
        ("no_new_privs", "set_no_new_privs"),
        ("namespaces", "new_root"),
    ],
)
def test_a_step_without_effect_is_noticed(layer, step, monkeypatch):
    place = sys.modules[f"imbal_lab.sandbox.{'landlock' if layer == 'landlock' else 'probe'}"]
    monkeypatch.setattr(place, step, lambda *args: None)
    (found,) = [g for g in probe() if g.layer == layer]
    assert not found.granted


def test_elsewhere_than_on_linux_nothing_is_tried(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(os, "fork", None)
    grants = probe()
    assert [g.layer for g in grants] == list(LAYERS)
    assert not any(g.granted for g in grants)
    assert granted(grants) == ()
    assert "a Mac in a Linux container" in why_refused(granted(grants))


def grants_of(names):
    return [Grant(layer, layer in names.split(), "") for layer in LAYERS]


def test_our_own_layers_are_taken_when_they_suffice():
    every = " ".join(LAYERS)
    assert granted(grants_of(every)) == LAYERS[:-1]


def test_bubblewrap_is_taken_where_they_do_not():
    here = "unprivileged rlimits no_new_privs seccomp bubblewrap"
    assert granted(grants_of(here)) == tuple(here.split())
    assert granted(grants_of("unprivileged bubblewrap")) == ("unprivileged",)


def test_words_for_every_layer():
    assert set(REMEDIES) == set(ATTEMPTS) == set(LAYERS)
    assert set(WORDS) == set(LAYERS) - {"landlock"}  # says what its version knows

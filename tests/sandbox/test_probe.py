"""The probe: honest about what is missing, and nothing of it lasts."""

import os
import platform
import signal
import sys

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

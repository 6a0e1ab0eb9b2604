"""The rule when nothing is run: a table by hand, over every set of layers."""

from itertools import combinations

import pytest

from imbal_lab.sandbox import requirements
from imbal_lab.sandbox.requirements import LAYERS, check_names, left_open, why_refused

SUBSETS = [set(c) for n in range(len(LAYERS) + 1) for c in combinations(LAYERS, n)]


def test_all_layers_leave_nothing_open():
    for root in (True, False):
        for abi in range(1, 8):
            assert left_open(LAYERS[:-1], root=root, abi=abi) == []


def test_no_layer_leaves_everything_open():
    assert left_open((), root=False, abi=7) == ["files", "network", "limits"]


@pytest.mark.parametrize(
    ("layers", "root", "abi", "open_"),
    [
        # each of the cheap ones, for a user and for root
        ("rlimits no_new_privs landlock seccomp", False, 3, []),
        ("rlimits no_new_privs landlock seccomp", True, 7, ["limits"]),
        ("unprivileged rlimits no_new_privs landlock seccomp", True, 7, []),
        # an old Landlock lets files be emptied; a stranger owns none
        ("rlimits no_new_privs landlock seccomp", False, 2, ["files"]),
        ("unprivileged rlimits no_new_privs landlock seccomp", False, 2, ["files"]),
        ("unprivileged rlimits no_new_privs landlock seccomp", True, 2, []),
        # Landlock does not look at permissions and knows TCP alone
        ("rlimits no_new_privs landlock", False, 7, ["files", "network"]),
        # what stands on another layer
        ("rlimits landlock seccomp", False, 7, ["files", "network"]),
        ("namespaces rlimits", False, 0, ["files", "network"]),
        ("namespaces unprivileged rlimits", False, 0, []),
        ("namespaces unprivileged", False, 0, ["limits"]),
        ("unprivileged rlimits bubblewrap", True, 0, []),
        ("rlimits bubblewrap", True, 0, ["limits"]),
        ("rlimits no_new_privs seccomp", False, 7, ["files"]),
    ],
)
def test_the_rule(layers, root, abi, open_):
    assert left_open(layers.split(), root=root, abi=abi) == open_


@pytest.mark.parametrize("root", [True, False])
@pytest.mark.parametrize("abi", [0, 2, 7])
def test_more_layers_never_leave_more_open(root, abi):
    for layers in SUBSETS:
        here = set(left_open(layers, root=root, abi=abi))
        for layer in LAYERS:
            assert set(left_open(layers | {layer}, root=root, abi=abi)) <= here


def test_the_sentence_names_what_is_open_and_the_way_out(monkeypatch):
    monkeypatch.setattr(requirements, "abi_version", lambda: 7)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    said = why_refused(("rlimits", "no_new_privs", "landlock"))
    assert said.startswith(
        "students' code cannot be confined here (files, network would stay open)"
    )
    assert "WSL2" in said
    assert "container" in said
    assert "\n" not in said
    assert why_refused(("rlimits", "no_new_privs", "landlock", "seccomp")) is None


def test_unknown_layers_are_named():
    with pytest.raises(ValueError, match=r"layers=\('landlok',\): give .* landlock, seccomp"):
        check_names(("landlok",))
    with pytest.raises(ValueError, match="layers='landlock': give a collection"):
        check_names("landlock")

"""Becoming nobody: which user, and that nothing of the old rights is left."""

import os
from pathlib import Path

import pytest

from imbal_lab.sandbox import unprivileged
from imbal_lab.sandbox.unprivileged import NOBODY, STRANGERS, become, draw_user

ALL_IDS = "         0          0 4294967295\n"


@pytest.fixture
def as_root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_root_becomes_a_new_stranger_each_time(as_root):
    drawn = {draw_user(ALL_IDS) for _ in range(20)}
    assert len(drawn) > 15
    assert all(STRANGERS <= user < STRANGERS + 2**24 < 2**31 for user in drawn)


def test_where_ids_are_few_it_is_nobody(as_root):
    assert draw_user("0 100000 65536\n") == NOBODY
    assert draw_user("0 1000 1\n1 100000 65536\n") == NOBODY


def test_where_root_is_alone_it_says_so(as_root):
    with pytest.raises(OSError, match="root has no other user id here"):
        draw_user("         0       1000          1\n")


def test_who_is_not_root_stays_who_it_is(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    assert draw_user() == 1234


def test_no_way_back(in_child, user):
    def work(_):
        if os.geteuid() == 0:
            os.setgroups([0, 7])
        target, groups = draw_user(), os.getgroups()
        become(target)
        left = os.getgroups() == ([] if user == "root" else groups)
        refused = 0
        for turn in (os.setuid, os.setgid, lambda i: os.setgroups([i])):
            try:
                turn(0)
            except PermissionError:
                refused += 1
        status = Path("/proc/self/status").read_text()
        held = [int(status.split(f"{n}:")[1].split()[0], 16) for n in ("CapPrm", "CapEff")]
        return refused, held, os.getresuid() == (target,) * 3, left

    assert in_child(work, user).value == [3, [0, 0], True, True]


def test_capabilities_go_also_where_the_user_stays(in_child, user, monkeypatch):
    """As in a user namespace of one's own, where an ordinary user has them all."""

    def work(_):
        if os.geteuid() != 0:
            unprivileged.libc_call("unshare", 0x1000_0000)
        before, after = _effective(), unprivileged.drop_capabilities() or _effective()
        return before > 0, after

    if user == "nobody" or os.geteuid() == 0:
        assert in_child(work, user).value == [True, 0]


def _effective():
    return int(Path("/proc/self/status").read_text().split("CapEff:")[1].split()[0], 16)

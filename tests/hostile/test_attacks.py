"""Attackers and honest classmates, graded in one run: no harm, and everybody's deserved points.

The run takes minutes, so a whole class is graded once a user; see conftest.py.
"""

import collections

import pytest
from attacks import ATTACKS
from attacks.attack import (
    alive,
    formula_in_a_sheet,
    picture_bomb,
    points_fit,
    script_alive,
    secret_seen,
    terminal_moved,
)
from honest import HONEST, points_of

FAMILIES = collections.Counter(attack.family for attack in ATTACKS)
each_attack = pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: f"{a.family}/{a.name}")


def test_there_are_several_attacks_in_every_family():
    assert len(ATTACKS) >= 60
    assert len(FAMILIES) == 13
    assert min(FAMILIES.values()) >= 4
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


@each_attack
def test_it_does_its_harm_where_nobody_takes_care(attack, careless):
    assert careless[attack.name]


@each_attack
def test_it_does_no_harm(attack, graded):
    seen = graded.seen[attack.name]
    assert not graded.harmed(attack)
    assert not secret_seen(graded.here[attack.name], seen, graded.secrets[attack.name])
    assert not seen.changed
    assert not seen.knocks
    assert seen.bystander


@each_attack
def test_it_gets_what_it_deserves(attack, graded):
    assert points_fit(graded.seen[attack.name].points, attack.deserves)


@pytest.mark.parametrize("student", HONEST)
def test_an_honest_classmate_gets_exactly_the_deserved_points(student, graded):
    assert graded.honest[student] == pytest.approx(points_of(student))


def test_everybody_has_a_verdict(graded):
    """Points in the gradebook, or for a folder that is no student's id a line to the teacher."""
    nameless = [attack for attack in ATTACKS if attack.deserves is None]
    for attack in ATTACKS:
        assert (graded.seen[attack.name].points is None) == (attack in nameless)
    assert graded.terminal.count("cannot be a student's id") == len(nameless)


def test_all_commands_come_to_their_end(graded):
    """grade says that somebody needs a person; feedback, reports and export are made."""
    assert graded.codes[0] == 1
    assert 2 not in graded.codes
    assert len(graded.codes) == 5


def test_nothing_is_left_behind(graded):
    assert (graded.left, graded.files, graded.mounts) == ([], [], [])


def test_nothing_that_is_opened_afterwards_acts(graded):
    """Pages, sheets and terminal hold what all attackers wrote together."""
    seen = next(iter(graded.seen.values()))
    for harm in (script_alive, terminal_moved, formula_in_a_sheet, picture_bomb):
        assert not harm(None, seen, None)
    assert len(seen.pages) == 3  # the attacker's own, and two reports
    assert not any(alive(page) for attack in graded.seen.values() for page in attack.pages)

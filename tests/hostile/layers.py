"""Which attacks do their harm, and what grading says, where one layer of confinement is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from arena import AMPLE, arena
from attacks import ATTACKS
from attacks.attack import Attack

LAYERS = ("namespaces", "unprivileged", "rlimits", "no_new_privs", "landlock", "seccomp")
FAMILIES = ("files", "memory", "network", "next_submission", "processes")
OUTWARD = [attack for attack in ATTACKS if attack.family in FAMILIES]  # what a layer can stop
# Of every kind of reach at least one: for the tests; matrix.py asks all of them.
SAMPLE = {
    "read_a_diary", "read_by_a_hard_link", "read_a_classmates_notebook", "overwrite_a_diary",
    "delete_a_diary", "make_a_diary_public", "set_the_clock_of_a_diary_back",
    "leave_a_file_in_tmp", "a_great_many_files", "a_file_among_the_packages", "one_big_tensor",
    "shared_memory", "connect_tcp", "send_udp", "connect_unix", "connect_abstract",
    "kill_a_bystander", "signal_everybody", "slow_a_bystander_down", "trace_a_bystander",
    "limit_a_bystander", "read_the_environment_of_everybody", "another_program_reads",
}  # fmt: skip
SAMPLED = [attack for attack in OUTWARD if attack.name in SAMPLE]


def harmed_without(
    layer: str | None, user: int | None, template: Path, attacks: Sequence[Attack]
) -> set[str] | None:
    """Names of those that did their harm; None: grading refused to run anybody's code."""
    with arena(attacks, user, template) as place:
        graded = place.grade(without=layer, budget=AMPLE)
        if graded.codes == [2]:
            assert "students' code cannot be confined here" in graded.terminal
            assert all(seen.points is None for seen in graded.seen.values())
            return None
        return {attack.name for attack in attacks if graded.harmed(attack)}

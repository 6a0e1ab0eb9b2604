"""Without one layer: grading refuses, or the others stop what it stopped, but for what we say.

Attacks that no layer can stop (on checks, pages, budgets) are not asked again here.
"""

import os

import pytest
from layers import LAYERS, SAMPLE, SAMPLED, harmed_without

WITHOUT_SECCOMP = {"shared_memory"}  # what no limit on memory counts
# What nothing but one layer stops. Everything else is stopped by two or more.
ONLY = {
    "namespaces": {"a_great_many_files"},  # which no limit counts; a small disk of its own does
    "no_new_privs": WITHOUT_SECCOMP,  # seccomp asks for it
    "seccomp": WITHOUT_SECCOMP,
}
REFUSED = {
    "root": {"unprivileged", "rlimits"},  # root is bound by no limit on processes
    "stranger": {"rlimits"},
    "own user": {"rlimits"},
}


@pytest.mark.parametrize("layer", LAYERS)
def test_what_one_missing_layer_costs(layer, user, template):
    who = "own user" if os.geteuid() else "root" if user is None else "stranger"
    harmed = harmed_without(layer, user, template, SAMPLED)
    if layer in REFUSED[who]:
        assert harmed is None
    else:
        assert harmed == ONLY.get(layer, set())


def test_the_sample_is_of_attacks_that_exist():
    assert {attack.name for attack in SAMPLED} == SAMPLE

"""One graded class for every way to grade it; tests only read what came of it."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from arena import AMPLE, a_stranger, arena, make_course
from attacks import ATTACKS

USERS = {"root": None, "stranger": a_stranger()} if os.geteuid() == 0 else {"own user": None}


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A released course, to be copied: nbgrader takes seconds to make its database."""
    folder = tmp_path_factory.mktemp("hostile") / "class"
    make_course(folder)
    return folder


@pytest.fixture(scope="session", params=USERS)
def user(request):
    return USERS[request.param]


@pytest.fixture(scope="session")
def graded(user, template):
    """All attackers and all honest students, graded in one run with every layer."""
    with arena(ATTACKS, user, template) as place:
        yield place.grade()


@pytest.fixture(scope="session")
def careless(template):
    """What the attacks do to somebody who takes no care, in a user's tree to be thrown away."""
    unsafe = [attack for attack in ATTACKS if attack.control == "unsafe"]
    others = [attack for attack in ATTACKS if attack.control != "unsafe"]
    found = {}
    with arena(unsafe, a_stranger(), template) as place:
        graded = place.grade(unsafe=True, budget=AMPLE)
        found |= {attack.name: graded.harmed(attack) for attack in unsafe}
    with arena(others, a_stranger(), template) as place:
        seen = place.careless()
        for attack in others:
            of_it = place.here[attack.name], seen[attack.name], place.secrets(attack)
            found[attack.name] = attack.harm(*of_it)
    return found

"""The two real releases, damaged at random: repair never raises, and what it gives is sound."""

import copy
import json
import random
from pathlib import Path

import pytest

from imbal_lab.grading.submissions.repair import MOST_NOTES, repair

ROOT = Path(__file__).parents[3]
CONTENT = {path.stem: path.read_bytes() for path in sorted((ROOT / "notebooks").glob("*/*.ipynb"))}
RELEASES = {lesson: json.loads(content) for lesson, content in CONTENT.items()}
ODD = [
    *(None, True, -1, 10**400, 1e308, float("nan"), "", "\0", "\ud800", "answer-pcngd_step"),
    *(
        [],
        {},
        [[]],
        [None],
        {"": []},
        "x" * 3000,
        "(" * 300,
        "def f(",
        "%%time\n!ls",
        "a" + ".a" * 99,
    ),
    *("a" + ".a" * 99, "check('pcngd_step')", {"cells": []}, {"nbgrader": {"grade_id": ["x"]}}),
]


def is_sound(found, release):
    """Every marked or locked cell once, locked ones as released; all of it can be stored."""
    marked = {c["id"]: c for c in release["cells"] if "nbgrader" in c["metadata"]}
    assert sorted(c.grade_id for c in found.cells if c.grade_id) == sorted(marked)
    assert len({c.id for c in found.cells}) == len(found.cells)
    for cell in found.cells:
        assert cell.kind in ("code", "markdown", "check")
        cell.source.encode("utf-8")
        assert cell.metadata == marked.get(cell.grade_id, {"metadata": cell.metadata})["metadata"]
        if cell.grade_id and marked[cell.grade_id]["metadata"]["nbgrader"]["locked"]:
            assert cell.source == "".join(marked[cell.grade_id]["source"])
    checks = [c.exercise for c in found.cells if c.kind == "check"]
    assert sorted(checks) == sorted(k.removeprefix("check-") for k in marked if "check-" in k)
    assert len(found.notes) <= MOST_NOTES + 1
    assert all(text.isprintable() for text in (*found.notes, *found.doubts))
    assert found.readable or len(found.doubts) == 1


def damaged_bytes(content, chance):
    """A few bytes changed, cut out, doubled or moved."""
    content = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 8, 60])):
        start, length = chance.randrange(len(content)), chance.choice([1, 1, 1, 2, 50])
        piece = bytes(content[start : start + length])
        new = [b"", piece * 2, bytes(chance.randrange(256) for _ in piece), chance.choice(ENDS)]
        content[start : start + length] = chance.choice(new)
    return bytes(content)


ENDS = [b"{", b"}", b"[", b"]", b'"', b",", b"\\", b"\xff\xfe", b"\x00", b"\\ud800", b"NaN"]


def damaged_tree(tree, chance):
    """Parts of a notebook replaced by odd things, taken out, doubled, swapped."""
    tree = copy.deepcopy(tree)
    for _ in range(chance.choice([1, 1, 2, 5, 40])):
        _damage_one(list(_containers(tree)), chance)
    return tree


def _containers(node):
    if isinstance(node, dict | list) and node:
        yield node
        for child in node.values() if isinstance(node, dict) else node:
            yield from _containers(child)


def _damage_one(containers, chance):
    if not containers:
        return
    part = chance.choice(containers)
    keys = list(part) if isinstance(part, dict) else range(len(part))
    one, other = chance.choice(keys), chance.choice(keys)
    how = chance.randrange(5)
    if how == 0:
        del part[one]
    elif how == 1:
        part[one], part[other] = part[other], part[one]
    elif how == 2:
        part[one] = copy.deepcopy(part[other])
    elif how == 3 and isinstance(part, list):
        part.insert(one, copy.deepcopy(part[other]))
    else:
        part[one] = copy.deepcopy(chance.choice(ODD))


@pytest.mark.parametrize("lesson", CONTENT)
def test_changed_bytes(lesson):
    chance, readable = random.Random(4), 0
    for _ in range(200):
        found = repair(damaged_bytes(CONTENT[lesson], chance), RELEASES[lesson])
        is_sound(found, RELEASES[lesson])
        readable += found.readable
    assert 20 < readable < 180  # both ways were taken


@pytest.mark.parametrize("lesson", CONTENT)
def test_changed_structure(lesson):
    chance, readable = random.Random(5), 0
    for _ in range(200):
        tree = damaged_tree(RELEASES[lesson], chance)
        found = repair(json.dumps(tree).encode(), RELEASES[lesson])
        is_sound(found, RELEASES[lesson])
        readable += found.readable
    assert readable > 20


def test_random_bytes():
    chance, release = random.Random(6), RELEASES["00_start_here"]
    for _ in range(100):
        content = chance.randbytes(chance.randrange(40))
        found = repair(content, release)
        is_sound(found, release)
        assert not found.readable

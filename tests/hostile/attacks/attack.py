"""What an attack is: what is handed in, what it deserves, and how its harm shows from outside.

Most attacks are written as functions. They are never called here: their source goes into the
answer cell of ``unit_directions`` of a notebook that is right otherwise. There they find ``here``,
with what a stranger may know of the machine, and the modules that ``PRELUDE`` imports.
"""

from __future__ import annotations

import ast
import base64
import copy
import csv
import inspect
import io
import json
import re
import struct
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

FULL = {"imbalance_ratio": 1.0, "unit_directions": 2.0, "pcngd_step": 2.0}
NOTHING = dict.fromkeys(FULL, 0.0)
LOST = FULL | {"unit_directions": 0.0}  # costs exactly its exercise
ALL_BUT_HIDDEN = FULL | {"unit_directions": 1.6}  # weights 2, 1, 1 and hidden 1
ITS_OWN = {name: (0.0, most) for name, most in FULL.items()}  # may cost itself what it likes
ITS_EXERCISE = FULL | {"unit_directions": (0.0, 2.0)}

NO_STUDENT = None  # no id: the folder is named to the teacher, and nothing is graded

Points = dict[str, Any] | None  # of each exercise: the points, or the least and the most


@dataclass(frozen=True)
class Here:
    """What surrounds one attack; every one has its own. Paths are absolute, as text."""

    name: str
    outside: str  # a folder of the grading user's; nothing in it may change
    diary: str  # a file in it, which holds the secret
    gradebook: str
    classmate: str  # a classmate's submission, which holds the classmates' secret
    rooms: str  # the installed package, references included
    tcp: int
    udp: int
    abstract: str
    door: str  # a unix socket
    bystander: int
    shared: str  # a name for a file in /tmp and /dev/shm
    word: str  # hexadecimal: the decoded word stands in no notebook, so showing it is a deed


@dataclass(frozen=True)
class Seen:
    """What can be seen from outside after a run; texts hold all that the run made."""

    shown: str  # by the student's notebook, page, rows, and by the commands
    points: dict[str, float] | None  # None: no verdict
    knocks: frozenset[str]  # who came to a door
    changed: bool  # something in `outside` or under the shared name
    bystander: bool  # untouched
    size: int  # bytes of notebook and page
    pages: tuple[str, ...] = ()  # HTML that somebody opens
    sheets: tuple[str, ...] = ()  # CSV that somebody opens
    terminal: str = ""  # what the commands printed
    ended: bool = True  # what read or ran the notebook came to its end


Harm = Callable[[Here, Seen, "Secrets"], bool]


@dataclass(frozen=True)
class Secrets:
    """What nobody may see: of this attack, of the class, of the teacher."""

    own: str
    classmates: str
    teacher: str


@dataclass(frozen=True)
class Attack:
    """`make` turns the honest notebook (a dict) into what is handed in; see hand_in.

    `control` names who shows the harm, because they take no care (controls.py): "unsafe", our
    pipeline without confinement; "plain", one Python for all cells; "stock", answers and tests in
    one IPython; "trusting", who believes the notebook; "reader", who opens and reads the file;
    "shown", whoever shows `payload` as it is.
    """

    name: str
    family: str
    harm: Harm
    control: str
    deserves: Points
    make: Callable[[dict, Here], Any]
    student: str = ""  # its id, if not its name
    payload: str = ""

    @property
    def id(self) -> str:
        return self.student or self.name.replace("_", "-")


ATTACKS: list[Attack] = []


# Harms.


def secret_seen(here: Here, seen: Seen, secrets: Secrets) -> bool:
    return any(s in seen.shown for s in (secrets.own, secrets.classmates, secrets.teacher))


def word_seen(here: Here, seen: Seen, secrets: Secrets) -> bool:
    return bytes.fromhex(here.word).decode() in seen.shown


def changed(here: Here, seen: Seen, secrets: Secrets) -> bool:
    return seen.changed


def knocked(here: Here, seen: Seen, secrets: Secrets) -> bool:
    return here.name in seen.knocks


def bystander_hit(here: Here, seen: Seen, secrets: Secrets) -> bool:
    return not seen.bystander


def flooded(here: Here, seen: Seen, secrets: Secrets) -> bool:
    return seen.size > 4_000_000


def not_ended(here: Here, seen: Seen, secrets: Secrets) -> bool:
    return not seen.ended


def paid(here: Here, seen: Seen, secrets: Secrets) -> bool:
    """The attack's own exercise earned what its answer does not deserve."""
    return bool(seen.points) and seen.points["unit_directions"] > 0


def overpaid(here: Here, seen: Seen, secrets: Secrets) -> bool:
    """More points than an honest wrong answer and a missing one have."""
    return seen.points is not None and sum(seen.points.values()) > 3 + 1e-6


def script_alive(here: Here, seen: Seen, secrets: Secrets) -> bool:
    return any(alive(page) for page in seen.pages)


def terminal_moved(here: Here, seen: Seen, secrets: Secrets) -> bool:
    """Anything but printable characters, tabs and line ends came to the terminal."""
    return not all(c.isprintable() or c in "\t\r\n" for c in seen.terminal)


def formula_in_a_sheet(here: Here, seen: Seen, secrets: Secrets) -> bool:
    rows = (row for sheet in seen.sheets for row in csv.reader(io.StringIO(sheet)))
    return any(value.strip().startswith(tuple("=+-@")) for row in rows for value in row)


def picture_bomb(here: Here, seen: Seen, secrets: Secrets) -> bool:
    """A picture of more than 16 million pixels in a page or notebook, by its header."""
    for data in re.findall(r'image/png(?:;base64,|": ?")(iVBOR[A-Za-z0-9+/=]{39,})', seen.shown):
        width, height = struct.unpack(">II", base64.b64decode(data[:44])[16:24])
        if width * height > 2**24:
            return True
    return False


def alive(page: str) -> bool:
    """Whether a page holds anything that runs, loads or navigates, style with urls included."""
    found = Tags(page).found
    policies = [a for tag, a in found if tag == "meta" and a.get("http-equiv")]
    for tag, attributes in found:
        if tag in ACTIVE or any(name.startswith("on") for name in attributes):
            return True
        for name in ("href", "src", "action", "xlink:href", "data", "srcdoc"):
            value = (attributes.get(name) or "").strip().lower()
            if value and not value.startswith(("data:image/png", "#")):
                return True
    return not policies


ACTIVE = {"script", "svg", "iframe", "object", "embed", "link", "base", "form", "math", "video"}


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


# What goes into the cells.

PRELUDE = """\
import builtins, contextlib, ctypes, functools, gc, importlib, inspect, itertools, json, linecache
import logging, marshal, mmap, os, pkgutil, re, resource, select, shutil, signal, socket, subprocess
import sys, tarfile, tempfile, threading, time, traceback, types, warnings
from pathlib import Path

import torch

here = types.SimpleNamespace(**{here})


def tell():
    "Show the word: whoever calls this got where nobody should get."
    print(bytes.fromhex(here.word).decode())


def right(grads):
    lengths = grads.norm(dim=1, keepdim=True)
    return torch.where(lengths > 0, grads / lengths, torch.zeros_like(grads))


def wrong(grads):
    return grads * 3
"""
RIGHT = """\
def unit_directions(grads):
    lengths = grads.norm(dim=1, keepdim=True)
    return torch.where(lengths > 0, grads / lengths, torch.zeros_like(grads))
"""
WRONG = """\
def unit_directions(grads):
    return grads * 3
"""


def prelude(here: Here) -> str:
    return PRELUDE.replace("{here}", repr(vars(here)))


def body(function: Callable[..., Any]) -> str:
    """The source of a function without its decorators."""
    text = textwrap.dedent(inspect.getsource(function))
    (tree,) = ast.parse(text).body
    return "\n".join(text.splitlines()[tree.lineno - 1 :]) + "\n"


def cell(notebook: dict, id: str) -> dict:
    return next(c for c in notebook["cells"] if c["id"] == id)


def with_answer(notebook: dict, here: Here, source: str) -> dict:
    """The notebook with the prelude on top and ``source`` as the answer to unit_directions."""
    cell(notebook, "answer-unit_directions")["source"] = source
    top = {"cell_type": "code", "id": "prelude", "metadata": {}, "source": prelude(here)}
    notebook["cells"].insert(0, top | {"execution_count": None, "outputs": []})
    return notebook


# Decorators: each adds one attack.


def in_cell(
    harm: Harm,
    deserves: Points = FULL,
    control: str = "unsafe",
    answer: str = RIGHT,
    caught: bool = True,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The function is called in the answer cell, above the answer; its errors are caught."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        call = f"{function.__name__}()\n"
        if caught:
            call = f"try:\n    {call}except BaseException as error:\n    print(repr(error)[:300])\n"
        source = f"{body(function)}\n\n{call}\n\n{answer}"
        _add(function, harm, control, deserves, source)
        return function

    return add


def as_answer(
    harm: Harm, deserves: Points = LOST, control: str = "stock"
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The function is the answer to unit_directions."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        source = f"{body(function)}\n\nunit_directions = {function.__name__}\n"
        _add(function, harm, control, deserves, source)
        return function

    return add


def as_notebook(
    harm: Harm,
    deserves: Points = FULL,
    control: str = "unsafe",
    student: str = "",
    payload: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The function ``(notebook, here)`` changes the notebook, or returns what is handed in instead:
    bytes, or a function that makes something at the path where the notebook should be."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        ATTACKS.append(
            Attack(
                function.__name__,
                _family(function),
                harm,
                control,
                deserves,
                lambda notebook, here: _changed(function, notebook, here),
                student,
                payload,
            )
        )
        return function

    return add


def _changed(function: Callable[..., Any], notebook: dict, here: Here) -> Any:
    made = function(notebook, here)
    return notebook if made is None else made


def _add(
    function: Callable[..., Any], harm: Harm, control: str, deserves: Points, source: str
) -> None:
    def make(notebook: dict, here: Here) -> dict:
        return with_answer(notebook, here, source)

    ATTACKS.append(Attack(function.__name__, _family(function), harm, control, deserves, make))


def _family(function: Callable[..., Any]) -> str:
    return function.__module__.rpartition(".")[2]


def hand_in(attack: Attack, notebook: dict, here: Here, path: Path) -> None:
    """Put at ``path`` what the attacker hands in, made from an honest notebook."""
    made = attack.make(copy.deepcopy(notebook), here)
    path.parent.mkdir(parents=True, exist_ok=True)
    if callable(made):
        made(path)
    else:
        path.write_bytes(made if isinstance(made, bytes) else json.dumps(made).encode())


def points_fit(points: dict[str, float] | None, deserves: Points) -> bool:
    """Whether the points are the deserved ones, or between the least and the most."""
    if points is None or deserves is None:
        return points is deserves
    return points.keys() == deserves.keys() and all(
        _between(points[name], *(asked if isinstance(asked, tuple) else (asked, asked)))
        for name, asked in deserves.items()
    )


def _between(value: float, least: float, most: float) -> bool:
    return least - 1e-6 <= value <= most + 1e-6

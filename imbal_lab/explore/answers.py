"""The learner's choices, kept in a small file beside the notebook."""

import json
from pathlib import Path

FILE = Path(".imbal_lab_answers.json")  # Jupyter runs a notebook in its own folder

_here: dict[str, str] = {}  # for folders that cannot be written


def keep(id: str, choice: str) -> None:
    """Keep a choice; the newest wins."""
    _here[id] = choice
    text = json.dumps({**_read(), **_here}, indent=1, sort_keys=True, ensure_ascii=False)
    try:
        FILE.write_text(text + "\n", encoding="utf-8")
    except OSError:
        return  # a read-only folder: the choice lives as long as the kernel


def kept(id: str) -> str | None:
    """The kept choice; None if there is none."""
    return {**_read(), **_here}.get(id)


def _read() -> dict[str, str]:
    try:
        found = json.loads(FILE.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there yet, or broken: the next choice writes it anew
        return {}
    return found if isinstance(found, dict) else {}

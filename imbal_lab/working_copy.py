"""The learner's working copy: `work/`, made from `notebooks/`, and never overwritten once edited.

    python -m imbal_lab.working_copy      # from the course folder; `python run.py lab` does it too

A small manifest, `work/.released.json`, holds the hash each file was last released with, and that
decides everything. A notebook's hash is of its cells with their outputs and of our release note
in its metadata: JupyterLab writes its kernel into a notebook that was only opened.

| the learner's file       | what an update does                                               |
|--------------------------|-------------------------------------------------------------------|
| is missing               | puts the release there (deleting a notebook starts it afresh)     |
| is as it was released    | replaces it by the new release                                    |
| was edited or run        | keeps it; a newer release is put beside it as `NN_name.new.ipynb` |

The file beside it is replaced by still newer releases (nothing piles up), is left alone once it
is edited itself, does not come back when it was deleted, and goes when it is no longer needed.
Every file is written beside its place, then moved there: an interruption leaves no half file.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

MANIFEST = ".released.json"


def update(released: Path, work: Path) -> Iterator[str]:
    """Bring `work` up to date with `released`; yields one line for each file that changed.

    Files and folders whose name begins with a dot (JupyterLab's checkpoints) are not looked at.
    Raises FileNotFoundError when there is nothing to copy, OSError where something is in the way.
    """
    sources = sorted(_files(released))
    if not sources:
        raise FileNotFoundError(
            f"no notebook in {released}/; run this from the course folder, which has them"
        )
    work.mkdir(parents=True, exist_ok=True)
    manifest = _read_manifest(work / MANIFEST)
    for source in sources:
        name = source.relative_to(released).as_posix()
        before = manifest.get(name, {})
        entry, line = _update_file(source.read_bytes(), work / name, before)
        if entry != before:  # file by file, so that an interruption forgets at most one
            manifest[name] = entry
            _write(work / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode())
        if line:
            yield f"{name}: {line}"


def _update_file(new: bytes, mine: Path, entry: dict[str, str]) -> tuple[dict[str, str], str]:
    """One file: the manifest's new entry and the line to print, empty when nothing changed.

    `entry` holds the hash that `mine` was "released" with and the hash last "offered" beside it.
    """
    latest, current = _hash(mine.suffix, new), _hash_of(mine)
    beside = mine.with_name(f"{mine.stem}.new{mine.suffix}")
    if current in (None, latest, entry.get("released")):
        if current != latest:
            _write(mine, new)
        if _hash_of(beside) in (latest, entry.get("offered")):
            beside.unlink(missing_ok=True)  # the learner's own file is the newest release now
        return {"released": latest}, {None: "new", latest: ""}.get(current, "updated")
    if latest in (entry.get("released"), entry.get("offered")):
        return entry, ""  # edited, and this release was seen before
    if _hash_of(beside) in (None, latest, entry.get("offered")):
        _write(beside, new)
        return {**entry, "offered": latest}, (
            f"you worked on it, so yours is kept; the new release lies beside it as {beside.name}. "
            "To take the new one, delete or rename yours and start again."
        )
    return entry, (
        f"you worked on it and on {beside.name}, so both are kept; there is a newer release. "
        "To get it, rename one of them and start again."
    )


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def _read_manifest(path: Path) -> dict[str, dict[str, str]]:
    """What was released; empty when it is missing or unreadable, and then every file is kept."""
    try:
        manifest = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    entries = manifest.items() if isinstance(manifest, dict) else ()
    return {name: entry for name, entry in entries if isinstance(entry, dict)}


def _hash_of(path: Path) -> str | None:
    return _hash(path.suffix, path.read_bytes()) if path.is_file() else None


def _hash(suffix: str, content: bytes) -> str:
    if suffix == ".ipynb":
        try:
            notebook = json.loads(content)
            kept = [notebook["cells"], notebook["metadata"].get("imbal_lab")]
            content = json.dumps(kept, sort_keys=True).encode()
        except (ValueError, KeyError, TypeError, AttributeError):
            pass  # not a notebook yet or any more: its bytes are all there is
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)


def main() -> None:
    """Update `work` in the current folder and print what changed."""
    try:
        for line in update(Path("notebooks"), Path("work")):
            print(f"work/{line}")
    except OSError as error:
        place = error.filename2 or error.filename
        if place is None:  # there was nothing to copy
            sys.exit(str(error))
        sys.exit(
            f"cannot update {place}: {error.strerror}. Your own files are as they were; "
            "move or rename what is in the way, then start again."
        )


if __name__ == "__main__":
    main()

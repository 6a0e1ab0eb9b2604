"""The table for "Grading safely": ``python tests/hostile/matrix.py`` (as root: also a stranger's).

One row an attack that a layer can stop, one column a layer that is missing; minutes.
"""

import os
import tempfile
from pathlib import Path

from arena import AMPLE, a_stranger, arena, make_course
from layers import LAYERS, OUTWARD, harmed_without


def main() -> None:
    users = {"root": None, "a user": a_stranger()} if os.geteuid() == 0 else {"own user": None}
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "class"
        make_course(template)
        for name, user in users.items():
            columns = {
                f"- {layer}": harmed_without(layer, user, template, OUTWARD) for layer in LAYERS
            }
            columns = {"all layers": harmed_without(None, user, template, OUTWARD)} | columns
            with arena(OUTWARD, a_stranger(), template) as place:
                graded = place.grade(unsafe=True, budget=AMPLE)
                columns["no layer"] = {a.name for a in OUTWARD if graded.harmed(a)}
            print(f"\nGraded as {name}\n\n{table(columns)}", flush=True)


def table(columns: dict[str, set[str] | None]) -> str:
    lines = [f"| attack | {' | '.join(columns)} |", "|---|" + "---|" * len(columns)]
    for attack in OUTWARD:
        cells = (cell(attack.name, harmed) for harmed in columns.values())
        lines.append(f"| {attack.family}: {attack.name.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(name: str, harmed: set[str] | None) -> str:
    return "refused" if harmed is None else "HARM" if name in harmed else "stopped"


if __name__ == "__main__":
    main()

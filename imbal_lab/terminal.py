"""How commands print: tables and short paths."""

from __future__ import annotations

from pathlib import Path


def near(path: object) -> str:
    """A path below the current folder without that folder."""
    here = Path.cwd()
    return (
        str(path.relative_to(here))
        if isinstance(path, Path) and path.is_relative_to(here)
        else str(path)
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    """Columns as wide as their widest cell, two spaces between."""
    lines = [head, *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )

"""To take along: the setting as a line of Python, and the picture with its setting inside."""

from __future__ import annotations

import html
import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

COPY = "this.select();navigator.clipboard&&navigator.clipboard.writeText(this.value)"


def field(line: str) -> str:
    """HTML of a field with the line; a click copies it, the keyboard selects it for copying.

    Where a page forbids scripts it can be selected by hand.
    """
    return (
        f'<input readonly aria-label="This setting as Python; click to copy" title="Click to '
        f'copy" value="{html.escape(line)}" onclick="{COPY}" onfocus="this.select()" '
        'style="width:100%;box-sizing:border-box;padding:4px 6px;border:1px solid '
        "var(--jp-border-color1,#999);border-radius:3px;background:transparent;color:inherit;"
        'font-family:var(--jp-code-font-family,monospace);font-size:12px">'
    )


def save(figure: Figure, path: str | Path, line: str, text: str) -> None:
    """Write a PNG or SVG, by the suffix, with the line of Python and the text in its metadata.

    Raises ValueError for another suffix.
    """
    path = Path(path)
    if path.suffix == ".svg":
        about = {"Title": line, "Description": text, "Creator": ["imbal_lab"], "Date": None}
        figure.savefig(path, format="svg", metadata=about)
    elif path.suffix == ".png":
        _save_png(figure, path, {"Title": line, "Description": text, "Software": "imbal_lab"})
    else:
        raise ValueError(f'path = {str(path)!r}: end it in ".png" or ".svg"')


def _save_png(figure: Figure, path: Path, about: dict[str, str]) -> None:
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=200)
    info = PngInfo()
    for key, value in about.items():
        info.add_itxt(key, value)
    Image.open(drawn).save(path, pnginfo=info)


def line(scene_call: str, own: dict[str, Any], more: dict[str, Any]) -> str:
    """`explore(...)` with the learner's functions by name, and what is not at its default."""
    given = [f"{name}={getattr(f, '__name__', '...')}" for name, f in own.items() if f is not None]
    rest = [f"{name}={value!r}" for name, value in more.items()]
    return f"explore({', '.join([scene_call, *given, *rest])})"

"""Outputs of a student's cells as nbformat keeps them: plain text and PNG, and nothing else.

A notebook with these outputs can be opened on the Jupyter origin and printed in a terminal.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from imbal_lab.grading.pages.safe_picture import safe_picture
from imbal_lab.grading.pages.safe_text import safe_text
from imbal_lab.student_process.outputs import CellError, Output, Picture, Text

MOST_OUTPUTS = 1_000  # of a cell
MOST_PICTURES = 10
MOST_TEXT = 100_000  # characters of a cell


def safe_outputs(outputs: Sequence[Output]) -> list[dict[str, Any]]:
    """nbformat-4 outputs of one cell, of the mime types text/plain and image/png only.

    An error becomes lines on stderr, and so does the reason why something is not shown.
    """
    made: list[dict[str, Any]] = []
    room, pictures = MOST_TEXT, MOST_PICTURES
    for output in outputs[:MOST_OUTPUTS]:
        if isinstance(output, Picture):
            if pictures:
                made.append(_picture(output))
            pictures = max(0, pictures - 1)
        elif room:
            made.append(_text(output, room))
            room = max(0, room - len(_written(output)))
    left_out = len(outputs) - len(made)
    if left_out:
        made.append(_stream("stderr", f"{left_out} more outputs of this cell were left out.\n"))
    return made


def _text(output: Text | CellError, most: int) -> dict[str, Any]:
    text = safe_text(_written(output), most)
    name = output.name if isinstance(output, Text) else "stderr"
    if name == "result":
        return {"output_type": "display_data", "data": {"text/plain": text}, "metadata": {}}
    return _stream("stdout" if name == "stdout" else "stderr", text)


def _written(output: Text | CellError) -> str:
    """What a text says, and an error: its kind and message, and the student's own line."""
    if isinstance(output, Text):
        return output.text
    head = f"{output.kind}: {output.text}" if output.text else output.kind
    return f"{head}\n  in your line: {output.line.strip()}\n" if output.line else f"{head}\n"


def _picture(picture: Picture) -> dict[str, Any]:
    try:
        data = base64.b64encode(safe_picture(picture.png)).decode("ascii")
    except ValueError as error:
        return _stream("stderr", f"A picture is not shown: {error}.\n")
    return {"output_type": "display_data", "data": {"image/png": data}, "metadata": {}}


def _stream(name: str, text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}

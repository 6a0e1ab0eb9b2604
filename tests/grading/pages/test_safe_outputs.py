"""Whatever a cell puts out, plain text and PNG come of it."""

import base64
import io
import random

import nbformat
import pytest
from PIL import Image

from imbal_lab.grading.pages.safe_outputs import safe_outputs
from imbal_lab.student_process.outputs import CellError, Picture, Text


def png(colour="red"):
    content = io.BytesIO()
    Image.new("RGB", (4, 3), colour).save(content, "PNG")
    return content.getvalue()


def test_honest_outputs():
    made = safe_outputs(
        [
            Text("stdout", "recall 0.5\n"),
            Text("stderr", "UserWarning: short\n"),
            Picture(png()),
            Text("result", "tensor([1.])"),
            CellError("NameError", "name 'torhc' is not defined", "    torhc.zeros(2)"),
        ]
    )
    assert made[0] == {"output_type": "stream", "name": "stdout", "text": "recall 0.5\n"}
    assert made[1] == {"output_type": "stream", "name": "stderr", "text": "UserWarning: short\n"}
    with Image.open(io.BytesIO(base64.b64decode(made[2]["data"]["image/png"]))) as picture:
        assert picture.getpixel((0, 0)) == (255, 0, 0)
    assert made[3]["data"] == {"text/plain": "tensor([1.])"}
    assert made[4]["name"] == "stderr"
    assert made[4]["text"] == (
        "NameError: name 'torhc' is not defined\n  in your line: torhc.zeros(2)\n"
    )


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (Text("stdout", "\x1b[2J\x1b]0;owned\x07hi\u202e"), "hi"),
        (Text("owned", "hi"), "hi"),
        (CellError("\x1b[31mE", "\x07x\r\ny", ""), "E: x\ny\n"),
        (CellError("KeyboardInterrupt", "", ""), "KeyboardInterrupt\n"),
        (Picture(b"<svg onload=alert(1)>"), "A picture is not shown: it is not a PNG.\n"),
    ],
)
def test_what_is_left_of_hostile_ones(output, text):
    (made,) = safe_outputs([output])
    assert made["text"] == text
    assert made["name"] in ("stdout", "stderr")


def test_a_flood_is_cut():
    made = safe_outputs([Text("stdout", "x" * 60_000)] * 50 + [Picture(png())] * 50)
    assert sum(len(output.get("text", "")) for output in made) < 100_300
    assert sum("data" in output for output in made) == 10
    assert made[-1]["text"] == "88 more outputs of this cell were left out.\n"


def test_any_output_is_plain_text_or_png_and_sound_nbformat():
    draw = random.Random(0)
    pieces = ["<script>", "\x1b[31m", "\x00", "\ud800", "\u2028", "text/html", "{}", "\n", png()]
    for _ in range(300):
        text = "".join(p for p in draw.choices(pieces, k=6) if isinstance(p, str))
        outputs = [
            Text(draw.choice(["stdout", "stderr", "result", "display", text]), text),
            CellError(text, text, text),
            Picture(draw.choice([png(), text.encode("utf-8", "replace"), png()[:40]])),
        ]
        made = safe_outputs(draw.sample(outputs, 3))
        for output in made:
            assert output["output_type"] in ("stream", "display_data")
            assert set(output.get("data", {})) <= {"text/plain", "image/png"}
            assert not output.get("metadata")
        cell = nbformat.v4.new_code_cell("", outputs=nbformat.from_dict(made))
        nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))
        nbformat.writes(nbformat.v4.new_notebook(cells=[cell])).encode()

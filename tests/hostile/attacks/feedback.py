"""Attacks on the people who open what grading made: pages, a terminal, a spreadsheet."""

import base64
import struct
import zlib

from attacks.attack import (
    FULL,
    NO_STUDENT,
    RIGHT,
    as_notebook,
    cell,
    formula_in_a_sheet,
    picture_bomb,
    script_alive,
    terminal_moved,
    with_answer,
)
from attacks.structure import code

NAME = "<img src=x onerror=alert(1)>"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"
LINKS = "[x](javascript:alert(1)) <a href='javascript:alert(1)'>x</a> <iframe src='//x'></iframe>"
DRAWING = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'></svg>"
STYLE = "<style>body{background:url(http://x)}</style><link rel=stylesheet href=http://x>"
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b31m"
BIDI = "\u202egpj.exe\u2066"


@as_notebook(script_alive, FULL, "shown", payload=SCRIPT)
def a_script_in_an_output(notebook, here):
    display = f"from IPython.display import HTML, Javascript, display\ndisplay(HTML({SCRIPT!r}))\n"
    display += f"display(Javascript('alert(1)'))\nprint({SCRIPT!r})\n"
    with_answer(notebook, here, f"{display}\n{RIGHT}")


@as_notebook(script_alive, FULL, "shown", payload=SCRIPT + LINKS)
def a_script_in_an_essay(notebook, here):
    cell(notebook, "essay-when_worse")["source"] = f"I think {SCRIPT} {LINKS}"


@as_notebook(script_alive, FULL, "shown", payload=DRAWING)
def a_drawing_that_acts(notebook, here):
    source = f"from IPython.display import SVG, display\ndisplay(SVG(data={DRAWING!r}))\n"
    with_answer(notebook, here, f"{source}\n{RIGHT}")
    cell(notebook, "essay-when_worse")["source"] = DRAWING


@as_notebook(script_alive, FULL, "shown", payload=STYLE)
def a_style_that_calls_home(notebook, here):
    cell(notebook, "essay-when_worse")["source"] = STYLE
    extra = {"cell_type": "markdown", "id": "extra", "metadata": {}, "source": STYLE}
    notebook["cells"].append(extra)


@as_notebook(script_alive, NO_STUDENT, "shown", student=NAME, payload=NAME)
def a_script_as_a_name(notebook, here):
    pass


@as_notebook(script_alive, FULL, "shown", payload=SCRIPT)
def a_script_in_the_code(notebook, here):
    source = f"# </code></pre>{SCRIPT}\nmessage = '''</script>{SCRIPT}'''\n{RIGHT}"
    with_answer(notebook, here, source)
    notebook["metadata"]["title"] = notebook["metadata"]["authors"] = SCRIPT


@as_notebook(script_alive, FULL | {"unit_directions": 0.0}, "shown", payload=SCRIPT)
def a_script_in_an_error(notebook, here):
    error = f"type({SCRIPT!r}, (Exception,), {{}})({SCRIPT!r})"
    source = f"def unit_directions(grads):\n    raise {error}"
    with_answer(notebook, here, source)


@as_notebook(terminal_moved, FULL | {"unit_directions": 0.0}, "shown", payload=ESCAPES)
def escapes_in_an_error(notebook, here):
    source = f"print({ESCAPES!r})\n\ndef unit_directions(grads):\n    raise ValueError({ESCAPES!r})"
    with_answer(notebook, here, source)


@as_notebook(terminal_moved, NO_STUDENT, "shown", student="evil\x1b[31m", payload=ESCAPES)
def escapes_as_a_name(notebook, here):
    pass


@as_notebook(terminal_moved, NO_STUDENT, "shown", student="evil\u202etxt", payload=BIDI)
def a_name_written_backwards(notebook, here):
    pass


@as_notebook(terminal_moved, FULL, "shown", payload=ESCAPES + BIDI)
def escapes_in_code_that_is_flagged(notebook, here):
    """The flag's line is shown to the teacher."""
    source = f"import socket  # {BIDI}\neval('1')  # {ESCAPES[:-6]}\n{RIGHT}"
    with_answer(notebook, here, source)


@as_notebook(formula_in_a_sheet, FULL, "shown", student="=1+1", payload="=1+1")
def a_formula_as_a_name(notebook, here):
    pass


@as_notebook(formula_in_a_sheet, FULL, "shown", student="+cmd|' C'!A0", payload="+cmd|' C'!A0")
def a_command_as_a_name(notebook, here):
    pass


def bomb() -> bytes:
    """A PNG of 3.6 billion pixels in some kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        length, sum_ = struct.pack(">I", len(data)), struct.pack(">I", zlib.crc32(kind + data))
        return length + kind + data + sum_

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(7501) * 300, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


BOMB = base64.b64encode(bomb()).decode()
SHOWN = f"<img src='data:image/png;base64,{BOMB}'>"


@as_notebook(picture_bomb, FULL, "shown", payload=SHOWN)
def a_picture_bomb(notebook, here):
    show = "import base64\nfrom IPython.display import Image, display\n"
    show += f"display(Image(data=base64.b64decode({BOMB!r}), format='png'))\n"
    with_answer(notebook, here, RIGHT)
    notebook["cells"].insert(1, code("bomb", show))


@as_notebook(picture_bomb, FULL, "shown", payload=SHOWN)
def an_attached_picture_bomb(notebook, here):
    essay = cell(notebook, "essay-when_worse")
    essay["attachments"] = {"x.png": {"image/png": BOMB}}
    essay["source"] = "![x](attachment:x.png)"

"""Text that students wrote or printed, made safe for a terminal, a notebook and a browser."""

from __future__ import annotations

import re

ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor, screen
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # window titles
    r"|\x1b[ -/]*[0-~]?"
)
NEWLINES = "\x0b\x0c\x85\u2028\u2029"
# Characters that turn or hide what stands around them: a reader would see other code than Python.
INVISIBLE = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
INVISIBLE += [*range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080)]
CONTROLS = [code for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"]
CLEAN: dict[int, str | None] = {
    **dict.fromkeys([*CONTROLS, *INVISIBLE], None),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),  # half characters, which no file can hold
    **dict.fromkeys(map(ord, NEWLINES), "\n"),
}

TAG = re.compile(r"<(?=[A-Za-z/!?])")
LINK = re.compile(r"\](?=[(:])")
MATH = re.compile(
    r"\\(?=(?:href|url|require|unicode|style|class|cssId|bbox|mmlToken|def|let|(?:re)?new))"
)


def safe_text(text: str, most: int = 100_000) -> str:
    """`text` without terminal escapes, control characters and characters that reorder a line.

    Of a line that was written over (carriage returns) the last writing stays. What is longer than
    `most` characters is cut, and says so.
    """
    read = ESCAPE.sub("", text[: 4 * most]).replace("\r\n", "\n")
    lines = (line.rstrip("\r").rsplit("\r", 1)[-1] for line in read.split("\n"))
    clean = "\n".join(lines).translate(CLEAN)
    if len(clean) <= most and len(text) <= 4 * most:
        return clean
    return f"{clean[:most]}\n… cut here: too long to show"


def safe_markdown(text: str, most: int = 100_000) -> str:
    """`text` as Markdown that shows the same and has no HTML, no link and no picture in it.

    A space goes where markup would begin: `< b>`, `[text] (address)`, `[name] :`, and behind the
    backslash of TeX commands that make links, styles or commands. It is safe in every renderer of
    Markdown, because no tag begins with a space. Emphasis, lists, code and formulas stay. Text
    that is safe already comes back unchanged.
    """
    clean = TAG.sub("< ", safe_text(text, most))
    return MATH.sub(r"\\ ", LINK.sub("] ", clean))

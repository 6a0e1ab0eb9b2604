"""Text of strangers: nothing for a terminal, nothing for a browser, and honest text as it was."""

import random
import re
import string

import pytest
from bs4 import BeautifulSoup
from nbconvert.filters import strip_files_prefix
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from imbal_lab.grading.pages.safe_text import safe_markdown, safe_text

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hcleared", "cleared"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred \x9d0;title\x9cafter", "red after"),
        ("\x1bcreset", "reset"),
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("1%\r50%\r100%\ndone\r", "100%\ndone"),
        ("bell\x07 null\x00 back\x08 delete\x7f", "bell null back delete"),
        ("page\x0cline\u2028end", "page\nline\nend"),
        (f"a{BIDI}b", "ab"),
        ("half \ud800 character", "half \ufffd character"),
        ("tag\U000e0041ged\ufeff", "tagged"),
        ("Grüße, ψυχή, שלום, नमस्ते, 👩\u200d🔬", "Grüße, ψυχή, שלום, नमस्ते, 👩\u200d🔬"),
    ],
)
def test_what_is_shown_of_what_was_printed(printed, shown):
    assert safe_text(printed) == shown


def test_random_text_leaves_no_control_character_and_is_done_once():
    draw = random.Random(0)
    alphabet = "\x1b\x9b\x9d\x90[];?0m1h\x07\\\r\n\t\x00\x85ab" + BIDI + "\u2028\ud83d"
    for _ in range(3000):
        text = safe_text("".join(draw.choices(alphabet, k=draw.randrange(40))))
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", text)
        assert not set(text) & set(BIDI)
        text.encode()  # as a file would hold it
        assert safe_text(text) == text


@pytest.mark.parametrize("start", ["\x1b[" + "0" * 40, "\x1b]", "\x1b", "\r", "a\r\n", "<"])
def test_long_text_is_cut_and_says_so(start):
    text = safe_text(start * 200_000 + "x" * 10, most=100)
    assert len(text) < 150
    assert text.endswith("… cut here: too long to show")


def test_text_at_the_limit_is_whole():
    assert safe_text("x" * 100, most=100) == "x" * 100


HONEST = """# My answer

*Emphasis*, **strong**, `a[0] < b` and

- $f_l(w) \\le \\frac{1}{n}$ if a < b & c > d
- $$\\sum_{l=1}^L \\lVert g_l \\rVert$$

```python
for k in range(3):
    print(rows[1:k])
```

1. first
2. second

> as they say

| a | b |
|---|---|
| 1 | 2 |

See https://example.org/paper.
"""

ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT/x>alert(1)</SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<!-- --><b onclick=alert(1)>x</b>",
    "<?php x ?><math><mi xlink:href='javascript:alert(1)'>",
    "<style>body{background:url(http://evil.example)}</style>",
    "<meta http-equiv=refresh content='0;url=http://evil.example'>",
    "<javascript:alert(1)>",
    "<http://evil.example>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](files/javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x][y]\n\n[y]: javascript:alert(1)",
    "[y]\n\n  [y]:\n    javascript:alert(1)\n 'title'",
    "![x](http://evil.example/pixel.png)",
    '![x](x"onerror="alert(1))',
    "![x](attachment:missing.png)",
    "![x][y]\n\n[y]: data:image/svg+xml,<svg onload=alert(1)>",
    "[![x](x)](javascript:alert(1))",
    "# <img src=x onerror=alert(1)>",
    "# &lt;img src=x onerror=alert(1)&gt;",
    "```mermaid\n<img src=x onerror=alert(1)>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "$<img src=x onerror=alert(1)>$",
    "\\begin{a}<script>alert(1)</script>\\end{a}",
    "| <b onclick=alert(1)> |\n|---|\n| [x](javascript:alert(1)) |",
    'https://evil.example/"onmouseover="alert(1)',
    "\\<img src=x onerror=alert(1)>",
    "<\x00script>alert(1)</script>",
    "<\u200fimg src=x onerror=alert(1)>",
    "<\x1b[0mscript>alert(1)</script>",
    "]\u200f(javascript:alert(1))[x]\x00(javascript:alert(1))",
    "[x\\](javascript:alert(1))](javascript:alert(1))",
    "term\n: <img src=x onerror=alert(1)>",
    "~~<img src=x onerror=alert(1)>~~",
    "- [ ] <img src=x onerror=alert(1)>",
]
PLAIN = "p em strong code pre ul ol li blockquote hr br del table thead tbody tr th td h1 h2 h3 h4"
PLAIN += " h5 h6 dl dt dd a div span input"
ATTRIBUTES = {"class", "id", "href", "start", "type", "disabled", "style", "checked"}


def rendered(markdown):
    """What nbconvert makes of it, as nbgrader's Formgrader does, parsed."""
    html = strip_files_prefix(markdown2html_mistune(markdown))
    return BeautifulSoup(html, "html.parser")


def harmful(page):
    """Whatever in a page is more than text with a form."""
    found = [tag.name for tag in page.find_all() if tag.name not in PLAIN.split()]
    for tag in page.find_all():
        found += [name for name in tag.attrs if name not in ATTRIBUTES]
        if not tag.get("href", "#").startswith(("#", "http://", "https://")):
            found.append(tag["href"])
    return found


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_markup_of_a_stranger_is_alive(attack):
    assert not harmful(rendered(safe_markdown(attack)))


def test_the_attacks_are_real():
    alive = [attack for attack in ATTACKS if _alive(attack)]
    assert len(alive) > 25


def _alive(attack):
    try:
        return harmful(rendered(attack))
    except Exception:  # a missing attachment ends nbconvert, and with it the Formgrader's page
        return True


def test_random_markup_is_not_alive():
    draw = random.Random(1)
    pieces = [*"<>[]()!:\"'`$\\/&;# \n|-~\x00\u200f\x1b", "img src=x onerror=alert(1)", "script"]
    pieces += [
        "javascript:alert(1)",
        "&lt;",
        "&#60;",
        "data:",
        "](",
        "]:",
        "\n\n",
        "[y]",
        "\n```\n",
    ]
    pieces += ["svg/onload=alert(1)", "http://", "\\begin{x}", "\\end{x}", "$$", *string.digits[:3]]
    for _ in range(3000):
        text = "".join(draw.choices(pieces, k=draw.randrange(1, 30)))
        assert not harmful(rendered(safe_markdown(text))), text


def test_honest_markdown_stays_as_it_was():
    assert safe_markdown(HONEST) == HONEST


@pytest.mark.parametrize("attack", [*ATTACKS, HONEST, r"$\href{javascript:alert(1)}{x}$"])
def test_markdown_is_made_safe_once(attack):
    once = safe_markdown(attack)
    assert safe_markdown(once) == once


def test_a_reader_still_sees_what_was_written():
    assert (
        safe_markdown("<b>[my source](https://x.example)") == "< b>[my source] (https://x.example)"
    )


@pytest.mark.parametrize(
    "name", ["href", "unicode", "style", "class", "cssId", "require", "newcommand"]
)
def test_formulas_hold_no_command_that_makes_markup(name):
    assert f"\\{name}" not in safe_markdown(rf"$\{name}{{javascript:alert(1)}}{{x}}$")
    assert safe_markdown(r"$\nabla f_l \cdot \hat{u} \quad \leq \left( \neq \beta \right)$") == (
        r"$\nabla f_l \cdot \hat{u} \quad \leq \left( \neq \beta \right)$"
    )

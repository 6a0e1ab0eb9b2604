"""Pages complete in themselves: every value made safe, one style sheet, no script, no request.

A template extends `page.html` and fills the blocks `title`, `style` and `content`.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from imbal_lab.grading.pages.safe_text import safe_text


def html_page(template: str, **values: Any) -> bytes:
    """The page that `imbal_lab/grading/TEMPLATE` makes of the values, in UTF-8.

    Its content security policy lets a browser show pictures that stand in the page and use the
    page's own style sheet, named by its hash; nothing else loads, runs or is sent.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("imbal_lab.grading", "pages"),
        autoescape=True,
        finalize=_safe,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["sha256"] = _sha256
    return environment.get_template(template).render(values).encode("utf-8")


def _safe(value: Any) -> Any:
    """A string without control characters; what is markup already stays."""
    return safe_text(value, len(value)) if type(value) is str else value


def _sha256(text: str) -> str:
    """The hash as a content security policy writes it."""
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")

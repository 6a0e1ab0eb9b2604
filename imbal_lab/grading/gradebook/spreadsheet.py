"""Text from strangers in a CSV file that somebody will open in a spreadsheet."""

import unicodedata

STARTS = ("=", "+", "-", "@")  # of a formula; a spreadsheet runs it when the file is opened


def plain(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would take it for a formula.

    White space, control characters and byte order marks in front are looked through, and other
    widths of the four signs count as them: some spreadsheets do both.
    """
    seen = (c for c in text if c.isprintable() and not c.isspace())
    first = unicodedata.normalize("NFKC", next(seen, ""))
    return f"'{text}" if first.startswith(STARTS) else text

"""A stranger's text in one of our lines: names of classes and messages may hold anything."""


def printable(text: str, limit: int = 100) -> str:
    """One line of at most ``limit`` characters, all of which can be printed and stored."""
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return "".join(char if char.isprintable() else " " for char in cut).strip()

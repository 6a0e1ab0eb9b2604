"""Which explorers are open in which cell, so that running a cell again closes the old ones.

A front end that clears a cell's output does not tell the kernel, and widgets live until they
are closed.
"""

from typing import Protocol


class Closes(Protocol):
    """An explorer, as far as this file needs to know."""

    def close(self) -> None: ...


_open: dict[str, tuple[str, list[Closes]]] = {}  # cell id -> (id of its execution, explorers)


def opened(explorer: Closes) -> bool:
    """Note an explorer, and close those that an earlier run of the same cell opened.

    Returns whether there is a page: nbclient and scripts do not say which cell they run.
    """
    cell, execution = _where()
    if cell is None:
        return False
    before, explorers = _open.get(cell, (execution, []))
    if before != execution:
        for old in explorers:
            old.close()
        explorers = []
    _open[cell] = (execution, [*explorers, explorer])
    return True


def _where() -> tuple[str | None, str]:
    """The id of the cell that runs, if the front end says it, and of this execution."""
    try:
        from IPython import get_ipython

        header = get_ipython().get_parent()
        return header["metadata"].get("cellId"), header["header"]["msg_id"]
    except (ImportError, AttributeError, KeyError):  # no notebook
        return None, ""

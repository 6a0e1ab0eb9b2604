"""A hook that belongs to one module and to none of its copies."""

from collections.abc import Callable
from typing import Any


class Hook:
    """Calls ``call``. In a deep copy or a pickle of the module it does nothing.

    People copy or save the model in their loop, and should get no recorder with it.
    """

    def __init__(self, call: Callable[..., None]) -> None:
        self.call = call

    def __call__(self, *given: Any) -> None:
        self.call(*given)

    def __reduce__(self) -> tuple[type["Hook"], tuple[Callable[..., None]]]:
        return Hook, (nothing,)


def nothing(*given: Any) -> None:
    """Ignores what it is given."""

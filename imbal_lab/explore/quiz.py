"""A question with a reply of its own for every choice: a wrong one is a named misconception."""

from collections.abc import Mapping

from imbal_lab.explore.question import Question


def quiz(
    question: str,
    replies: Mapping[str, str],
    *,
    right: str,
    id: str,
    choice: int | None = None,
) -> Question:
    """Ask, and answer every choice with its own reply. It gives no points.

    Args:
        question: one thought.
        replies: for every choice what to say to it: why it is right, or what it mixes up.
        right: the right choice.
        id: the name under which the answer is kept.
        choice: the number of a choice, counted from 1, to answer without clicking.

    Raises:
        ValueError: `right` is not among the choices, or a reply is empty.
    """
    if right not in replies:
        raise ValueError(f"right = {right!r}: must be one of the choices {list(replies)}")
    silent = [c for c, reply in replies.items() if not reply.strip()]
    if silent:
        raise ValueError(f"replies: every choice needs a reply, {silent} have none")

    def reply(chosen: str) -> str:
        return f"{'✓ Yes.' if chosen == right else '✗ Not quite.'} {replies[chosen]}"

    return Question("quiz", question, list(replies), id, "Check", reply, choice)

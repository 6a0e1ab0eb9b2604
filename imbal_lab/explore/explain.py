"""What went wrong in three lines: what happened, where, what to try. No traceback."""

import sysconfig
import traceback
from pathlib import Path

NOT_THE_LEARNERS = (
    str(Path(__file__).parents[1]),
    sysconfig.get_path("purelib"),
    sysconfig.get_path("stdlib"),
)


def explain(problem: BaseException) -> tuple[str, str, str]:
    """Three lines about an exception that the learner's code raised, or that a run met."""
    frames = traceback.extract_tb(problem.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(NOT_THE_LEARNERS)]
    name = own[-1].name if own else "your function"
    if isinstance(problem, NotImplementedError):
        return (
            f"○ not started: {name} is still to be written.",
            "This runs your own functions, and that one still raises NotImplementedError.",
            "Write it in its answer cell, run that cell, then run this one again.",
        )
    text = " ".join(str(problem).split()) or "no message"
    if isinstance(problem, FloatingPointError) or not own:
        return (
            f"✗ The run stopped: {text}",
            "The curves show how far it came.",
            "Mend what this names, or try a smaller step size, and run this cell again.",
        )
    return (
        f"✗ Your code stopped with {type(problem).__name__}: {text}",
        f"Where: {name}, line {own[-1].lineno}: {own[-1].line}",
        "Mend it in its answer cell, run that cell, then run this one again.",
    )


def stuck(name: str, seconds: float) -> tuple[str, str, str]:
    """Three lines about a function that does not return."""
    return (
        f"✗ {name} has not returned for {seconds:g} s.",
        "A loop without an end, perhaps. The picture shows how far the run came.",
        "Press Stop or move a control to interrupt it. If neither helps, it waits inside compiled "
        "code: restart the kernel.",
    )

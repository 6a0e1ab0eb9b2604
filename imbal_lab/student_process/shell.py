"""IPython for one student's cells: no terminal, no history file, no configuration, no colours.

What a cell puts out is collected as plain text and PNG pictures. What would wait for a person, or
install packages, is refused with a sentence.
"""

import asyncio
import base64
import builtins
import getpass
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any, NoReturn

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from IPython.utils.text import SList
from traitlets.config import Config

from imbal_lab.checks.call import raised
from imbal_lab.student_process.outputs import CellError, Outputs, Stream

REFUSED = {
    "debug": "there is nobody at the keyboard",
    **dict.fromkeys(("pip", "conda", "mamba", "micromamba", "uv"), "nothing is installed"),
}
GRACE = 2.0  # seconds that tasks have after their cell
LINE = 500  # characters of a line
QUIT = "the cell asked to quit here; what follows in it was not run, the cells after it were"


class Refused(Exception):  # noqa: N818 - reads as a state
    """A cell asked for what there is none of while grading; the message says what."""


class Hook(DisplayHook):
    """The value of a cell's last line."""

    shell: "StudentShell"

    def write_output_prompt(self) -> None:
        """There are no prompts here."""

    def write_format_data(self, format_dict: dict, md_dict: Any = None) -> None:
        self.shell.show(format_dict)

    def finish_displayhook(self) -> None:
        self._is_active = False


class Publisher(DisplayPublisher):
    """What a cell hands to ``display``."""

    shell: "StudentShell"

    def publish(self, data: dict, *args: Any, **options: Any) -> None:
        self.shell.show(data)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.clear()


class StudentShell(InteractiveShell):
    """One for all cells of a submission; forks carry it on."""

    displayhook_class = Hook
    display_pub_class = Publisher
    streams: tuple[Stream, ...] = ()
    loop: asyncio.AbstractEventLoop | None = None

    def run(self, source: str) -> tuple[str, Outputs]:
        """Run one cell: how it ended ("ok", "error", "refused"), and what it put out."""
        outputs = self.collect()
        error = self.error_of(source)
        if error is not None:
            outputs.error(self.described(error))
        self.collect()
        return "ok" if error is None else "refused" if type(error) is Refused else "error", outputs

    def error_of(self, source: str) -> BaseException | None:
        """Run a cell, and what it leaves to its event loop, as far as that ends soon."""
        try:
            result = self.to_its_end(source)
        except BaseException as error:  # of a task, or a signal's
            return error
        return result.error_before_exec or result.error_in_exec

    def described(self, error: BaseException) -> CellError:
        found = raised(error)
        text = QUIT if isinstance(error, SystemExit) else found.text or found.kind
        return CellError(found.kind, text, self.line_of(error))

    def collect(self) -> Outputs:
        """From now on all that is put out goes to these new outputs."""
        self.outputs = Outputs()
        for stream in self.streams:
            stream.outputs = self.outputs
        return self.outputs

    def to_its_end(self, source: str) -> ExecutionResult:
        """In an event loop, as in Jupyter; tasks that the cell leaves there may end too."""
        if self.loop is None or self.loop.is_closed():
            self.loop = asyncio.new_event_loop()
        transformed, problem = source, None
        try:
            transformed = self.transform_cell(source)
        except Exception:
            problem = sys.exc_info()
        coroutine = self.run_cell_async(
            source, True, transformed_cell=transformed, preprocessing_exc_tuple=problem
        )
        result = self.loop.run_until_complete(coroutine)
        self.events.trigger("post_execute")  # shows the figures that are still open
        self.events.trigger("post_run_cell", result)
        left = asyncio.all_tasks(self.loop)
        if left:
            self.loop.run_until_complete(asyncio.wait(left, timeout=GRACE))
        return result

    def line_of(self, error: BaseException) -> str:
        """The last line of a cell on the way to ``error``; of a syntax error its own line."""
        if isinstance(error, SyntaxError) and error.text:
            return error.text.strip()[:LINE]
        frames = traceback.extract_tb(error.__traceback__)
        cells = (f.line or "" for f in frames[::-1] if f.filename.startswith("<ipython-input-"))
        return next(cells, "")[:LINE]

    def show(self, data: dict) -> None:
        """Keep the picture, else the text; nothing else is looked at."""
        if "image/png" in data:
            png = data["image/png"]
            self.outputs.picture(base64.b64decode(png) if isinstance(png, str) else png)
        elif "text/plain" in data:
            self.outputs.text("result", str(data["text/plain"]) + "\n")

    def system(self, cmd: str) -> None:
        """``!command``: its output is the cell's."""
        self.user_ns["_exit_code"] = command(self.var_expand(cmd, depth=1), print_)

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        """``x = !command``: its output is the value."""
        lines: list[str] = []
        command(self.var_expand(cmd, depth=depth + 1), lines.append)
        text = "".join(lines)
        return SList(text.splitlines()) if split else text

    def ask_exit(self) -> NoReturn:
        """``exit`` and ``quit``."""
        raise SystemExit("quit")

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no screen; figures are shown at the end of their cell."""

    def enable_matplotlib(self, gui: str | None = None) -> Any:
        """Every ``%matplotlib`` means inline."""
        return super().enable_matplotlib("inline")

    def showtraceback(self, *args: Any, **options: Any) -> None:
        """The error goes to the grader by itself."""

    showsyntaxerror = showtraceback

    def _format_exception_for_storage(self, *args: Any, **options: Any) -> None:
        """Nor is it kept: laying it out takes longer than most cells."""


def make_shell() -> StudentShell:
    """The shell of this process, ready to be carried on by forks; streams lead into it."""
    streams = sys.stdout, sys.stderr = Stream("stdout"), Stream("stderr")
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.banner1 = ""
    config.DisplayFormatter.active_types = ["text/plain", "image/png"]
    shell = StudentShell.instance(config=config)
    shell.streams = streams
    shell.collect()
    shell.enable_matplotlib()
    for name, why in REFUSED.items():
        shell.magics_manager.register_function(refusing(f"%{name}", why), "line", name)
    warnings.filterwarnings("ignore", "To exit: use")
    builtins.input = refusing("input()", "there is nobody at the keyboard")
    getpass.getpass = refusing("getpass()", "there is nobody at the keyboard")
    sys.breakpointhook = refusing("breakpoint()", "there is nobody at the keyboard")
    return shell


def refusing(what: str, why: str) -> Callable[..., NoReturn]:
    """A function that raises Refused."""

    def refuse(*args: object, **options: object) -> NoReturn:
        raise Refused(f"{what} does nothing while grading: {why}")

    return refuse


def print_(text: str) -> None:
    print(text, end="")


def command(line: str, take: Callable[[str], Any]) -> int:
    """Run a shell command, hand its output on as it comes, and return its exit code."""
    with subprocess.Popen(
        ["/bin/sh", "-c", line],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for text in iter(lambda: process.stdout.read(4096), ""):  # type: ignore[union-attr]
            take(text)
    return process.returncode

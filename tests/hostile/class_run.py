"""A script: grade a class as its teacher would, then say which processes are still there.

Reads its settings as JSON: course, lesson, budget (CPU seconds), without (a layer to leave out, or
null), unsafe, and the files for the commands' exit codes and for the answer.
"""

import ctypes
import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
REFUSED = 2  # exit code: it could not be done
STAND_ON = {"no_new_privs": ("landlock", "seccomp")}


def commands(settings: dict) -> None:
    """The commands, with budgets and layers of the test's choice; all else as for everybody."""
    from imbal_lab import sandbox
    from imbal_lab.cli import main
    from imbal_lab.grading.judging import grade_submission
    from imbal_lab.student_process.submission import Budget

    lesson, course = settings["lesson"], ["--course", settings["course"]]
    grade_submission.BUDGET = dataclasses.replace(Budget(), **settings["budget"])
    if settings["without"]:
        gone = {settings["without"], *STAND_ON.get(settings["without"], ())}
        grants = [grant for grant in sandbox.probe() if grant.layer not in gone]
        sandbox.probe = lambda: grants  # as where a kernel lacks it
    unsafe = ["--unsafe-no-sandbox"] if settings["unsafe"] else []
    codes = [main(["grade", lesson, "-j", "2", *unsafe, *course])]
    if codes == [REFUSED]:
        sys.exit(REFUSED)
    codes.append(main(["feedback", lesson, *course]))
    codes.append(main(["report", lesson, *course]))
    codes.append(main(["report", lesson, "--anonymous", *course]))
    codes.append(main(["export", *course]))
    Path(settings["codes"]).write_text(json.dumps(codes))


def run(settings: dict) -> dict:
    """Run the commands in a process of their own. What they leave behind becomes our child."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    begun = time.monotonic()
    inside = [sys.executable, __file__, "inside"]
    code = subprocess.run(inside, input=json.dumps(settings), text=True, check=False).returncode
    wall = time.monotonic() - begun
    if code == REFUSED:  # it waited for nobody: what it had started is on its way out
        time.sleep(3)
    codes = Path(settings["codes"])
    said = json.loads(codes.read_text()) if codes.exists() else [code]
    return {"wall": wall, "left": left_behind(), "codes": said}


def left_behind() -> list[str]:
    """Command lines of the children that we did not start and that have not ended."""
    while True:
        try:
            if not os.waitpid(-1, os.WNOHANG)[0]:
                break
        except ChildProcessError:
            return []
    mine = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in mine]


if __name__ == "__main__":
    given = json.load(sys.stdin)
    if sys.argv[1:] == ["inside"]:
        commands(given)
    else:
        Path(given["answer"]).write_text(json.dumps(run(given)))

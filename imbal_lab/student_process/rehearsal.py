"""A rehearsal in the warm parent, so that its forks need not import what every notebook uses.

IPython and matplotlib import much at the first cell, the first error, the first figure. Late
imports cost each fork anew, and where a student's process may not read Python's files (as root,
with Python in root's home and no namespaces) they fail. Nothing of torch is computed.
"""

from imbal_lab.student_process.answer import answer
from imbal_lab.student_process.shell import StudentShell

CELLS = (
    "import matplotlib.pyplot as plt\nplt.plot([1, 2], label='a')\nplt.title('a')\nplt.legend()",
    "import asyncio\nawait asyncio.sleep(0)\nprint(1)\n2",
    "1 / 0",
    "1 +",
    "%time 1",
    "!true",
)


def rehearse(shell: StudentShell) -> None:
    """Run a few cells and a call, and forget them."""
    for cell in CELLS:
        shell.run(cell)
    order = {"name": "f", "inputs": {"dict": []}}
    for function in (lambda: None, lambda: 1 // 0):
        answer(order, [], {"f": function})
    if shell.loop is not None:
        shell.loop.close()
    shell.reset()

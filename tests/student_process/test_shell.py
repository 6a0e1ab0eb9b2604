"""What honest notebooks do, in a student's process: understood, and nothing of it hangs."""

import time

import pytest

from imbal_lab.student_process.outputs import TEXT, CellError, Picture, Text


@pytest.fixture
def printed(submission, run_all):
    """``printed(*sources)``: what the last cell prints, when all cells went well."""

    def run(*sources):
        runs = run_all(submission, *sources)
        assert [(r.ended, r.outputs) for r in runs if r.ended != "ok"] == []
        return "".join(out.text for out in runs[-1].outputs if isinstance(out, Text))

    return run


def test_streams_and_results_are_told_apart(submission):
    source = "import sys, warnings\nprint('a')\nprint('b', file=sys.stderr)\ndisplay(3)\n'c'"
    assert submission.run(submission.start, source).outputs == (
        Text("stdout", "a\n"),
        Text("stderr", "b\n"),
        Text("result", "3\n'c'\n"),
    )


@pytest.mark.parametrize(
    ("sources", "text"),
    [
        (["6 * 7", "_ + 1"], "43\n"),
        (["6 * 7", "print(Out[1], In[1])"], "42 6 * 7\n"),
        (["1;"], ""),
        (["x = 3", "%time y = x", "print(y)"], "3\n"),
        (["%%capture out\nprint('hidden')", "print(out.stdout)"], "hidden\n\n"),
        (["!echo $((6*7))"], "42\n"),
        (["a = !echo one; echo two", "print(list(a))"], "['one', 'two']\n"),
        (["word = 'hi'", "!echo {word}"], "hi\n"),
        (["!exit 3", "print(_exit_code)"], "3\n"),
        (["%%bash\necho from bash"], "from bash\n"),
        (["%%writefile a.txt\ntext", "print(open('a.txt').read())"], "text\n\n"),
        (["import os\nos.makedirs('data/a')\nprint(os.listdir('data'))"], "['a']\n"),
        (["%matplotlib inline", "%matplotlib notebook", "print(1)"], "1\n"),
        (["%config InlineBackend.figure_format = 'retina'", "print(1)"], "1\n"),
        (["%load_ext autoreload", "%autoreload 2", "print(1)"], "1\n"),
        (["from IPython.display import clear_output\nprint(1)\nclear_output()\nprint(2)"], "2\n"),
        (["import asyncio\nawait asyncio.sleep(0)\nprint('slept')"], "slept\n"),
        (["async def f(): return 5", "print(await f())"], "5\n"),
        (["from IPython.display import HTML\ndisplay(HTML('<b>'))"],
         "<IPython.core.display.HTML object>\n"),
        (["print('ä\\U0001f600')"], "ä\U0001f600\n"),
        (["print('\\ud800')"], "?\n"),
        (["from __future__ import annotations", "def f(x: undefined): pass\nprint(1)"], "1\n"),
        (["class A: pass", "import pickle\nprint(type(pickle.loads(pickle.dumps(A()))) is A)"],
         "True\n"),
        (["print(__name__)"], "__main__\n"),
        (["from imbal_lab.checks import check", "check('anything')\nprint('on')"], "on\n"),
        (["from imbal_lab.explore import explore, quiz\nexplore()\nquiz('?', {})\nprint(1)"],
         "1\n"),
        (["import numpy as np\nprint(np.linalg.eigvalsh(np.eye(200)).sum())"], "200.0\n"),
        (["from imbal_lab import data\nprint(len(data.load('digits', rho=10).counts))"], "10\n"),
    ],
)  # fmt: skip
def test_notebooks_work_as_in_jupyter(printed, sources, text):
    assert printed(*sources) == text


def test_a_task_is_worked_on_and_can_be_awaited_later(printed):
    work = "import asyncio\nasync def work():\n    await asyncio.sleep(0.01)\n    return 7"
    assert printed(work, "task = asyncio.create_task(work())", "print(await task)") == "7\n"


def test_a_task_without_an_end_does_not_hold_the_notebook_up(printed):
    work = "import asyncio\nasync def work():\n    while True: await asyncio.sleep(0.01)"
    assert printed(work, "task = asyncio.create_task(work())", "print('on')") == "on\n"


def test_a_thread_may_end_after_its_cell(printed):
    start = """
import threading, time
found = []
def work():
    time.sleep(0.2)
    found.append(1)
thread = threading.Thread(target=work)
thread.start()
"""
    assert printed(start, "thread.join()\nprint(found)") == "[1]\n"


@pytest.mark.parametrize("work", ["time.sleep(0.01)", "pass"])
def test_a_thread_without_an_end_is_left_behind_and_costs_nothing(parent, run_all, processes, work):
    start = f"import threading, time\ndef work():\n    while True: {work}\n"
    start += "threading.Thread(target=work, daemon=True).start()\ndef f(x): return x + 1"
    with parent.submission() as submission:
        left, after = run_all(submission, start, "print(threading.active_count())")
        assert (left.ended, after.ended) == ("ok", "ok")
        assert after.outputs == (Text("stdout", "1\n"),)
        assert submission.call(after.state, "f", {"x": 1}).result.item() == 2
        before = submission.cpu_seconds
        time.sleep(0.5)
        assert submission.cpu_seconds - before < 0.2  # nothing goes on in the background


def test_a_pool_of_threads_goes_on_in_the_next_cell(printed):
    pool = "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(2)\n"
    pool += "print(list(pool.map(abs, [-1, -2])))"
    assert printed(pool, "print(list(pool.map(abs, [-3, -4, -5])))") == "[3, 4, 5]\n"
    assert printed("import asyncio", "await asyncio.to_thread(abs, -1)",
                   "print(await asyncio.to_thread(abs, -2))") == "2\n"  # fmt: skip


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_gives_the_same_batches_whatever_its_workers(printed, workers):
    source = f"""
import torch
from torch.utils.data import DataLoader, TensorDataset
rows = TensorDataset(torch.arange(6.0))
loader = DataLoader(rows, batch_size=4, num_workers={workers},
                    persistent_workers={workers > 0}, prefetch_factor={workers or None})
print([batch[0].tolist() for batch in loader], loader.num_workers)
"""
    assert printed(source) == "[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0]] 0\n"


def test_more_threads_for_torch_cannot_be_had_and_are_no_error(printed):
    ask = "import torch\ntorch.set_num_threads(8)\ntorch.set_num_interop_threads(4)"
    use = "x = torch.randn(200, 200, requires_grad=True)\n(x @ x).sum().backward()"
    count = "import os\nprint(torch.get_num_threads(), len(os.listdir('/proc/self/task')))"
    assert printed(ask, use, use, count) == "1 1\n"


def test_training_goes_on_over_cells_and_in_calls(submission, run_all):
    *_, last = run_all(
        submission,
        "import torch\nfrom imbal_lab import models\nmodel = models.mlp([2, 3, 2], seed=0)\n"
        "optimizer = torch.optim.Adam(model.parameters())",
        *["model(torch.ones(4, 2)).sum().backward()\noptimizer.step()"] * 3,
        "def f():\n    model(torch.ones(4, 2)).sum().backward()\n    optimizer.step()\n"
        "    return len(optimizer.state)",
    )
    assert submission.call(last.state, "f", {}).result.item() == 4


def test_figures_are_shown_in_order_and_closed(submission, run_all):
    plot = "import matplotlib.pyplot as plt\nplt.plot([1])\nprint('a')\nplt.show()\nplt.plot([2]);"
    shown, after = run_all(submission, plot, "print(plt.get_fignums())")
    assert [type(output) for output in shown.outputs] == [Text, Picture, Picture]
    assert after.outputs == (Text("stdout", "[]\n"),)


def test_a_figure_as_the_last_value_is_a_picture(submission):
    source = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nplt.close()\nfig"
    assert [type(o) for o in submission.run(submission.start, source).outputs] == [Picture]


def test_a_flood_of_prints_is_cut_while_it_is_written(submission, run_all):
    flood, after = run_all(submission, "for i in range(10**5): print('x' * 1000)", "print('on')")
    (text,) = flood.outputs
    assert TEXT < len(text.text) < TEXT + 100
    assert text.text.endswith("100,000 characters\n")
    assert after.outputs == (Text("stdout", "on\n"),)


def test_a_flood_of_a_command_is_cut(submission):
    run = submission.run(submission.start, "!head -c 3000000 /dev/zero | tr '\\0' x")
    assert run.ended == "ok"
    assert TEXT < len(run.outputs[0].text) < TEXT + 100


def test_writing_to_the_descriptors_themselves_goes_nowhere(printed):
    assert printed(
        "import os\nfor fd in (1, 2): os.write(fd, b'raw')\nos.system('echo shell')"
    ) in ("0\n",)


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        ("def f():\n    return {}['k']\nf()", "KeyError", "return {}['k']"),
        ("x = (1,\n", "SyntaxError", "x = (1,"),
        ("  x\n y", "IndentationError", None),
        ("import nothing_of_this_name", "ModuleNotFoundError", "import nothing_of_this_name"),
        ("class E(Exception):\n    def __str__(self): raise E\nraise E", "E", "raise E"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", "raise KeyboardInterrupt"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nfor i in range(10**7): pass",
         "KeyboardInterrupt", None),
        ("raise ExceptionGroup('g', [ValueError('v')])", "ExceptionGroup", None),
        ("%unknown_magic", "UsageError", None),
        ("def f(): f()\nf()", "RecursionError", "def f(): f()"),
        ("import torch\ntorch.empty(10**13)", "RuntimeError", "torch.empty(10**13)"),
    ],
)  # fmt: skip
def test_errors_say_what_and_where(submission, run_all, source, kind, line):
    run, after = run_all(submission, source, "1")
    error = run.outputs[-1]
    assert isinstance(error, CellError)
    assert (run.ended, error.kind) == ("error", kind)
    assert error.text
    assert line is None or error.line.strip() == line
    assert after.ended == "ok"


def test_memory_beyond_the_limit_is_an_error(submission):
    run = submission.run(submission.start, "x = [bytes(2**28) for _ in range(100)]")
    assert (run.ended, run.outputs[-1].kind) == ("error", "MemoryError")


def test_what_a_cell_sets_up_to_disturb_later_does_not(submission):
    source = """
import signal, sys, threading
signal.signal(signal.SIGALRM, lambda *a: 1 / 0)
signal.setitimer(signal.ITIMER_REAL, 0.2, 0.01)
sys.settrace(lambda *a: None)
sys.setprofile(lambda *a: None)
"""
    disturber = submission.run(submission.start, source)
    submission.keep(disturber.state)
    runs = [submission.run(disturber.state, "import time\ntime.sleep(0.3)") for _ in range(2)]
    assert [run.ended for run in (disturber, *runs)] == ["ok", "ok", "ok"]
    assert disturber.state.line.lives()

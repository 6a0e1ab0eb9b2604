"""Nothing is left over: after 200 moves, and after running the same cell again in a kernel."""

import gc
import threading
import time
from itertools import cycle, islice

import pytest
from ipywidgets.widgets.widget import _instances
from jupyter_client.manager import start_new_kernel

from imbal_lab.explore import live
from imbal_lab.explore.painter import SHEETS

LIMIT = 60.0
MOVES = (("rho", 5), ("lam", 2), ("rho", 20), ("method", "sgd"), ("lam", 0.5), ("method", "absgd"))


def wait_until(condition):
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def moved(explorer, moves):
    """Move, every third time without waiting for the end of the run before."""
    for k, (control, value) in enumerate(moves):
        explorer.controls.menus[control].value = value
        if k % 3:
            wait_until(lambda: explorer._live._thread is None)
    wait_until(lambda: explorer._live._thread is None)


def test_after_200_moves_no_thread_or_widget_is_left_and_memory_is_level(
    open_explorer, monkeypatch
):
    monkeypatch.setattr(live, "DEBOUNCE", 0.002)
    threads = set(threading.enumerate())
    explorer = open_explorer("absgd")
    widgets, moves = set(_instances), cycle(MOVES)
    levels = []
    for number in (50, 50, 50, 50):
        moved(explorer, islice(moves, number))
        gc.collect()
        levels.append(len(gc.get_objects()))
    wait_until(lambda: set(threading.enumerate()) <= threads)  # one of another test may end, too
    assert set(_instances) == widgets
    assert levels[-1] - levels[1] < 0.01 * levels[1]
    for painter in explorer._pictures._painters.values():
        assert len(painter._sheets) <= SHEETS


CELL = """
from imbal_lab.explore import explore
explore("absgd", rho=5)
"""
ASK = """
import gc, threading, time
for _ in range(600):  # the worker ends when it has nothing to do, soon
    if "explore" not in (t.name for t in threading.enumerate()):
        break
    time.sleep(0.05)
from comm import get_comm_manager
gc.collect()
print(len(get_comm_manager().comms), sorted(t.name for t in threading.enumerate()))
"""


@pytest.fixture
def run_cell(tmp_path):
    """Runs code in a kernel as a cell of a front end; returns what it printed."""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))

    def run(code, cell):
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        content |= {"user_expressions": {}, "stop_on_error": True}
        message = client.session.msg("execute_request", content, metadata={"cellId": cell})
        client.shell_channel.send(message)
        printed = {"stdout": "", "stderr": "", "error": ""}
        while True:
            answer = client.get_iopub_msg(timeout=LIMIT)
            if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, said = answer["msg_type"], answer["content"]
            if kind == "stream":
                printed[said["name"]] += said["text"]
            elif kind == "error":
                printed["error"] += "\n".join(said["traceback"])
            elif kind == "status" and said["execution_state"] == "idle":
                assert not printed["error"], printed["error"]
                assert not printed["stderr"], printed["stderr"]
                return printed["stdout"]

    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_running_a_cell_again_leaves_nothing_of_the_first_time(run_cell):
    run_cell(CELL, "a")
    once = run_cell(ASK, "ask")
    for _ in range(3):
        run_cell(CELL, "a")
    assert run_cell(ASK, "ask") == once
    run_cell(CELL, "b")  # another cell has its own
    assert int(run_cell(ASK, "ask").split()[0]) == 2 * int(once.split()[0])

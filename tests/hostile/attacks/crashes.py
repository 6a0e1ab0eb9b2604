"""Every way to end a process; each costs its own exercise and no other."""

# ruff: noqa: F821 - sources of cells, where the prelude has imported what they use

from attacks.attack import ALL_BUT_HIDDEN, ITS_EXERCISE, LOST, as_answer, in_cell, not_ended

crash = {"harm": not_ended, "deserves": LOST, "control": "plain"}


@in_cell(**crash)
def exit_at_once():
    os._exit(0)


@in_cell(**crash, caught=False)
def exit_by_sys():
    sys.exit(0)


@in_cell(**crash, caught=False)
def exit_by_quit():
    raise SystemExit("bye")


@in_cell(**crash)
def segmentation_fault():
    ctypes.string_at(0)


@in_cell(**crash)
def abort():
    os.abort()


@in_cell(not_ended, ITS_EXERCISE, "plain")
def stack_overflow():
    class Deep:
        def __getattr__(self, name):
            return getattr(self, name)

    sys.setrecursionlimit(10**9)
    threading.stack_size(0)
    getattr(Deep(), "x")  # noqa: B009


@in_cell(**crash)
def kill_oneself():
    os.kill(os.getpid(), signal.SIGKILL)


@in_cell(**crash)
def close_every_descriptor():
    os.closerange(0, 4096)
    os._exit(0)


@in_cell(**crash)
def become_another_program():
    os.execv("/bin/true", ["true"])


@in_cell(**crash)
def overwrite_the_interpreter():
    for type_ in (int, str, dict, list):
        ctypes.memset(id(type_), 255, 64)


@as_answer(**crash)
def exit_in_a_call(grads):
    os._exit(0)


@as_answer(not_ended, ALL_BUT_HIDDEN, "plain")
def exit_in_a_hidden_call(grads):
    if grads.dtype == torch.float64:
        os._exit(0)
    return right(grads)


@as_answer(**crash)
def leave_the_call_with_an_exit(grads):
    raise SystemExit(0)

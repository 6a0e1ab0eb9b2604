"""Cells and answers that never end, with and without work, so that no signal helps."""

# ruff: noqa: F821 - sources of cells, where the prelude has imported what they use

from attacks.attack import (
    ALL_BUT_HIDDEN,
    FULL,
    LOST,
    as_answer,
    in_cell,
    not_ended,
)

never = {"harm": not_ended, "control": "plain"}


@in_cell(**never, deserves=LOST)
def loop():
    while True:
        pass


@in_cell(**never, deserves=LOST)
def loop_that_swallows_every_exception():
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


@in_cell(**never, deserves=LOST)
def loop_in_c_that_holds_the_gil():
    return 9**9**9


@in_cell(**never, deserves=LOST)
def sleep_for_ever():
    time.sleep(10**6)


@in_cell(**never, deserves=LOST)
def sleep_with_all_signals_blocked():
    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        time.sleep(10**6)


@in_cell(**never, deserves=LOST)
def deadlock():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


@in_cell(**never, deserves=LOST)
def regular_expression_that_explodes():
    re.match(r"(a+)+$", "a" * 60 + "b")


@in_cell(**never, deserves=LOST)
def hang_at_import():
    Path("endless.py").write_text("while True: pass")
    sys.path.insert(0, os.getcwd())
    importlib.invalidate_caches()
    importlib.import_module("endless")


@in_cell(**never, deserves=LOST)
def stop_oneself():
    os.kill(os.getpid(), signal.SIGSTOP)


@in_cell(**never, deserves=LOST)
def hang_in_del():
    class Endless:
        def __del__(self):
            while True:
                pass

    Endless()


@in_cell(**never, deserves=FULL)
def hang_at_exit():
    import atexit

    atexit.register(lambda: threading.Event().wait())


@in_cell(**never, deserves=FULL)
def hang_in_a_thread():
    threading.Thread(target=lambda: threading.Event().wait()).start()


@as_answer(**never)
def hang_in_a_call(grads):
    while True:
        pass


@as_answer(not_ended, ALL_BUT_HIDDEN, "plain")
def hang_in_a_hidden_call(grads):
    while len(grads) == 10:
        time.sleep(1)
    return right(grads)


@as_answer(**never)
def hang_in_the_result(grads):
    class Endless(torch.Tensor):
        def detach(self):
            while True:
                pass

        cpu = to_dense = numpy = __len__ = detach

    return grads.as_subclass(Endless).detach()

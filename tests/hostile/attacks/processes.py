"""More processes, other programs, and hands on processes that belong to others."""

# ruff: noqa: F821 - sources of cells, where the prelude has imported what they use

from attacks.attack import (
    FULL,
    ITS_EXERCISE,
    ITS_OWN,
    LOST,
    RIGHT,
    as_notebook,
    bystander_hit,
    cell,
    changed,
    in_cell,
    not_ended,
    secret_seen,
    with_answer,
    word_seen,
)


@in_cell(word_seen, ITS_EXERCISE)
def fork_bomb():
    for _ in range(80):
        if not os.fork():
            time.sleep(20)
            os._exit(0)
    tell()


@in_cell(word_seen, ITS_EXERCISE)
def a_flood_of_zombies():
    for _ in range(80):
        if not os.fork():
            os._exit(0)
    tell()


@in_cell(word_seen, ITS_EXERCISE)
def a_flood_of_threads():
    for _ in range(80):
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
    tell()


@in_cell(changed)
def a_daemon_that_writes_later():
    if not os.fork():
        os.setsid()
        if not os.fork():
            for _ in range(100):
                with contextlib.suppress(OSError):
                    Path(here.outside, "daemon").write_text("here")
                time.sleep(0.2)
        os._exit(0)
    time.sleep(0.3)


@in_cell(changed)
def a_background_job_of_a_shell():
    command = f"nohup sh -c 'echo here > {here.outside}/job; sleep 20' >/dev/null 2>&1 &"
    subprocess.run(["/bin/sh", "-c", command], check=True)
    time.sleep(0.3)


@in_cell(changed, LOST)
def a_shell_in_our_place():
    os.execv("/bin/sh", ["sh", "-c", f"echo here > {here.outside}/shell"])


@in_cell(secret_seen)
def another_program_reads():
    print(subprocess.run(["/bin/cat", here.diary], capture_output=True, text=True).stdout)


@as_notebook(secret_seen, FULL)
def a_shell_line(notebook, here):
    with_answer(notebook, here, cell_with_right_answer(f"!cat {here.diary}"))


@as_notebook(changed, FULL)
def a_shell_cell(notebook, here):
    with_answer(notebook, here, cell_with_right_answer(""))
    extra = cell(notebook, "prelude") | {"id": "shell"}
    notebook["cells"].insert(1, extra | {"source": f"%%bash\necho here > {here.outside}/bash"})


@in_cell(bystander_hit)
def kill_a_bystander():
    os.kill(here.bystander, signal.SIGKILL)


@in_cell(bystander_hit)
def signal_everybody():
    os.kill(-1, signal.SIGURG)  # most ignore it; the bystander does not


@in_cell(bystander_hit)
def signal_by_queue():
    if ctypes.CDLL(None).sigqueue(here.bystander, signal.SIGURG, 0):
        raise PermissionError("sigqueue")


@in_cell(bystander_hit)
def slow_a_bystander_down():
    os.setpriority(os.PRIO_PROCESS, here.bystander, 19)


@in_cell(word_seen)
def trace_a_bystander():
    if ctypes.CDLL(None).ptrace(0x4206, here.bystander, 0, 0):
        raise PermissionError("ptrace")
    tell()


@in_cell(word_seen)
def limit_a_bystander():
    resource.prlimit(here.bystander, resource.RLIMIT_NOFILE, (4, 4))
    tell()


@in_cell(word_seen)
def read_a_bystanders_memory():
    with open(f"/proc/{here.bystander}/mem", "rb"):
        tell()


@in_cell(secret_seen)
def read_the_environment_of_everybody():
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            found = re.search(rb"TEACHER_SECRET=(\w+)", path.read_bytes())
            if found:
                print(found[1].decode())
                return
    raise PermissionError("nobody's")


@in_cell(word_seen)
def steal_a_descriptor():
    pidfd = os.pidfd_open(here.bystander)
    if ctypes.CDLL(None).syscall(438, pidfd, 0, 0) < 0:
        raise PermissionError("pidfd_getfd")
    tell()


@in_cell(not_ended, ITS_OWN, "plain")
def kill_the_parent():
    """Its own states may die, and cost it what they held; nobody else's."""
    os.kill(os.getppid(), signal.SIGKILL)


def cell_with_right_answer(line):
    return f"{line}\n\n{RIGHT}"
